"""When a SAMHSA grant wants what of an episode: points, windows, what cancels them, and how they stand on a day.

codebook: unconfirmed. Dates follow published guidance; what the forms ask is not here. Days are calendar days of the
agency's zone, both ends of every window included. Months are counted from the first day itself and clamped to the end
of a shorter month: 31 August + 6 months = 28 or 29 February; the anniversary of a 29 February is the 28th, and the
29th again in the next leap year.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from common.contracts.codes import ClientPart, FederalPoint, FederalTool
from common.months import add_months

BASELINE_DAYS = 30
CLOSEOUT_DAYS = 30
ENTRY_DAYS = 30
ANNUALS_AHEAD_MONTHS = 60
GPRA_LAST_INTERVIEW = date(2025, 9, 30)
WINDOWED = frozenset({FederalPoint.REASSESSMENT, FederalPoint.ANNUAL, FederalPoint.GPRA_FOLLOW_UP})
ANCHORS = {FederalTool.SUPRT: FederalPoint.BASELINE, FederalTool.GPRA: FederalPoint.GPRA_INTAKE}
WITH_CLIENT_PART = frozenset({FederalPoint.BASELINE, FederalPoint.REASSESSMENT, FederalPoint.ANNUAL})
STARTED = frozenset({ClientPart.COMPLETED, ClientPart.PROXY})


class ReassessmentBy(StrEnum):
    """How the reassessment is counted; which one is meant could not be confirmed, so each grant says."""

    DAYS = "days"
    CALENDAR_MONTHS = "calendar_months"


class Cancelled(StrEnum):
    CLOSED_OUT = "closed_out"
    DECEASED = "deceased"
    NOT_OWED = "not_owed"


class PointState(StrEnum):
    """`late`: past its due day, yet still to be done; `missed`: its window is over."""

    UPCOMING = "upcoming"
    OPEN = "open"
    LATE = "late"
    MISSED = "missed"
    DONE = "done"
    CANCELLED = "cancelled"


class DueState(StrEnum):
    """The states of a point that is not done, as the work list names them."""

    UPCOMING = "upcoming"
    OPEN = "open"
    LATE = "late"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class GrantTerms:
    """What of a grant its clock runs by. `interval_months`: 3 or 6."""

    tool: FederalTool
    interval_months: int = 6
    reassessment_by: ReassessmentBy = ReassessmentBy.DAYS
    window_days: int = 30
    ends_on: date | None = None
    gpra_last_interview_date: date = GPRA_LAST_INTERVIEW


@dataclass(frozen=True, slots=True)
class Course:
    """How far an episode under a grant is. `anchored_on`: the day the baseline, or the GPRA intake, was collected."""

    first_service_on: date
    anchored_on: date | None = None
    closed_on: date | None = None
    deceased_on: date | None = None

    @property
    def ended_on(self) -> date | None:
        known = [day for day in (self.closed_on, self.deceased_on) if day]
        return min(known) if known else None


@dataclass(frozen=True, slots=True)
class PlannedPoint:
    point: FederalPoint
    due_on: date
    opens_on: date
    closes_on: date
    n: int = 1
    cancelled_for: Cancelled | None = None


def window(due_on: date, days: int) -> tuple[date, date]:
    return due_on - timedelta(days=days), due_on + timedelta(days=days)


def reassessment_due(baseline_on: date, terms: GrantTerms) -> date:
    if terms.reassessment_by is ReassessmentBy.CALENDAR_MONTHS:
        return add_months(baseline_on, terms.interval_months)
    return baseline_on + timedelta(days=30 * terms.interval_months)


def annual_due(baseline_on: date, n: int) -> date:
    """Return the n-th anniversary, counted from the baseline itself, so that a clamp does not stay."""
    return add_months(baseline_on, 12 * n)


def planned(terms: GrantTerms, course: Course, today: date) -> list[PlannedPoint]:
    """Return every point known today, cancelled ones too; annual ones to the grant's end, or five years ahead."""
    if terms.tool is FederalTool.GPRA:
        return list(_gpra(terms, course))
    return list(_suprt(terms, course, today))


def _suprt(terms: GrantTerms, course: Course, today: date) -> Iterator[PlannedPoint]:
    yield _within(FederalPoint.BASELINE, course.first_service_on, BASELINE_DAYS)
    if course.anchored_on:
        for one in _repeated(terms, course.anchored_on, today):
            yield replace(one, cancelled_for=_cancelled(one, course))
    if course.closed_on:
        yield _within(FederalPoint.CLOSEOUT, course.closed_on, CLOSEOUT_DAYS)


