"""Who supervises whom."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall, decode_cursor
from common.text import Day
from workforce.api.admission import ADMINISTERING, CREATED, PEOPLE, Limit
from workforce.commands import supervision
from workforce.queries import supervision as queries

router = APIRouter(prefix="/v1", tags=["supervision"])


@router.post("/supervisor-assignments", **CREATED, dependencies=ADMINISTERING)
async def assign_supervisor(call: CurrentCall, body: supervision.AssignSupervisor) -> Response:
    return await call.once(body, lambda db: supervision.assign_supervisor(db, body))


@router.put("/supervisor-assignments/{assignment_id}/end", response_model=Created, dependencies=ADMINISTERING)
async def end_supervision(call: CurrentCall, assignment_id: UUID, body: supervision.EndSupervision) -> Response:
    return await call.change(lambda db, expected: supervision.end_supervision(db, assignment_id, body, expected))


@router.get("/supervisor-assignments", dependencies=PEOPLE)
async def assignments(
    call: CurrentCall,
    staff_id: UUID | None = None,
    supervisor_id: UUID | None = None,
    on: Day | None = None,
    next: str | None = None,
    limit: Limit = 50,
) -> queries.AssignmentPage:
    """Answer who supervises whom: the agency's, of whom one supervises, or one's own."""
    after = decode_cursor(next)
    async with call.reading("supervisor.list", staff_id) as db:
        return await queries.assignments(
            db, call.actor, staff_id=staff_id, supervisor_id=supervisor_id, on=on, after=after, limit=limit
        )
