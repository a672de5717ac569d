"""What an instrument is: a versioned pack of items, scoring, bands and licence, as data that is checked before use.

The packs that come with the software lie beside this file: `packs/` may be shown word for word by anybody,
`packs/attributed/` is kept apart with its licences and holds item keys and points, no item texts.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, StrictInt, StringConstraints, model_validator

from common.contracts.codes import Sex
from common.text import Asked, Code, Distinct, Line, Prose

InstrumentCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{0,39}$")]
ItemKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Keys = Annotated[list[ItemKey], Distinct, Field(max_length=200)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")]
Texts = Annotated[dict[Language, Prose], Field(min_length=1, max_length=20)]
Value = Annotated[StrictInt, Field(ge=-1000, le=1000)]
Amount = Annotated[float, Field(ge=-200_000, le=200_000, allow_inf_nan=False)]
TOTAL = "total"


class Option(Asked):
    value: Value
    label: Texts | None = None


class Item(Asked):
    """One question. `required`: without it nothing is scored. `about`: a short code of what it asks."""

    key: ItemKey
    options: ItemKey = Field(description="the name of its set of options")
    text: Texts | None = Field(default=None, description="null: the wording may not be shipped, only the values")
    about: Code | None = None
    required: bool = True


class Scale(Asked):
    """A score: the sum or the mean of its items, each reversed one counted from the other end of its options."""

    key: ItemKey = TOTAL
    items: Keys = Field(min_length=1)
    method: Literal["sum", "mean"] = "sum"
    reversed: Keys = []


class Branch(Asked):
    """When an item has a value, others need no answer and count as `value`; `overrules`: even if they have one."""

    when: ItemKey
    equals: Value
    items: Keys = Field(min_length=1)
    value: Value
    overrules: bool = False


class Level(Asked):
    """A level of the instrument's own triage: one yes to any of the items. The first level that fits holds."""

    level: Code
    any_yes: Keys = Field(min_length=1)


class Triage(Asked):
    levels: list[Level] = Field(min_length=1, max_length=10)
    otherwise: Code = "none"


class Band(Asked):
    """Both ends included; a mean is rounded to one decimal before it is looked up."""

    code: Code
    at_least: Amount
    at_most: Amount
    label: Texts | None = None


class Bands(Asked):
    scale: ItemKey = TOTAL
    bands: list[Band] = Field(min_length=1, max_length=20)
    source: Line


class Cutoff(Asked):
    """A score from which on `code` holds; by sex where the instrument's own limit differs."""

    code: Code
    scale: ItemKey = TOTAL
    at_least: Amount
    by_sex: dict[Sex, Amount] = Field(default={}, max_length=4)
    suggests: InstrumentCode | None = Field(default=None, description="the instrument that it is time to offer")
    source: Line


class Change(Asked):
    """How large a change must be for one person to count as one; `reliable`: a stricter limit shown beside it."""

    scale: ItemKey = TOTAL
    better: Literal["lower", "higher"]
    points: Annotated[float, Field(gt=0, le=1000)] | None = Field(default=None, description="null: none established")
    reliable: Annotated[float, Field(gt=0, le=1000)] | None = None
    not_within_days: int = Field(default=0, ge=0, le=3660, description="answers closer than this ask about one time")
    source: Line


class Review(Asked):
    """A doubt that a person should look at when every point of the scale comes from one item."""

    code: Code
    all_points_from: ItemKey
    scale: ItemKey = TOTAL


class Licence(Asked):
    """A: may be shown word for word. B: with attribution, not for sale. C: the agency holds its own licence."""

    kind: Literal["A", "B", "C"]
    attribution: Line
    source: Line
    terms: Prose


class Pack(Asked):
    """One version of an instrument; refused unless its parts fit together."""

    code: InstrumentCode
    version: Code
    title: Line
    titles: dict[Language, Line] = Field(default={}, max_length=20)
    recall_days: Annotated[int, Field(ge=0, le=3660)] | None = Field(default=None, description="null: lately, or ever")
    stem: Texts | None = None
    option_sets: dict[ItemKey, Annotated[list[Option], Field(min_length=2, max_length=102)]] = Field(
        min_length=1, max_length=50
    )
    items: list[Item] = Field(min_length=1, max_length=200)
    scales: list[Scale] = Field(default=[], max_length=30)
    branches: list[Branch] = Field(default=[], max_length=30)
    triage: Triage | None = None
    bands: list[Bands] = Field(default=[], max_length=30)
    cutoffs: list[Cutoff] = Field(default=[], max_length=30)
    changes: list[Change] = Field(default=[], max_length=30)
    reviews: list[Review] = Field(default=[], max_length=10)
    safety: dict[ItemKey, Value] = Field(
        default={}, max_length=200, description="items that open a safety concern, and from which value on"
    )
    on_safety_suggests: InstrumentCode | None = None
    licence: Licence
    languages: Annotated[list[Language], Distinct, Field(max_length=20)] = Field(
        default=[], description="in which the items' wording is here; empty: it is not"
    )
    note: Prose | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for said in _contradictions(self):
            raise ValueError(said)
        return self

    def values(self, key: str) -> list[int]:
        """Return what an item may be answered with."""
        (options,) = (item.options for item in self.items if item.key == key)
        return [option.value for option in self.option_sets[options]]

    def scale(self, key: str) -> Scale | None:
        return next((scale for scale in self.scales if scale.key == key), None)

    def range_of(self, scale: Scale) -> tuple[float, float]:
        """Return the lowest and the highest score of a scale."""
        least = sum(min(self.values(key)) for key in scale.items)
        most = sum(max(self.values(key)) for key in scale.items)
        count = len(scale.items) if scale.method == "mean" else 1
        return least / count, most / count


