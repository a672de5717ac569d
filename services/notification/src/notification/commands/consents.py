"""Recording that a person agreed to messages, for which purposes and by which number or address, and that no more."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, SecretStr, StringConstraints, model_validator
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Distinct, Instant, Prose
from notification.commands.access import reach_person
from notification.commands.contacts import contact_digest, look_again, resume, standing_of
from notification.models import CONSENT_SHOWN, MessageConsent
from notification.rules.devices import require_number
from notification.rules.messages import Channel, Purpose

ADDRESS_MOST = 254
CLOCKS_APART = timedelta(minutes=5)


class Source(StrEnum):
    """How the person agreed."""

    FORM = "form"
    SPOKEN = "spoken"
    WEB = "web"
    TEXT = "text"


Agreed = Literal[Purpose.APPOINTMENT, Purpose.CHECK_IN, Purpose.PAPER]


class AgreeToMessages(Asked):
    """A person's agreement; `shown`: the words that were shown or read to them."""

    channel: Literal[Channel.SMS, Channel.EMAIL]
    address: SecretStr = Field(description="a number in E.164, such as +13125550187, or an e-mail address")
    purposes: Annotated[list[Agreed], Distinct, Field(min_length=1)]
    shown: Annotated[Prose, StringConstraints(max_length=500)]
    source: Source
    agreed_at: Instant | None = Field(default=None, description="now if empty")

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        address = self.address.get_secret_value()
        if self.channel is Channel.SMS:
            require_number(address)
        elif address.count("@") != 1 or len(address) > ADDRESS_MOST or any(one.isspace() for one in address):
            raise ValueError("an e-mail address has one @ and no spaces")
        return self


async def agree(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, request: AgreeToMessages) -> Created:
    """Record an agreement; an earlier one to the same address is over. Raises `NotThere`, `Refused`.

    One that is younger than a stop takes the stop back: only the person can, and here they did.
    """
    family = await reach_person(db, actor, participant_id)
    at = request.agreed_at or db.now
    if at > db.now + CLOCKS_APART:
        raise Unprocessable("in-the-future", "Say when the person agreed, not when they will.", "/agreed_at")
    channel = Channel(request.channel)
    digest = contact_digest(keys, channel, request.address.get_secret_value())
    await _settle_stop(db, channel, digest, at)
    await _end_earlier(db, family, channel, digest)
    sealer = await keys.sealer(db, db.scope.agency_id, participant_id)
    row = MessageConsent(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=participant_id,
        channel=channel,
        digest=digest,
        purposes=sorted(request.purposes),
        shown=sealer.seal(CONSENT_SHOWN, request.shown),
        source=request.source,
        agreed_at=at,
        recorded_by=actor.staff_id,
        recorded_at=db.now,
        version=1,
    )
    db.add(row)
    await look_again(db, family)
    db.audit("message-consent.give", participant_id, consent_id=str(row.id), channel=channel)
    return Created(id=row.id, version=1)


async def _settle_stop(db: Db, channel: Channel, digest: bytes, at: Instant) -> None:
    standing = await standing_of(db, channel, digest)
    if standing.stopped_at is None:
        return
    if at <= standing.stopped_at:
        raise Refused(
            "stopped-since",
            "After this agreement, messages to this address were stopped. Ask the person whether they want them again.",
        )
    await resume(db, channel, digest)


async def _end_earlier(db: Db, family: set[UUID], channel: Channel, digest: bytes) -> None:
    question = select(MessageConsent).where(
        MessageConsent.agency_id == db.scope.agency_id,
        MessageConsent.participant_id.in_(family),
        MessageConsent.channel == channel,
        MessageConsent.digest == digest,
        MessageConsent.withdrawn_at.is_(None),
    )
    for earlier in await db.scalars(question.with_for_update()):
        earlier.withdrawn_at = db.now
        earlier.version += 1
    await db.flush()


async def withdraw(db: Db, actor: Actor, consent_id: UUID, expected: int) -> Created:
    """Withdraw an agreement; again it changes nothing. What was queued waits until the person agrees anew."""
    row = await db.get(MessageConsent, (db.scope.agency_id, consent_id), with_for_update=True)
    if row is None:
        raise NotThere
    await reach_person(db, actor, row.participant_id)
    if row.withdrawn_at is None:
        require_version(row.version, expected)
        row.withdrawn_at = db.now
        row.version += 1
        db.audit("message-consent.withdraw", row.participant_id, consent_id=str(row.id), channel=row.channel)
    return Created(id=row.id, version=row.version)
