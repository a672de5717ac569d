"""How consents are signed and revoked, and how something is disclosed."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall
from intake.api.admission import CREATED, SEEING, shown
from intake.commands import (
    consents,
    disclosures,
)
from intake.queries import records

router = APIRouter(prefix="/v1")


@router.post("/consents", dependencies=SEEING, **CREATED)
async def sign_consent(call: CurrentCall, body: consents.SignConsent) -> Response:
    keys, where = call.runtime.keys, "/api/intake/v1/consents/{id}"
    return await call.once(body, lambda db: consents.sign_consent(db, keys, call.actor, body), location=where)


@router.get("/consents/{consent_id}", response_model=records.ConsentRecord, dependencies=SEEING)
async def consent(call: CurrentCall, consent_id: UUID) -> Response:
    async with call.reading("consent.read", consent_id) as db:
        record = await records.consent(db, call.runtime.keys, call.actor, consent_id)
    return shown(record, record.version)


@router.put("/consents/{consent_id}/revocation", response_model=Created, dependencies=SEEING)
async def revoke_consent(call: CurrentCall, consent_id: UUID, body: consents.RevokeConsent) -> Response:
    return await call.change(lambda db, expected: consents.revoke_consent(db, call.actor, consent_id, body, expected))


@router.post("/disclosures", dependencies=SEEING, **CREATED)
async def disclose(call: CurrentCall, body: disclosures.MakeDisclosure) -> Response:
    return await call.once(body, lambda db: disclosures.disclose(db, call.runtime.keys, call.actor, body))
