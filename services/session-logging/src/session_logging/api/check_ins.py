"""How brief check-ins and attempts are recorded, withdrawn and read."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall, decode_cursor
from session_logging.api.admission import PLANS, WORKING, Limit
from session_logging.commands import check_ins
from session_logging.commands.withdrawals import Withdraw
from session_logging.queries import check_ins as queries

router = APIRouter(prefix="/v1")


@router.post("/check-ins", status_code=201, response_model=Created, dependencies=WORKING)
async def record_check_in(call: CurrentCall, body: check_ins.RecordCheckIn) -> Response:
    """Record a contact or an attempt with somebody whom the caller serves; it is never billed."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: check_ins.record_check_in(db, keys, actor, body))


@router.put("/check-ins/{check_in_id}/withdrawal", response_model=Created, dependencies=WORKING)
async def withdraw_check_in(call: CurrentCall, check_in_id: UUID, body: Withdraw) -> Response:
    """Withdraw a mistaken entry: it stays to be seen, and counts no more. The same reason again changes nothing."""
    return await call.change(
        lambda db, expected: check_ins.withdraw_check_in(db, call.actor, check_in_id, expected, body)
    )


@router.get("/check-ins", dependencies=PLANS)
async def check_in_page(
    call: CurrentCall, participant_id: UUID, next: str | None = None, limit: Limit = 50
) -> queries.CheckInPage:
    """Return a person's contacts and attempts, newest first, with how often each outcome came in the last 30 days."""
    async with call.reading("check-in.list", participant_id) as db:
        keys, after = call.runtime.keys, decode_cursor(next)
        return await queries.check_in_page(db, keys, call.actor, participant_id, after, limit)
