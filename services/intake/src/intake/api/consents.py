"""How consents are drawn up, presented, signed, ended and read."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from common.contracts.codes import Role
from common.http import Created, CurrentCall, allow, decode_cursor, stepped_up
from intake.api.admission import CREATED, SEEING, Limit, shown
from intake.commands import consent_drafts, consent_moves, consents
from intake.queries import consents as read
from intake.queries import statements

router = APIRouter(prefix="/v1")
OFFICER = [allow(Role.PRIVACY_OFFICER)]
WHERE = "/api/intake/v1/consents/{id}"
Place = Annotated[int, Path(ge=0, le=49)]
Waits = Annotated[read.Waiting, Query(description="suspended: to get in writing; expiring: within 30 days")]


@router.post("/consents", dependencies=SEEING, **CREATED)
async def sign_consent(call: CurrentCall, body: consents.SignConsent) -> Response:
    """Record a consent that is whole and signed, on paper or electronically, in one call."""
    keys = call.runtime.keys
    return await call.once(body, lambda db: consents.sign_consent(db, keys, call.actor, body), location=WHERE)


@router.post("/consent-drafts", dependencies=SEEING, **CREATED)
async def draw_up(call: CurrentCall, body: consent_drafts.DrawUpConsent) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: consent_drafts.draw_up(db, keys, call.actor, body), location=WHERE)


@router.post("/consents/{consent_id}/replacements", dependencies=SEEING, **CREATED)
async def replace(call: CurrentCall, consent_id: UUID, body: consent_drafts.DraftTerms) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: consent_drafts.replace(db, keys, actor, consent_id, body), location=WHERE)


@router.get("/consents", dependencies=OFFICER)
async def consents_waiting(
    call: CurrentCall, standing: Waits, next: str | None = None, limit: Limit = 50
) -> read.ConsentPage:
    async with call.transaction() as db:
        page = await read.consents_waiting(db, call.runtime.keys, call.actor, standing, decode_cursor(next), limit)
        db.audit("consent.waiting", None, seen=[entry.id for entry in page.items])
    return page


@router.get("/participants/{participant_id}/consents", dependencies=SEEING)
async def consents_of(
    call: CurrentCall, participant_id: UUID, next: str | None = None, limit: Limit = 50
) -> read.ConsentPage:
    async with call.reading("consent.list", participant_id) as db:
        return await read.consents_of(db, call.runtime.keys, call.actor, participant_id, decode_cursor(next), limit)


@router.get("/consents/{consent_id}", response_model=read.ConsentRecord, dependencies=SEEING)
async def consent(call: CurrentCall, consent_id: UUID) -> Response:
    async with call.reading("consent.read", consent_id) as db:
        record = await read.consent(db, call.runtime.keys, call.actor, consent_id)
    return shown(record, record.version)


@router.get("/consents/{consent_id}/words", response_model=read.ConsentWords, dependencies=SEEING)
async def consent_words(call: CurrentCall, consent_id: UUID) -> Response:
    async with call.reading("consent.words", consent_id) as db:
        record = await read.consent_words_of(db, call.runtime.keys, call.actor, consent_id)
    return shown(record, record.version)


@router.get("/consents/{consent_id}/incident-candidates", dependencies=OFFICER)
async def incident_candidates(
    call: CurrentCall, consent_id: UUID, next: str | None = None, limit: Limit = 50
) -> read.IncidentCandidates:
    """The disclosures that rested on a consent which was found false."""
    async with call.reading("consent.incident_candidates", consent_id) as db:
        return await read.incident_candidates(db, call.actor, consent_id, decode_cursor(next), limit)


@router.put("/consents/{consent_id}/draft", response_model=Created, dependencies=SEEING)
async def rewrite(call: CurrentCall, consent_id: UUID, body: consent_drafts.DraftTerms) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, seen: consent_drafts.rewrite(db, keys, actor, consent_id, body, seen))


@router.put("/consents/{consent_id}/presentation", response_model=consent_drafts.Presented, dependencies=SEEING)
async def present(call: CurrentCall, consent_id: UUID, body: consent_drafts.PresentConsent) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, seen: consent_drafts.present(db, keys, actor, consent_id, body, seen))


@router.put("/consents/{consent_id}/signature", response_model=Created, dependencies=SEEING)
async def sign_presented(call: CurrentCall, consent_id: UUID, body: consent_drafts.SignPresented) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, seen: consent_drafts.sign_presented(db, keys, actor, consent_id, body, seen))


@router.put("/consents/{consent_id}/refusal", response_model=Created, dependencies=SEEING)
async def decline(call: CurrentCall, consent_id: UUID, body: consent_drafts.DeclineConsent) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, seen: consent_drafts.decline(db, keys, actor, consent_id, body, seen))


@router.put("/consents/{consent_id}/discard", response_model=Created, dependencies=SEEING)
async def discard(call: CurrentCall, consent_id: UUID, body: consent_drafts.DiscardDraft) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, seen: consent_drafts.discard(db, keys, actor, consent_id, seen))


@router.put("/consents/{consent_id}/revocation", response_model=Created, dependencies=SEEING)
async def revoke_consent(call: CurrentCall, consent_id: UUID, body: consent_moves.RevokeConsent) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, seen: consent_moves.revoke_consent(db, keys, actor, consent_id, body, seen))


@router.post("/consents/{consent_id}/revocation-requests", dependencies=SEEING, **CREATED)
async def request_revocation(call: CurrentCall, consent_id: UUID, body: consent_moves.RevokeConsent) -> Response:
    """Write down a wish that 42 CFR 2.35 does not let come true yet."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: consent_moves.request_revocation(db, keys, actor, consent_id, body))


@router.put("/consents/{consent_id}/recipients/{place}/revocation", response_model=Created, dependencies=SEEING)
async def revoke_recipient(
    call: CurrentCall, consent_id: UUID, place: Place, body: consent_moves.RevokeConsent
) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, seen: consent_moves.revoke_recipient(db, keys, actor, consent_id, place, body, seen)
    )


@router.put("/consents/{consent_id}/suspension", response_model=Created, dependencies=SEEING)
async def suspend_consent(call: CurrentCall, consent_id: UUID, body: consent_moves.SuspendConsent) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, seen: consent_moves.suspend_consent(db, keys, actor, consent_id, body, seen))


@router.put("/consents/{consent_id}/lift", response_model=Created, dependencies=[*OFFICER, stepped_up()])
async def lift_suspension(call: CurrentCall, consent_id: UUID, body: consent_moves.LiftSuspension) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, seen: consent_moves.lift_suspension(db, keys, actor, consent_id, body, seen))


@router.put("/consents/{consent_id}/void", response_model=Created, dependencies=OFFICER)
async def void_consent(call: CurrentCall, consent_id: UUID, body: consent_moves.VoidConsent) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, seen: consent_moves.void_consent(db, keys, actor, consent_id, body, seen))


@router.put("/consents/{consent_id}/event", response_model=Created, dependencies=SEEING)
async def note_event(call: CurrentCall, consent_id: UUID, body: consent_moves.EventHappened) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, seen: consent_moves.note_event(db, keys, actor, consent_id, body, seen))


@router.get("/statements", dependencies=SEEING)
async def all_statements(call: CurrentCall) -> statements.Statements:
    """The texts that consents and disclosures carry, in every version."""
    return statements.statements()


@router.get("/statements/{code}", dependencies=SEEING)
async def one_statement(call: CurrentCall, code: str) -> statements.StatementRecord:
    return statements.statement(code)
