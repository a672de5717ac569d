"""What can be asked about what waits: what is still open, who is concerned, and which messages became moot."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from common.contracts.codes import Role
from common.contracts.session_codes import AppointmentStatus
from common.database import Db
from notification.models import (
    Appointment,
    Assignment,
    Merge,
    Message,
    NoteState,
    Staff,
    Supervision,
    ToldOf,
    Upcoming,
)
from notification.rules.told import APPOINTMENT_REMINDER, TELLINGS, Kind, Whom, same_instant

Key = tuple[str, UUID]


def still_waits() -> ColumnElement[bool]:
    """Return what holds of a row of `Upcoming` that still waits: open, not settled, not replaced by a later one."""
    later = aliased(Upcoming)
    replaced = exists().where(
        later.agency_id == Upcoming.agency_id,
        later.kind == Upcoming.kind,
        later.staff_id == Upcoming.staff_id,
        later.topic == Upcoming.topic,
        later.open,
        later.due_on > Upcoming.due_on,
    )
    settled = exists().where(
        NoteState.agency_id == Upcoming.agency_id, NoteState.id == Upcoming.about_id, NoteState.settled
    )
    return and_(
        Upcoming.open,
        or_(Upcoming.topic.is_(None), ~replaced),
        or_(Upcoming.kind != Kind.NOTE_OVERDUE, ~settled),
    )


async def due(db: Db, today: date, about_ids: Collection[UUID] | None = None) -> Sequence[Upcoming]:
    """Return, locked and in one order, what is to be told by `today` (of `about_ids`, if given)."""
    question = select(Upcoming).where(Upcoming.next_on <= today, Upcoming.open, still_waits())
    if about_ids is not None:
        question = question.where(Upcoming.about_id.in_(about_ids))
    found = await db.scalars(question.order_by(Upcoming.kind, Upcoming.about_id).with_for_update(of=Upcoming))
    return found.all()


async def waiting(db: Db, until: date) -> Sequence[Upcoming]:
    """Return everything that waits and is due by `until`."""
    found = await db.scalars(select(Upcoming).where(still_waits(), Upcoming.due_on <= until))
    return found.all()


@dataclass(frozen=True)
class Circle:
    """Who stands where around a batch of what waits, on one day; nobody in it has left.

    `peers`: who serves a person, under any of their records. `supervisors`: of a member of staff.
    """

    peers: dict[UUID, set[UUID]]
    supervisors: dict[UUID, set[UUID]]
    roles: dict[UUID, frozenset[str]]

    def in_role(self, role: Role) -> set[UUID]:
        return {one for one, roles in self.roles.items() if role in roles}

    def concerned(self, row: Upcoming) -> set[UUID]:
        """Return who is told of something that waits."""
        whom = TELLINGS[Kind(row.kind)].whom
        found: set[UUID] = set()
        if whom is Whom.WORKER and row.staff_id is not None:
            return {row.staff_id} & self.roles.keys()
        if whom is Whom.PEERS and row.participant_id is not None:
            found = self.peers.get(row.participant_id, set())
        elif whom is Whom.SUPERVISORS and row.staff_id is not None:
            found = self.supervisors.get(row.staff_id, set())
        return found & self.roles.keys() or self.in_role(Role.SUPERVISOR) - {row.staff_id}

    def above(self, row: Upcoming) -> set[UUID]:
        """Return who hears that it still waits: the supervisors of those concerned, else the administrators."""
        concerned = self.concerned(row) or ({row.staff_id} if row.staff_id else set())
        above = set().union(*(self.supervisors.get(one, set()) for one in concerned)) & self.roles.keys()
        return above - concerned or self.in_role(Role.ADMINISTRATOR) - concerned


async def circle(db: Db, rows: Sequence[Upcoming], today: date) -> Circle:
    """Return who stands around `rows`; five statements, however many there are."""
    people = {row.participant_id for row in rows if row.participant_id is not None}
    return Circle(await peers_by_person(db, people, today), await _supervisors(db, today), await _here(db, today))


async def _here(db: Db, today: date) -> dict[UUID, frozenset[str]]:
    here = or_(Staff.employed_to.is_(None), Staff.employed_to >= today)
    found = await db.execute(select(Staff.id, Staff.roles).where(here))
    return {row.id: frozenset(row.roles) for row in found}


async def _supervisors(db: Db, today: date) -> dict[UUID, set[UUID]]:
    in_force = and_(Supervision.valid_from <= today, or_(Supervision.valid_to.is_(None), Supervision.valid_to >= today))
    found: dict[UUID, set[UUID]] = {}
    for row in await db.execute(select(Supervision.staff_id, Supervision.supervisor_id).where(in_force)):
        found.setdefault(row.staff_id, set()).add(row.supervisor_id)
    return found


async def peers_by_person(db: Db, people: Collection[UUID], today: date) -> dict[UUID, set[UUID]]:
    """Return, for each person, who serves them on `today` under any record that stands for them."""
    roots = await _roots(db, people)
    root_of = {one: roots.get(one, one) for one in people}
    records = await _records(db, set(root_of.values()))
    in_force = and_(Assignment.valid_from <= today, or_(Assignment.valid_to.is_(None), Assignment.valid_to >= today))
    served = {one for records_of in records.values() for one in records_of}
    peers: dict[UUID, set[UUID]] = {}
    asked = select(Assignment.participant_id, Assignment.staff_id).where(Assignment.participant_id.in_(served))
    for row in await db.execute(asked.where(in_force)):
        peers.setdefault(row.participant_id, set()).add(row.staff_id)
    return {one: set().union(*(peers.get(record, set()) for record in records[root_of[one]])) for one in people}


async def _roots(db: Db, people: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the record that stands for each of `people` that were merged into another; the latest merge says it."""
    named = or_(Merge.merged_id.in_(people), Merge.moved_ids.overlap(list(people)))
    found = await db.scalars(select(Merge).where(Merge.undone_at.is_(None), named).order_by(Merge.merged_at))
    return {one: merge.survivor_id for merge in found for one in _merged(merge) if one in people}


