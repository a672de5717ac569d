"""What waits for somebody, when they are told of it, and when their supervisor is: pure decisions.

Every number here is Handrail's default, not somebody's requirement, unless it names its source.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from common.contracts.codes import Role
from common.contracts.session_codes import ReminderIntent


class Kind(StrEnum):
    """A kind of thing that waits; the code is also that of the template that tells of it."""

    NOTE_RETURNED = "note-returned"
    COSIGNATURE_WAITING = "cosignature-waiting"
    NOTE_OVERDUE = "note-overdue"
    SUPRT_OPENING = "suprt-opening"
    SUPRT_CLOSING = "suprt-closing"
    CREDENTIAL_EXPIRING = "credential-expiring"
    SUPERVISION_OVERDUE = "supervision-overdue"
    PLAN_REVIEW_DUE = "plan-review-due"
    CONSENT_EXPIRING = "consent-expiring"
    REFERRAL_WAITING = "referral-waiting"
    TASK_OVERDUE = "task-overdue"


class Whom(StrEnum):
    WORKER = "worker"  # whose own it is
    PEERS = "peers"  # who serves the person today; nobody does: all supervisors
    SUPERVISORS = "supervisors"  # who supervises the worker today; nobody does: all supervisors


@dataclass(frozen=True)
class Telling:
    """How one kind is told. `days`: of the reminders, counted from the day it is due.

    `lasts`: so many days after the due day a first reminder is still worth sending; null: as long as it waits.
    `escalates`: whether the supervisors hear of it if it still waits some days after the last reminder.
    `gathers`: everything of this kind that waits for somebody is told in one message a day, as a count.
    """

    whom: Whom
    days: tuple[int, ...] = (0,)
    lasts: int | None = None
    escalates: bool = True
    gathers: bool = False


TELLINGS: dict[Kind, Telling] = {
    Kind.NOTE_RETURNED: Telling(Whom.WORKER),
    Kind.COSIGNATURE_WAITING: Telling(Whom.SUPERVISORS, gathers=True),
    Kind.NOTE_OVERDUE: Telling(Whom.WORKER),
    Kind.SUPRT_OPENING: Telling(Whom.PEERS, lasts=7, escalates=False),
    Kind.SUPRT_CLOSING: Telling(Whom.PEERS, days=(-7,), lasts=0),
    Kind.CREDENTIAL_EXPIRING: Telling(Whom.WORKER, days=(-90, -60, -30), lasts=0),
    Kind.SUPERVISION_OVERDUE: Telling(Whom.SUPERVISORS, gathers=True),
    Kind.PLAN_REVIEW_DUE: Telling(Whom.PEERS, days=(-7, 0)),
    Kind.CONSENT_EXPIRING: Telling(Whom.PEERS, days=(-30, -7), lasts=0),
    Kind.REFERRAL_WAITING: Telling(Whom.PEERS),
    Kind.TASK_OVERDUE: Telling(Whom.WORKER, days=(1,)),
}
ESCALATED = "escalated"
REPORT_READY = "report-ready"
WEEKLY_DIGEST = "weekly-digest"
APPOINTMENT_REMINDER = "appointment-reminder"
APPOINTMENT_CHANGED = "appointment-changed"

ESCALATES_AFTER = timedelta(days=2)  # from the last reminder of what still waits
SUPERVISION_EVERY = timedelta(days=7)  # the packs' intervals live in workforce; an agency may ask for another
PLAN_REVIEW_EVERY = timedelta(days=90)  # intake's default for its own plans
REFERRAL_DAYS = 2  # business days in which somebody who was referred should be spoken with
TELLS_AT = time(7)  # on the agency's clock
DIGEST_WEEKDAY = 0  # Monday
DIGEST_USEFUL_FOR = timedelta(days=2)
SOON = timedelta(days=7)  # what is due within it counts in the weekly digest
AHEAD = {
    ReminderIntent.WEEK_BEFORE: timedelta(days=7),
    ReminderIntent.DAY_BEFORE: timedelta(days=1),
    ReminderIntent.TWO_HOURS_BEFORE: timedelta(hours=2),
}
WIDEST = (Role.ADMINISTRATOR, Role.SUPERVISOR, Role.PEER)


@dataclass(frozen=True)
class Next:
    """The next thing to tell of what waits: reminder number `step` from 0 (one past the last: the supervisors)."""

    step: int
    on: date


def first(kind: Kind, due_on: date, today: date) -> Next | None:
    """Return what to tell first of something heard of today; reminders that passed meanwhile are told as one."""
    telling = TELLINGS[kind]
    if telling.lasts is not None and today > due_on + timedelta(days=telling.lasts):
        return None
    return _from(telling, 0, due_on, today)


def after(kind: Kind, due_on: date, step: int, told_on: date) -> Next | None:
    """Return what follows reminder `step` told on `told_on`; null: nothing more."""
    telling = TELLINGS[kind]
    if step + 1 < len(telling.days):
        return _from(telling, step + 1, due_on, told_on)
    return Next(step + 1, told_on + ESCALATES_AFTER) if escalates(kind, step + 1) else None


def _from(telling: Telling, step: int, due_on: date, today: date) -> Next:
    days = [due_on + timedelta(days=one) for one in telling.days]
    passed = [one for one in range(step, len(days)) if days[one] <= today]
    step = passed[-1] if passed else step
    return Next(step, days[step])


def escalates(kind: Kind, step: int) -> bool:
    """Tell whether `step` is the one in which the supervisors hear."""
    return TELLINGS[kind].escalates and step == len(TELLINGS[kind].days)


def next_morning(now: datetime, zone: str | None) -> datetime:
    """Return the next seven o'clock on the agency's clock (UTC while its zone is unknown), after `now`."""
    clock = ZoneInfo(zone) if zone else UTC
    day = now.astimezone(clock).date()
    at = datetime.combine(day, TELLS_AT, clock)
    return at if at > now else datetime.combine(day + timedelta(days=1), TELLS_AT, clock)


def business_day_after(day: date, days: int, holidays: Collection[date]) -> date:
    """Return the business day after so many whole business days; Saturday, Sunday and holidays are none."""
    left = days + 1
    while left:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in holidays:
            left -= 1
    return day


def reminders(
    starts_at: datetime, wanted: Collection[ReminderIntent], now: datetime
) -> Iterator[tuple[ReminderIntent, datetime]]:
    """Yield when to remind somebody of an appointment; an instant that has passed is not made up for."""
    for one in wanted:
        at = starts_at - AHEAD[one]
        if at >= now:
            yield one, at


def widest(roles: Collection[str]) -> Role | None:
    """Return as whom somebody gets the weekly digest: one each, the widest of their roles."""
    return next((role for role in WIDEST if role in roles), None)


def same_instant(at: datetime) -> str:
    """Return an instant as one text, whatever offset it came with."""
    return at.astimezone(UTC).isoformat()
