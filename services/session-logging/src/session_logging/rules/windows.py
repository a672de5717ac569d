"""How much room a limit leaves: no window that holds a day ever holds more than its units."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from common.months import add_months
from session_logging.rules.contracts import Limit, Window

Used = Mapping[date, Decimal]  # units by day of service


def room(limit: Limit, day: date, used: Used) -> Decimal:
    """Return how many units may still be added on `day`, 0 or more.

    Every window that holds the day counts, also those that end later: a session told late must not push a window over
    in which later ones were claimed already.
    """
    ends = {day, *(other for other in used if other > day)} if _is_rolling(limit) else {day}
    left = [limit.units - _within(limit, end, used) for end in ends if _first(limit, end) <= day]
    return max(Decimal(0), min(left))


def _within(limit: Limit, end: date, used: Used) -> Decimal:
    first, last = _first(limit, end), _last(limit, end)
    return _sum(units for day, units in used.items() if first <= day <= last)


def _sum(units: Iterable[Decimal]) -> Decimal:
    return sum(units, Decimal(0))


def _is_rolling(limit: Limit) -> bool:
    return limit.window in (Window.ROLLING_DAYS, Window.ROLLING_MONTHS)


def _first(limit: Limit, end: date) -> date:
    """Return the first day of the window that ends on `end`, or, of a calendar window, that holds it."""
    match limit.window:
        case Window.DAY:
            return end
        case Window.CALENDAR_MONTH:
            return end.replace(day=1)
        case Window.CALENDAR_YEAR:
            return end.replace(month=1, day=1)
        case Window.FISCAL_YEAR:
            year = end.year if end.month >= limit.fiscal_month else end.year - 1
            return date(year, limit.fiscal_month, 1)
        case Window.ROLLING_DAYS:
            return end - timedelta(days=limit.length - 1)
        case Window.ROLLING_MONTHS:
            return add_months(end, -limit.length) + timedelta(days=1)


def _last(limit: Limit, end: date) -> date:
    match limit.window:
        case Window.CALENDAR_MONTH:
            return add_months(end.replace(day=1), 1) - timedelta(days=1)
        case Window.CALENDAR_YEAR:
            return end.replace(month=12, day=31)
        case Window.FISCAL_YEAR:
            return add_months(_first(limit, end), 12) - timedelta(days=1)
        case _:
            return end