async def _records(db: Db, roots: Collection[UUID]) -> dict[UUID, set[UUID]]:
    records = {one: {one} for one in roots}
    for merge in await db.scalars(select(Merge).where(Merge.undone_at.is_(None), Merge.survivor_id.in_(roots))):
        records[merge.survivor_id].update(_merged(merge))
    return records


def _merged(merge: Merge) -> Iterable[UUID]:
    return (merge.merged_id, *merge.moved_ids)


async def moot_of(db: Db, messages: Sequence[Message], day: date) -> dict[UUID, str]:
    """Return why messages that told of what waits, or of an appointment, need not leave any more, on `day`."""
    return await _nothing_waits(db, [one.id for one in messages]) | await _not_expected(db, messages)


async def _nothing_waits(db: Db, message_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the messages of whose matters none waits any more, in the round in which it was told."""
    same = and_(
        Upcoming.agency_id == ToldOf.agency_id,
        Upcoming.kind == ToldOf.kind,
        Upcoming.about_id == ToldOf.about_id,
        Upcoming.round == ToldOf.round,
        still_waits(),
    )
    found = await db.execute(
        select(ToldOf.message_id)
        .join(Upcoming, same, isouter=True)
        .where(ToldOf.message_id.in_(message_ids))
        .group_by(ToldOf.message_id)
        .having(func.count(Upcoming.about_id) == 0)
    )
    return {row.message_id: "no-longer-waiting" for row in found}


async def _not_expected(db: Db, messages: Sequence[Message]) -> dict[UUID, str]:
    reminders = {one.id: one.occasion.split("/") for one in messages if one.template == APPOINTMENT_REMINDER}
    if not reminders:
        return {}
    ids = {UUID(parts[0]) for parts in reminders.values()}
    asked = select(Appointment.id, Appointment.starts_at).where(
        Appointment.id.in_(ids), Appointment.status == AppointmentStatus.SCHEDULED
    )
    expected = {str(row.id): same_instant(row.starts_at) for row in await db.execute(asked)}
    return {
        message_id: "appointment-changed"
        for message_id, parts in reminders.items()
        if expected.get(parts[0]) != parts[1]
    }
