"""What the rules of a day ask of who works here, what they have, and what is missing until when."""

from uuid import UUID

from fastapi import APIRouter

from common.http import CurrentCall, decode_cursor
from common.text import Day
from workforce.api.admission import OVERSEEING, PEOPLE, Limit
from workforce.queries import standing as queries

router = APIRouter(prefix="/v1", tags=["standing"])


@router.get("/staff/{staff_id}/standing", dependencies=PEOPLE)
async def standing(call: CurrentCall, staff_id: UUID, on: Day | None = None) -> queries.Standing:
    """One's own standing, or of whom one answers for: each rule with its source and how sure it is."""
    async with call.reading("standing.read", staff_id) as db:
        return await queries.standing_of(db, call.actor, staff_id, on)


@router.get("/standings", dependencies=OVERSEEING)
async def standings(
    call: CurrentCall,
    on: Day | None = None,
    program_id: UUID | None = None,
    next: str | None = None,
    limit: Limit = 50,
) -> queries.Standings:
    """Who works here on a day, with what is behind and what is due soon; of supervisors whom they supervise."""
    after = decode_cursor(next)
    async with call.reading("standing.list") as db:
        return await queries.standings(db, call.actor, on, program_id, after, limit)
