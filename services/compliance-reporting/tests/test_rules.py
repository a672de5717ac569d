"""Percentages, verdicts, the headline: hand-made cases and what always holds."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import Unprocessable
from compliance_reporting.rules import (
    Authority,
    Counts,
    Goal,
    Standard,
    Verdict,
    headline,
    heard_to,
    lag_seconds,
    percent,
    require_period,
    verdict,
)

DEFAULT_90 = Standard(Goal.TARGET, Authority.DEFAULT, Decimal(90))
FEDERAL_100 = Standard(Goal.TARGET, Authority.FED_REQ, Decimal(100))


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        (1, 3, "33.3"),
        (2, 3, "66.7"),
        (1, 16, "6.3"),  # 6.25: half goes up
        (3, 16, "18.8"),  # 18.75
        (1, 800, "0.1"),  # 0.125
        (1, 2000, "0.1"),  # 0.05: half goes up
        (1, 2001, "0.0"),
        (0, 7, "0.0"),
        (7, 7, "100.0"),
    ],
)
def test_percentages_have_one_decimal_half_up(numerator: int, denominator: int, expected: str) -> None:
    assert str(percent(numerator, denominator)) == expected


def test_nothing_to_divide_by_is_no_percentage() -> None:
    assert percent(0, 0) is None


@given(st.integers(1, 10**6), st.data())
def test_a_percentage_is_at_most_half_a_tenth_off_and_never_below_on_a_tie(
    denominator: int, data: st.DataObject
) -> None:
    numerator = data.draw(st.integers(0, denominator))

    shown = percent(numerator, denominator)

    assert shown is not None
    error = shown * denominator - 100 * numerator
    assert -Decimal("0.05") * denominator < error <= Decimal("0.05") * denominator
    assert 0 <= shown <= 100


@pytest.mark.parametrize(
    ("counts", "standard", "expected"),
    [
        (Counts(0, 0), DEFAULT_90, Verdict.NA),
        (Counts(9, 10), DEFAULT_90, Verdict.PASS),
        (Counts(8, 10), DEFAULT_90, Verdict.WARN),
        (Counts(9, 10), FEDERAL_100, Verdict.FAIL),
        (Counts(10, 10), FEDERAL_100, Verdict.PASS),
        (Counts(9496, 10000), Standard(Goal.TARGET, Authority.DEFAULT, Decimal(95)), Verdict.WARN),  # shows 95.0
        (Counts(0, 0, 3), DEFAULT_90, Verdict.NOT_EVALUABLE),
        (Counts(9, 10, 1), DEFAULT_90, Verdict.NOT_EVALUABLE),  # 9 or 10 of 11
        (Counts(99, 100, 1), DEFAULT_90, Verdict.PASS),  # 99 of 101 at worst
        (Counts(1, 100, 1), DEFAULT_90, Verdict.WARN),  # 2 of 101 at best
        (Counts(5, 9), Standard(Goal.REPORT, Authority.FED_REQ), Verdict.NA),
        (Counts(5, 9), Standard(Goal.ABOVE_BASELINE, Authority.DEFAULT, at_baseline=5), Verdict.WARN),
        (Counts(6, 9), Standard(Goal.ABOVE_BASELINE, Authority.DEFAULT, at_baseline=5), Verdict.PASS),
        (Counts(9, 9), Standard(Goal.ABOVE_BASELINE, Authority.DEFAULT, at_baseline=9), Verdict.PASS),
        (Counts(5, 9), Standard(Goal.AS_BASELINE, Authority.DEFAULT, at_baseline=5), Verdict.PASS),
        (Counts(4, 9, 7), Standard(Goal.AS_BASELINE, Authority.DEFAULT, at_baseline=5), Verdict.WARN),
        (Counts(0, 0, 7), Standard(Goal.AS_BASELINE, Authority.DEFAULT), Verdict.NA),
    ],
)
def test_verdicts(counts: Counts, standard: Standard, expected: Verdict) -> None:
    assert verdict(counts, standard) is expected


def test_the_headline_counts_binding_measures_that_could_be_judged() -> None:
    found = headline(
        [
            (Authority.FED_REQ, Verdict.PASS),
            (Authority.STATE_REQ, Verdict.FAIL),
            (Authority.CERT_REQ, Verdict.NOT_EVALUABLE),
            (Authority.FED_REQ, Verdict.NA),
            (Authority.FED_GUIDE, Verdict.PASS),
            (Authority.DEFAULT, Verdict.WARN),
        ]
    )

    assert (found.passed, found.judged, found.percent) == (1, 3, Decimal("33.3"))


def test_without_a_binding_measure_there_is_no_headline() -> None:
    assert headline([(Authority.DEFAULT, Verdict.PASS)]).percent is None


def test_facts_reach_as_far_as_their_slowest_publisher() -> None:
    noon = datetime(2026, 4, 1, 12, tzinfo=UTC)
    reached = {"intake": noon, "workforce": noon.replace(hour=10), "notification": noon.replace(hour=3)}

    assert heard_to(reached, ["intake", "workforce"]) == noon.replace(hour=10)
    assert heard_to(reached, ["intake", "workforce", "session-logging"]) is None


def test_a_lag_is_never_negative_and_unknown_stays_unknown() -> None:
    noon = datetime(2026, 4, 1, 12, tzinfo=UTC)

    assert lag_seconds(noon, noon.replace(minute=2)) == 0
    assert lag_seconds(noon, noon.replace(hour=11, minute=58)) == 120
    assert lag_seconds(noon, None) is None


def test_periods_have_an_order_and_at_most_400_days() -> None:
    require_period(date(2026, 1, 1), date(2026, 1, 1))
    require_period(date(2026, 1, 1), date(2027, 2, 4))  # 400 days

    for end in (date(2025, 12, 31), date(2027, 2, 5)):
        with pytest.raises(Unprocessable):
            require_period(date(2026, 1, 1), end)
