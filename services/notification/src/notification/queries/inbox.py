"""What can be asked about one's inbox: what one was told, whatever else carried it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, and_, exists, func, select

from common.database import Db
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from notification.models import Message
from notification.rules.devices import CONFIRM_DEVICE
from notification.rules.messages import Audience, Purpose, State


class InboxEntry(BaseModel):
    """One thing one was told, by its template; `values` are counts and codes, never a name."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    template: str
    purpose: Purpose
    values: dict[str, Any]
    told_at: AwareDatetime = Field(validation_alias="not_before")
    read_at: AwareDatetime | None


class Inbox(BaseModel):
    """The newest first. `unread`: in the whole inbox."""

    unread: int
    items: list[InboxEntry]
    next: str | None = None


async def inbox(db: Db, actor: Actor, *, unread: bool, after: Cursor | None, limit: int) -> Inbox:
    """Return up to `limit` entries of the actor's inbox, of all or of those not read."""
    limit = min(limit, PAGE_MOST)
    mine = in_inbox(actor.staff_id, db.now)
    question = select(Message).where(mine).order_by(Message.id.desc()).limit(limit + 1)
    if unread:
        question = question.where(Message.read_at.is_(None))
    if after is not None:
        question = question.where(Message.id < after.id)
    rows = (await db.scalars(question)).all()
    items = [InboxEntry.model_validate(row) for row in rows[:limit]]
    return Inbox(
        unread=await unread_count(db, actor),
        items=items,
        next=encode_cursor("", items[-1].id) if len(rows) > limit else None,
    )


async def unread_count(db: Db, actor: Actor) -> int:
    """Return how much in the actor's inbox they have not read."""
    mine = in_inbox(actor.staff_id, db.now)
    return await db.scalar(select(func.count()).select_from(Message).where(mine, Message.read_at.is_(None))) or 0


def in_inbox(staff_id: UUID, now: datetime) -> ColumnElement[bool]:
    """Return which messages are in somebody's inbox: their own whose time has come and that nobody took back.

    One that pages by several ways stands there once.
    """
    other = Message.__table__.alias("other")
    earlier = exists().where(
        other.c.agency_id == Message.agency_id,
        other.c.recipient_id == Message.recipient_id,
        other.c.template == Message.template,
        other.c.occasion == Message.occasion,
        other.c.id < Message.id,
    )
    return and_(
        Message.recipient_id == staff_id,
        Message.audience == Audience.STAFF,
        Message.not_before <= now,
        Message.state != State.CANCELLED,
        Message.template != CONFIRM_DEVICE,
        Message.only_by.is_(None) | ~earlier,
    )
