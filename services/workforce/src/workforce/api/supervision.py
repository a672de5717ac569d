"""Who supervises whom."""

from fastapi import APIRouter
from starlette.responses import Response

from common.http import CurrentCall
from workforce.api.admission import ADMINISTERING, CREATED
from workforce.commands import supervision

router = APIRouter(prefix="/v1", tags=["supervision"])


@router.post("/supervisor-assignments", **CREATED, dependencies=ADMINISTERING)
async def assign_supervisor(call: CurrentCall, body: supervision.AssignSupervisor) -> Response:
    return await call.once(body, lambda db: supervision.assign_supervisor(db, body))
