"""How many people each supervisor supervises and each peer accompanies, beside the limits of the day."""

from fastapi import APIRouter

from common.http import CurrentCall, decode_cursor
from common.text import Day
from workforce.api.admission import OVERSEEING, Limit
from workforce.queries import limits as queries

router = APIRouter(prefix="/v1", tags=["standing"])


@router.get("/limits", dependencies=OVERSEEING)
async def limits(
    call: CurrentCall, on: Day | None = None, next: str | None = None, limit: Limit = 50
) -> queries.Limits:
    """Supervisors' spans and peers' caseloads on a day, with what the packs in force allow and how sure that is."""
    after = decode_cursor(next)
    async with call.reading("limits.list") as db:
        return await queries.limits(db, call.actor, on, after, limit)
