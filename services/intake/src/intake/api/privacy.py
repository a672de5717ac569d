"""How the agency stands under 42 CFR Part 2, going live, and emergency access with its review."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.contracts.codes import Role
from common.http import Created, CurrentCall, allow, decode_cursor
from intake.api.admission import CREATED, SEEING, SERVING, Limit, shown
from intake.commands import break_glass, determinations
from intake.queries import break_glass as looking
from intake.queries import privacy
from intake.rules.part2 import AgencyFact

DECIDING = [allow(Role.ADMINISTRATOR, Role.PRIVACY_OFFICER)]
REVIEWING = [allow(Role.SUPERVISOR, Role.PRIVACY_OFFICER)]
KNOWING = [allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER, Role.AUDITOR)]
router = APIRouter(prefix="/v1")


@router.get("/privacy/status", response_model=privacy.PrivacyStatus, dependencies=KNOWING)
async def status(call: CurrentCall) -> Response:
    """The six facts as they count now, and what going live still lacks."""
    async with call.transaction() as db:
        record = await privacy.privacy_status(db)
    return shown(record, record.version)


@router.post("/privacy/determinations", dependencies=DECIDING, **CREATED)
async def record_determination(call: CurrentCall, body: determinations.RecordDetermination) -> Response:
    """Record a decision; taking the protection of Part 2 away waits for a second person."""
    return await call.once(body, lambda db: determinations.record_determination(db, call.actor, body))


@router.get("/privacy/determinations", dependencies=KNOWING)
async def all_determinations(
    call: CurrentCall, fact: AgencyFact | None = None, next: str | None = None, limit: Limit = 50
) -> privacy.DeterminationPage:
    """Every decision that was ever recorded, the newest first."""
    after = decode_cursor(next)
    async with call.transaction() as db:
        return await privacy.determinations(db, fact, after, limit)


@router.put("/privacy/determinations/{determination_id}/approval", response_model=Created, dependencies=DECIDING)
async def approve_determination(call: CurrentCall, determination_id: UUID) -> Response:
    return await call.change(
        lambda db, seen: determinations.approve_determination(db, call.actor, determination_id, seen)
    )


@router.put("/privacy/determinations/{determination_id}/refusal", response_model=Created, dependencies=DECIDING)
async def refuse_determination(call: CurrentCall, determination_id: UUID) -> Response:
    return await call.change(
        lambda db, seen: determinations.refuse_determination(db, call.actor, determination_id, seen)
    )


@router.put("/privacy/go-live", response_model=Created, dependencies=DECIDING)
async def go_live(call: CurrentCall, body: determinations.GoLive) -> Response:
    """Begin to serve people; If-Match is the version of the status, 0 at first."""
    return await call.change(lambda db, seen: determinations.go_live(db, call.actor, body, seen))


@router.put("/privacy/names", response_model=Created, dependencies=DECIDING)
async def record_names(call: CurrentCall, body: determinations.RecordNames) -> Response:
    """By what names papers mean this agency; If-Match is the version of the status, 0 at first."""
    return await call.change(lambda db, seen: determinations.record_names(db, body, seen))


@router.post("/break-glass", status_code=201, response_model=break_glass.Opened, dependencies=SERVING)
async def open_break_glass(call: CurrentCall, body: break_glass.OpenBreakGlass) -> Response:
    """Open a record in an emergency, for the asker alone and for an hour at most; somebody else reviews it."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: break_glass.open_break_glass(db, keys, actor, body))


@router.get("/break-glass", dependencies=REVIEWING)
async def break_glasses(call: CurrentCall, next: str | None = None, limit: Limit = 50) -> looking.BreakGlassPage:
    """Emergency accesses: those that wait for review first."""
    after = decode_cursor(next)
    async with call.transaction() as db:
        page = await looking.break_glasses(db, call.runtime.keys, after, limit)
        db.audit("break-glass.list", None, seen=[one.id for one in page.items])
    return page


@router.get("/break-glass/{break_glass_id}", response_model=looking.BreakGlassRecord, dependencies=REVIEWING)
async def one_break_glass(call: CurrentCall, break_glass_id: UUID) -> Response:
    async with call.transaction() as db:
        record = await looking.break_glass(db, call.runtime.keys, break_glass_id)
        db.audit("break-glass.read", record.participant_id, break_glass_id=record.id)
    return shown(record, record.version)


@router.put("/break-glass/{break_glass_id}/end", response_model=Created, dependencies=SEEING)
async def end_break_glass(call: CurrentCall, break_glass_id: UUID) -> Response:
    return await call.change(lambda db, seen: break_glass.end_break_glass(db, call.actor, break_glass_id, seen))


@router.put("/break-glass/{break_glass_id}/review", response_model=Created, dependencies=REVIEWING)
async def review_break_glass(call: CurrentCall, break_glass_id: UUID, body: break_glass.ReviewBreakGlass) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, seen: break_glass.review_break_glass(db, keys, actor, break_glass_id, body, seen)
    )
