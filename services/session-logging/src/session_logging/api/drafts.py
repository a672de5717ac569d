"""How what somebody types is saved, found again and thrown away."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall
from session_logging.api.admission import WORKING
from session_logging.commands import drafts
from session_logging.queries import note_drafts as queries

router = APIRouter(prefix="/v1")


@router.put("/drafts/{draft_id}", dependencies=WORKING)
async def save_draft(call: CurrentCall, draft_id: UUID, body: drafts.SaveDraft) -> Created:
    """Save a form as it stands; the same save again changes nothing, an older one never goes over a newer one."""
    async with call.transaction() as db:
        return await drafts.save_draft(db, call.runtime.keys, call.actor, draft_id, body)


@router.get("/drafts", dependencies=WORKING)
async def draft_list(call: CurrentCall) -> list[queries.DraftEntry]:
    """Return one's own drafts, the newest first, without what is in them."""
    async with call.reading("draft.list") as db:
        return await queries.drafts(db, call.actor)


@router.get("/drafts/{draft_id}", dependencies=WORKING)
async def draft(call: CurrentCall, draft_id: UUID) -> queries.DraftRead:
    async with call.reading("draft.read", draft_id) as db:
        return await queries.draft(db, call.runtime.keys, call.actor, draft_id)


@router.delete("/drafts/{draft_id}", status_code=204, dependencies=WORKING)
async def delete_draft(call: CurrentCall, draft_id: UUID) -> Response:
    """Delete a draft for good."""
    async with call.transaction() as db:
        await drafts.delete_draft(db, call.actor, draft_id)
    return Response(status_code=204)
