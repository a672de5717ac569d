"""Consents at the edge in FHIR R4: out as they stand, in as drafts."""

import hashlib
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from common.errors import Refused
from common.http import CurrentCall
from intake.api.admission import SEEING
from intake.api.fhir import BODY, FHIR_JSON, ISSUES, OUTCOME, outcome, require_release, unread
from intake.commands import fhir_consent
from intake.queries import fhir_consent as reading
from intake.rules.fhir_reading import FhirRefused

router = APIRouter(prefix="/v1")


class FhirJson(JSONResponse):
    media_type = FHIR_JSON


@router.get(
    "/fhir/consent/{consent_id}",
    response_class=FhirJson,
    response_model=reading.ConsentResource,
    dependencies=SEEING,
)
async def consent_as_fhir(call: CurrentCall, consent_id: UUID) -> Response:
    """A consent as FHIR R4 has it. What FHIR has no place for stands in its text; the person is not named."""
    async with call.reading("fhir-consent.read", consent_id) as db:
        resource = await reading.fhir_consent(db, call.runtime.keys, call.actor, consent_id)
    return FhirJson(resource)


@router.post(
    "/fhir/consent",
    status_code=201,
    response_model=fhir_consent.DrawnUp,
    dependencies=SEEING,
    openapi_extra=BODY,
    responses={400: OUTCOME, 422: OUTCOME},
)
async def draw_up_from_fhir(request: Request, call: CurrentCall, participant_id: UUID) -> Response:
    """Draw up a person's consent from a FHIR R4 Consent: a draft, whatever was signed elsewhere."""
    keys, actor, where = call.runtime.keys, call.actor, "/api/intake/v1/consents/{id}"
    try:
        require_release(request)
        content = await request.body()
        found = await fhir_consent.read_consent(content)
        body = fhir_consent.ConsentDocument(sha256=hashlib.sha256(content).hexdigest(), participant_id=participant_id)
        return await call.once(
            body,
            lambda db: fhir_consent.draw_up_from_fhir(db, keys, actor, participant_id, found),
            location=where,
        )
    except FhirRefused as broken:
        return await unread(request, broken)
    except Refused as refused:
        return await outcome(request, refused, ISSUES.get(refused.status, "invalid"), ())
