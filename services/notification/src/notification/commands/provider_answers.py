"""What a provider says of a text message later: kept with the attempt, and followed up if it never arrived."""

from dataclasses import dataclass, field
from uuid import UUID

import structlog

from common.database import Db
from common.errors import NotThere
from common.privacy import KeyRing
from notification.commands import contacts, deliveries
from notification.models import DeliveryAttempt, Message
from notification.rules.answers import CARRIER_STOP, NOBODYS, NOT_DELIVERED, is_news, reason
from notification.rules.messages import Audience, Channel, State

log = structlog.get_logger()

# What the provider may have, as far as we know; its word settles that it has.
OPEN = frozenset({State.SENDING, State.UNKNOWN})


@dataclass(frozen=True)
class Told:
    """One status of one attempt, in the provider's words; `error_code` says why it was not delivered.

    `address`: the number it went to, in memory only; null if the provider does not say.
    """

    message_id: UUID
    number: int
    provider_id: str
    status: str
    error_code: int | None = None
    address: str | None = field(default=None, repr=False)


async def hear(db: Db, keys: KeyRing, told: Told) -> None:
    """Keep a status. What is old, repeated or about another message of the provider's changes nothing.

    Raises `NotThere` if there is no such attempt.
    """
    message = await db.get(Message, (db.scope.agency_id, told.message_id), with_for_update=True)
    key = (db.scope.agency_id, told.message_id, told.number)
    attempt = await db.get(DeliveryAttempt, key, with_for_update=True)
    if message is None or attempt is None or attempt.channel != Channel.SMS:
        raise NotThere
    if not _is_about(attempt, told) or not is_news(attempt.provider_status, told.status):
        log.info("provider_status_ignored", message_id=str(message.id), number=told.number)
        return
    attempt.provider_id, attempt.provider_status, attempt.provider_at = told.provider_id, told.status, db.now
    latest = message.attempts == told.number
    if latest and message.state in OPEN:
        await deliveries.settle(db, message, told.provider_id)
    if told.status in NOT_DELIVERED:
        attempt.outcome = reason(told.error_code)
        if message.audience == Audience.PARTICIPANT:
            await _learn(db, keys, told)
        if latest and message.state == State.SENT:
            await deliveries.come_back(db, message, attempt.outcome)
    db.audit("message.provider_status", message.id, status=told.status, error=told.error_code)


async def _learn(db: Db, keys: KeyRing, told: Told) -> None:
    """Keep what it says of a person's number itself: its owner wants nothing, or it is nobody's any more."""
    if told.address is None:
        return
    digest = contacts.contact_digest(keys, Channel.SMS, told.address)
    if told.error_code == CARRIER_STOP:
        await contacts.stop(db, Channel.SMS, digest, "carrier")
    elif told.error_code in NOBODYS:
        await contacts.lock(db, Channel.SMS, digest)


def _is_about(attempt: DeliveryAttempt, told: Told) -> bool:
    return attempt.provider_id in (None, told.provider_id)
