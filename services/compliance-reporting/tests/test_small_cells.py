"""What outsiders may see: no count of 1 to 10, and none that follows from the rest."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance_reporting.guidelines.reach import PERSONS_SERVED
from compliance_reporting.reports.figures import Extra, Figure, result
from compliance_reporting.reports.small_cells import SMALL, SUPPRESSED, shown, shown_extras, suppressed_cells
from compliance_reporting.rules import Counts


def _figure(numerator: int, denominator: int, unevaluable: int = 0) -> Figure:
    percent = None if denominator == 0 else 100 * numerator / denominator
    return Figure(numerator=numerator, denominator=denominator, unevaluable=unevaluable, percent=percent)


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        (_figure(0, 0), ("0", "0", "0", "")),
        (_figure(5, 10), (SMALL, SMALL, "0", SUPPRESSED)),
        (_figure(0, 10), (SMALL, SMALL, "0", SUPPRESSED)),  # not even that nobody of a few did
        (_figure(10, 40), (SMALL, "40", "0", SUPPRESSED)),
        (_figure(30, 40), (SUPPRESSED, "40", "0", SUPPRESSED)),  # 10 missed it
        (_figure(20, 40, 3), ("20", "40", SMALL, "50.0")),
        (_figure(0, 40), ("0", "40", "0", "0.0")),
        (_figure(40, 40, 11), ("40", "40", "11", "100.0")),
    ],
)
def test_outsiders_see_no_count_below_eleven(figure: Figure, expected: tuple[str, ...]) -> None:
    cells = shown(figure, external=True)

    assert (cells.numerator, cells.denominator, cells.unevaluable, cells.percent) == expected
    assert (cells.bar is None) == (SUPPRESSED in expected or figure.denominator == 0)


def test_insiders_see_everything() -> None:
    cells = shown(_figure(5, 10, 2), external=False)

    assert (cells.numerator, cells.denominator, cells.unevaluable, cells.percent) == ("5", "10", "2", "50.0")


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([20, 30, 40], ["20", "30", "40"]),
        ([0, 30], ["0", "30"]),
        ([5, 30, 40], [SMALL, SUPPRESSED, "40"]),  # 35 - (11 or more): the small one is 1 to 10, as the word says
        ([5, 11, 40], [SMALL, SUPPRESSED, SUPPRESSED]),  # 16 would leave 1 to 5
        ([1, 1, 40], [SMALL, SMALL, SUPPRESSED]),  # 2 would leave 1 and 1
        ([5, 5, 5, 20], [SMALL, SMALL, SMALL, "20"]),  # 15 of three small cells: each may still be 1 or 10
        ([10], None),
        ([10, 10], None),
        ([1, 11], None),
    ],
)
def test_complementary_suppression(counts: list[int], expected: list[str] | None) -> None:
    assert suppressed_cells(counts) == expected


@given(st.lists(st.integers(0, 30), min_size=1, max_size=4))
@settings(max_examples=80, deadline=None)
def test_no_hidden_cell_follows_from_the_sum(counts: list[int]) -> None:
    """Try every assignment that fits the words and the published sum: each small cell keeps all its values."""
    words = suppressed_cells(counts)

    if words is None:
        return
    ranges = {SMALL: range(1, 11), SUPPRESSED: range(11, sum(counts) + 1)}
    options = [list(ranges.get(word, [count])) for word, count in zip(words, counts, strict=True)]
    possible = [found for found in product(*options) if sum(found) == sum(counts)]
    for place, word in enumerate(words):
        assert (word == SMALL) == (0 < counts[place] < 11)
        if word == SMALL:
            assert {found[place] for found in possible} == set(range(1, 11))


def test_a_support_types_total_goes_with_its_table() -> None:
    def extra(value: float, name: str = "persons", **grouping: str) -> Extra:
        return Extra(name=name, grouping=grouping, value=value)

    extras = [
        extra(60, support="transport"),
        extra(60.0, "percent_of_persons_served", support="transport"),
        extra(4, support="transport", age_band="18-24", sex="male"),
        extra(56, support="transport", age_band="25-34", sex="male"),
        extra(95, support="planning"),  # 5 had none: their number would follow
        extra(95.0, "percent_of_persons_served", support="planning"),
        extra(95, support="planning", age_band="25-34", sex="male"),
        extra(3, support="outreach"),
        extra(3.0, "percent_of_persons_served", support="outreach"),
        extra(3, support="outreach", age_band="25-34", sex="male"),
    ]
    found = result(PERSONS_SERVED, Counts(100, 100), [], extras)

    lines = [(line.grouping["support"], len(line.grouping), line.value) for line in shown_extras(found, external=True)]

    assert lines == [
        ("transport", 1, "60"),
        ("transport", 1, "60.0"),
        ("transport", 3, SMALL),
        ("transport", 3, SUPPRESSED),
        ("planning", 1, SUPPRESSED),
        ("planning", 1, SUPPRESSED),
        ("outreach", 1, SMALL),
        ("outreach", 1, SUPPRESSED),
    ]
