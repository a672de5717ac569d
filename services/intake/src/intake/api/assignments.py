"""How peers are assigned to people."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall
from intake.api.admission import ASSIGNING, CREATED, SEEING, shown
from intake.commands import (
    assignments,
)
from intake.queries import records

router = APIRouter(prefix="/v1")


@router.post("/assignments", dependencies=ASSIGNING, **CREATED)
async def assign_peer(call: CurrentCall, body: assignments.AssignPeer) -> Response:
    where = "/api/intake/v1/assignments/{id}"
    return await call.once(body, lambda db: assignments.assign_peer(db, call.actor, body), location=where)


@router.get("/assignments/{assignment_id}", response_model=records.AssignmentRecord, dependencies=SEEING)
async def assignment(call: CurrentCall, assignment_id: UUID) -> Response:
    async with call.reading("assignment.read", assignment_id) as db:
        record = await records.assignment(db, call.actor, assignment_id)
    return shown(record, record.version)


@router.put("/assignments/{assignment_id}/end", response_model=Created, dependencies=ASSIGNING)
async def end_assignment(call: CurrentCall, assignment_id: UUID, body: assignments.EndAssignment) -> Response:
    return await call.change(
        lambda db, expected: assignments.end_assignment(db, call.actor, assignment_id, body, expected)
    )
