"""How work with people whom nobody enrolled is recorded, withdrawn, read and summed up."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from common.http import Created, CurrentCall, decode_cursor
from common.text import Day
from session_logging.api.admission import PLANS, WORKING, Limit
from session_logging.commands import anonymous_contacts as contacts
from session_logging.commands.withdrawals import Withdraw
from session_logging.queries import anonymous_contacts as queries
from session_logging.rules.spans import span

router = APIRouter(prefix="/v1")
First = Annotated[Day, Query(alias="from")]
Last = Annotated[Day, Query(alias="to")]


@router.post("/anonymous-contacts", status_code=201, response_model=Created, dependencies=WORKING)
async def record_anonymous_contact(call: CurrentCall, body: contacts.RecordAnonymousContact) -> Response:
    """Record a stretch of outreach, drop-in, forum or open-group work: counts only, never billed."""
    return await call.once(body, lambda db: contacts.record_anonymous_contact(db, call.actor, body))


@router.put("/anonymous-contacts/{contact_id}/withdrawal", response_model=Created, dependencies=WORKING)
async def withdraw_anonymous_contact(call: CurrentCall, contact_id: UUID, body: Withdraw) -> Response:
    """Withdraw a mistaken entry: it stays to be seen, and counts no more. The same reason again changes nothing."""
    return await call.change(
        lambda db, expected: contacts.withdraw_anonymous_contact(db, call.actor, contact_id, expected, body)
    )


@router.get("/anonymous-contacts", dependencies=PLANS)
async def contact_page(
    call: CurrentCall,
    first: First,
    last: Last,
    program_id: UUID | None = None,
    next: str | None = None,
    limit: Limit = 50,
) -> queries.AnonymousContactPage:
    """Return entries of a period, the newest day first: peers their own, supervisors and administrators all."""
    async with call.reading("anonymous-contact.list", program_id) as db:
        asked = queries.AskedContacts(span(first, last), program_id)
        return await queries.contact_page(db, call.actor, asked, decode_cursor(next), limit)


@router.get("/anonymous-contacts/totals", dependencies=PLANS)
async def totals(
    call: CurrentCall, first: First, last: Last, program_id: UUID | None = None
) -> queries.AnonymousTotals:
    """Return the sums of a period by program and kind of work, of the same entries as the list."""
    async with call.reading("anonymous-contact.totals", program_id) as db:
        return await queries.totals(db, call.actor, queries.AskedContacts(span(first, last), program_id))
