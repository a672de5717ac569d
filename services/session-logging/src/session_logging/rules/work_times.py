"""Work with nobody served: how much there can be on one day."""

from datetime import date
from decimal import Decimal

from common.errors import Refused, Unprocessable

DAY_MINUTES = 24 * 60
MILES_MOST = 2000


def require_something(minutes: int, miles: Decimal) -> None:
    if not minutes and not miles:
        raise Unprocessable("no-time-and-no-miles", "Enter how long it took, or how far it was.", "/minutes")


def require_worked(worked_on: date, today: date, employed_from: date, employed_to: date | None) -> None:
    """Raise `Unprocessable` for a day to come, or one on which the worker was not employed."""
    if worked_on > today:
        raise Unprocessable("in-the-future", "Work is recorded on its day or later. Correct the day.", "/worked_on")
    if not employed_from <= worked_on <= (employed_to or date.max):
        detail = "You were not employed on that day. Correct it, or ask an administrator to correct your first day."
        raise Unprocessable("not-employed-then", detail, "/worked_on")


def require_a_days_work(minutes: int, already: int) -> None:
    """Raise `Refused` if a day would hold more than 24 hours; `already`: minutes of the day's other entries."""
    if already + minutes > DAY_MINUTES:
        detail = "That day would hold more than 24 hours of your work. Withdraw what is wrong, or correct the minutes."
        raise Refused("more-than-24-hours", detail)
