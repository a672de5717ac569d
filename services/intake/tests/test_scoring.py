"""Scores of every instrument against values worked out by hand, and what holds of any answers."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.codes import AnswerOutcome, Sex
from intake.rules.instruments import Pack, built_in
from intake.rules.scoring import (
    ItemFault,
    Verdict,
    bands_of,
    cutoffs_of,
    difference,
    faults,
    percent_days_abstinent,
    raises_concern,
    reviews_of,
    scored,
    suggestions,
    triage,
)
from intake.rules.trends import change_words

PACKS = {code: packs[-1] for code, packs in built_in().items()}
BASELINE = date(2026, 1, 5)
SUMMED = ("phq-9", "phq-2", "gad-7", "gad-2", "barc-10", "audit-c", "dast-10", "mspss")


def every(pack: Pack, value: int) -> dict[str, int]:
    return {item.key: value for item in pack.items if item.required}


def row(*values: int) -> dict[str, int]:
    return {f"q{place}": value for place, value in enumerate(values, 1)}


def total(code: str, items: dict[str, int]) -> float:
    return scored(PACKS[code], items).scores["total"]


def band(code: str, items: dict[str, int]) -> str:
    return bands_of(PACKS[code], scored(PACKS[code], items).scores)["total"]


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("phq-9", 0, 0), ("phq-9", 3, 27), ("phq-2", 0, 0), ("phq-2", 3, 6), ("gad-7", 0, 0), ("gad-7", 3, 21),
        ("gad-2", 0, 0), ("gad-2", 3, 6), ("barc-10", 1, 10), ("barc-10", 6, 60), ("audit-c", 0, 0),
        ("audit-c", 4, 12), ("dast-10", 0, 1), ("dast-10", 1, 9), ("mspss", 1, 1.0), ("mspss", 7, 7.0),
    ],
)  # fmt: skip
def test_the_lowest_and_the_highest_answers(code: str, value: int, expected: float) -> None:
    assert total(code, every(PACKS[code], value)) == expected


@pytest.mark.parametrize(
    ("items", "points", "expected"),
    [
        (row(0, 0, 0, 0, 0, 0, 0, 0, 0), 0, "minimal"),
        (row(1, 1, 1, 1, 0, 0, 0, 0, 0), 4, "minimal"),
        (row(1, 1, 1, 1, 1, 0, 0, 0, 0), 5, "mild"),
        (row(1, 1, 1, 1, 1, 1, 1, 2, 0), 9, "mild"),
        (row(3, 3, 2, 2, 0, 0, 0, 0, 0), 10, "moderate"),
        (row(3, 3, 3, 3, 2, 0, 0, 0, 0), 14, "moderate"),
        (row(3, 3, 3, 3, 3, 0, 0, 0, 0), 15, "moderately_severe"),
        (row(3, 3, 3, 3, 3, 3, 1, 0, 0), 19, "moderately_severe"),
        (row(3, 3, 3, 3, 3, 3, 1, 1, 0), 20, "severe"),
        (row(3, 3, 3, 3, 3, 3, 3, 3, 3), 27, "severe"),
    ],
)
def test_the_edges_of_the_phq_9(items: dict[str, int], points: int, expected: str) -> None:
    assert (total("phq-9", items), band("phq-9", items)) == (points, expected)


@pytest.mark.parametrize(
    ("items", "points", "expected"),
    [
        (row(1, 1, 1, 1, 0, 0, 0), 4, "minimal"),
        (row(1, 1, 1, 1, 1, 0, 0), 5, "mild"),
        (row(3, 3, 3, 0, 0, 0, 0), 9, "mild"),
        (row(3, 3, 3, 1, 0, 0, 0), 10, "moderate"),
        (row(3, 3, 3, 3, 2, 0, 0), 14, "moderate"),
        (row(3, 3, 3, 3, 3, 0, 0), 15, "severe"),
    ],
)
def test_the_edges_of_the_gad_7(items: dict[str, int], points: int, expected: str) -> None:
    assert (total("gad-7", items), band("gad-7", items)) == (points, expected)


@pytest.mark.parametrize(
    ("items", "points", "expected"),
    [
        (row(0, 0, 1, 0, 0, 0, 0, 0, 0, 0), 0, "none"),
        (row(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 1, "low"),
        (row(1, 0, 0, 0, 0, 0, 0, 0, 0, 0), 2, "low"),
        (row(1, 1, 0, 0, 0, 0, 0, 0, 0, 0), 3, "moderate"),
        (row(1, 1, 1, 1, 1, 1, 0, 0, 0, 0), 5, "moderate"),
        (row(1, 1, 1, 1, 1, 1, 1, 0, 0, 0), 6, "substantial"),
        (row(1, 1, 0, 1, 1, 1, 1, 1, 0, 0), 8, "substantial"),
        (row(1, 1, 1, 1, 1, 1, 1, 1, 1, 1), 9, "severe"),
        (row(1, 1, 0, 1, 1, 1, 1, 1, 1, 1), 10, "severe"),
    ],
)
def test_the_edges_of_the_dast_10_whose_third_item_is_turned_round(
    items: dict[str, int], points: int, expected: str
) -> None:
    assert (total("dast-10", items), band("dast-10", items)) == (points, expected)


@pytest.mark.parametrize(("ones", "expected"), [(0, False), (1, False), (2, True), (3, True)])
def test_barc_10_flags_47_and_has_no_bands(ones: int, expected: bool) -> None:
    items = row(5, 5, 5, 5, 5, 4, 4, 4, 4, 4) | {f"q{place}": 5 for place in range(6, 6 + ones)}

    (flag,) = cutoffs_of(PACKS["barc-10"], scored(PACKS["barc-10"], items).scores, Sex.UNKNOWN)

    assert (total("barc-10", items), flag.code, flag.reached) == (45 + ones, "sustained", expected)
    assert PACKS["barc-10"].bands == []


@pytest.mark.parametrize(
    ("items", "points", "expected"),
    [
        (row(*[3] * 11, 2), 2.9167, "low"),
        (row(*[3] * 12), 3.0, "moderate"),
        (row(*[5] * 12), 5.0, "moderate"),
        (row(*[5] * 11, 6), 5.0833, "high"),
    ],
)
def test_the_edges_of_the_mspss(items: dict[str, int], points: float, expected: str) -> None:
    assert (total("mspss", items), band("mspss", items)) == (points, expected)


def test_the_subscales_of_the_mspss() -> None:
    items = row(7, 7, 1, 1, 7, 4, 4, 1, 4, 7, 1, 6)

    assert scored(PACKS["mspss"], items).scores == {
        "total": 4.1667, "significant_other": 7.0, "family": 1.0, "friends": 4.5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("items", "points"),
    [(row(0), 0), (row(0, 0, 0), 0), (row(1, 0, 0), 1), (row(2, 1, 0), 3), (row(2, 1, 1), 4), (row(4, 4, 4), 12)],
)
def test_audit_c_needs_no_more_of_whoever_never_drinks(items: dict[str, int], points: int) -> None:
    assert total("audit-c", items) == points


def test_never_drinking_overrules_how_much_and_says_so() -> None:
    result = scored(PACKS["audit-c"], row(0, 3, 2))

    assert (result.scores, result.overruled) == ({"total": 0.0}, ["q2", "q3"])


@pytest.mark.parametrize(
    ("sex", "points", "limit", "reached"),
    [
        (Sex.MALE, 3, 4, False), (Sex.MALE, 4, 4, True), (Sex.FEMALE, 2, 3, False), (Sex.FEMALE, 3, 3, True),
        (Sex.UNKNOWN, 3, 3, True), (Sex.UNKNOWN, 2, 3, False), (Sex.OTHER, 3, 3, True),
    ],
)  # fmt: skip
def test_the_limit_of_audit_c_goes_by_sex_and_the_lower_one_holds_where_it_is_not_known(
    sex: Sex, points: int, limit: int, reached: bool
) -> None:
    (found,) = cutoffs_of(PACKS["audit-c"], {"total": float(points)}, sex)

    assert (found.at_least, found.reached) == (limit, reached)


@pytest.mark.parametrize(
    ("items", "expected"), [(row(4, 0, 0), ["review_recent_use"]), (row(4, 1, 0), []), (row(0, 0, 0), [])]
)
def test_points_from_the_first_item_alone_are_looked_at_again(items: dict[str, int], expected: list[str]) -> None:
    assert reviews_of(PACKS["audit-c"], items, scored(PACKS["audit-c"], items).scores) == expected


@pytest.mark.parametrize(
    ("code", "items", "expected"),
    [
        ("phq-2", row(1, 1), []),
        ("phq-2", row(2, 1), ["phq-9"]),
        ("gad-2", row(0, 2), []),
        ("gad-2", row(0, 3), ["gad-7"]),
    ],
)
def test_three_points_suggest_the_long_form(code: str, items: dict[str, int], expected: list[str]) -> None:
    pack = PACKS[code]
    reached = cutoffs_of(pack, scored(pack, items).scores, Sex.UNKNOWN)

    assert suggestions(pack, reached, concern=raises_concern(pack, items)) == expected


def test_the_difficulty_item_is_neither_needed_nor_scored() -> None:
    assert total("phq-9", every(PACKS["phq-9"], 1)) == total("phq-9", every(PACKS["phq-9"], 1) | {"q10": 3}) == 9


CSSRS: list[tuple[dict[str, int], str | None]] = [
    ({"q1": 0, "q2": 0, "q6": 0}, "none"),
    ({"q1": 1, "q2": 0, "q6": 0}, "low"),
    ({"q1": 0, "q2": 1, "q3": 0, "q4": 0, "q5": 0, "q6": 0}, "low"),
    ({"q1": 1, "q2": 1, "q3": 1, "q4": 0, "q5": 0, "q6": 0}, "moderate"),
    ({"q1": 0, "q2": 0, "q6": 1, "q6_recent": 0}, "moderate"),
    ({"q1": 0, "q2": 0, "q6": 1, "q6_recent": 1}, "high"),
    ({"q1": 1, "q2": 1, "q3": 0, "q4": 1, "q5": 0, "q6": 0}, "high"),
    ({"q1": 1, "q2": 1, "q3": 0, "q4": 0, "q5": 1, "q6": 0}, "high"),
    ({"q1": 0, "q2": 0, "q5": 1, "q6": 0}, "high"),  # a yes is not explained away by a no before it
    ({"q1": 1, "q2": 1, "q4": 1}, "high"),  # nothing that is missing could lower it
    ({"q1": 0, "q2": 1, "q6": 0}, None),
    ({"q1": 0, "q2": 0, "q6": 1}, None),
    ({"q1": 0, "q2": 0}, None),
]


@pytest.mark.parametrize(("items", "level"), CSSRS)
def test_the_screener_is_triaged_by_its_own_protocol_and_never_scored(items: dict[str, int], level: str | None) -> None:
    pack = PACKS["c-ssrs-screener"]

    assert triage(pack, items) == level
    assert scored(pack, items).scores == {}
    assert raises_concern(pack, items) == any(items.values())


@pytest.mark.parametrize(("items", "missing"), [
    ({"q1": 0, "q2": 1, "q6": 0}, ["q3", "q4", "q5"]),
    ({"q1": 0, "q2": 0, "q6": 1}, ["q6_recent"]),
    ({"q2": 0, "q6": 0}, ["q1"]),
])  # fmt: skip
def test_a_yes_of_the_screener_asks_for_more(items: dict[str, int], missing: list[str]) -> None:
    result = scored(PACKS["c-ssrs-screener"], items)

    assert (result.outcome, result.missing) == (AnswerOutcome.INCOMPLETE, missing)


@pytest.mark.parametrize(("value", "expected"), [(0, False), (1, True), (3, True)])
def test_the_ninth_item_alone_raises_a_concern(value: int, expected: bool) -> None:
    pack = PACKS["phq-9"]

    assert raises_concern(pack, {"q9": value}) is expected
    assert not raises_concern(pack, every(pack, 3) | {"q9": 0})
    assert not raises_concern(pack, {})


def needed(code: str) -> list[tuple[str, str]]:
    return [(code, item.key) for item in PACKS[code].items if item.required]


@pytest.mark.parametrize(("code", "key"), [pair for code in SUMMED for pair in needed(code)])
def test_no_score_without_every_item(code: str, key: str) -> None:
    items = every(PACKS[code], 1)
    del items[key]

    result = scored(PACKS[code], items)

    assert (result.outcome, result.scores, result.missing) == (AnswerOutcome.INCOMPLETE, {}, [key])


@pytest.mark.parametrize("code", PACKS)
def test_a_value_beyond_an_items_options_is_a_fault_of_that_item(code: str) -> None:
    pack = PACKS[code]
    for item in pack.items:
        values = pack.values(item.key)
        for value in (min(values) - 1, max(values) + 1):
            assert list(faults(pack, {item.key: value})) == [(item.key, ItemFault.OUT_OF_RANGE)]
        assert [list(faults(pack, {item.key: value})) for value in values] == [[]] * len(values)
    assert list(faults(pack, {"q99": 0})) == [("q99", ItemFault.UNKNOWN)]


@pytest.mark.parametrize(
    ("code", "before", "after", "days", "verdict"),
    [
        ("phq-9", 15, 10, 90, Verdict.IMPROVED),
        ("phq-9", 15, 11, 90, Verdict.NO_RELIABLE_CHANGE),
        ("phq-9", 10, 15, 90, Verdict.WORSE),
        ("phq-9", 10, 14, 90, Verdict.NO_RELIABLE_CHANGE),
        ("gad-7", 12, 8, 90, Verdict.IMPROVED),
        ("gad-7", 12, 9, 90, Verdict.NO_RELIABLE_CHANGE),
        ("gad-7", 8, 12, 90, Verdict.WORSE),
        ("barc-10", 30, 60, 90, Verdict.NOT_ESTABLISHED),
        ("audit-c", 12, 0, 90, Verdict.NOT_ESTABLISHED),
        ("dast-10", 10, 0, 400, Verdict.NOT_ESTABLISHED),
        ("mspss", 1, 7, 90, Verdict.NOT_ESTABLISHED),
    ],
)
def test_a_change_says_no_more_than_is_published(
    code: str, before: float, after: float, days: int, verdict: Verdict
) -> None:
    found = difference(PACKS[code], "total", (BASELINE, before), (BASELINE + timedelta(days=days), after))

    assert (found.points, found.days, found.verdict) == (after - before, days, verdict)
    assert found.source


@pytest.mark.parametrize(("points", "reliable"), [(-5, False), (-6, True), (6, True)])
def test_the_stricter_limit_of_the_gad_7_stands_beside_the_other(points: int, reliable: bool) -> None:
    found = difference(PACKS["gad-7"], "total", (BASELINE, 10), (BASELINE, 10 + points))

    assert found.reliable is reliable


@pytest.mark.parametrize(("days", "one_time"), [(90, True), (364, True), (365, False)])
@pytest.mark.parametrize("code", ["audit-c", "dast-10"])
def test_answers_about_the_past_year_are_not_compared_within_it(code: str, days: int, one_time: bool) -> None:
    found = difference(PACKS[code], "total", (BASELINE, 8), (BASELINE + timedelta(days=days), 2))

    assert found.one_time is one_time
    assert ("about much the same time" in change_words(found)["en"]) is one_time


@pytest.mark.parametrize(
    ("before", "after", "english", "spanish"),
    [
        (12, 6, "6 points lower.", "6 puntos menos."),
        (5, 6, "1 point higher.", "1 punto más."),
        (6, 6, "none.", "ninguno."),
    ],
)
def test_a_change_is_told_plainly_in_two_languages(before: int, after: int, english: str, spanish: str) -> None:
    words = change_words(difference(PACKS["phq-9"], "total", (BASELINE, before), (BASELINE, after)))

    assert words["en"].startswith(f"Change since your first answers: {english}")
    assert words["es"].startswith(f"Cambio desde sus primeras respuestas: {spanish}")


@pytest.mark.parametrize(
    ("used", "observed", "expected"),
    [(0, 30, 100.0), (30, 30, 0.0), (3, 30, 90.0), (1, 24, 95.8), (24, 24, 0.0), (0, 23, None), (5, 10, None)],
)
def test_days_abstinent_are_of_the_days_known_of(used: int, observed: int, expected: float | None) -> None:
    assert percent_days_abstinent(used, observed) == expected


def summed(items: dict[str, int]) -> float:
    return sum(items.values())


INDEPENDENTLY: dict[str, Callable[[dict[str, int]], float]] = {
    "dast-10": lambda items: sum(items.values()) - items["q3"] + (1 - items["q3"]),
    "audit-c": lambda items: sum(items.values()) if items["q1"] else 0,
    "mspss": lambda items: round(sum(items.values()) / 12, 4),
}


@st.composite
def answered(draw: st.DrawFn, *codes: str) -> tuple[str, dict[str, int]]:
    """Draw an instrument with an answer to each item that it needs, in any order."""
    code = draw(st.sampled_from(codes))
    pack = PACKS[code]
    items = {item.key: draw(st.sampled_from(pack.values(item.key))) for item in pack.items if item.required}
    return code, dict(draw(st.permutations(list(items.items()))))


@given(answered(*SUMMED))
def test_a_score_is_the_sum_worked_out_another_way(drawn: tuple[str, dict[str, int]]) -> None:
    code, items = drawn

    assert total(code, items) == INDEPENDENTLY.get(code, summed)(items)


@given(answered(*SUMMED), st.data())
def test_the_order_of_the_answers_changes_nothing(drawn: tuple[str, dict[str, int]], data: st.DataObject) -> None:
    code, items = drawn
    shuffled = data.draw(st.permutations(list(items.items())))

    assert scored(PACKS[code], dict(shuffled)).scores == scored(PACKS[code], items).scores


@given(answered(*[code for code in SUMMED if code != "audit-c"]), st.data())
def test_any_missing_item_takes_the_score_away(drawn: tuple[str, dict[str, int]], data: st.DataObject) -> None:
    code, items = drawn
    gone = data.draw(st.sets(st.sampled_from(sorted(items)), min_size=1))

    result = scored(PACKS[code], {key: value for key, value in items.items() if key not in gone})

    assert (result.outcome, result.scores) == (AnswerOutcome.INCOMPLETE, {})
    assert set(result.missing) == gone


@given(answered(*SUMMED))
def test_every_score_lies_in_range_and_in_one_band(drawn: tuple[str, dict[str, int]]) -> None:
    code, items = drawn
    pack = PACKS[code]

    scores = scored(pack, items).scores

    for scale in pack.scales:
        least, most = pack.range_of(scale)
        assert least <= scores[scale.key] <= most
    assert set(bands_of(pack, scores)) == {bands.scale for bands in pack.bands}


@given(answered("c-ssrs-screener"), st.data())
def test_one_more_yes_never_lowers_the_triage(drawn: tuple[str, dict[str, int]], data: st.DataObject) -> None:
    code, items = drawn
    order = ["none", "low", "moderate", "high"]
    key = data.draw(st.sampled_from(sorted(items)))

    before, after = triage(PACKS[code], items), triage(PACKS[code], items | {key: 1})

    assert before is not None
    assert after is not None
    assert order.index(after) >= order.index(before)
