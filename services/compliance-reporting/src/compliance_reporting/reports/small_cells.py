"""What may be shown outside the agency: no count of 1 to 10, and nothing from which one follows.

Within one report. Comparing reports of overlapping periods, or a program with its agency, is prevented only by not
publishing them: an external view has no figures by program.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from compliance_reporting.reports.figures import AT_BASELINE, Extra, Figure, Result

LEAST = 11
SMALL = "<11"
SUPPRESSED = "suppressed"  # not small itself, but a small count would follow from it
PERSONS, PERCENT_SERVED, SUPPORT = "persons", "percent_of_persons_served", "support"


def is_small(count: int) -> bool:
    return 0 < count < LEAST


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure as text. `bar`: the percentage to draw, or None."""

    numerator: str
    denominator: str
    unevaluable: str
    percent: str
    bar: float | None


@dataclass(frozen=True, slots=True)
class ShownExtra:
    name: str
    value: str
    grouping: Mapping[str, str] = field(default_factory=dict)


def shown(figure: Figure, *, external: bool) -> Shown:
    """Return a figure as its readers may see it."""
    percent = "" if figure.percent is None else f"{figure.percent:.1f}"
    exact = Shown(str(figure.numerator), str(figure.denominator), str(figure.unevaluable), percent, figure.percent)
    if not external:
        return exact
    unevaluable = SMALL if is_small(figure.unevaluable) else exact.unevaluable
    if is_small(figure.denominator):
        return Shown(SMALL, SMALL, unevaluable, SUPPRESSED, None)
    if is_small(figure.numerator):
        return Shown(SMALL, exact.denominator, unevaluable, SUPPRESSED, None)
    if is_small(figure.denominator - figure.numerator):
        return Shown(SUPPRESSED, exact.denominator, unevaluable, SUPPRESSED, None)
    return Shown(exact.numerator, exact.denominator, unevaluable, exact.percent, exact.bar)


def shown_extras(result: Result, *, external: bool) -> list[ShownExtra]:
    """Return a measure's further numbers as their readers may see them."""
    if not external:
        return [ShownExtra(extra.name, str(extra.value), extra.grouping) for extra in result.extras]
    if any(SUPPORT in extra.grouping for extra in result.extras):
        return _shown_supports(result)
    return [ShownExtra(extra.name, _shown_of_pairs(result, extra)) for extra in result.extras]


def _shown_of_pairs(result: Result, extra: Extra) -> str:
    """A count beside paired persons, or a mean over them."""
    if isinstance(extra.value, int) and is_small(extra.value):
        return SMALL
    hidden_rest = extra.name == AT_BASELINE and is_small(result.denominator - int(extra.value))
    a_mean_of_few = extra.name.startswith("mean_") and result.denominator < LEAST
    return SUPPRESSED if hidden_rest or a_mean_of_few else str(extra.value)


def _shown_supports(result: Result) -> list[ShownExtra]:
    cells: dict[str, list[Extra]] = defaultdict(list)
    totals: dict[str, Extra] = {}
    shares: dict[str, Extra] = {}
    for extra in result.extras:
        support = extra.grouping[SUPPORT]
        if extra.name == PERCENT_SERVED:
            shares[support] = extra
        elif len(extra.grouping) == 1:
            totals[support] = extra
        else:
            cells[support].append(extra)
    lines: list[ShownExtra] = []
    for support, total in totals.items():
        lines += _shown_support(result.denominator, total, shares[support], cells[support])
    return lines


def _shown_support(served: int, total: Extra, share: Extra, cells: Sequence[Extra]) -> list[ShownExtra]:
    """One support type's table: its total, and its cells by age and sex, which add up to the total."""
    persons = int(total.value)
    if is_small(persons) or is_small(served - persons):
        word = SMALL if is_small(persons) else SUPPRESSED
        return [ShownExtra(PERSONS, word, total.grouping), ShownExtra(PERCENT_SERVED, SUPPRESSED, share.grouping)]
    lines = [
        ShownExtra(PERSONS, str(persons), total.grouping),
        ShownExtra(PERCENT_SERVED, str(share.value), share.grouping),
    ]
    words = suppressed_cells([int(cell.value) for cell in cells])
    if words is not None:
        lines += [ShownExtra(PERSONS, word, cell.grouping) for word, cell in zip(words, cells, strict=True)]
    return lines


def suppressed_cells(counts: Sequence[int]) -> list[str] | None:
    """Return the cells of one table as text, whose sum is published; None if no part of them may be shown.

    Small cells are hidden, then the smallest others, until the sum leaves each small cell anything from 1 to 10.
    """
    hidden = {place for place, count in enumerate(counts) if is_small(count)}
    others = sorted((count, place) for place, count in enumerate(counts) if count >= LEAST)
    while hidden and not _is_protected([counts[place] for place in hidden]):
        if not others:
            return None
        hidden.add(others.pop(0)[1])
    return [_word(count, hidden=place in hidden) for place, count in enumerate(counts)]


def _word(count: int, *, hidden: bool) -> str:
    if not hidden:
        return str(count)
    return SMALL if is_small(count) else SUPPRESSED


def _is_protected(hidden: Sequence[int]) -> bool:
    """Tell whether each small cell could be 1 and could be 10, given only the hidden cells' sum and their words."""
    spare = sum(count - (1 if is_small(count) else LEAST) for count in hidden)
    if any(not is_small(count) for count in hidden):
        return spare >= LEAST - 2  # a cell without an upper bound takes up whatever the others do not
    room = (LEAST - 2) * (len(hidden) - 1)  # what the other small cells can take up between them
    return LEAST - 2 <= spare <= room
