"""What a worker's day list says of time: business days that are left, days without contact, when a task can be due."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from common.errors import Refused, Unprocessable
from common.text import business_deadline

QUIET_DAYS = 14
QUIET_DAYS_MOST = 90
BACK_DAYS = 31
AHEAD_DAYS = 2 * 366


class TaskState(StrEnum):
    OPEN = "open"
    DONE = "done"
    WITHDRAWN = "withdrawn"


def state_of(done_at: datetime | None, withdrawn_at: datetime | None) -> TaskState:
    if withdrawn_at is not None:
        return TaskState.WITHDRAWN
    return TaskState.OPEN if done_at is None else TaskState.DONE


def require_open(state: TaskState) -> None:
    """Raise `Refused` unless a task is still to be done."""
    if state is TaskState.DONE:
        raise Refused("task-done", "This was done. Open it again first, or write a new task.")
    if state is TaskState.WITHDRAWN:
        raise Refused("task-withdrawn", "This task was withdrawn. Write a new one.")


def require_due(due_on: date, today: date) -> None:
    """Raise `Unprocessable` for a day that no task is due on: more than 31 days ago, or two years ahead."""
    if not today - timedelta(days=BACK_DAYS) <= due_on <= today + timedelta(days=AHEAD_DAYS):
        sentence = "A task is due within the last 31 days or the next two years. Choose a nearer day."
        raise Unprocessable("due-too-far", sentence, "/due_on")


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """Return when a calendar day begins and ends (exclusive) in `zone`: 23, 24 or 25 hours apart."""
    begin, end = (datetime.combine(day + timedelta(days=n), datetime.min.time(), ZoneInfo(zone)) for n in (0, 1))
    return begin.astimezone(UTC), end.astimezone(UTC)


def last_day(ended_at: datetime, zone: str, days: int, holidays: frozenset[date]) -> date:
    """Return the last day on which the note of a session is in time: `days` business days after the session's own."""
    return business_deadline(ended_at, zone, days, holidays).date() - timedelta(days=1)


def business_days_left(today: date, last: date, holidays: Collection[date]) -> int:
    """Return how many business days are left after `today` until `last`; 0 on the last day itself.

    Negative once it is late: how many business days ago the last day was, and at least one.
    """
    if today <= last:
        return _business_days(today, last, holidays)
    return -max(1, _business_days(last, today, holidays))


def _business_days(after: date, until: date, holidays: Collection[date]) -> int:
    """Count the business days after one day and up to another, by whole weeks and a rest of at most six days."""
    weeks, rest = divmod((until - after).days, 7)
    days = (until - timedelta(days=n) for n in range(rest))
    away = sum(after < holiday <= until and holiday.weekday() < 5 for holiday in set(holidays))
    return weeks * 5 + sum(day.weekday() < 5 for day in days) - away


def quiet_before(today: date, days: int, zone: str) -> datetime:
    """Return the instant that a person's last contact lies before if there was none for `days` calendar days.

    Somebody seen fourteen days ago, whatever the hour, is quiet for fourteen days.
    """
    return day_bounds(today - timedelta(days=days - 1), zone)[0]
