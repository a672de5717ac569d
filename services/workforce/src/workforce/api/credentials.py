"""What staff are credentialed for: recorded, renewed, suspended, corrected, and what was in force on a day."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from common.contracts.codes import CredentialStatus, CredentialType
from common.http import Created, CurrentCall, answer, decode_cursor
from common.text import Day
from workforce.api.admission import ADMINISTERING, CREATED, PEOPLE, Limit, shown
from workforce.commands import credentials
from workforce.queries import credentials as queries

router = APIRouter(prefix="/v1", tags=["credentials"])
LOCATION = "/api/workforce/v1/credentials/{id}"
OnDay = Annotated[Day | None, Query(description="as it was on this day; today if none is named")]


@router.post("/credentials", **CREATED, dependencies=ADMINISTERING)
async def record_credential(call: CurrentCall, body: credentials.RecordCredential) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: credentials.record_credential(db, keys, body), location=LOCATION)


@router.get("/credentials", response_model=queries.CredentialPage, dependencies=PEOPLE)
async def credential_page(
    call: CurrentCall,
    on: OnDay = None,
    staff_id: UUID | None = None,
    credential_type: CredentialType | None = None,
    status: CredentialStatus | None = None,
    expiring_from: Annotated[Day | None, Query(description="today, if only `expiring_before` is named")] = None,
    expiring_before: Day | None = None,
    next: str | None = None,
    limit: Limit = 50,
) -> Response:
    """Answer credentials, the first to expire first: the agency's, of whom one supervises, or one's own."""
    wanted = queries.Wanted(
        on=on,
        staff_id=staff_id,
        credential_type=credential_type,
        status=status,
        expiring_from=expiring_from,
        expiring_before=expiring_before,
    )
    async with call.reading("credential.list", staff_id) as db:
        page = await queries.credential_page(db, call.actor, wanted, decode_cursor(next), limit)
    return answer(page.model_dump_json().encode())  # its entries are validated already


@router.get("/staff/{staff_id}/credentials", dependencies=PEOPLE)
async def credentials_of(call: CurrentCall, staff_id: UUID, on: OnDay = None) -> queries.StaffCredentials:
    async with call.reading("credential.list", staff_id) as db:
        return await queries.credentials_of(db, call.actor, staff_id, on)


@router.get("/credentials/{credential_id}", response_model=queries.CredentialRecord, dependencies=PEOPLE)
async def credential(call: CurrentCall, credential_id: UUID) -> Response:
    async with call.reading("credential.read", credential_id) as db:
        record = await queries.credential(db, call.runtime.keys, call.actor, credential_id)
    return shown(record, record.version)


@router.put("/credentials/{credential_id}", response_model=Created, dependencies=ADMINISTERING)
async def correct_credential(call: CurrentCall, credential_id: UUID, body: credentials.CorrectCredential) -> Response:
    """Correct what was recorded; what it said before stays to be seen."""
    keys = call.runtime.keys
    return await call.change(
        lambda db, expected: credentials.correct_credential(db, keys, credential_id, body, expected)
    )


@router.put("/credentials/{credential_id}/status", response_model=Created, dependencies=ADMINISTERING)
async def change_status(call: CurrentCall, credential_id: UUID, body: credentials.ChangeStatus) -> Response:
    """Suspend, revoke or reinstate a credential from a day on."""
    return await call.change(lambda db, expected: credentials.change_status(db, credential_id, body, expected))


@router.post("/credentials/{credential_id}/renewals", **CREATED, dependencies=ADMINISTERING)
async def renew_credential(call: CurrentCall, credential_id: UUID, body: credentials.RenewCredential) -> Response:
    """Record the validity that follows; the answer is the new credential's id."""
    keys = call.runtime.keys
    work = credentials.renew_credential
    return await call.once(body, lambda db: work(db, keys, credential_id, body), location=LOCATION)
