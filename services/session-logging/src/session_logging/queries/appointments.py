"""What can be asked about appointments: one with what it clashes with, and pages of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select, tuple_

from common.contracts.codes import Location, Modality, RecordOrigin, Role
from common.contracts.session_codes import AppointmentStatus, ReminderIntent
from common.database import Db
from common.errors import NotThere
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from session_logging.commands.appointments import clashes_of
from session_logging.commands.lookups import is_one_of, zone_of
from session_logging.commands.planning import within_work
from session_logging.models import APPOINTMENT, Appointment
from session_logging.queries.people import family_of, in_reach, origins_of, require_reach
from session_logging.queries.sessions import instant_of
from session_logging.rules.days import day_bounds


class AppointmentEntry(BaseModel):
    """An appointment with its words. `place`, `purpose`: as its worker wrote them."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    participant_id: UUID
    episode_id: UUID | None
    program_id: UUID | None
    staff_id: UUID
    made_by: UUID
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    zone: str
    modality: Modality
    location: Location | None
    reminders: list[ReminderIntent]
    status: AppointmentStatus
    session_id: UUID | None = Field(description="the session that came of it")
    replaced_by: UUID | None = Field(description="the appointment that it was moved to")
    series_id: UUID | None = Field(description="of those that were made together: the first one's id")
    place: str | None = None
    purpose: str | None = None
    origin: RecordOrigin = Field(default=RecordOrigin.OWN_PART2, description="of the person's record; travels with it")


class AppointmentRead(AppointmentEntry):
    clashes: list[UUID] = Field(default=[], description="what else its worker has at that time")


class AppointmentPage(BaseModel):
    items: list[AppointmentEntry]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class AskedAppointments:
    """Whose appointments: with a person, of a worker; without either the caller's own. Days are the agency's."""

    participant_id: UUID | None
    staff_id: UUID | None
    status: AppointmentStatus | None
    first_day: date | None
    last_day: date | None


async def appointment(db: Db, keys: KeyRing, actor: Actor, appointment_id: UUID) -> AppointmentRead:
    """Return one appointment; what clashes with it only for its worker and supervisors. Raises `NotThere`."""
    row = await db.get(Appointment, (db.scope.agency_id, appointment_id))
    if row is None:
        raise NotThere
    await require_reach(db, within_work(actor), row)
    [entry] = await entries(db, keys, [row])
    told = row.staff_id == actor.staff_id or actor.may(Role.SUPERVISOR)
    met = await clashes_of(db, [row] if told and row.status == AppointmentStatus.SCHEDULED else [])
    return AppointmentRead(**entry.model_dump(), clashes=met.get(row.id, []))


async def entries(db: Db, keys: KeyRing, rows: Sequence[Appointment]) -> list[AppointmentEntry]:
    """Return appointments opened, in their order, with a few statements for all."""
    origins = await origins_of(db, {row.participant_id for row in rows})
    sealers = await keys.sealers(db, db.scope.agency_id, _written_under(rows))
    return [_entry(row, sealers.get(row.participant_id), origins[row.participant_id]) for row in rows]


def _written_under(rows: Sequence[Appointment]) -> Collection[UUID]:
    return {row.participant_id for row in rows if row.words is not None}


def _entry(row: Appointment, sealer: Sealer | None, origin: RecordOrigin) -> AppointmentEntry:
    words: Any = sealer.open(APPOINTMENT, row.words) if sealer and row.words else {}
    return AppointmentEntry.model_validate(row).model_copy(update={"origin": origin} | words)


async def appointment_page(
    db: Db, keys: KeyRing, actor: Actor, asked: AskedAppointments, after: Cursor | None, limit: int
) -> AppointmentPage:
    """Return up to `limit` appointments that the actor sees, the earliest first; of a person, those of all records."""
    limit = min(limit, PAGE_MOST)
    place = tuple_(Appointment.starts_at, Appointment.id)
    question = await _asked(db, actor, asked)
    if after is not None:
        question = question.where(place > (instant_of(after), after.id))
    ordered = question.order_by(Appointment.starts_at, Appointment.id).limit(limit + 1)
    rows = (await db.scalars(ordered)).all()
    items = await entries(db, keys, rows[:limit])
    more = len(rows) > limit
    return AppointmentPage(items=items, next=encode_cursor(items[-1].starts_at, items[-1].id) if more else None)


async def _asked(db: Db, actor: Actor, asked: AskedAppointments) -> Any:
    family = None if asked.participant_id is None else await family_of(db, asked.participant_id)
    question = select(Appointment).where(await in_reach(db, within_work(actor), Appointment, family))
    if family is not None:
        question = question.where(is_one_of(Appointment.participant_id, family))
    if asked.staff_id is not None or family is None:
        question = question.where(Appointment.staff_id == (asked.staff_id or actor.staff_id))
    if asked.status is not None:
        question = question.where(Appointment.status == asked.status)
    zone = await zone_of(db)
    if asked.first_day is not None:
        question = question.where(Appointment.starts_at >= day_bounds(asked.first_day, zone)[0])
    if asked.last_day is not None:
        question = question.where(Appointment.starts_at < day_bounds(asked.last_day, zone)[1])
    return question
