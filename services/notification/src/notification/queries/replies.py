"""What people answered, what waits for a human to read it, and what was said to and by one person."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from common.database import Db
from common.http import Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing
from notification.commands.access import ALL, reach_person
from notification.models import REPLY_WORDS, Message, Reply
from notification.queries.messages import today
from notification.queries.told import peers_by_person
from notification.rules.messages import Audience, Channel, State
from notification.rules.replies import Meaning

MOST_WAITING = 500


class ReplyRead(BaseModel):
    """One reply. `participant_id`: null if nobody is known by its number."""

    id: UUID
    participant_id: UUID | None
    channel: Channel
    meaning: Meaning
    words: str
    at: AwareDatetime
    waits: bool = Field(description="a human has to read it; nothing leaves for its number before")
    resolution: str | None
    resolved_by: UUID | None
    resolved_at: AwareDatetime | None
    version: int


class Replies(BaseModel):
    items: list[ReplyRead] = Field(description="words of danger first, then the longest waiting")


class Said(BaseModel):
    """One thing said, to the person (`message_id`) or by them (`reply`)."""

    at: AwareDatetime
    message_id: UUID | None = None
    kind: str | None = Field(default=None, description="which template it was; its words are the template's")
    channel: Channel | None = None
    state: State | None = None
    held_by: str | None = Field(default=None, description="the rule that keeps it back")
    reply: ReplyRead | None = None


class Conversation(BaseModel):
    items: list[Said] = Field(description="the newest first")
    next: str | None = None


async def waiting(db: Db, keys: KeyRing, actor: Actor) -> Replies:
    """Return what waits to be read: of the people one serves, or of the whole agency."""
    question = select(Reply).where(Reply.agency_id == db.scope.agency_id, Reply.waits, Reply.resolved_at.is_(None))
    rows = (await db.scalars(question.order_by(Reply.id).limit(MOST_WAITING))).all()
    if not actor.may(*ALL):
        people = {row.participant_id for row in rows if row.participant_id}
        peers = await peers_by_person(db, people, await today(db))
        rows = [row for row in rows if row.participant_id and actor.staff_id in peers[row.participant_id]]
    ordered = sorted(rows, key=lambda row: (row.meaning != Meaning.CRISIS, row.id))
    return Replies(items=await _read(db, keys, ordered))


async def conversation(
    db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, after: Cursor | None, limit: int
) -> Conversation:
    """Return what was said to a person and by them, under all their records. Raises `NotThere`.

    It belongs to the person: who serves them now reads all of it, and who served them before reads nothing.
    """
    family = await reach_person(db, actor, participant_id)
    told = select(Message).where(
        Message.agency_id == db.scope.agency_id,
        Message.recipient_id.in_(family),
        Message.audience == Audience.PARTICIPANT,
    )
    answered = select(Reply).where(Reply.agency_id == db.scope.agency_id, Reply.participant_id.in_(family))
    if after:  # ids of both grow with time
        told, answered = told.where(Message.id < after.id), answered.where(Reply.id < after.id)
    messages = (await db.scalars(told.order_by(Message.id.desc()).limit(limit + 1))).all()
    replies = (await db.scalars(answered.order_by(Reply.id.desc()).limit(limit + 1))).all()
    said = {row.id: _told(row) for row in messages}
    said |= {one.id: Said(at=one.at, reply=one) for one in await _read(db, keys, replies)}
    shown = sorted(said, reverse=True)[:limit]
    more = len(said) > limit
    last = said[shown[-1]].at if more else None
    return Conversation(
        items=[said[one] for one in shown], next=encode_cursor(last.isoformat(), shown[-1]) if last else None
    )


def _told(row: Message) -> Said:
    return Said(
        at=row.sent_at or row.created_at,
        message_id=row.id,
        kind=row.template,
        channel=Channel(row.channel) if row.channel else None,
        state=State(row.state),
        held_by=row.held_by,
    )


async def _read(db: Db, keys: KeyRing, rows: Sequence[Reply]) -> list[ReplyRead]:
    sealers = await keys.sealers(db, db.scope.agency_id, {row.participant_id or row.id for row in rows})
    return [
        ReplyRead(
            id=row.id,
            participant_id=row.participant_id,
            channel=Channel(row.channel),
            meaning=Meaning(row.meaning),
            words=str(sealers[row.participant_id or row.id].open(REPLY_WORDS, row.words)),
            at=row.at,
            waits=row.waits and row.resolved_at is None,
            resolution=row.resolution,
            resolved_by=row.resolved_by,
            resolved_at=row.resolved_at,
            version=row.version,
        )
        for row in rows
    ]
