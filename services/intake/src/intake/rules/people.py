"""What follows from a birth date, a telephone number or a pair of days."""

from bisect import bisect_right
from datetime import date, timedelta
from enum import StrEnum

from common.contracts.codes import AgeBand


class NoticeChannel(StrEnum):
    PAPER = "paper"
    ELECTRONIC = "electronic"
    EMAIL = "email"
    MAIL = "mail"
    READ_ALOUD = "read_aloud"


BAND_STARTS = (18, 25, 35, 45, 55, 65)
BANDS = (
    AgeBand.UNDER_18,
    AgeBand.FROM_18,
    AgeBand.FROM_25,
    AgeBand.FROM_35,
    AgeBand.FROM_45,
    AgeBand.FROM_55,
    AgeBand.FROM_65,
)


def age_band(birth_date: date | None, on: date) -> AgeBand:
    """Return the band of the age in full years on a day; somebody born on 29 February ages on 1 March."""
    if birth_date is None:
        return AgeBand.UNKNOWN
    years = on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))
    return BANDS[bisect_right(BAND_STARTS, years)]


def phone_digits(phone: str) -> str:
    """Return a phone number as it is compared: digits, without the American 1; words stay as they are."""
    digits = "".join(character for character in phone if character.isdigit())
    if len(digits) == 11 and digits.startswith("1"):
        return digits[1:]
    return digits or phone


def is_active(first: date, last: date | None, on: date) -> bool:
    """Tell whether `on` lies between two days, both included; no last day means still."""
    return first <= on and (last is None or on <= last)


def ends_before(successor_from: date, earlier_from: date) -> date:
    """Return the last day of what a successor ends: the day before it, but not before its own first day."""
    return max(earlier_from, successor_from - timedelta(days=1))
