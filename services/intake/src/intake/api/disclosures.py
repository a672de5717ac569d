"""How something is disclosed: previews, packages, what is told at once; the accounting of it and its review."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from common.contracts.codes import Role
from common.http import Created, CurrentCall, allow, answer, decode_cursor
from intake.api.admission import CREATED, SEEING, Limit, shown
from intake.commands import disclosure_reviews, disclosures, packages
from intake.queries import accounting as accounts
from intake.queries import disclosures as reading
from intake.queries import packages as showing
from intake.rules.packages import DisclosurePackage, canonical, document_words
from intake.rules.pages import STRICT, page
from intake.rules.statements import Language

router = APIRouter(prefix="/v1")
REVIEWING = [allow(Role.PRIVACY_OFFICER, Role.ADMINISTRATOR)]
OfYears = Annotated[accounts.Years, Query(description="3: with consent (42 CFR 2.25); 6: all (45 CFR 164.528)")]


@router.post("/disclosures", dependencies=SEEING, **CREATED)
async def disclose(call: CurrentCall, body: disclosures.MakeDisclosure) -> Response:
    """Something told at this instant, by phone or in person; it may be told only once this has answered."""
    return await call.once(body, lambda db: disclosures.disclose(db, call.runtime.keys, call.actor, body))


@router.get("/disclosures", dependencies=REVIEWING)
async def waiting_reviews(
    call: CurrentCall, reviewable: bool = False, next: str | None = None, limit: Limit = 50
) -> reading.WaitingReviews:
    """What was disclosed without consent and waits for a second person."""
    reading.require_reviewable(reviewable=reviewable)
    async with call.transaction() as db:
        found = await reading.waiting_reviews(db, call.actor, decode_cursor(next), limit)
        db.audit("disclosure.waiting", None, seen=[one.participant_id for one in found.items])
    return found


@router.post("/disclosures/{disclosure_id}/reviews", dependencies=REVIEWING, **CREATED)
async def review(call: CurrentCall, disclosure_id: UUID, body: disclosure_reviews.ReviewDisclosure) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: disclosure_reviews.review_disclosure(db, keys, actor, disclosure_id, body))


@router.get("/participants/{participant_id}/disclosures", dependencies=SEEING)
async def disclosures_of(
    call: CurrentCall, participant_id: UUID, next: str | None = None, limit: Limit = 50
) -> reading.DisclosurePage:
    async with call.reading("disclosure.list", participant_id) as db:
        return await reading.disclosures_of(
            db, call.runtime.keys, call.actor, participant_id, decode_cursor(next), limit
        )


@router.get("/participants/{participant_id}/accounting", response_model=accounts.Accounting, dependencies=SEEING)
async def accounting(
    call: CurrentCall,
    request: Request,
    participant_id: UUID,
    years: OfYears = accounts.Years.THREE,
    language: Language = "en",
) -> Response:
    """Who received what: JSON, or a page to print for the person where the browser asks for one."""
    async with call.reading("accounting.read", participant_id, years=int(years)) as db:
        found = await accounts.accounting(
            db, call.runtime.keys, call.actor, participant_id, years=years, language=language
        )
    if _wants_page(request):
        return HTMLResponse(page(accounts.accounting_words(found), language=language), headers=STRICT)
    return answer(found.model_dump_json().encode())


@router.get("/participants/{participant_id}/intermediary-disclosures", dependencies=SEEING)
async def intermediary_list(call: CurrentCall, participant_id: UUID) -> accounts.IntermediaryList:
    """Who received records through an intermediary in the past three years (42 CFR 2.24)."""
    async with call.reading("intermediary-disclosure.list", participant_id) as db:
        return await accounts.intermediary_list(db, call.runtime.keys, call.actor, participant_id)


@router.post("/disclosure-previews", dependencies=SEEING)
async def preview(call: CurrentCall, body: packages.AskPreview) -> showing.Preview:
    """What would be sent, and why or why not; nothing is."""
    async with call.transaction() as db:
        return await showing.preview(db, call.runtime.keys, call.actor, body)


@router.post("/packages", status_code=201, response_model=packages.PackageMade, dependencies=SEEING)
async def prepare(call: CurrentCall, body: packages.PreparePackage) -> Response:
    keys, where = call.runtime.keys, "/api/intake/v1/packages/{id}"
    return await call.once(body, lambda db: packages.prepare_package(db, keys, call.actor, body), location=where)


@router.get("/packages/{package_id}", response_model=showing.PackageRecord, dependencies=SEEING)
async def package(call: CurrentCall, package_id: UUID) -> Response:
    async with call.reading("package.read", package_id) as db:
        record = await showing.package(db, call.actor, package_id)
    return shown(record, record.version)


@router.put("/packages/{package_id}/handover", response_model=packages.HandoverAnswer, dependencies=SEEING)
async def hand_over(call: CurrentCall, package_id: UUID) -> Response:
    """Decide again and account for it; only `handed_over` may leave, and then the document can be fetched."""
    keys = call.runtime.keys
    return await call.change(lambda db, expected: packages.hand_over(db, keys, call.actor, package_id, expected))


@router.put("/packages/{package_id}/cancellation", response_model=Created, dependencies=SEEING)
async def cancel(call: CurrentCall, package_id: UUID, body: packages.CancelPackage) -> Response:
    return await call.change(lambda db, expected: packages.cancel_package(db, call.actor, package_id, body, expected))


@router.get("/packages/{package_id}/document", response_model=DisclosurePackage, dependencies=SEEING)
async def document(call: CurrentCall, request: Request, package_id: UUID) -> Response:
    """The one document that leaves: JSON, or a page to print whose first words are the statement."""
    async with call.reading("package.document", package_id) as db:
        content = await showing.document(db, call.runtime.keys, call.actor, package_id)
    if _wants_page(request):
        return HTMLResponse(page(document_words(content), language=content.language), headers=STRICT)
    return answer(canonical(content))


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")
