"""How contacts with somebody outside are recorded and read."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from common.http import Created, CurrentCall, decode_cursor
from session_logging.api.admission import READING, WORKING
from session_logging.commands import collateral, releases, requests
from session_logging.queries import collateral as contacts

router = APIRouter(prefix="/v1")


@router.post("/collateral-contacts", status_code=201, response_model=Created, dependencies=WORKING)
async def record_contact(call: CurrentCall, body: requests.RecordContact) -> Response:
    """Record that somebody outside was spoken with about a person, on a consent that covered it."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: collateral.record_contact(db, keys, actor, body))


@router.get("/collateral-contacts", dependencies=READING)
async def contact_page(
    call: CurrentCall,
    participant_id: UUID,
    next: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> contacts.ContactPage:
    async with call.reading("collateral-contact.list", participant_id) as db:
        agreement_id = await releases.require_basis(db, call.actor)
        keys, after = call.runtime.keys, decode_cursor(next)
        page = await contacts.contact_page(db, keys, call.actor, participant_id, after, limit)
        releases.release(db, call.actor, agreement_id, (contact.participant_id for contact in page.items))
    return page
