"""Which messages a person agreed to, and whether anything stands in their way."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import and_, select

from common.database import Db
from common.identity import Actor
from common.privacy import KeyRing
from notification.commands.access import reach_person
from notification.models import CONSENT_SHOWN, ContactStanding, MessageConsent
from notification.rules.messages import Channel, Purpose


class MessageConsentRead(BaseModel):
    """One agreement; of its address nothing but the channel."""

    id: UUID
    channel: Channel
    purposes: list[Purpose]
    shown: str = Field(description="the words that were shown or read to the person")
    source: str
    agreed_at: AwareDatetime
    withdrawn_at: AwareDatetime | None
    recorded_by: UUID | None
    stopped_at: AwareDatetime | None = Field(description="since when this address wants nothing from anybody here")
    held: bool = Field(description="it wrote something that a human must read first")
    bounced_at: AwareDatetime | None
    version: int


class MessageConsents(BaseModel):
    items: list[MessageConsentRead] = Field(description="the newest first")


async def message_consents(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID) -> MessageConsents:
    """Return a person's agreements under all their records. Raises `NotThere`."""
    family = await reach_person(db, actor, participant_id)
    same = and_(ContactStanding.digest == MessageConsent.digest, ContactStanding.channel == MessageConsent.channel)
    found = await db.execute(
        select(MessageConsent, ContactStanding)
        .outerjoin(ContactStanding, same)
        .where(MessageConsent.agency_id == db.scope.agency_id, MessageConsent.participant_id.in_(family))
        .order_by(MessageConsent.id.desc())
        .limit(100)
    )
    rows = found.all()
    sealers = await keys.sealers(db, db.scope.agency_id, {row.participant_id for row, _ in rows})
    return MessageConsents(
        items=[
            _read(row, standing, str(sealers[row.participant_id].open(CONSENT_SHOWN, row.shown)))
            for row, standing in rows
        ]
    )


def _read(row: MessageConsent, standing: ContactStanding | None, shown: str) -> MessageConsentRead:
    return MessageConsentRead(
        id=row.id,
        channel=Channel(row.channel),
        purposes=[Purpose(one) for one in row.purposes],
        shown=shown,
        source=row.source,
        agreed_at=row.agreed_at,
        withdrawn_at=row.withdrawn_at,
        recorded_by=row.recorded_by,
        stopped_at=standing.stopped_at if standing else None,
        held=bool(standing and standing.held_at),
        bounced_at=standing.locked_at if standing else None,
        version=row.version,
    )
