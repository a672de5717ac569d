"""Who may reach whom: decided here and nowhere else.

A peer reaches the people they are assigned to on the day, and whom they opened in an emergency for as long as that
lasts, under every record that was merged with theirs; supervisors, administrators and privacy officers reach the whole
agency. Everybody else's person answers exactly like one that does not exist.

What was opened in an emergency is there to be looked at. Writing needs an assignment, unless what is written belongs to
the emergency itself and says so (`emergency=True`): a disclosure under 2.51, a safety concern.
"""

from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, func, or_, select, true, union_all
from sqlalchemy.orm import InstrumentedAttribute, aliased

from common.contracts.codes import Role
from common.database import Db
from common.errors import NotThere, Refused
from common.identity import Actor
from intake.commands.recording import Recording
from intake.models import Assignment, BreakGlass, Owned, Participant

WHOLE_AGENCY = (Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER)
OwnedRow = TypeVar("OwnedRow", bound=Owned)


def active_on(day: date, assignment: Any = Assignment) -> ColumnElement[bool]:
    """Return the condition that an assignment holds on a day."""
    return and_(assignment.valid_from <= day, or_(assignment.valid_to.is_(None), assignment.valid_to >= day))


def within_reach(
    actor: Actor,
    today: date,
    participant_id: "InstrumentedAttribute[UUID] | ColumnElement[UUID]" = Participant.id,
    *,
    opened: bool = True,
) -> ColumnElement[bool]:
    """Return the condition that the actor may reach the person in the column `participant_id`.

    `opened`: also whom they opened in an emergency, who may be looked at and not written about.
    """
    if actor.may(*WHOLE_AGENCY):
        return true()
    return participant_id.in_(_reached(actor, today, opened))


def _reached(actor: Actor, today: date, with_opened: bool) -> CompoundSelect[Any]:
    """Return the ids of everybody a peer reaches: whom they are assigned to, whose record they opened in an emergency
    that is not over, and the records merged with those.

    Plain branches, so that Postgres puts a given id into each of them and looks at indexes only; an OR inside one
    `exists` would walk the peer's whole history for every row. Aliases, or the outer query's tables would be meant.
    """
    theirs, opened = aliased(Assignment), aliased(BreakGlass)
    emergencies = _families(opened, actor, _still_open(opened)) if with_opened else ()
    return union_all(*_families(theirs, actor, active_on(today, theirs)), *emergencies)


def _still_open(opened: Any) -> ColumnElement[bool]:
    """Return the condition that an emergency access holds, by the database's clock."""
    return and_(opened.ended_at.is_(None), opened.expires_at > func.statement_timestamp())


def _families(link: Any, actor: Actor, holds: ColumnElement[bool]) -> tuple[Select[Any], ...]:
    """Return the ids of those whom a row links the actor with, of their survivors, and of all merged into those."""
    person, merged = aliased(Participant), aliased(Participant)
    same_person = and_(person.agency_id == link.agency_id, person.id == link.participant_id)
    survivor_id = func.coalesce(person.merged_into, person.id)
    others = and_(
        merged.agency_id == person.agency_id, merged.merged_into.is_not(None), merged.merged_into == survivor_id
    )
    held = and_(link.agency_id == actor.agency_id, link.staff_id == actor.staff_id, holds)
    return (
        select(link.participant_id).where(held),
        select(person.merged_into)
        .select_from(link)
        .join(person, same_person)
        .where(held, person.merged_into.is_not(None)),
        select(merged.id).select_from(link).join(person, same_person).join(merged, others).where(held),
    )


async def reach_participant(
    db: Db, actor: Actor, participant_id: UUID, recording: Recording, *, lock: bool = False, emergency: bool = False
) -> Participant:
    """Return a person within the actor's reach, locked for a change if asked. Raises `NotThere`, `Refused`."""
    question = select(Participant).where(
        Participant.agency_id == db.scope.agency_id,
        Participant.id == participant_id,
        within_reach(actor, recording.today, opened=db.reading or emergency),
    )
    if lock:
        question = question.with_for_update(of=Participant)
    found = await db.scalar(question)
    if found is None:
        await _say_what_is_only_opened(db, Participant.id == participant_id, actor, recording, Participant.id)
        raise NotThere
    return found


async def _say_what_is_only_opened(
    db: Db, which: ColumnElement[bool], actor: Actor, now: Recording, person: InstrumentedAttribute[UUID]
) -> None:
    """Raise `Refused` where the actor sees the person because of an emergency, and would write."""
    agency = person.class_.agency_id == db.scope.agency_id
    if not db.reading and await db.scalar(select(person).where(agency, which, within_reach(actor, now.today, person))):
        detail = "You opened this record to look at it in an emergency. Ask a supervisor to assign the person to you."
        raise Refused("opened-to-read", detail)


async def reach_unmerged(
    db: Db, actor: Actor, participant_id: UUID, recording: Recording, *, lock: bool = False, emergency: bool = False
) -> Participant:
    """Return a person within reach, to begin something new with. Raises `NotThere`, `Refused` for a merged record."""
    found = await reach_participant(db, actor, participant_id, recording, lock=lock, emergency=emergency)
    require_unmerged(found)
    return found


def require_unmerged(participant: Participant) -> None:
    """Raise `Refused` if the person goes on under another record; who reaches one of them reaches both."""
    if participant.merged_into is not None:
        raise Refused("merged-into", f"This record was merged. Go on with participant {participant.merged_into}.")


async def standing_for(db: Db, participant_id: UUID) -> Participant:
    """Return the record that a person goes on under, for another service, whoever serves them. Raises `NotThere`."""
    mine = Participant.agency_id == db.scope.agency_id
    found = await db.scalar(select(Participant).where(mine, Participant.id == participant_id))
    if found is not None and found.merged_into is not None:
        found = await db.scalar(select(Participant).where(mine, Participant.id == found.merged_into))
    if found is None:
        raise NotThere
    return found


async def family_of(db: Db, participant: Participant) -> list[UUID]:
    """Return the ids of a person's records: their own and, for a survivor, all that were merged into it."""
    question = select(Participant.id).where(
        Participant.agency_id == participant.agency_id, Participant.merged_into == participant.id
    )
    return [participant.id, *await db.scalars(question)]


async def reach(
    db: Db,
    actor: Actor,
    kind: type[OwnedRow],
    row_id: UUID,
    recording: Recording,
    *,
    lock: bool = False,
    emergency: bool = False,
) -> OwnedRow:
    """Return what belongs to a person within reach: an episode, a consent, a plan. Raises `NotThere`, `Refused`."""
    question = select(kind).where(
        kind.agency_id == db.scope.agency_id,
        kind.id == row_id,
        within_reach(actor, recording.today, kind.participant_id, opened=db.reading or emergency),
    )
    if lock:
        question = question.with_for_update(of=kind)
    found = await db.scalar(question)
    if found is None:
        await _say_what_is_only_opened(db, kind.id == row_id, actor, recording, kind.participant_id)
        raise NotThere
    return found
