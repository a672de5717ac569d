"""How supervisors look at notes: co-sign, return, answer, void; and which of them wait."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall, decode_cursor
from session_logging.api.admission import SUPERVISING, WORKING, Limit
from session_logging.commands import reviews
from session_logging.queries import reviews as queries

router = APIRouter(prefix="/v1")


@router.put("/sessions/{session_id}/co-signature", response_model=Created, dependencies=SUPERVISING)
async def cosign(call: CurrentCall, session_id: UUID) -> Response:
    """Co-sign a note that waits for it; from then on it is final."""
    actor = call.actor
    return await call.change(lambda db, expected: reviews.cosign(db, actor, session_id, expected))


@router.put("/sessions/{session_id}/return", response_model=Created, dependencies=SUPERVISING)
async def return_note(call: CurrentCall, session_id: UUID, body: reviews.ReturnNote) -> Response:
    """Give a note back to its worker with the reason; what had been signed is kept beside it."""
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, expected: reviews.return_note(db, keys, actor, session_id, expected, body))


@router.post("/sessions/{session_id}/answers", status_code=201, response_model=Created, dependencies=WORKING)
async def answer_note(call: CurrentCall, session_id: UUID, body: reviews.AnswerNote) -> Response:
    """Comment a note, thank for it or approve it. Answers the id of what was said."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: reviews.answer_note(db, keys, actor, session_id, body))


@router.put("/sessions/{session_id}/void", response_model=Created, dependencies=WORKING)
async def void_session(call: CurrentCall, session_id: UUID, body: reviews.VoidSession) -> Response:
    """Void what should not be there; the record stays and says why, and counts for nothing."""
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, expected: reviews.void_session(db, keys, actor, session_id, expected, body))


@router.get("/reviews", dependencies=SUPERVISING)
async def awaited_page(
    call: CurrentCall, mine: bool = True, next: str | None = None, limit: Limit = 50
) -> queries.AwaitedPage:
    """Return the notes that wait for a co-signature, the longest waiting first; `mine`: of whom I supervise."""
    async with call.reading("review.list") as db:
        return await queries.awaited_page(db, call.actor, mine=mine, after=decode_cursor(next), limit=limit)
