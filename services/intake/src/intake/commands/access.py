"""Who may reach whom: decided here and nowhere else.

A peer reaches the people they are assigned to on the day; supervisors, administrators and privacy officers reach the
whole agency. Everybody else's person answers exactly like one that does not exist.
"""

from datetime import date
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from common.contracts.codes import Role
from common.database import Db
from common.errors import NotThere
from common.identity import Actor
from intake.commands.recording import Recording
from intake.models import Assignment, Owned, Participant

WHOLE_AGENCY = (Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER)
OwnedRow = TypeVar("OwnedRow", bound=Owned)


def active_on(day: date) -> ColumnElement[bool]:
    """Return the condition that an assignment holds on a day."""
    return and_(Assignment.valid_from <= day, or_(Assignment.valid_to.is_(None), Assignment.valid_to >= day))


def within_reach(
    actor: Actor, today: date, participant_id: InstrumentedAttribute[UUID] = Participant.id
) -> ColumnElement[bool]:
    """Return the condition that the actor may reach the person in the column `participant_id`."""
    if actor.may(*WHOLE_AGENCY):
        return true()
    return exists().where(
        Assignment.agency_id == actor.agency_id,
        Assignment.staff_id == actor.staff_id,
        Assignment.participant_id == participant_id,
        active_on(today),
    )


async def reach_participant(
    db: Db, actor: Actor, participant_id: UUID, recording: Recording, *, lock: bool = False
) -> Participant:
    """Return a person within the actor's reach, locked for a change if asked. Raises `NotThere`."""
    question = select(Participant).where(
        Participant.agency_id == db.scope.agency_id,
        Participant.id == participant_id,
        within_reach(actor, recording.today),
    )
    if lock:
        question = question.with_for_update(of=Participant)
    found = await db.scalar(question)
    if found is None:
        raise NotThere
    return found


async def reach(
    db: Db, actor: Actor, kind: type[OwnedRow], row_id: UUID, recording: Recording, *, lock: bool = False
) -> OwnedRow:
    """Return what belongs to a person within reach: an episode, a consent, a plan. Raises `NotThere`."""
    question = select(kind).where(
        kind.agency_id == db.scope.agency_id,
        kind.id == row_id,
        within_reach(actor, recording.today, kind.participant_id),
    )
    if lock:
        question = question.with_for_update(of=kind)
    found = await db.scalar(question)
    if found is None:
        raise NotThere
    return found
