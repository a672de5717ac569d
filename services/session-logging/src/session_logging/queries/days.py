"""A worker's day: what is planned, what is due, what waits to be finished, and who has not been heard of.

Nothing of it is stored for the list: each part is read where it is, with a few statements for all, none of them row by
row. Every part is one range of an index: `ix_appointment_worker` and `ix_appointment_open`, `ix_task_open`,
`ix_peer_session_unfinished`, and a probe for the last contact of each person served.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import func, select

from common.contracts.session_codes import AppointmentStatus
from common.database import Db
from common.errors import NotThere
from common.http import PAGE_MOST
from common.identity import Actor
from common.privacy import KeyRing
from common.text import local_day
from session_logging.models import Agency, Appointment, Task
from session_logging.queries.appointments import AppointmentEntry, AppointmentRead, entries
from session_logging.queries.drafts import (
    DraftEntry,
    Drafts,
    ReturnedNotes,
    deadlines_of,
    draft_entry,
    total_of,
    unsigned,
    with_words,
)
from session_logging.queries.quiet import QuietPerson, people_of, quiet_people, reach_day
from session_logging.queries.tasks import IS, TaskRead, reads
from session_logging.rules.appointments import clashes
from session_logging.rules.days import TaskState, day_bounds


class DayAppointments(BaseModel):
    """The earliest first."""

    total: int
    items: list[AppointmentRead]


class DayTasks(BaseModel):
    """What is due on the day or was before, the first due first."""

    total: int
    overdue: int = Field(description="how many of `total` were due before the day")
    items: list[TaskRead]


class QuietPeople(BaseModel):
    """The longest without contact first, those without any before them."""

    total: int
    items: list[QuietPerson]


class DayList(BaseModel):
    """A worker's day. Appointments and tasks are those of `on`; everything else is as it is now.

    `to_close`: appointments that are over without it being known what came of them. `drafts`: not signed yet.
    """

    staff_id: UUID
    on: date
    zone: str
    appointments: DayAppointments
    to_close: DayAppointments
    tasks: DayTasks
    drafts: Drafts
    returned: ReturnedNotes
    quiet_people: QuietPeople


async def day_list(
    db: Db, keys: KeyRing, actor: Actor, staff_id: UUID | None, on: date | None, quiet_days: int
) -> DayList:
    """Return a day of the actor's, or of a peer's to a supervisor; `on`: today unless given. Raises `NotThere`."""
    worker_id = await reach_day(db, actor, staff_id)
    agency = await db.scalar(select(Agency).where(Agency.id == db.scope.agency_id))
    if agency is None:
        raise NotThere
    day = on or local_day(db.now, agency.zone)
    planned, to_close = await _appointments(db, keys, worker_id, day, agency.zone)
    drafts, returned = await _notes(db, keys, worker_id, agency)
    return DayList(
        staff_id=worker_id,
        on=day,
        zone=agency.zone,
        appointments=planned,
        to_close=to_close,
        tasks=await _tasks(db, keys, worker_id, day),
        drafts=drafts,
        returned=returned,
        quiet_people=await _quiet(db, worker_id, quiet_days, agency.zone),
    )


async def _appointments(
    db: Db, keys: KeyRing, staff_id: UUID, day: date, zone: str
) -> tuple[DayAppointments, DayAppointments]:
    begin, end = day_bounds(day, zone)
    theirs = select(Appointment, func.count().over()).where(
        Appointment.agency_id == db.scope.agency_id, Appointment.staff_id == staff_id
    )
    of_day = theirs.where(Appointment.starts_at >= begin, Appointment.starts_at < end).where(
        Appointment.status != AppointmentStatus.RESCHEDULED
    )
    over = theirs.where(Appointment.status == AppointmentStatus.SCHEDULED, Appointment.ends_at < db.now)
    planned = (await db.execute(of_day.order_by(Appointment.starts_at, Appointment.id).limit(PAGE_MOST))).all()
    open_ones = (await db.execute(over.order_by(Appointment.ends_at, Appointment.id).limit(PAGE_MOST))).all()
    opened = await entries(db, keys, [row.Appointment for row in (*planned, *open_ones)])
    return _read(planned, opened[: len(planned)]), _read(open_ones, opened[len(planned) :])


def _read(found: Sequence[Any], opened: Sequence[AppointmentEntry]) -> DayAppointments:
    standing = [one for one in opened if one.status is AppointmentStatus.SCHEDULED]
    met = clashes((one.id, one.starts_at, one.ends_at) for one in standing)
    items = [AppointmentRead(**one.model_dump(), clashes=met.get(one.id, [])) for one in opened]
    return DayAppointments(total=total_of(found), items=items)


async def _tasks(db: Db, keys: KeyRing, staff_id: UUID, day: date) -> DayTasks:
    before = func.count().filter(Task.due_on < day).over().label("overdue")
    found = (
        await db.execute(
            select(Task, before, func.count().over())
            .where(Task.agency_id == db.scope.agency_id, Task.staff_id == staff_id)
            .where(IS[TaskState.OPEN], Task.due_on <= day)
            .order_by(Task.due_on, Task.id)
            .limit(PAGE_MOST)
        )
    ).all()
    overdue = found[0].overdue if found else 0
    return DayTasks(total=total_of(found), overdue=overdue, items=await reads(db, keys, [row.Task for row in found]))


async def _notes(db: Db, keys: KeyRing, staff_id: UUID, agency: Agency) -> tuple[Drafts, ReturnedNotes]:
    drafts = await unsigned(db, staff_id, PAGE_MOST, returned=False)
    returned = await unsigned(db, staff_id, PAGE_MOST, returned=True)
    sessions = [row.PeerSession for row in (*drafts, *returned)]
    last, today = await deadlines_of(db, sessions, agency), local_day(db.now, agency.zone)
    read: list[DraftEntry] = [draft_entry(one, last[one.id], today, agency) for one in sessions]
    return (
        Drafts(total=total_of(drafts), items=read[: len(drafts)]),
        ReturnedNotes(total=total_of(returned), items=await with_words(db, keys, read[len(drafts) :])),
    )


async def _quiet(db: Db, staff_id: UUID, days: int, zone: str) -> QuietPeople:
    found = (await db.execute(quiet_people(db, staff_id, days, zone).limit(PAGE_MOST))).all()
    return QuietPeople(total=found[0].total if found else 0, items=people_of(found, db.now, zone))
