"""How a file of referrals is sent, how far it is, and which of its lines were refused."""

import hashlib
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.responses import Response

from common.http import Created, CurrentCall, decode_cursor
from common.text import Code
from intake.api.admission import ASSIGNING, Limit
from intake.commands import referral_imports
from intake.queries import referrals as reading
from intake.rules.referral_files import COLUMNS, MOST_ROWS

router = APIRouter(prefix="/v1")
CSV = "text/csv"
FILE = (
    f"UTF-8 with a header line and at most {MOST_ROWS:,} lines below it. Columns, in any order and however they are "
    f"capitalized: {', '.join(COLUMNS)}, and answer:<question> with yes or no. referred_on and one of name and alias "
    "are needed. A line whose external_id was recorded before for the same source_system writes nothing."
)
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": FILE,
        "content": {
            CSV: {"schema": {"type": "string"}},
            "application/json": {"schema": referral_imports.CsvFile.model_json_schema()},
        },
    }
}


@router.post("/referral-imports", status_code=202, response_model=Created, dependencies=ASSIGNING, openapi_extra=BODY)
async def import_referrals(
    request: Request,
    call: CurrentCall,
    source_system: Annotated[Code, Query(description="which system the file is from; external ids are its own")],
    program_id: UUID | None = None,
) -> Response:
    """Take a file in: refused whole if it is none, else worked on line by line. `GET` it to see how far it is."""
    content = await _content(request)
    sha256 = hashlib.sha256(content).hexdigest()
    body = referral_imports.ReferralFile(sha256=sha256, source_system=source_system, program_id=program_id)
    file = await referral_imports.read(content)
    keys, where = call.runtime.keys, "/api/intake/v1/referral-imports/{id}"
    return await call.once(
        body, lambda db: referral_imports.start_import(db, keys, body, file), status=202, location=where
    )


async def _content(request: Request) -> bytes:
    """Return the file: the body itself, or the text inside a JSON body."""
    body = await request.body()
    if request.headers.get("content-type", "").lower().startswith(CSV):
        return body
    try:
        return referral_imports.CsvFile.model_validate_json(body or b"{}").csv.encode()
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None


@router.get("/referral-imports/{import_id}", dependencies=ASSIGNING)
async def import_progress(call: CurrentCall, import_id: UUID) -> reading.ImportProgress:
    async with call.reading("referral-import.read", import_id) as db:
        return await reading.progress(db, import_id)


@router.get("/referral-imports/{import_id}/refusals", dependencies=ASSIGNING)
async def refused_lines(
    call: CurrentCall, import_id: UUID, next: str | None = None, limit: Limit = 50
) -> reading.RefusedLines:
    after = decode_cursor(next)
    async with call.reading("referral-import.refusals", import_id) as db:
        return await reading.refusals(db, import_id, after, limit)
