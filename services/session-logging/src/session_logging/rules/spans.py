"""How many days a list or a sum may cover, so that no question reads without bounds."""

from dataclasses import dataclass
from datetime import date, timedelta

from common.errors import Unprocessable

DAYS_MOST = 366


@dataclass(frozen=True, slots=True)
class Span:
    """Calendar days, both ends included."""

    first: date
    last: date


def span(first: date, last: date) -> Span:
    """Return the days from `first` to `last`. Raises `Unprocessable` if there are none, or more than a year of them."""
    if last < first:
        raise Unprocessable("ends-before-it-starts", "The last day is not before the first one.", "/to")
    if last - first >= timedelta(days=DAYS_MOST):
        raise Unprocessable("more-than-a-year", "Ask for a year at most, then for the next one.", "/to")
    return Span(first, last)


def month(year_and_month: str) -> Span:
    """Return the days of a month such as 2026-03."""
    first = date.fromisoformat(f"{year_and_month}-01")
    following = (first + timedelta(days=31)).replace(day=1)
    return Span(first, following - timedelta(days=1))
