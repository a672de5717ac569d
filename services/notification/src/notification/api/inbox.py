"""What one was told, and that one has read it."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from common.http import CurrentCall, decode_cursor
from notification.api.admission import TOLD, Limit
from notification.commands import inbox as commands
from notification.queries import inbox as queries

router = APIRouter(prefix="/v1")


class Unread(BaseModel):
    unread: int


@router.get("/inbox", dependencies=TOLD)
async def inbox(call: CurrentCall, unread: bool = False, next: str | None = None, limit: Limit = 50) -> queries.Inbox:
    """Return one's own inbox, newest first; `unread`: only what was not read."""
    async with call.reading("inbox.list", call.actor.staff_id) as db:
        return await queries.inbox(db, call.actor, unread=unread, after=decode_cursor(next), limit=limit)


@router.put("/inbox/{message_id}/read", dependencies=TOLD)
async def read(call: CurrentCall, message_id: UUID) -> Unread:
    """Mark one entry as read; a repeat changes nothing. The answer is how much is unread now."""
    async with call.transaction() as db:
        await commands.read(db, call.actor, message_id)
        return Unread(unread=await queries.unread_count(db, call.actor))
