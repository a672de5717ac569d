"""Reading one's inbox: what was read stays there, and is no longer new."""

from uuid import UUID

from sqlalchemy import func, select, update

from common.database import Db
from common.errors import NotThere
from common.identity import Actor
from notification.models import Message
from notification.queries.inbox import in_inbox


async def read(db: Db, actor: Actor, message_id: UUID) -> None:
    """Mark an entry as read; the first time counts. Raises `NotThere`.

    The message's version stays: it belongs to whoever is sending it at this moment.
    """
    mine = in_inbox(actor.staff_id, db.now)
    if await db.scalar(select(Message.id).where(Message.id == message_id, mine)) is None:
        raise NotThere
    key = (Message.agency_id == db.scope.agency_id) & (Message.id == message_id)
    await db.execute(update(Message).where(key).values(read_at=func.coalesce(Message.read_at, db.now)))
    db.audit("inbox.read", message_id)
