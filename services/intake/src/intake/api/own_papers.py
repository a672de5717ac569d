"""A person's own view of their papers with a code, and who looked at somebody's record for the privacy officer."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from common.contracts.codes import Role
from common.http import CurrentCall, LookPage, allow, answer, decode_cursor
from common.runtime import Runtime
from intake.api.admission import Limit
from intake.api.own import TypeCode, code_opened
from intake.commands import own_papers
from intake.commands.recording import recording
from intake.queries import looks
from intake.queries import own_papers as reading
from intake.queries.own_papers_page import papers_in_words
from intake.rules.own import OwnLanguage, OwnPurpose
from intake.rules.pages import STRICT, page

router = APIRouter(prefix="/v1")


@router.post("/own/papers", response_model=reading.OwnPapers)
async def papers(request: Request, body: TypeCode) -> Response:
    """Consents, who received what, who looked, and the notice: JSON, or a page to print for a browser."""
    runtime: Runtime = request.state.runtime
    async with code_opened(request, body.code, OwnPurpose.PAPERS) as (db, code):
        found = await reading.own_papers(db, runtime.keys, code)
        zone = (await recording(db)).zone
    if "text/html" not in request.headers.get("accept", ""):
        return answer(found.model_dump_json().encode())
    return HTMLResponse(page(papers_in_words(found, zone), language=found.language), headers=STRICT)


@router.post("/own/consent-revocations")
async def revoke(request: Request, body: own_papers.RevokeOwnConsent) -> reading.OwnRevoked:
    """The person's written revocation, of all of a consent or for one recipient, as of this instant."""
    runtime: Runtime = request.state.runtime
    async with code_opened(request, body.code, OwnPurpose.PAPERS) as (db, code):
        done = await own_papers.revoke_own(db, runtime.keys, code, body)
        return reading.told(OwnLanguage(code.language), done)


@router.get("/participants/{participant_id}/looks", dependencies=[allow(Role.PRIVACY_OFFICER)])
async def looks_of(call: CurrentCall, participant_id: UUID, next: str | None = None, limit: Limit = 50) -> LookPage:
    """Who looked at a person here, or at anything that belongs to them, under all records of theirs."""
    async with call.reading("looks.read", participant_id) as db:
        return await looks.looks_of(db, call.actor, participant_id, decode_cursor(next), limit)
