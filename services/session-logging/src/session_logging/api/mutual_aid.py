"""How mutual-aid attendance is counted, taken back and read."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from common.http import Created, CurrentCall, decode_cursor
from common.text import Day
from session_logging.api.admission import PLANS, WORKING, Limit
from session_logging.commands import mutual_aid
from session_logging.commands.withdrawals import Withdraw
from session_logging.queries import mutual_aid as queries

router = APIRouter(prefix="/v1")


@router.post("/mutual-aid-attendances", status_code=201, response_model=Created, dependencies=WORKING)
async def attend_mutual_aid(call: CurrentCall, body: mutual_aid.CountMutualAid) -> Response:
    return await call.once(body, lambda db: mutual_aid.attend_mutual_aid(db, call.actor, body))


@router.put("/mutual-aid-attendances/{attendance_id}/withdrawal", response_model=Created, dependencies=WORKING)
async def withdraw_mutual_aid(call: CurrentCall, attendance_id: UUID, body: Withdraw) -> Response:
    """Withdraw a mistaken count: it stays to be seen, and counts no more. The same reason again changes nothing."""
    return await call.change(
        lambda db, expected: mutual_aid.withdraw_mutual_aid(db, call.actor, attendance_id, expected, body)
    )


@router.get("/mutual-aid-attendances", dependencies=PLANS)
async def attendance_page(
    call: CurrentCall, participant_id: UUID, next: str | None = None, limit: Limit = 50
) -> queries.AttendancePage:
    """Return a person's counted meetings, the newest day first, to find one that was counted by mistake."""
    async with call.reading("mutual-aid.list", participant_id) as db:
        return await queries.attendance_page(db, call.actor, participant_id, decode_cursor(next), limit)


@router.get("/participants/{participant_id}/mutual-aid", dependencies=PLANS)
async def mutual_aid_counts(
    call: CurrentCall,
    participant_id: UUID,
    on: Annotated[Day | None, Query(description="the last of the 30 days; today unless given")] = None,
) -> queries.MutualAidCounts:
    """Return how often somebody went to which kind of meeting in 30 days, with the federal band (not confirmed)."""
    async with call.reading("mutual-aid.read", participant_id) as db:
        return await queries.mutual_aid_counts(db, call.actor, participant_id, on)
