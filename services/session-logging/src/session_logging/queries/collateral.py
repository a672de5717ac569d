"""What can be asked about contacts with people outside: those about one person."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select, tuple_

from common.contracts.codes import CollateralRole, DeliveryMethod, RecordOrigin
from common.database import Db
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing
from session_logging.models import CONTACT, CollateralContact
from session_logging.queries.people import family_of, in_reach, origins_of
from session_logging.queries.sessions import SEES_NOTES, instant_of


class ContactRead(BaseModel):
    """A contact with somebody outside; its words only for those who may read notes."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    participant_id: UUID
    consent_id: UUID
    recipient_place: int = Field(description="the recipient's place in the consent's list, from 0")
    role: CollateralRole
    staff_id: UUID
    contacted_at: AwareDatetime
    method: DeliveryMethod
    minutes: int
    recorded_at: AwareDatetime
    origin: RecordOrigin = Field(default=RecordOrigin.OWN_PART2, description="of the person's record; travels with it")
    words: str | None = None


class ContactPage(BaseModel):
    items: list[ContactRead]
    next: str | None = None


async def contact_page(
    db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, after: Cursor | None, limit: int
) -> ContactPage:
    """Return up to `limit` contacts about a person that the actor may see, of all their records, the newest first."""
    limit = min(limit, PAGE_MOST)
    family = await family_of(db, participant_id)
    place = tuple_(CollateralContact.contacted_at, CollateralContact.id)
    question = (
        select(CollateralContact)
        .where(CollateralContact.participant_id.in_(family))
        .where(await in_reach(db, actor, CollateralContact, family))
        .order_by(CollateralContact.contacted_at.desc(), CollateralContact.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        question = question.where(place < (instant_of(after), after.id))
    rows = (await db.scalars(question)).all()
    origins = await origins_of(db, family)
    items = [await _read(db, keys, actor, row, origins[row.participant_id]) for row in rows[:limit]]
    more = len(rows) > limit
    return ContactPage(items=items, next=encode_cursor(items[-1].contacted_at, items[-1].id) if more else None)


async def _read(db: Db, keys: KeyRing, actor: Actor, row: CollateralContact, origin: RecordOrigin) -> ContactRead:
    read = ContactRead.model_validate(row)
    if not actor.may(*SEES_NOTES):
        return read.model_copy(update={"origin": origin})
    sealer = await keys.sealer(db, row.agency_id, row.participant_id)
    return read.model_copy(update={"origin": origin, "words": sealer.open(CONTACT, row.note)})