def _contradictions(pack: Pack) -> Iterator[str]:
    """Say what in a pack does not fit; structure first, for the rest looks things up in it."""
    items = [item.key for item in pack.items]
    yield from _named_twice("item", items)
    yield from _named_twice("scale", [scale.key for scale in pack.scales])
    for item in pack.items:
        if item.options not in pack.option_sets:
            yield f"item {item.key}: there is no set of options {item.options}"
    for name, options in pack.option_sets.items():
        yield from _named_twice(f"option of {name}", [str(option.value) for option in options])
    if not pack.scales and pack.triage is None:
        yield "give a scale or a triage: nothing would come of the answers"
    yield from _strange_items(pack, set(items))
    yield from _strange_scores(pack)


def _named_twice(what: str, names: list[str]) -> Iterator[str]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{what} {name} is there twice"


def _strange_items(pack: Pack, known: set[str]) -> Iterator[str]:
    for place, keys in _item_lists(pack):
        for key in keys:
            if key not in known:
                yield f"{place}: there is no item {key}"
    required = {item.key for item in pack.items if item.required}
    for scale in pack.scales:
        if not set(scale.reversed) <= set(scale.items):
            yield f"scale {scale.key}: an item that is reversed must be one of its items"
        if not set(scale.items) <= required:
            yield f"scale {scale.key}: an item that counts must be required"
    for branch in pack.branches:
        if branch.when in branch.items:
            yield f"branch at {branch.when}: it cannot answer itself"
        if any(branch.value not in pack.values(key) for key in branch.items):
            yield f"branch at {branch.when}: {branch.value} is no answer to every one of its items"


def _item_lists(pack: Pack) -> Iterator[tuple[str, list[str]]]:
    yield from ((f"scale {scale.key}", [*scale.items, *scale.reversed]) for scale in pack.scales)
    yield from ((f"branch at {branch.when}", [branch.when, *branch.items]) for branch in pack.branches)
    yield from ((f"level {level.level}", level.any_yes) for level in (pack.triage.levels if pack.triage else ()))
    yield "safety", list(pack.safety)
    yield "reviews", [review.all_points_from for review in pack.reviews]


def _strange_scores(pack: Pack) -> Iterator[str]:
    known = {scale.key: pack.range_of(scale) for scale in pack.scales}
    looked_up: list[Bands | Cutoff | Change | Review] = [*pack.bands, *pack.cutoffs, *pack.changes, *pack.reviews]
    for key in sorted({one.scale for one in looked_up} - known.keys()):
        yield f"there is no scale {key}"
    yield from _named_twice("bands of scale", [bands.scale for bands in pack.bands])
    yield from _named_twice("change of scale", [change.scale for change in pack.changes])
    for bands in pack.bands:
        scale = pack.scale(bands.scale)
        step = 0.1 if scale is not None and scale.method == "mean" else 1
        yield from _strange_bands(bands, *known[bands.scale], step)
    for cutoff in pack.cutoffs:
        least, most = known[cutoff.scale]
        if not all(least <= limit <= most for limit in (cutoff.at_least, *cutoff.by_sex.values())):
            yield f"cut-off {cutoff.code}: no score of scale {cutoff.scale} reaches it"


def _strange_bands(bands: Bands, least: float, most: float, step: float) -> Iterator[str]:
    yield from _named_twice("band", [band.code for band in bands.bands])
    for lower, upper in pairwise(bands.bands):
        if not 0 < round(upper.at_least - lower.at_most, 4) <= step:
            yield f"band {upper.code}: bands rise, without overlap and without a gap"
    for band in bands.bands:
        if band.at_most < band.at_least:
            yield f"band {band.code}: it ends before it begins"
    if bands.bands[0].at_least > least or bands.bands[-1].at_most < most:
        yield f"the bands of scale {bands.scale} leave out some scores"


@cache
def built_in() -> Mapping[str, tuple[Pack, ...]]:
    """Return the packs that come with the software, by code, oldest version first; read once."""
    found: dict[str, list[Pack]] = {}
    folder = files("intake.rules") / "packs"
    for place in (folder, folder / "attributed"):
        for file in sorted(place.iterdir(), key=lambda one: one.name):
            if file.name.endswith(".json"):
                pack = Pack.model_validate_json(file.read_text(encoding="utf-8"))
                found.setdefault(pack.code, []).append(pack)
    return {code: tuple(sorted(packs, key=lambda pack: pack.version)) for code, packs in sorted(found.items())}
