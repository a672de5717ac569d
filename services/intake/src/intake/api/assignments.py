"""How peers are assigned to people."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall, decode_cursor
from intake.api.admission import ASSIGNING, CREATED, SEEING, Limit, shown
from intake.commands import assignments, reassignments
from intake.queries import caseloads, records

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


@router.post(
    "/assignments/{assignment_id}/transfers",
    status_code=201,
    response_model=assignments.Transferred,
    dependencies=ASSIGNING,
)
async def transfer_assignment(call: CurrentCall, assignment_id: UUID, body: assignments.TransferAssignment) -> Response:
    """End one peer's assignment and start the next one's, in one."""
    keys, where = call.runtime.keys, "/api/intake/v1/assignments/{id}"
    return await call.once(
        body, lambda db: assignments.transfer_assignment(db, keys, call.actor, assignment_id, body), location=where
    )


@router.get("/participants/{participant_id}/assignments", dependencies=SEEING)
async def assignments_of(
    call: CurrentCall, participant_id: UUID, next: str | None = None, limit: Limit = 50
) -> caseloads.AssignmentHistory:
    """Everybody who worked with a person, in the order of the first days, with what each left for the next."""
    keys, after = call.runtime.keys, decode_cursor(next)
    async with call.reading("assignment.history", participant_id) as db:
        return await caseloads.assignments_of(db, keys, call.actor, participant_id, after, limit)


@router.get("/caseloads", dependencies=ASSIGNING)
async def all_caseloads(call: CurrentCall, next: str | None = None, limit: Limit = 50) -> caseloads.Caseloads:
    """How full each peer's caseload is, and who left and still holds assignments."""
    async with call.reading("caseloads.read") as db:
        return await caseloads.caseloads(db, decode_cursor(next), limit)


@router.get("/reassignments/preview", dependencies=ASSIGNING)
async def preview_reassignment(call: CurrentCall, from_staff_id: UUID) -> caseloads.Preview:
    """Who might take over each of a peer's assignments, by matching; nothing is changed."""
    async with call.transaction() as db:
        preview = await caseloads.preview(db, call.runtime.keys, from_staff_id)
        db.audit(
            "reassignment.preview",
            None,
            from_staff_id=from_staff_id,
            seen=sorted({row.participant_id for row in preview.rows}),
        )
    return preview


@router.post("/reassignments", status_code=201, response_model=reassignments.Reassigned, dependencies=ASSIGNING)
async def reassign(call: CurrentCall, body: reassignments.Reassign) -> Response:
    return await call.once(body, lambda db: reassignments.reassign(db, call.runtime.keys, body))
