"""How safety concerns climb: told by intake, watched by supervisors."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from common.contracts.codes import Role
from common.contracts.intake import SafetyFacts
from common.errors import Unprocessable
from common.http import VERSION_MOST, CurrentCall, allow, decode_cursor
from common.text import Asked
from notification.api.admission import SUPERVISING, Limit
from notification.commands import escalations
from notification.queries import escalations as climbing

router = APIRouter(prefix="/v1")


class ConcernState(Asked):
    """A concern as intake knows it; `seq` grows with each change."""

    seq: int = Field(ge=1, le=VERSION_MOST)
    concern: SafetyFacts


class Heard(BaseModel):
    news: bool = Field(description="false: this or something newer was known")


@router.get("/escalations", dependencies=SUPERVISING)
async def all_escalations(
    call: CurrentCall, closed: bool = False, next: str | None = None, limit: Limit = 50
) -> climbing.EscalationPage:
    """List concerns with their timers, the longest open first."""
    after = decode_cursor(next)
    async with call.transaction() as db:
        page = await climbing.escalations(db, closed=closed, after=after, limit=limit)
        seen = sorted({one.participant_id for one in page.items if one.participant_id})
        db.audit("escalation.list", None, seen=seen)
    return page


@router.put("/escalations/{concern_id}", response_model=Heard, dependencies=[allow(Role.SERVICE)])
async def hear(call: CurrentCall, concern_id: UUID, body: ConcernState) -> Heard:
    """Take a concern's state from intake, and page whoever is on call; the same again changes nothing."""
    if body.concern.concern_id != concern_id:
        raise Unprocessable("another-concern", "The body is about another concern than the path.", "/concern")
    async with call.transaction() as db:
        news = await escalations.hear(db, body.concern, body.seq)
        db.audit("escalation.hear", concern_id, seq=body.seq, news=news)
    return Heard(news=news)