def _within(point: FederalPoint, first: date, days: int) -> PlannedPoint:
    last = first + timedelta(days=days)
    return PlannedPoint(point, due_on=last, opens_on=first, closes_on=last)


def _repeated(terms: GrantTerms, baseline_on: date, today: date) -> Iterator[PlannedPoint]:
    """Yield the reassessment and the annuals; a window that opens after the grant has ended is not owed."""
    until = terms.ends_on or add_months(today, ANNUALS_AHEAD_MONTHS)
    due_on, n = reassessment_due(baseline_on, terms), 0
    point = FederalPoint.REASSESSMENT
    while (opens_on := window(due_on, terms.window_days)[0]) <= until:
        yield PlannedPoint(point, due_on, opens_on, window(due_on, terms.window_days)[1], n=max(n, 1))
        point, n = FederalPoint.ANNUAL, n + 1
        due_on = annual_due(baseline_on, n)


def _cancelled(point: PlannedPoint, course: Course) -> Cancelled | None:
    """Tell why nothing is owed: the episode or the life ended before the window, or in it."""
    if course.deceased_on and course.deceased_on <= point.closes_on:
        return Cancelled.DECEASED
    return Cancelled.CLOSED_OUT if course.closed_on and course.closed_on <= point.closes_on else None


def _gpra(terms: GrantTerms, course: Course) -> Iterator[PlannedPoint]:
    """Yield the legacy points; deadlines of intake and discharge are unconfirmed, so they take thirty days too."""
    last = terms.gpra_last_interview_date
    intake = _within(FederalPoint.GPRA_INTAKE, course.first_service_on, BASELINE_DAYS)
    yield _up_to(intake, last)
    if course.anchored_on:
        yield _follow_up(terms, course, course.anchored_on)
    if course.closed_on:
        yield _up_to(_within(FederalPoint.GPRA_DISCHARGE, course.closed_on, CLOSEOUT_DAYS), last)


def _up_to(point: PlannedPoint, last: date) -> PlannedPoint:
    if point.opens_on > last:
        return replace(point, cancelled_for=Cancelled.NOT_OWED)
    return replace(point, due_on=min(point.due_on, last), closes_on=min(point.closes_on, last))


def _follow_up(terms: GrantTerms, course: Course, intake_on: date) -> PlannedPoint:
    """Return the follow-up: from one month before the anniversary to two after; a discharge does not cancel it.

    A window that is still open after the last interview date is not owed.
    """
    months = terms.interval_months
    opens_on, closes_on = add_months(intake_on, months - 1), add_months(intake_on, months + 2)
    point = PlannedPoint(FederalPoint.GPRA_FOLLOW_UP, add_months(intake_on, months), opens_on, closes_on)
    if closes_on > terms.gpra_last_interview_date:
        return replace(point, cancelled_for=Cancelled.NOT_OWED)
    died = course.deceased_on is not None and course.deceased_on <= closes_on
    return replace(point, cancelled_for=Cancelled.DECEASED if died else None)


def point_state(point: FederalPoint, opens_on: date, due_on: date, closes_on: date, *, today: date) -> DueState:
    """Return how a point that is not done stands; what has no window beyond its due day is never missed, only late."""
    if today < opens_on:
        return DueState.UPCOMING
    if today <= due_on:
        return DueState.OPEN
    return DueState.MISSED if today > closes_on and point in WINDOWED else DueState.LATE


def done_on(point: FederalPoint, collected_on: date | None, entered_on: date | None) -> date | None:
    """Return the day on which a point was done: its administrative part collected, and a closeout entered as well."""
    return entered_on if point is FederalPoint.CLOSEOUT and collected_on else collected_on


def demographics_by_staff(point: FederalPoint, client_part: ClientPart | None) -> bool:
    """Tell whether staff record the demographics: at the baseline, unless the client's own part was started."""
    return point is FederalPoint.BASELINE and client_part not in STARTED


def entry_due(collected_on: date | None) -> date | None:
    """Return the last day for entry in the funder's system (secondary source)."""
    return collected_on + timedelta(days=ENTRY_DAYS) if collected_on else None


def follow_up_rate(numerator: int, denominator: int) -> float | None:
    """Return the rate, or None where nothing was due."""
    return numerator / denominator if denominator else None
