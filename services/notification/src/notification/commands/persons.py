"""Saying something to a person by hand: one of few things, in approved words, as they agreed."""

from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from common.database import Db
from common.http import Created
from common.identity import Actor
from common.text import Asked
from notification.commands.access import reach_person
from notification.commands.intents import intent, store
from notification.rules.messages import Audience, PersonTemplate, Purpose

USEFUL_FOR = timedelta(days=14)


class Kind(StrEnum):
    CHECK_IN = PersonTemplate.CHECK_IN
    PAPER_WAITING = PersonTemplate.PAPER_WAITING


PURPOSES = {Kind.CHECK_IN: Purpose.CHECK_IN, Kind.PAPER_WAITING: Purpose.PAPER}


class SayTo(Asked):
    """What to say; there are no free words."""

    kind: Kind


async def say(db: Db, actor: Actor, participant_id: UUID, request: SayTo) -> Created:
    """Queue a message to a person; when it leaves, and whether, follows from what they agreed to. Raises `NotThere`."""
    await reach_person(db, actor, participant_id)
    row = intent(
        db,
        request.kind,
        participant_id,
        f"by-hand/{db.scope.request_id}",
        db.now,
        None,
        audience=Audience.PARTICIPANT,
        purpose=PURPOSES[request.kind],
        useful_until=db.now + USEFUL_FOR,
    )
    await store(db, [row])
    db.audit("message.say", participant_id, kind=request.kind)
    return Created(id=UUID(str(row["id"])), version=1)
