"""The clock of a SAMHSA grant: expected days are written by hand, from the guidance's own examples where it has any."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.codes import ClientPart, FederalPoint, FederalTool
from common.months import add_months
from intake.rules.federal import (
    Cancelled,
    Course,
    DueState,
    GrantTerms,
    PlannedPoint,
    ReassessmentBy,
    annual_due,
    demographics_by_staff,
    done_on,
    entry_due,
    follow_up_rate,
    planned,
    point_state,
    reassessment_due,
    window,
)

SUPRT = GrantTerms(tool=FederalTool.SUPRT)
CALENDAR = GrantTerms(tool=FederalTool.SUPRT, reassessment_by=ReassessmentBy.CALENDAR_MONTHS)
GPRA = GrantTerms(tool=FederalTool.GPRA)
BASELINE = date(2026, 1, 15)
TODAY = date(2026, 11, 20)
DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 12, 31))
TERMS = st.builds(
    GrantTerms,
    tool=st.just(FederalTool.SUPRT),
    interval_months=st.sampled_from([3, 6]),
    reassessment_by=st.sampled_from(ReassessmentBy),
    window_days=st.integers(min_value=0, max_value=60),
)


def points(terms: GrantTerms, **course: date) -> dict[tuple[FederalPoint, int], PlannedPoint]:
    known = {"first_service_on": BASELINE} | course
    return {(one.point, one.n): one for one in planned(terms, Course(**known), TODAY)}


def days(one: PlannedPoint) -> tuple[date, date, date]:
    return one.due_on, one.opens_on, one.closes_on


def test_the_worked_example_of_the_guidance() -> None:
    found = points(SUPRT, anchored_on=BASELINE)

    assert days(found[FederalPoint.REASSESSMENT, 1]) == (date(2026, 7, 14), date(2026, 6, 14), date(2026, 8, 13))
    assert days(found[FederalPoint.ANNUAL, 1]) == (date(2027, 1, 15), date(2026, 12, 16), date(2027, 2, 14))
    assert found[FederalPoint.ANNUAL, 2].due_on == date(2028, 1, 15)


def test_a_three_month_grant_reassesses_after_ninety_days() -> None:
    terms = GrantTerms(tool=FederalTool.SUPRT, interval_months=3)
    found = points(terms, anchored_on=BASELINE)[FederalPoint.REASSESSMENT, 1]
    assert days(found) == (date(2026, 4, 15), date(2026, 3, 16), date(2026, 5, 15))


def test_the_baseline_is_due_thirty_days_after_the_first_funded_service() -> None:
    found = points(SUPRT, first_service_on=date(2026, 1, 31))
    assert set(found) == {(FederalPoint.BASELINE, 1)}, "nothing else is known before the baseline"
    assert days(found[FederalPoint.BASELINE, 1]) == (date(2026, 3, 2), date(2026, 1, 31), date(2026, 3, 2))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 1, 15), 6, date(2026, 7, 15)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 5, 31), 1, date(2026, 6, 30)),
        (date(2026, 12, 31), 12, date(2027, 12, 31)),
        (date(2026, 10, 1), 3, date(2027, 1, 1)),
        (date(2026, 9, 30), 3, date(2026, 12, 30)),
    ],
)
def test_months_end_with_the_month(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


def test_calendar_months_and_days_differ_by_what_the_guidance_leaves_open() -> None:
    assert reassessment_due(BASELINE, SUPRT) == date(2026, 7, 14)
    assert reassessment_due(BASELINE, CALENDAR) == date(2026, 7, 15)
    assert reassessment_due(date(2026, 8, 31), CALENDAR) == date(2027, 2, 28)


def test_a_leap_day_has_its_anniversary_on_the_28th_and_again_on_the_29th() -> None:
    leap_day = date(2028, 2, 29)
    assert [annual_due(leap_day, n) for n in (1, 2, 3, 4)] == [
        date(2029, 2, 28),
        date(2030, 2, 28),
        date(2031, 2, 28),
        date(2032, 2, 29),
    ]
    assert window(date(2029, 2, 28), 30) == (date(2029, 1, 29), date(2029, 3, 30))


def test_annual_points_reach_to_the_grants_end() -> None:
    terms = GrantTerms(tool=FederalTool.SUPRT, ends_on=date(2028, 12, 16))
    assert [n for point, n in points(terms, anchored_on=BASELINE) if point is FederalPoint.ANNUAL] == [1, 2, 3]
    earlier = GrantTerms(tool=FederalTool.SUPRT, ends_on=date(2028, 12, 15))
    assert [n for point, n in points(earlier, anchored_on=BASELINE) if point is FederalPoint.ANNUAL] == [1, 2]


def test_a_grant_without_an_end_looks_five_years_ahead() -> None:
    annuals = [one for one in points(SUPRT, anchored_on=BASELINE).values() if one.point is FederalPoint.ANNUAL]
    assert annuals[-1].due_on == date(2031, 1, 15)  # its window opens on 2030-12-16; the next after 2031-11-20


def test_a_closeout_is_due_however_short_the_episode() -> None:
    found = points(SUPRT, closed_on=date(2026, 1, 16))
    assert set(found) == {(FederalPoint.BASELINE, 1), (FederalPoint.CLOSEOUT, 1)}
    assert days(found[FederalPoint.CLOSEOUT, 1]) == (date(2026, 2, 15), date(2026, 1, 16), date(2026, 2, 15))
    assert found[FederalPoint.BASELINE, 1].cancelled_for is None


@pytest.mark.parametrize(
    ("closed_on", "reassessment", "annual"),
    [
        (date(2026, 6, 13), Cancelled.CLOSED_OUT, Cancelled.CLOSED_OUT),  # the day before the window
        (date(2026, 6, 14), Cancelled.CLOSED_OUT, Cancelled.CLOSED_OUT),  # its first day
        (date(2026, 8, 13), Cancelled.CLOSED_OUT, Cancelled.CLOSED_OUT),  # its last day
        (date(2026, 8, 14), None, Cancelled.CLOSED_OUT),  # the day after: missed
    ],
)
def test_a_closeout_before_or_in_the_window_cancels(
    closed_on: date, reassessment: Cancelled | None, annual: Cancelled
) -> None:
    found = points(SUPRT, anchored_on=BASELINE, closed_on=closed_on)
    assert found[FederalPoint.REASSESSMENT, 1].cancelled_for == reassessment
    assert found[FederalPoint.ANNUAL, 1].cancelled_for == annual
    assert found[FederalPoint.CLOSEOUT, 1].cancelled_for is None


def test_a_death_cancels_from_its_own_day() -> None:
    died = {"closed_on": date(2026, 9, 1), "deceased_on": date(2026, 8, 13)}
    found = points(SUPRT, anchored_on=BASELINE, **died)
    assert found[FederalPoint.REASSESSMENT, 1].cancelled_for is Cancelled.DECEASED
    assert found[FederalPoint.ANNUAL, 1].cancelled_for is Cancelled.DECEASED
    assert found[FederalPoint.CLOSEOUT, 1].cancelled_for is None
    later = points(SUPRT, anchored_on=BASELINE, closed_on=date(2026, 9, 1), deceased_on=date(2026, 8, 14))
    assert later[FederalPoint.REASSESSMENT, 1].cancelled_for is None


@pytest.mark.parametrize(
    ("intake", "opens_on", "closes_on", "due_on"),
    [
        (date(2025, 1, 1), date(2025, 6, 1), date(2025, 9, 1), date(2025, 7, 1)),  # the state's own example
        (date(2024, 8, 31), date(2025, 1, 31), date(2025, 4, 30), date(2025, 2, 28)),
        (date(2023, 8, 31), date(2024, 1, 31), date(2024, 4, 30), date(2024, 2, 29)),
        (date(2024, 9, 30), date(2025, 2, 28), date(2025, 5, 30), date(2025, 3, 30)),
    ],
)
def test_a_gpra_follow_up_is_from_five_to_eight_months(
    intake: date, opens_on: date, closes_on: date, due_on: date
) -> None:
    found = points(GPRA, first_service_on=intake, anchored_on=intake)[FederalPoint.GPRA_FOLLOW_UP, 1]
    assert days(found) == (due_on, opens_on, closes_on)
    assert found.cancelled_for is None


@pytest.mark.parametrize(
    ("intake", "cancelled_for"),
    [(date(2025, 1, 30), None), (date(2025, 1, 31), None), (date(2025, 2, 1), Cancelled.NOT_OWED)],
)
def test_no_gpra_window_survives_the_last_interview_day(intake: date, cancelled_for: Cancelled | None) -> None:
    found = points(GPRA, first_service_on=intake, anchored_on=intake)[FederalPoint.GPRA_FOLLOW_UP, 1]
    assert found.cancelled_for == cancelled_for  # 30 and 31 January + 8 months end on 30 September, the last day


def test_a_gpra_discharge_is_owed_up_to_the_last_interview_day_and_cancels_no_follow_up() -> None:
    intake = {"first_service_on": date(2025, 1, 1), "anchored_on": date(2025, 1, 1)}
    before = points(GPRA, **intake, closed_on=date(2025, 9, 30))
    after = points(GPRA, **intake, closed_on=date(2025, 10, 1))
    assert before[FederalPoint.GPRA_DISCHARGE, 1].closes_on == date(2025, 9, 30)
    assert before[FederalPoint.GPRA_DISCHARGE, 1].cancelled_for is None
    assert after[FederalPoint.GPRA_DISCHARGE, 1].cancelled_for is Cancelled.NOT_OWED
    assert points(GPRA, **intake, closed_on=date(2025, 2, 1))[FederalPoint.GPRA_FOLLOW_UP, 1].cancelled_for is None
    died = points(GPRA, **intake, closed_on=date(2025, 2, 1), deceased_on=date(2025, 2, 1))
    assert died[FederalPoint.GPRA_FOLLOW_UP, 1].cancelled_for is Cancelled.DECEASED


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 6, 13), DueState.UPCOMING),
        (date(2026, 6, 14), DueState.OPEN),
        (date(2026, 7, 14), DueState.OPEN),
        (date(2026, 7, 15), DueState.LATE),
        (date(2026, 8, 13), DueState.LATE),
        (date(2026, 8, 14), DueState.MISSED),
    ],
)
def test_a_windowed_point_goes_from_upcoming_to_missed(today: date, expected: DueState) -> None:
    found = points(SUPRT, anchored_on=BASELINE)[FederalPoint.REASSESSMENT, 1]
    due_on, opens_on, closes_on = days(found)
    assert point_state(FederalPoint.REASSESSMENT, opens_on, due_on, closes_on, today=today) is expected


def test_a_baseline_is_late_for_ever_for_it_is_always_owed() -> None:
    first, last = date(2026, 1, 15), date(2026, 2, 14)
    assert point_state(FederalPoint.BASELINE, first, last, last, today=date(2030, 1, 1)) is DueState.LATE


@pytest.mark.parametrize(
    ("part", "by_staff"),
    [
        (None, True),
        (ClientPart.DECLINED, True),
        (ClientPart.NOT_OFFERED, True),
        (ClientPart.COMPLETED, False),
        (ClientPart.PROXY, False),
    ],
)
def test_staff_record_the_demographics_unless_the_client_started(part: ClientPart | None, by_staff: bool) -> None:
    assert demographics_by_staff(FederalPoint.BASELINE, part) is by_staff
    assert demographics_by_staff(FederalPoint.REASSESSMENT, part) is False


def test_a_point_is_done_by_its_administrative_part_and_a_closeout_by_its_entry() -> None:
    collected, entered = date(2026, 7, 1), date(2026, 7, 20)
    assert done_on(FederalPoint.BASELINE, None, None) is None
    assert done_on(FederalPoint.BASELINE, collected, None) == collected
    assert done_on(FederalPoint.CLOSEOUT, collected, None) is None
    assert done_on(FederalPoint.CLOSEOUT, collected, entered) == entered
    assert entry_due(collected) == date(2026, 7, 31)


def test_a_rate_of_nothing_is_no_rate() -> None:
    assert follow_up_rate(0, 0) is None
    assert follow_up_rate(4, 5) == 0.8


@given(DAYS, TERMS)
def test_every_window_holds_its_due_day_and_never_shrinks(baseline_on: date, terms: GrantTerms) -> None:
    course = Course(first_service_on=baseline_on, anchored_on=baseline_on)
    for one in planned(terms, course, baseline_on):
        assert one.opens_on <= one.due_on <= one.closes_on
        if one.point in (FederalPoint.REASSESSMENT, FederalPoint.ANNUAL):
            assert (one.closes_on - one.opens_on).days == 2 * terms.window_days


@given(DAYS, DAYS, TERMS)
def test_a_later_baseline_is_never_followed_by_an_earlier_window(one: date, other: date, terms: GrantTerms) -> None:
    earlier, later = sorted([one, other])
    assert reassessment_due(earlier, terms) <= reassessment_due(later, terms)
    assert annual_due(earlier, 1) <= annual_due(later, 1)


@given(DAYS)
def test_a_gpra_window_holds_its_due_day_and_lasts_three_months(intake: date) -> None:
    found = planned(GPRA, Course(first_service_on=intake, anchored_on=intake), TODAY)[1]
    assert found.opens_on <= found.due_on <= found.closes_on
    assert 87 <= (found.closes_on - found.opens_on).days <= 92


@given(DAYS, st.integers(min_value=0, max_value=120))
def test_months_equal_a_walk_from_month_to_month(day: date, months: int) -> None:
    first = day.replace(day=1)
    for _ in range(months):
        first = (first + timedelta(days=31)).replace(day=1)
    last_of_month = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    assert add_months(day, months) == min(first + timedelta(days=day.day - 1), last_of_month)


@given(DAYS, st.integers(min_value=0, max_value=120))
def test_only_a_longer_day_than_the_month_is_moved(day: date, months: int) -> None:
    found = add_months(day, months)
    assert found.day == day.day or (found + timedelta(days=1)).day == 1


@given(DAYS, st.integers(min_value=0, max_value=800), TERMS)
def test_what_was_over_before_the_end_is_never_cancelled(baseline_on: date, length: int, terms: GrantTerms) -> None:
    closed_on = baseline_on + timedelta(days=length)
    course = Course(first_service_on=baseline_on, anchored_on=baseline_on, closed_on=closed_on)
    for one in planned(terms, course, closed_on):
        if one.point in (FederalPoint.REASSESSMENT, FederalPoint.ANNUAL):
            assert (one.cancelled_for is Cancelled.CLOSED_OUT) == (closed_on <= one.closes_on)
        else:
            assert one.cancelled_for is None
