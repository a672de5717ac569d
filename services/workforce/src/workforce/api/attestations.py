"""What staff declare with a signature: a code of ethics, lived experience, recovery, confidentiality."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall
from workforce.api.admission import ADMINISTERING, CREATED, PEOPLE
from workforce.commands import attestations
from workforce.queries import attestations as queries

router = APIRouter(prefix="/v1", tags=["attestations"])


@router.post("/attestations", **CREATED, dependencies=PEOPLE)
async def sign(call: CurrentCall, body: attestations.Sign) -> Response:
    """Sign a declaration, for oneself alone."""
    return await call.once(body, lambda db: attestations.sign(db, call.actor, body))


@router.post("/paper-attestations", **CREATED, dependencies=ADMINISTERING)
async def record_paper(call: CurrentCall, body: attestations.RecordPaper) -> Response:
    """Record a paper that somebody signed before the caller."""
    return await call.once(body, lambda db: attestations.record_paper(db, call.actor, body))


@router.put("/attestations/{attestation_id}/withdrawal", response_model=Created, dependencies=PEOPLE)
async def withdraw(call: CurrentCall, attestation_id: UUID, _: attestations.Withdraw) -> Response:
    """Withdraw one's own declaration from today on."""
    return await call.change(lambda db, expected: attestations.withdraw(db, call.actor, attestation_id, expected))


@router.get("/staff/{staff_id}/attestations", dependencies=PEOPLE)
async def attestations_of(call: CurrentCall, staff_id: UUID) -> queries.Attestations:
    async with call.reading("attestation.list", staff_id) as db:
        return await queries.attestations_of(db, call.actor, staff_id)
