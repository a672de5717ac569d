"""How somebody may safely be contacted, who can reach them, and each attempt to."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from common.http import Created, CurrentCall, decode_cursor
from common.text import Instant
from intake.api.admission import CREATED, SEEING, SERVICES, SERVING, Limit, shown
from intake.commands import attempts, contacts
from intake.queries import contacts as reaching
from intake.queries import reach as ways

router = APIRouter(prefix="/v1")
At = Annotated[Instant | None, Query(description="now if empty")]


@router.put("/participants/{participant_id}/safe-contact", response_model=Created, dependencies=SERVING)
async def set_safe_contact(call: CurrentCall, participant_id: UUID, body: contacts.SetSafeContact) -> Response:
    """Write the next version; the first one is written with `If-Match: "0"`."""
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, expected: contacts.set_safe_contact(db, keys, actor, participant_id, body, expected=expected)
    )


@router.get(
    "/participants/{participant_id}/safe-contact", response_model=reaching.SafeContactRecord, dependencies=SEEING
)
async def safe_contact(call: CurrentCall, participant_id: UUID) -> Response:
    async with call.reading("safe-contact.read", participant_id) as db:
        record = await reaching.safe_contact(db, call.runtime.keys, call.actor, participant_id)
    return shown(record, record.version)


@router.get("/participants/{participant_id}/safe-contact/versions", dependencies=SEEING)
async def safe_contact_versions(
    call: CurrentCall, participant_id: UUID, next: str | None = None, limit: Limit = 50
) -> reaching.SafeContactVersions:
    keys, actor, after = call.runtime.keys, call.actor, decode_cursor(next)
    async with call.reading("safe-contact.versions", participant_id) as db:
        return await reaching.safe_contact_versions(db, keys, actor, participant_id, after, limit)


@router.get("/participants/{participant_id}/safe-contact/advice", dependencies=SEEING)
async def advice(call: CurrentCall, participant_id: UUID, at: At = None) -> reaching.Advice:
    """Answer which channels may be used at an instant, and why not the others, without saying what they are."""
    async with call.reading("safe-contact.advice", participant_id) as db:
        return await reaching.advice(db, call.runtime.keys, call.actor, participant_id, at)


@router.get("/participants/{participant_id}/reach", dependencies=SERVICES)
async def reach(call: CurrentCall, participant_id: UUID) -> ways.Reach:
    """Answer the service that sends messages: by which numbers and addresses, and when. For no person."""
    async with call.reading("participant.reach", participant_id) as db:
        return await ways.reach(db, call.runtime.keys, participant_id)


@router.post("/participants/{participant_id}/safe-contact/confirmations", dependencies=SERVING, **CREATED)
async def confirm_safe_contact(call: CurrentCall, participant_id: UUID, body: contacts.ConfirmSafeContact) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: contacts.confirm_safe_contact(db, keys, call.actor, participant_id, body))


@router.post("/participants/{participant_id}/safe-contact/bounces", dependencies=SERVING, **CREATED)
async def report_bounce(call: CurrentCall, participant_id: UUID, body: contacts.ReportBounce) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: contacts.report_bounce(db, keys, call.actor, participant_id, body))


@router.get("/safe-contact-due", dependencies=SERVING)
async def safe_contacts_due(call: CurrentCall, next: str | None = None, limit: Limit = 50) -> reaching.DueSafeContacts:
    async with call.transaction() as db:
        page = await reaching.safe_contacts_due(db, call.actor, decode_cursor(next), limit)
        db.audit("safe-contact.due", None, seen=[one.participant_id for one in page.items])
    return page


@router.put("/participants/{participant_id}/locator", response_model=Created, dependencies=SERVING)
async def set_locator(call: CurrentCall, participant_id: UUID, body: contacts.SetLocator) -> Response:
    """Write the next version; the first one is written with `If-Match: "0"`."""
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, expected: contacts.set_locator(db, keys, actor, participant_id, body, expected=expected)
    )


@router.get("/participants/{participant_id}/locator", response_model=reaching.LocatorRecord, dependencies=SEEING)
async def locator(call: CurrentCall, participant_id: UUID) -> Response:
    async with call.reading("locator.read", participant_id) as db:
        record = await reaching.locator(db, call.runtime.keys, call.actor, participant_id)
    return shown(record, record.version)


@router.post("/participants/{participant_id}/locator/confirmations", dependencies=SERVING, **CREATED)
async def confirm_locator(call: CurrentCall, participant_id: UUID, body: contacts.ConfirmLocator) -> Response:
    return await call.once(body, lambda db: contacts.confirm_locator(db, call.actor, participant_id, body))


@router.post("/participants/{participant_id}/attempts", dependencies=SERVING, **CREATED)
async def log_attempt(call: CurrentCall, participant_id: UUID, body: attempts.LogAttempt) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: attempts.log_attempt(db, keys, call.actor, participant_id, body))


@router.get("/participants/{participant_id}/attempts", dependencies=SEEING)
async def attempts_of(
    call: CurrentCall, participant_id: UUID, next: str | None = None, limit: Limit = 50
) -> reaching.Attempts:
    keys, actor, after = call.runtime.keys, call.actor, decode_cursor(next)
    async with call.reading("attempt.list", participant_id) as db:
        return await reaching.attempts(db, keys, actor, participant_id, after, limit)
