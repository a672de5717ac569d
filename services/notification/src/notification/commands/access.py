"""Whose messages somebody may see and change: those of persons they serve, or of their whole agency."""

from uuid import UUID

from sqlalchemy import select

from common.contracts.codes import Role
from common.database import Db
from common.errors import NotThere
from common.identity import Actor
from notification.models import Assignment, Message, MessageConsent
from notification.queries.messages import family_of, peers_of

ALL = (Role.SUPERVISOR, Role.ADMINISTRATOR)


async def reach_person(db: Db, actor: Actor, participant_id: UUID) -> set[UUID]:
    """Return the records of a person within reach. Raises `NotThere`.

    A peer reaches whom they serve today; supervisors and administrators whoever was heard of here.
    """
    family = await family_of(db, participant_id) | {participant_id}
    if actor.may(*ALL):
        if await _is_known(db, family):
            return family
    elif actor.staff_id in await peers_of(db, participant_id):
        return family
    raise NotThere


async def _is_known(db: Db, family: set[UUID]) -> bool:
    for person in (Assignment.participant_id, MessageConsent.participant_id, Message.recipient_id):
        mine = person.class_.agency_id == db.scope.agency_id
        if await db.scalar(select(person).where(mine, person.in_(family)).limit(1)):
            return True
    return False
