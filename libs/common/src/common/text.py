"""Text fields that accept every real name and refuse what no person types."""

import unicodedata
from collections.abc import Hashable
from datetime import date, datetime, timedelta
from functools import cache
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

T = TypeVar("T", bound=Hashable)
BREAKS = frozenset("\n\r\t\v\f\u0085\u2028\u2029")
INVISIBLE = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols by their class, yet nothing to see
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _readable(text: str) -> str:
    """Refuse control characters (but line breaks and tabs) and those that reorder text invisibly."""
    for character in text:
        if character in BIDI or (unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t\r"):
            raise ValueError("must not contain control or direction characters")
    return text


def _one_line(text: str) -> str:
    if any(character in BREAKS for character in text):
        raise ValueError("must be one line")
    return text


def _not_blank(text: str) -> str:
    if all(unicodedata.category(c)[0] in "CZM" or c.isspace() or c in INVISIBLE for c in text):
        raise ValueError("must not be blank")
    return text


def _calendar_day(value: object) -> object:
    """Refuse numbers and instants, which would silently become some day."""
    if isinstance(value, str):
        well_formed = len(value) == len("2026-03-07")
    else:
        well_formed = isinstance(value, date) and not isinstance(value, datetime)
    if not well_formed:
        raise ValueError("must be a day, such as 2026-03-07")
    return value


def _distinct(values: list[T]) -> list[T]:
    if len(set(values)) != len(values):
        raise ValueError("must not name anything twice")
    return values


@cache
def _zones() -> frozenset[str]:
    """The names of all zones; kept, because finding them reads a whole folder tree."""
    return frozenset(available_timezones())


def _zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("must be an IANA time zone, such as America/Chicago")
    return name


Line = Annotated[
    str,
    StringConstraints(max_length=200),
    AfterValidator(_readable),
    AfterValidator(_one_line),
    AfterValidator(_not_blank),
]
Label = Annotated[Line, StringConstraints(max_length=60)]  # a name that somebody gives a thing of theirs
Prose = Annotated[str, StringConstraints(max_length=8000), AfterValidator(_readable), AfterValidator(_not_blank)]
Document = Annotated[str, StringConstraints(max_length=60000), AfterValidator(_readable), AfterValidator(_not_blank)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Email = Annotated[
    str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254), AfterValidator(_readable)
]
Day = Annotated[date, BeforeValidator(_calendar_day), Field(ge=date(1900, 1, 1), le=date(9990, 12, 31))]
Distinct = AfterValidator(_distinct)
Zone = Annotated[str, AfterValidator(_zone)]
EARLIEST = datetime.fromisoformat("1900-01-01T00:00:00+00:00")


def _plausible(instant: datetime) -> datetime:
    if instant < EARLIEST or instant.year > 9990:
        raise ValueError("must be a plausible date and time")
    return instant


Instant = Annotated[AwareDatetime, AfterValidator(_plausible)]


class Asked(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def local_instant(local: datetime, zone: str) -> datetime:
    """Return the instant of a wall-clock time. Raises `ValueError` if the clock skipped it."""
    aware = local.replace(tzinfo=ZoneInfo(zone))
    if aware.astimezone(ZoneInfo("UTC")).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise ValueError("the clock skipped this time when summer time began")
    return aware


def local_day(instant: datetime, zone: str) -> date:
    """Return the calendar day of an instant in `zone`."""
    return instant.astimezone(ZoneInfo(zone)).date()


def business_deadline(instant: datetime, zone: str, days: int, holidays: frozenset[date]) -> datetime:
    """Return the end (exclusive) of the last of `days` business days after the day of `instant`, in `zone`.

    Business days exclude Saturday, Sunday and `holidays`. With 0 days it is the end of the day itself.
    """
    day = local_day(instant, zone)
    left = days
    while left:
        day += timedelta(days=1)
        if day.weekday() < 5 and day not in holidays:
            left -= 1
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))
