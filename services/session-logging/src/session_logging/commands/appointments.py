"""Appointments: made one by one or weekly, changed, moved, cancelled, kept or not.

Each change tells the whole appointment anew, with what the person wants to be reminded of (`reminders`). No reminder
is written or queued here: who sends one renders it when it is due, from the newest fact, so that moving or cancelling
an appointment moves or ends every reminder of it. A no-show makes no session, so it can never count as service.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts.codes import Location, Modality, Role
from common.contracts.envelope import Fact
from common.contracts.session_codes import AppointmentStatus, ReminderIntent
from common.contracts.session_logging import APPOINTMENT_CHANGED, APPOINTMENT_SCHEDULED, AppointmentFacts
from common.database import Db
from common.errors import Forbidden, NotThere, Refused
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Distinct, Line, Prose, local_day
from session_logging.commands.lookups import is_one_of, require_new, unknown, zone_of
from session_logging.commands.planning import require_person, require_serves, within_work, worker_of
from session_logging.commands.requests import WHEN, Id, Moment
from session_logging.models import APPOINTMENT, Appointment, Episode
from session_logging.queries.people import family_of, in_reach
from session_logging.rules.appointments import WEEKS_MOST, Times, clashes, require_becomes, times, weekly
from session_logging.rules.times import LONGEST

CARRIED = (
    "participant_id", "episode_id", "program_id", "staff_id", "zone", "modality", "location", "words", "reminders",
    "series_id",
)  # fmt: skip
SHARED = [name for name in AppointmentFacts.model_fields if name != "appointment_id"]


class Planned(Asked):
    """What an appointment is, but for whom it is."""

    starts_at: Moment = Field(description=WHEN)
    ends_at: Moment = Field(description=WHEN)
    modality: Modality
    location: Location | None = Field(default=None, description="the kind of place")
    place: Line | None = Field(default=None, description="where, in words; sealed")
    purpose: Prose | None = Field(default=None, description="what for; sealed")
    reminders: Annotated[list[ReminderIntent], Distinct] = Field(
        default=[], description="what the person wants; whether one may be sent is decided when it is due"
    )
    staff_id: UUID | None = Field(default=None, description="who goes; another than the caller only by a supervisor")


class Schedule(Planned):
    id: Id = None
    participant_id: UUID
    episode_id: UUID | None = None
    weekly_times: int = Field(default=1, ge=1, le=WEEKS_MOST, description="how many, each a week later")


class ChangeAppointment(Planned):
    """The whole new content of an appointment; without `staff_id` its worker stays."""


class Reschedule(Asked):
    """When it is to be instead; everything else is carried over."""

    id: Id = None
    starts_at: Moment = Field(description=WHEN)
    ends_at: Moment = Field(description=WHEN)


class Scheduled(Created):
    """The first or only appointment. `clashes`: what else its worker has at these times, which is told, not refused."""

    appointment_ids: list[UUID]
    clashes: list[UUID] = []


async def schedule_appointment(db: Db, keys: KeyRing, actor: Actor, request: Schedule) -> Scheduled:
    """Make an appointment, or a weekly series of them at the same wall-clock time. Raises `NotThere`, `Unprocessable`.

    The caller serves the person; who else is to go serves them too, or is a supervisor.
    """
    zone = await zone_of(db)
    first = times(request.starts_at, request.ends_at, zone, now=db.now)
    planned = weekly(first, zone, request.weekly_times)
    family = await family_of(db, request.participant_id)
    day = local_day(first[0], zone)
    await require_person(db, actor, request.participant_id, family, day)
    staff_id = await worker_of(db, actor, request.staff_id, family, day)
    episode = await _episode(db, request.episode_id, family, day)
    await require_new(db, Appointment, request.id)
    alike = await _content(db, keys, request.participant_id, request) | {
        "participant_id": request.participant_id,
        "episode_id": episode.id if episode else None,
        "program_id": episode.program_id if episode else None,
        "staff_id": staff_id,
        "zone": zone,
    }
    return await _scheduled(db, _made(db, actor, request.id or uuid7(), planned, alike))


async def _episode(db: Db, episode_id: UUID | None, family: Sequence[UUID], day: date) -> Episode | None:
    """Return the person's episode. Raises `Unprocessable` for somebody else's and for one that is over by `day`."""
    if episode_id is None:
        return None
    found = await db.scalar(select(Episode).where(Episode.id == episode_id, is_one_of(Episode.participant_id, family)))
    if found is None:
        raise unknown("episode", "/episode_id")
    if found.closed_on is not None and found.closed_on < day:
        raise Refused("episode-closed", "This episode is closed by then. Leave it out, or open a new one first.")
    return found


async def _content(db: Db, keys: KeyRing, participant_id: UUID, plan: Planned) -> dict[str, Any]:
    """Return what a row says of an appointment besides whose it is and when; its words sealed."""
    sealer = await keys.sealer(db, db.scope.agency_id, participant_id)
    words = plan.model_dump(include={"place", "purpose"}, exclude_none=True)
    return {
        "modality": plan.modality,
        "location": plan.location,
        "words": sealer.seal(APPOINTMENT, words) if words else None,
        "reminders": list(plan.reminders),
    }


def _made(
    db: Db, actor: Actor, first_id: UUID, planned: Sequence[Times], alike: Mapping[str, Any]
) -> list[Appointment]:
    """Return new appointments that are alike but for their times; several are a series."""
    series_id = {"series_id": first_id} if len(planned) > 1 else {}
    return [
        Appointment(
            agency_id=db.scope.agency_id,
            id=first_id if place == 0 else uuid7(),
            made_by=actor.staff_id,
            starts_at=start,
            ends_at=end,
            status=AppointmentStatus.SCHEDULED,
            made_at=db.now,
            version=1,
            **alike,
            **series_id,
        )
        for place, (start, end) in enumerate(planned)
    ]


async def _scheduled(db: Db, made: list[Appointment]) -> Scheduled:
    """Write new appointments of one worker, publish each, and answer what else they have then."""
    others = await clashes_of(db, made)
    db.add_all(made)
    for appointment in made:
        _tell(db, appointment, APPOINTMENT_SCHEDULED, "appointment.schedule")
    ids = [appointment.id for appointment in made]
    met = sorted({other for found in others.values() for other in found} - set(ids))
    return Scheduled(id=ids[0], version=1, appointment_ids=ids, clashes=met)


async def clashes_of(db: Db, planned: Sequence[Appointment]) -> dict[UUID, list[UUID]]:
    """Return which appointments of one worker overlap which others of theirs that still stand, in one statement."""
    if not planned:
        return {}
    ids = {appointment.id for appointment in planned}
    first = min(appointment.starts_at for appointment in planned)
    last = max(appointment.ends_at for appointment in planned)
    found = await db.execute(
        select(Appointment.id, Appointment.starts_at, Appointment.ends_at)
        .where(Appointment.agency_id == db.scope.agency_id, Appointment.staff_id == planned[0].staff_id)
        .where(Appointment.starts_at > first - LONGEST, Appointment.starts_at < last)
        .where(Appointment.status == AppointmentStatus.SCHEDULED)
    )
    mine = [(appointment.id, appointment.starts_at, appointment.ends_at) for appointment in planned]
    others = [(row.id, row.starts_at, row.ends_at) for row in found if row.id not in ids]
    return {one: met for one, met in clashes([*mine, *others]).items() if one in ids}


async def change_appointment(
    db: Db, keys: KeyRing, actor: Actor, appointment_id: UUID, expected: int, request: ChangeAppointment
) -> Scheduled:
    """Tell an appointment that still stands again, as a whole. Its worker may, and supervisors, who may hand it on."""
    appointment = await own(db, actor, appointment_id, expected)
    require_becomes(appointment.status, AppointmentStatus.RESCHEDULED)
    start, end = times(request.starts_at, request.ends_at, appointment.zone, now=db.now)
    staff_id = await _goes(db, actor, appointment, request.staff_id, start)
    content = await _content(db, keys, appointment.participant_id, request)
    for name, value in (content | {"starts_at": start, "ends_at": end, "staff_id": staff_id}).items():
        setattr(appointment, name, value)
    others = await clashes_of(db, [appointment])
    changed = _changed(db, appointment, "appointment.change")
    met = others.get(appointment.id, [])
    return Scheduled(id=changed.id, version=changed.version, appointment_ids=[changed.id], clashes=met)


async def reschedule_appointment(db: Db, actor: Actor, appointment_id: UUID, request: Reschedule) -> Scheduled:
    """Move an appointment: a new one like it at another time, which the old one names. Reminders go with it."""
    old = await own(db, actor, appointment_id)
    require_becomes(old.status, AppointmentStatus.RESCHEDULED)
    when = times(request.starts_at, request.ends_at, old.zone, now=db.now)
    await _goes(db, actor, old, None, when[0])
    await require_new(db, Appointment, request.id)
    [moved] = _made(db, actor, request.id or uuid7(), [when], {name: getattr(old, name) for name in CARRIED})
    old.replaced_by = moved.id
    closed(db, old, AppointmentStatus.RESCHEDULED, "appointment.reschedule")
    return await _scheduled(db, [moved])


async def _goes(db: Db, actor: Actor, appointment: Appointment, asked: UUID | None, start: datetime) -> UUID:
    """Return who goes to a changed appointment, who then serves the person. Raises `Forbidden`, `Refused`."""
    staff_id = asked or appointment.staff_id
    family, day = await family_of(db, appointment.participant_id), local_day(start, appointment.zone)
    if staff_id == actor.staff_id and not actor.may(Role.SUPERVISOR):
        await require_serves(db, staff_id, family, day)
    return await worker_of(db, actor, staff_id, family, day)


async def own(db: Db, actor: Actor, appointment_id: UUID, expected: int | None = None) -> Appointment:
    """Return an appointment of the actor's, or any of the agency to a supervisor; locked.

    Who serves the person sees it but may not change it. Raises `NotThere`, `Forbidden`, `Refused`.
    """
    appointment = await db.get(Appointment, (db.scope.agency_id, appointment_id), with_for_update=True)
    if appointment is None:
        raise NotThere
    if appointment.staff_id != actor.staff_id and not actor.may(Role.SUPERVISOR):
        family = await family_of(db, appointment.participant_id)
        seen = select(Appointment.id).where(Appointment.id == appointment_id)
        if await db.scalar(seen.where(await in_reach(db, within_work(actor), Appointment, family))) is None:
            raise NotThere
        raise Forbidden("not-your-appointment", "Its worker or a supervisor may change it. Tell them.")
    if expected is not None:
        require_version(appointment.version, expected)
    return appointment


def closed(db: Db, appointment: Appointment, after: AppointmentStatus, action: str) -> Created:
    appointment.status, appointment.closed_at = after, appointment.closed_at or db.now
    return _changed(db, appointment, action)


def _changed(db: Db, appointment: Appointment, action: str) -> Created:
    appointment.version += 1
    _tell(db, appointment, APPOINTMENT_CHANGED, action)
    return Created(id=appointment.id, version=appointment.version)


def _tell(db: Db, appointment: Appointment, fact: Fact, action: str) -> None:
    shared = {name: getattr(appointment, name) for name in SHARED}
    told = AppointmentFacts(appointment_id=appointment.id, **shared)
    db.publish(fact, told, about=appointment.id, seq=appointment.version)
    db.audit(action, appointment.id, participant_id=appointment.participant_id)
