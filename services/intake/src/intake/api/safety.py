"""How a safety concern goes from opened to closed and reviewed."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall, decode_cursor
from intake.api.admission import ASSIGNING, SEEING, SERVICES, SERVING, Limit, shown
from intake.commands import safety
from intake.queries import safety as waiting

router = APIRouter(prefix="/v1")
Changed = safety.ConcernChanged


@router.post("/safety-concerns", status_code=201, response_model=safety.ConcernOpened, dependencies=SERVING)
async def open_concern(call: CurrentCall, body: safety.OpenConcern) -> Response:
    """Open a concern by hand; the answer says what to do now."""
    keys, where = call.runtime.keys, "/api/intake/v1/safety-concerns/{id}"
    return await call.once(body, lambda db: safety.open_by_hand(db, keys, call.actor, body), location=where)


@router.put("/safety-concerns/{concern_id}", response_model=Created, dependencies=SERVICES)
async def raise_concern(call: CurrentCall, concern_id: UUID, body: safety.RaiseConcern) -> Created:
    """Open a concern because its person answered a message with words that cannot wait; a repeat changes nothing."""
    async with call.transaction() as db:
        return await safety.open_by_reply(db, concern_id, body)


@router.get("/safety-concerns", dependencies=SEEING)
async def all_concerns(
    call: CurrentCall, closed: bool = False, next: str | None = None, limit: Limit = 50
) -> waiting.ConcernPage:
    """Answer what is not closed, the longest open first: a peer's own people, or the whole agency."""
    after = decode_cursor(next)
    async with call.transaction() as db:
        page = await waiting.concerns(db, call.actor, closed=closed, after=after, limit=limit)
        db.audit("safety-concern.list", None, seen=sorted({one.participant_id for one in page.items}))
    return page


@router.get("/safety-concerns/{concern_id}", response_model=waiting.ConcernRecord, dependencies=SEEING)
async def concern(call: CurrentCall, concern_id: UUID) -> Response:
    async with call.reading("safety-concern.read", concern_id) as db:
        record = await waiting.concern(db, call.runtime.keys, call.actor, concern_id)
    return shown(record, record.version)


@router.put("/safety-concerns/{concern_id}/notification", response_model=Changed, dependencies=SERVING)
async def notify(call: CurrentCall, concern_id: UUID, body: safety.Notify) -> Response:
    """Note that a supervisor or clinician was told."""
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, seen: safety.notify(db, keys, actor, concern_id, body, expected=seen))


@router.put("/safety-concerns/{concern_id}/acknowledgement", response_model=Changed, dependencies=ASSIGNING)
async def acknowledge(call: CurrentCall, concern_id: UUID, _: safety.Acknowledge) -> Response:
    """Take a concern on."""
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, seen: safety.acknowledge(db, keys, actor, concern_id, expected=seen))


@router.put("/safety-concerns/{concern_id}/contact", response_model=Changed, dependencies=SERVING)
async def make_contact(call: CurrentCall, concern_id: UUID, body: safety.MakeContact) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, seen: safety.make_contact(db, keys, actor, concern_id, body, expected=seen))


@router.put("/safety-concerns/{concern_id}/offer-988", response_model=Changed, dependencies=SERVING)
async def offer_988(call: CurrentCall, concern_id: UUID, body: safety.Offer988) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, seen: safety.offer_988(db, keys, actor, concern_id, body, expected=seen))


@router.put("/safety-concerns/{concern_id}/hand-off", response_model=Changed, dependencies=SERVING)
async def hand_off(call: CurrentCall, concern_id: UUID, body: safety.HandOff) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, seen: safety.hand_off(db, keys, actor, concern_id, body, expected=seen))


@router.put("/safety-concerns/{concern_id}/closure", response_model=Changed, dependencies=ASSIGNING)
async def close(call: CurrentCall, concern_id: UUID, body: safety.Close) -> Response:
    """Close a concern that was handed off, after a review by somebody else than its opener."""
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, seen: safety.close(db, keys, actor, concern_id, body, expected=seen))
