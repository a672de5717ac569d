"""Asking for a failed message again."""

from uuid import UUID

from common.database import Db
from common.errors import NotThere, Refused
from common.http import Created
from common.text import Asked
from notification.models import Due, Message
from notification.rules.messages import TRIES, State


class RetryMessage(Asked):
    """Nothing to say but that it is wanted."""


async def retry(db: Db, message_id: UUID) -> Created:
    """Queue a failed message for a new round of tries.

    After `outcome-unknown` this may send a second time; that is why only a person can ask for it.
    """
    message = await db.get(Message, (db.scope.agency_id, message_id), with_for_update=True)
    if message is None:
        raise NotThere
    if message.state != State.FAILED:
        raise Refused("message-not-failed", "Only a message that failed can be sent again. Reload the list.")
    message.state = State.QUEUED
    message.tries_left = TRIES
    message.next_attempt_at = db.now
    message.version += 1
    db.add(Due(agency_id=message.agency_id, message_id=message.id, at=db.now))
    db.audit("message.retry", message.id)
    return Created(id=message.id, version=message.version)
