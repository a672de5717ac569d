"""What was sent, and what failed and should be sent again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from common.contracts.codes import Role
from common.http import Created, CurrentCall, allow, decode_cursor
from notification.commands import retries
from notification.queries import messages as queries
from notification.rules.messages import State

router = APIRouter(prefix="/v1")


@router.get("/messages", dependencies=[allow(Role.ADMINISTRATOR, Role.SUPERVISOR)])
async def message_page(
    call: CurrentCall,
    state: State | None = None,
    next: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> queries.MessagePage:
    """List messages, newest first: to whom and when, by id; no address."""
    async with call.reading("message.list") as db:
        return await queries.message_page(db, state, decode_cursor(next), limit)


@router.post(
    "/messages/{message_id}/retries",
    status_code=201,
    response_model=Created,
    dependencies=[allow(Role.ADMINISTRATOR)],
)
async def retry(call: CurrentCall, message_id: UUID, body: retries.RetryMessage) -> Response:
    """Send a failed message again; the answer is its id and new version."""
    return await call.once(body, lambda db: retries.retry(db, message_id))
