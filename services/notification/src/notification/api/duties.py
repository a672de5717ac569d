"""Who is on call."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall
from notification.api.admission import SUPERVISING, WORKING
from notification.commands import duties
from notification.queries import duties as standing

router = APIRouter(prefix="/v1")


@router.get("/on-call", dependencies=WORKING)
async def on_call(call: CurrentCall) -> standing.OnCall:
    """Tell who is on call now; if nobody is, what to do at once instead."""
    async with call.transaction() as db:
        found = await standing.on_call_now(db)
        db.audit("on-call.read", None, people=len(found.staff_ids))
    return found


@router.get("/duties", dependencies=WORKING)
async def all_duties(call: CurrentCall) -> standing.DutyList:
    """List who is on call when, from today on."""
    async with call.reading("duty.list") as db:
        return await standing.duties(db)


@router.post("/duties", status_code=201, response_model=Created, dependencies=SUPERVISING)
async def set_duty(call: CurrentCall, body: duties.SetDuty) -> Response:
    """Put somebody on call, week by week or for one day."""
    return await call.once(body, lambda db: duties.set_duty(db, body))


@router.put("/duties/{duty_id}/end", response_model=Created, dependencies=SUPERVISING)
async def end_duty(call: CurrentCall, duty_id: UUID, body: duties.EndDuty) -> Response:
    """Take somebody off call."""
    return await call.change(lambda db, seen: duties.end_duty(db, duty_id, body, expected=seen))
