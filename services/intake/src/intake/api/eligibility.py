"""How an agency says whom a program is for, and how a form asks before it is sent."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall
from intake.api.admission import ASSIGNING, SEEING, SERVING, shown
from intake.commands import eligibility

router = APIRouter(prefix="/v1")


@router.get("/programs/{program_id}/eligibility", response_model=eligibility.ProgramRules, dependencies=SEEING)
async def program_rules(call: CurrentCall, program_id: UUID) -> Response:
    async with call.reading("eligibility.read", program_id) as db:
        await eligibility.require_program(db, program_id)
        stored = await eligibility.rules_of(db, program_id)
    return shown(stored, stored.version)


@router.put("/programs/{program_id}/eligibility", response_model=Created, dependencies=ASSIGNING)
async def set_eligibility(call: CurrentCall, program_id: UUID, body: eligibility.SetEligibility) -> Response:
    """Set the rules anew; the first time with If-Match "0"."""
    return await call.change(lambda db, expected: eligibility.set_eligibility(db, program_id, body, expected=expected))


@router.post("/programs/{program_id}/eligibility-checks", dependencies=SERVING)
async def check_eligibility(
    call: CurrentCall, program_id: UUID, body: eligibility.CheckEligibility
) -> eligibility.Screened:
    """Say what the rules advise, and keep nothing: it needs no Idempotency-Key."""
    async with call.transaction() as db:
        said = await eligibility.check_eligibility(db, program_id, body)
        db.audit("eligibility.check", program_id, rules_version=said.rules_version)
    return said
