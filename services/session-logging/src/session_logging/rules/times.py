"""When a session took place, and what times cannot be."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from common.errors import Unprocessable
from common.text import local_day, local_instant

LONGEST = timedelta(hours=24)
TWICE = "That night this time comes twice. Send it with its offset: {0} for the first, {1} for the second."


@dataclass(frozen=True, slots=True)
class Period:
    """When a session took place, as instants in UTC; `service_date` is the local day of its start."""

    started_at: datetime
    ended_at: datetime
    service_date: date
    minutes: int


def period(started: datetime, ended: datetime, zone: str, *, now: datetime, at: str = "") -> Period:
    """Return when a session took place; times without an offset are wall-clock times in `zone`.

    A session over midnight belongs to the local day of its start; `by_day` splits its minutes for claims.
    `at`: JSON pointer of the object that holds both times. Raises `Unprocessable` for times that cannot be.
    """
    start = instant(started, zone, f"{at}/started_at")
    end = instant(ended, zone, f"{at}/ended_at")
    if end <= start:
        raise Unprocessable("ends-before-it-starts", "The end must be after the start.", f"{at}/ended_at")
    if end - start > LONGEST:
        raise Unprocessable("longer-than-a-day", "A session lasts at most 24 hours.", f"{at}/ended_at")
    if end > now:
        raise Unprocessable("in-the-future", "A session is recorded after it has ended.", f"{at}/ended_at")
    return Period(start, end, local_day(start, zone), _minutes(start, end))


def instant(moment: datetime, zone: str, pointer: str) -> datetime:
    """Return an instant in UTC; a time without an offset is wall-clock time in `zone`.

    Raises `Unprocessable` for a wall-clock time that the zone skips in spring, or passes twice in autumn: which of the
    two was meant only the sender can say, and guessing would make or lose an hour.
    """
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    try:
        first = local_instant(moment.replace(fold=0), zone).astimezone(UTC)
    except ValueError as error:
        raise Unprocessable("time-does-not-exist", f"Correct the time: {error}.", pointer) from error
    if local_instant(moment.replace(fold=1), zone).astimezone(UTC) != first:
        raise Unprocessable("time-comes-twice", TWICE.format(*_offsets(moment, zone)), pointer)
    return first


def _offsets(moment: datetime, zone: str) -> list[str]:
    return [local_instant(moment.replace(fold=fold), zone).isoformat()[-6:] for fold in (0, 1)]


def by_day(started_at: datetime, ended_at: datetime, zone: str) -> list[tuple[date, int]]:
    """Return the local days of a period in `zone`, each with its whole minutes; they add up to the period's minutes.

    What belongs to a day is real time: in spring its night is an hour shorter, in autumn an hour longer.
    """
    days: list[tuple[date, int]] = []
    day, until_now = local_day(started_at, zone), 0
    while not days or until_now < _minutes(started_at, ended_at):
        midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))
        until_then = _minutes(started_at, min(midnight.astimezone(UTC), ended_at))
        days.append((day, until_then - until_now))
        day, until_now = day + timedelta(days=1), until_then
    return days


def _minutes(started_at: datetime, ended_at: datetime) -> int:
    return int((ended_at - started_at).total_seconds()) // 60
