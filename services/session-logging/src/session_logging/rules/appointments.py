"""When an appointment can be, how it repeats, which ones clash, and what may come of one."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from common.contracts.session_codes import AppointmentStatus
from common.errors import Refused, Unprocessable
from common.text import local_instant
from session_logging.rules.times import LONGEST, instant

WEEKS_MOST = 26
BACK = timedelta(days=31)  # what was agreed without a connection may be sent as late as this
AHEAD = timedelta(days=2 * 366)

SCHEDULED, KEPT, NO_SHOW = AppointmentStatus.SCHEDULED, AppointmentStatus.KEPT, AppointmentStatus.NO_SHOW
CANCELLED = frozenset({AppointmentStatus.CANCELLED_BY_PERSON, AppointmentStatus.CANCELLED_BY_PROGRAM})
# What a status may become. A no-show may turn out to have come late, or to have called; what was cancelled stays so.
BECOMES: Mapping[AppointmentStatus, frozenset[AppointmentStatus]] = {
    SCHEDULED: frozenset(AppointmentStatus) - {SCHEDULED},
    KEPT: frozenset({KEPT, NO_SHOW}),
    NO_SHOW: frozenset({KEPT}) | CANCELLED,
    AppointmentStatus.CANCELLED_BY_PERSON: frozenset(),
    AppointmentStatus.CANCELLED_BY_PROGRAM: frozenset(),
    AppointmentStatus.RESCHEDULED: frozenset(),
}

Times = tuple[datetime, datetime]


def times(starts: datetime, ends: datetime, zone: str, *, now: datetime) -> Times:
    """Return when an appointment begins and ends, in UTC; times without an offset are wall-clock times in `zone`.

    Raises `Unprocessable` for times that cannot be, that a clock change makes doubtful, or that are too far from now.
    """
    start, end = instant(starts, zone, "/starts_at"), instant(ends, zone, "/ends_at")
    if end <= start:
        raise Unprocessable("ends-before-it-starts", "The end must be after the start.", "/ends_at")
    if end - start > LONGEST:
        raise Unprocessable("longer-than-a-day", "An appointment lasts at most 24 hours.", "/ends_at")
    if end < now - BACK:
        sentence = "This is more than 31 days ago. Record what took place as a session instead."
        raise Unprocessable("long-past", sentence, "/starts_at")
    if start > now + AHEAD:
        raise Unprocessable("too-far-ahead", "Appointments are made for the next two years.", "/starts_at")
    return start, end


def weekly(first: Times, zone: str, count: int) -> list[Times]:
    """Return `count` (1 to 26) weekly appointments, each as long as the first and at its wall-clock time in `zone`.

    Raises `Unprocessable` if one of the later ones would begin in an hour that the clock skips or repeats.
    """
    length = first[1] - first[0]
    wall = first[0].astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
    starts = [first[0], *(_begins(wall + timedelta(weeks=week), zone, week + 1) for week in range(1, count))]
    return [(start, start + length) for start in starts]


def _begins(wall: datetime, zone: str, place: int) -> datetime:
    sentence = f"Number {place} falls in an hour that the clock skips or repeats. End the series before it."
    try:
        first, second = (local_instant(wall.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1))
    except ValueError as error:
        raise Unprocessable("series-meets-clock-change", sentence, "/weekly_times") from error
    if first != second:
        raise Unprocessable("series-meets-clock-change", sentence, "/weekly_times")
    return first


def clashes(planned: Iterable[tuple[UUID, datetime, datetime]]) -> dict[UUID, list[UUID]]:
    """Return which of these appointments of one worker overlap which others; back to back is no clash.

    `planned`: id, start and end (exclusive) of each, in any order. Those without a clash are left out.
    """
    found: dict[UUID, set[UUID]] = {}
    under_way: list[tuple[UUID, datetime]] = []
    for one, start, end in sorted(planned, key=lambda appointment: appointment[1:]):
        under_way = [(other, until) for other, until in under_way if until > start]
        for other, _ in under_way:
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
        under_way.append((one, end))
    return {one: sorted(others) for one, others in found.items()}


def require_becomes(status: str, after: AppointmentStatus) -> None:
    """Raise `Refused` unless an appointment of this status may become `after`."""
    before = AppointmentStatus(status)
    if after in BECOMES[before]:
        return
    if before in CANCELLED:
        raise Refused("appointment-cancelled", "This appointment was cancelled. Make a new one.")
    if before is AppointmentStatus.RESCHEDULED:
        raise Refused("appointment-moved", "This appointment was moved. Look at the one that replaced it.")
    raise Refused("appointment-closed", "What came of this appointment is known. Make a new one.")


def require_begun(starts_at: datetime, now: datetime) -> None:
    """Raise `Refused` before the appointment's time: nobody can know yet."""
    if now < starts_at:
        raise Refused("not-begun-yet", "It has not begun yet. Cancel or reschedule it, or wait for its time.")
