"""What was sent, and what failed and should be sent again."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from common.contracts.codes import Role
from common.http import Created, CurrentCall, allow, decode_cursor
from notification.api.admission import ADMINISTERING
from notification.commands import retries
from notification.queries import delivery_report as reports
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


@router.get("/messages/{message_id}", dependencies=[allow(Role.ADMINISTRATOR, Role.SUPERVISOR)])
async def message(call: CurrentCall, message_id: UUID) -> reports.MessageRead:
    """Read one message with every try and what its provider said of it."""
    async with call.reading("message.read", message_id) as db:
        return await reports.message(db, message_id)


@router.get("/delivery-report", dependencies=ADMINISTERING)
async def delivery_report(
    call: CurrentCall,
    first: Annotated[date, Query(alias="from", description="the first day, on the agency's calendar")],
    last: Annotated[date, Query(alias="to", description="the last day")],
) -> reports.DeliveryReport:
    """Count what became of the messages that were to leave in a period, by kind and channel, and why."""
    async with call.reading("message.report") as db:
        return await reports.delivery_report(db, first, last)


@router.post(
    "/messages/{message_id}/retries",
    status_code=201,
    response_model=Created,
    dependencies=[allow(Role.ADMINISTRATOR)],
)
async def retry(call: CurrentCall, message_id: UUID, body: retries.RetryMessage) -> Response:
    """Send a failed message again; the answer is its id and new version."""
    return await call.once(body, lambda db: retries.retry(db, message_id))
