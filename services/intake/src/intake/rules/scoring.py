"""Scores as the instruments' authors define them, from item values and a pack; nothing is guessed or prorated."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction

from common.contracts.codes import AnswerOutcome, Sex
from intake.rules.instruments import Bands, Change, Cutoff, Pack, Scale

WINDOW_DAYS = 30
LEAST_OBSERVED = Fraction(8, 10)  # of the window; fewer days say too little about the rest
Items = Mapping[str, int]


class ItemFault(StrEnum):
    UNKNOWN = "unknown"
    OUT_OF_RANGE = "out_of_range"


class Verdict(StrEnum):
    """What a change says. `no_reliable_change`: within what is usual between two days."""

    IMPROVED = "improved"
    WORSE = "worse"
    NO_RELIABLE_CHANGE = "no_reliable_change"
    NOT_ESTABLISHED = "not_established"


@dataclass(frozen=True, slots=True)
class Reached:
    """A cut-off as it applies to one person."""

    code: str
    scale: str
    at_least: float
    reached: bool
    suggests: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Scored:
    """What came of the answers; without a required item, `outcome` is incomplete and nothing is scored."""

    outcome: AnswerOutcome
    missing: list[str]
    scores: dict[str, float] = field(default_factory=dict)
    overruled: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Difference:
    """From the first to the latest score. `reliable`: against the stricter limit, where there is one.

    `one_time`: the answers are so close that both ask about much the same time.
    """

    points: float
    days: int
    verdict: Verdict
    one_time: bool
    reliable: bool | None
    source: str | None


def faults(pack: Pack, items: Items) -> Iterator[tuple[str, ItemFault]]:
    """Name each item that the pack does not have, or whose value is none of its options."""
    known = {item.key for item in pack.items}
    for key, value in items.items():
        if key not in known:
            yield key, ItemFault.UNKNOWN
        elif value not in pack.values(key):
            yield key, ItemFault.OUT_OF_RANGE


def scored(pack: Pack, items: Items) -> Scored:
    """Score valid items (see `faults`)."""
    branched = _branched(pack, items)
    overruled = [key for key in items if branched[key] != items[key]]
    missing = [item.key for item in pack.items if item.required and item.key not in branched]
    if missing:
        return Scored(AnswerOutcome.INCOMPLETE, missing)
    scores = {scale.key: _score(pack, scale, branched) for scale in pack.scales}
    return Scored(AnswerOutcome.COMPLETED, [], scores, overruled)


def _branched(pack: Pack, items: Items) -> dict[str, int]:
    """Return the items with those that a branch answers; an answer given stays, unless the branch overrules it."""
    branched = dict(items)
    for branch in pack.branches:
        if branched.get(branch.when) == branch.equals:
            for key in branch.items:
                if branch.overrules or key not in branched:
                    branched[key] = branch.value
    return branched


def _score(pack: Pack, scale: Scale, items: Items) -> float:
    total = sum(_points(pack, key, items[key], turned=key in scale.reversed) for key in scale.items)
    return round(total / len(scale.items), 4) if scale.method == "mean" else float(total)


def _points(pack: Pack, key: str, value: int, *, turned: bool) -> int:
    values = pack.values(key)
    return min(values) + max(values) - value if turned else value


def triage(pack: Pack, items: Items) -> str | None:
    """Return the level of the instrument's own triage; null where it has none, or while answers could raise it.

    A yes counts whether or not the answers are complete, so that the highest level is never hidden by a gap.
    """
    if pack.triage is None:
        return None
    yes = {key for key, value in items.items() if value != 0}
    highest, *_ = pack.triage.levels
    complete = not scored(pack, items).missing
    if not complete and not yes & set(highest.any_yes):
        return None
    return next((one.level for one in pack.triage.levels if yes & set(one.any_yes)), pack.triage.otherwise)


def raises_concern(pack: Pack, items: Items) -> bool:
    """Tell whether any answer is one that needs a human now; complete or not."""
    return any(items.get(key, limit - 1) >= limit for key, limit in pack.safety.items())


def band(bands: Bands, pack: Pack, score: float) -> str:
    """Return the code of the band that a score lies in."""
    scale = pack.scale(bands.scale)
    place = "0.1" if scale is not None and scale.method == "mean" else "1"
    rounded = float(Decimal(str(score)).quantize(Decimal(place), ROUND_HALF_UP))
    return next(one.code for one in reversed(bands.bands) if one.at_least <= rounded)


def bands_of(pack: Pack, scores: Mapping[str, float]) -> dict[str, str]:
    """Return the band of each scale that has validated ones."""
    return {one.scale: band(one, pack, scores[one.scale]) for one in pack.bands if one.scale in scores}


def cutoffs_of(pack: Pack, scores: Mapping[str, float], sex: Sex) -> list[Reached]:
    return [_reached(one, scores[one.scale], sex) for one in pack.cutoffs if one.scale in scores]


def _reached(cutoff: Cutoff, score: float, sex: Sex) -> Reached:
    limit = cutoff.by_sex.get(sex, cutoff.at_least)
    return Reached(cutoff.code, cutoff.scale, limit, score >= limit, cutoff.suggests, cutoff.source)


def suggestions(pack: Pack, reached: Sequence[Reached], *, concern: bool) -> list[str]:
    """Return the codes of the instruments that it is time to offer."""
    found = [one.suggests for one in reached if one.reached and one.suggests]
    if concern and pack.on_safety_suggests:
        found.append(pack.on_safety_suggests)
    return found


def reviews_of(pack: Pack, items: Items, scores: Mapping[str, float]) -> list[str]:
    """Return the doubts to look at before a score is called anything."""
    branched = _branched(pack, items)
    return [
        one.code
        for one in pack.reviews
        if scores.get(one.scale, 0) > 0 and branched.get(one.all_points_from) == scores[one.scale]
    ]


def difference(pack: Pack, scale: str, first: tuple[date, float], latest: tuple[date, float]) -> Difference:
    """Return what lies between a person's first and latest score; never more than the literature establishes."""
    points, days = round(latest[1] - first[1], 4), (latest[0] - first[0]).days
    change = next((one for one in pack.changes if one.scale == scale), None)
    if change is None:
        return Difference(points, days, Verdict.NOT_ESTABLISHED, one_time=False, reliable=None, source=None)
    one_time = days < change.not_within_days
    return Difference(
        points,
        days,
        Verdict.NOT_ESTABLISHED if one_time else _verdict(change, points),
        one_time=one_time,
        reliable=abs(points) >= change.reliable if change.reliable else None,
        source=change.source,
    )


def _verdict(change: Change, points: float) -> Verdict:
    if change.points is None:
        return Verdict.NOT_ESTABLISHED
    if abs(points) < change.points:
        return Verdict.NO_RELIABLE_CHANGE
    return Verdict.IMPROVED if (points < 0) == (change.better == "lower") else Verdict.WORSE


def percent_days_abstinent(use_days: int, observed_days: int, window_days: int = WINDOW_DAYS) -> float | None:
    """Return 100 × days without use ÷ days known of; null if fewer than 80 % of the window are known."""
    if observed_days < window_days * LEAST_OBSERVED:
        return None
    return round(100 * (observed_days - use_days) / observed_days, 1)
