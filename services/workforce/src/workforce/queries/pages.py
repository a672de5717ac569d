"""Where a page by day goes on."""

from datetime import date

from common.errors import Unprocessable
from common.http import Cursor


def day_of(after: Cursor) -> date:
    """Return the day that a `next` cursor stands at. Raises `Unprocessable` if it is of another list."""
    try:
        return date.fromisoformat(after.at)
    except ValueError as error:
        raise Unprocessable("bad-cursor", "Use the `next` value of the page before, unchanged.", "/next") from error
