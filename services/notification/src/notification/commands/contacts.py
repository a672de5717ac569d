"""How one number or address stands with the whole installation; known by a keyed digest only."""

import base64
import binascii
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from common.database import Db
from common.privacy import KeyRing, blind_index
from notification.models import ContactStanding, Correspondent, Due, Message
from notification.rules.messages import Channel, State

DIGEST_BYTES = 32


def contact_digest(keys: KeyRing, channel: Channel, address: str) -> bytes:
    """Return by what a number (E.164) or an e-mail address is known, in every agency alike."""
    return blind_index(keys.platform_index_key(), f"contact-{channel}", address.strip().lower())


def token_of(digest: bytes) -> str:
    """Return what a link says of a contact: nobody can guess it, and nobody can read anything from it."""
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def digest_of(token: str) -> bytes | None:
    """Return the contact that a link speaks of; null if it is no such token."""
    try:
        digest = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return digest if len(digest) == DIGEST_BYTES else None


async def standing_of(db: Db, channel: Channel, digest: bytes) -> ContactStanding:
    """Return how a contact stands, locked for a change; made if nothing was known of it."""
    first = insert(ContactStanding).values(digest=digest, channel=channel, version=0)
    await db.execute(first.on_conflict_do_nothing())
    question = select(ContactStanding).where(ContactStanding.digest == digest, ContactStanding.channel == channel)
    found = await db.scalars(question.with_for_update().execution_options(populate_existing=True))
    return found.one()


async def stop(db: Db, channel: Channel, digest: bytes, by: str) -> ContactStanding:
    """Stop everything to a contact at once, whoever's it is; said again it stays as it was."""
    standing = await standing_of(db, channel, digest)
    if standing.stopped_at is None:
        standing.stopped_at, standing.stopped_by = db.now, by
        standing.confirmed_at = None
        standing.version += 1
    return standing


async def stop_if_known(db: Db, channel: Channel, digest: bytes, by: str) -> bool:
    """Stop everything to a contact that was ever written to; of any other nothing is kept."""
    known = await db.get(ContactStanding, (digest, channel)) is not None
    if known:
        await stop(db, channel, digest, by)
    return known


async def resume(db: Db, channel: Channel, digest: bytes) -> ContactStanding:
    """Take a stop back: only the person themselves can, by START or by agreeing anew."""
    standing = await standing_of(db, channel, digest)
    standing.stopped_at = standing.stopped_by = standing.held_at = None
    standing.version += 1
    return standing


async def lock(db: Db, channel: Channel, digest: bytes) -> None:
    """Note that a contact bounced; confirming the person's safe contact later than that lifts it."""
    standing = await standing_of(db, channel, digest)
    standing.locked_at = db.now
    standing.version += 1


async def note_correspondent(db: Db, participant_id: UUID, channel: Channel, digest: bytes) -> None:
    """Note to whom this agency writes at a contact, so that an answer finds its way."""
    row = insert(Correspondent).values(
        agency_id=db.scope.agency_id, participant_id=participant_id, channel=channel, digest=digest, last_at=db.now
    )
    key = ["agency_id", "participant_id", "channel", "digest"]
    await db.execute(row.on_conflict_do_update(index_elements=key, set_={"last_at": db.now}))


async def look_again(db: Db, participant_ids: Collection[UUID]) -> None:
    """Have what is held for these persons looked at now: something changed that may let it go."""
    held = select(Message.id).where(
        Message.agency_id == db.scope.agency_id,
        Message.recipient_id.in_(participant_ids),
        Message.held_by.is_not(None),
        Message.state == State.QUEUED,
    )
    mine = (Due.agency_id == db.scope.agency_id) & Due.message_id.in_(held) & (Due.at > db.now)
    await db.execute(update(Due).where(mine).values(at=db.now))


async def latest_digest(db: Db, participant_ids: Collection[UUID], channel: Channel) -> bytes | None:
    """Return the contact at which this agency wrote to a person last by a channel."""
    question = select(Correspondent.digest).where(
        Correspondent.agency_id == db.scope.agency_id,
        Correspondent.participant_id.in_(participant_ids),
        Correspondent.channel == channel,
    )
    return await db.scalar(question.order_by(Correspondent.last_at.desc()).limit(1))
