"""How a FHIR R4 document becomes a referral, and how one that cannot is answered: with an OperationOutcome."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from common.errors import Refused
from common.http import CurrentCall
from common.problems import refuse
from intake.api.admission import SERVING
from intake.commands import fhir
from intake.rules.fhir_reading import FhirRefused, Issue

router = APIRouter(prefix="/v1")
FHIR_JSON = "application/fhir+json"
MALFORMED = frozenset({"malformed-json", "too-deep", "field-twice"})
OUTCOME = {"description": "An OperationOutcome that names the element", "content": {FHIR_JSON: {}}}
RESOURCE = {"schema": {"type": "object", "required": ["resourceType"]}}
BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {FHIR_JSON: RESOURCE, "application/json": RESOURCE}}
}
ISSUES: Mapping[int, str] = {404: "not-found", 409: "conflict", 413: "too-long", 422: "business-rule", 503: "transient"}


@router.post(
    "/fhir/referral",
    status_code=201,
    response_model=fhir.Referred,
    dependencies=SERVING,
    openapi_extra=BODY,
    responses={400: OUTCOME, 422: OUTCOME},
)
async def refer_by_fhir(request: Request, call: CurrentCall, program_id: UUID | None = None) -> Response:
    """Take a referral from a FHIR R4 Bundle, or from a Patient or ServiceRequest with what it contains.

    Taken are the person, contacts, language, coverage, reason and who refers; all else is left out, and said so.
    """
    keys, actor, where = call.runtime.keys, call.actor, "/api/intake/v1/referrals/{id}"
    places: Mapping[str, str] = {}
    try:
        require_release(request)
        content = await request.body()
        found = await fhir.read_document(content, datetime.now(UTC).date())
        places = found.places
        body = fhir.FhirDocument(sha256=hashlib.sha256(content).hexdigest(), program_id=program_id)
        return await call.once(body, lambda db: fhir.refer(db, keys, actor, found, program_id), location=where)
    except FhirRefused as broken:
        return await unread(request, broken)
    except Refused as refused:
        expressions = [fhir.element_at(places, field["pointer"]) for field in refused.fields]
        return await outcome(request, refused, ISSUES.get(refused.status, "invalid"), expressions)


def require_release(request: Request) -> None:
    """Raise `FhirRefused` if the media type names another release than R4, which R4B is for these elements."""
    for parameter in request.headers.get("content-type", "").lower().split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name == "fhirversion" and value.strip('"')[:3] not in ("4.0", "4.3"):
            sentence = "Send FHIR R4 (4.0.1), not another release."
            raise FhirRefused("not-r4", Issue.NOT_SUPPORTED, sentence, "Bundle")


async def unread(request: Request, broken: FhirRefused) -> Response:
    """Answer a document that cannot be taken."""
    status = 400 if broken.code in MALFORMED else 422
    refused = Refused(broken.code, broken.sentence, status=status)
    return await outcome(request, refused, broken.issue, broken.expressions)


async def outcome(request: Request, refused: Refused, issue: str, expressions: Sequence[str]) -> Response:
    """Write the one audit entry of the refusal and answer it in FHIR's own words."""
    problem = await refuse(request.state.runtime, request.scope, refused)
    said: dict[str, object] = {
        "severity": "error",
        "code": issue,
        "details": {"coding": [{"system": "/problems", "code": refused.code}]},
        "diagnostics": refused.detail,
    }
    if expressions:
        said["expression"] = list(expressions)
    content = json.dumps({"resourceType": "OperationOutcome", "issue": [said]})
    kept = {name: value for name, value in problem.headers.items() if name in ("retry-after", "www-authenticate")}
    return Response(content, refused.status, kept, media_type=FHIR_JSON)
