"""When meetings are: days 0 (Sunday) to 6, minutes after midnight, and places in a week of 10,080 minutes."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

DAY = 1440
WEEK = 7 * DAY
UNSCHEDULED = WEEK  # the place of meetings by appointment: after the week's last minute
Range = tuple[int, int]  # minutes of the week, the second not included

DAY_NAMES = {
    **dict.fromkeys(("sunday", "sun", "domingo", "dom"), 0),
    **dict.fromkeys(("monday", "mon", "lunes", "lun"), 1),
    **dict.fromkeys(("tuesday", "tues", "tue", "martes", "mar"), 2),
    **dict.fromkeys(("wednesday", "weds", "wed", "miércoles", "miercoles", "mié", "mie"), 3),
    **dict.fromkeys(("thursday", "thurs", "thur", "thu", "jueves", "jue"), 4),
    **dict.fromkeys(("friday", "fri", "viernes", "vie"), 5),
    **dict.fromkeys(("saturday", "sat", "sábado", "sabado", "sáb", "sab"), 6),
}
NAMED_TIMES = {
    **dict.fromkeys(("noon", "12 noon", "12:00 noon", "midday", "mediodía", "mediodia"), 720),
    **dict.fromkeys(("midnight", "12 midnight", "12:00 midnight", "medianoche"), 0),
}
CLOCK = re.compile(r"(\d{1,2})(?:[:.h]?(\d{2}))?(?:[:.]\d{2}(?:\.\d{1,9})?)?\s*(?:([ap])\.?\s*m?\.?)?")
MOST_TEXT = 60


class NotATime(ValueError):
    """A day or a time of day that says something, but nothing on the clock or in the week."""


def days_of(value: object) -> tuple[int, ...]:
    """Return the days that a list names, in order; none for a meeting by appointment. Raises `NotATime`."""
    if isinstance(value, list):
        if len(value) > 50:
            raise NotATime
        return tuple(sorted({day for one in value for day in days_of(one)}))
    if value is None or isinstance(value, bool | dict):
        if value is None:
            return ()
        raise NotATime
    if isinstance(value, str):
        return _days_in(value)
    if isinstance(value, int | float) and value in range(7):
        return (int(value),)
    raise NotATime


def _days_in(text: str) -> tuple[int, ...]:
    if len(text) > MOST_TEXT * 3:
        raise NotATime
    words = [word for word in re.split(r"[\s,;/&]+", text.lower()) if word]
    return tuple(sorted({_day(word.rstrip(".").removesuffix("s") or word, word) for word in words}))


def _day(singular: str, word: str) -> int:
    for form in (word, word.rstrip("."), singular):
        if form in DAY_NAMES:
            return DAY_NAMES[form]
    if re.fullmatch(r"[0-6](\.0+)?", word, re.ASCII):
        return int(word[0])
    raise NotATime


def minute_of(value: object) -> int | None:
    """Return minutes after midnight, or None where nothing is said. Raises `NotATime`.

    Takes "20:30", "8:30 PM", "8pm", "2030", 2030, "noon" and "midnight"; "24:00" is midnight.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise NotATime
    if isinstance(value, int):
        if not 0 <= value <= 2400:
            raise NotATime
        return _clock(f"{value:04d}")
    text = " ".join(value[: MOST_TEXT + 1].lower().split())
    return _clock(text) if text else None


def _clock(text: str) -> int:
    if text in NAMED_TIMES:
        return NAMED_TIMES[text]
    found = CLOCK.fullmatch(text) if text.isascii() and len(text) <= MOST_TEXT else None
    if found is None or (found[2] is None and found[3] is None):
        raise NotATime
    hour, minute, half = int(found[1]), int(found[2] or 0), found[3]
    if half:
        if not 1 <= hour <= 12:
            return _plain(hour, minute)  # "20:30 pm" says the same twice
        hour = hour % 12 + (12 if half == "p" else 0)
    return _plain(hour, minute)


def _plain(hour: int, minute: int) -> int:
    if minute > 59 or hour > 24 or (hour == 24 and minute):
        raise NotATime
    return (hour % 24) * 60 + minute


def clock_text(minute: int | None) -> str | None:
    return None if minute is None else f"{minute // 60:02d}:{minute % 60:02d}"


def place_in_week(day: int | None, minute: int | None) -> int:
    """Return what meetings are ordered by; those without a day or a time come last."""
    return UNSCHEDULED if day is None or minute is None else day * DAY + minute


def ranges_on(days: Iterable[int], after: int | None, before: int | None) -> list[Range]:
    """Return the ranges of the week from `after` to `before` (not included) on some days.

    Where `after` is later than `before`, the evening goes on past midnight into the next day.
    """
    first, last = after or 0, DAY if before is None else before
    length = last - first if last > first else last + DAY - first
    return [part for day in days for part in _wrapped(day * DAY + first, length)]


def _wrapped(start: int, length: int) -> list[Range]:
    """Return a range in the week, in two where Saturday's night goes on into Sunday."""
    start %= WEEK
    if start + length <= WEEK:
        return [(start, start + length)]
    return [(start, WEEK), (0, start + length - WEEK)]


def ranges_from(now: datetime, zone: str, minutes: int) -> list[Range]:
    """Return which wall-clock minutes of the week a zone lives through in the next `minutes`.

    Walked minute by minute, because the clock may jump: an hour that comes twice is in once, one that is skipped not.
    """
    here = ZoneInfo(zone)
    start = now.replace(second=0, microsecond=0)
    walls = (week_minute((start + timedelta(minutes=step)).astimezone(here)) for step in range(minutes))
    return _runs(sorted(set(walls)))


def week_minute(local: datetime) -> int:
    """Return the place in the week of a wall-clock time."""
    return local.isoweekday() % 7 * DAY + local.hour * 60 + local.minute


def _runs(minutes: Sequence[int]) -> list[Range]:
    runs: list[Range] = []
    for minute in minutes:
        if runs and runs[-1][1] == minute:
            runs[-1] = (runs[-1][0], minute + 1)
        else:
            runs.append((minute, minute + 1))
    return runs
