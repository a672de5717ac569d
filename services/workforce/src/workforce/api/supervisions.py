"""Supervisions that were held, and what was agreed in them."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.contracts.codes import Role
from common.http import Created, CurrentCall, allow, decode_cursor
from common.text import Day
from workforce.api.admission import CREATED, PEOPLE, Limit, shown
from workforce.commands import supervisions
from workforce.queries import supervisions as queries
from workforce.rules.supervision import SupervisionState

router = APIRouter(prefix="/v1", tags=["supervision"])
SUPERVISING = [allow(Role.SUPERVISOR)]


@router.post("/supervisions", **CREATED, dependencies=SUPERVISING)
async def record_supervision(call: CurrentCall, body: supervisions.RecordSupervision) -> Response:
    """Record, as the supervisor, a supervision with one worker or several."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: supervisions.record_supervision(db, keys, actor, body))


@router.post("/supervision-proposals", **CREATED, dependencies=PEOPLE)
async def propose_supervision(call: CurrentCall, body: supervisions.ProposeSupervision) -> Response:
    """Note, as the worker, a supervision; it counts once the supervisor has confirmed it."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: supervisions.propose_supervision(db, keys, actor, body))


@router.put("/supervisions/{supervision_id}/confirmation", response_model=Created, dependencies=SUPERVISING)
async def confirm_supervision(call: CurrentCall, supervision_id: UUID, _: supervisions.Confirm) -> Response:
    work, actor = supervisions.confirm_supervision, call.actor
    return await call.change(lambda db, expected: work(db, actor, supervision_id, expected))


@router.put("/supervisions/{supervision_id}/void", response_model=Created, dependencies=PEOPLE)
async def void_supervision(call: CurrentCall, supervision_id: UUID, body: supervisions.VoidSupervision) -> Response:
    work, actor = supervisions.void_supervision, call.actor
    return await call.change(lambda db, expected: work(db, actor, supervision_id, body, expected))


@router.get("/supervisions", dependencies=PEOPLE)
async def all_supervisions(
    call: CurrentCall,
    staff_id: UUID | None = None,
    held_from: Day | None = None,
    held_to: Day | None = None,
    state: SupervisionState | None = None,
    next: str | None = None,
    limit: Limit = 50,
) -> queries.SupervisionPage:
    """Answer supervisions that one held or took part in; to administrators and auditors days and minutes of all."""
    asked = queries.Asked(staff_id, held_from, held_to, state)
    async with call.reading("supervision.list", staff_id) as db:
        return await queries.supervisions(db, call.actor, asked, decode_cursor(next), limit)


@router.get("/supervisions/{supervision_id}", response_model=queries.SupervisionRecord, dependencies=PEOPLE)
async def supervision(call: CurrentCall, supervision_id: UUID) -> Response:
    async with call.reading("supervision.read", supervision_id) as db:
        record = await queries.supervision(db, call.runtime.keys, call.actor, supervision_id)
    return shown(record, record.version)


@router.get("/supervision-follow-ups", dependencies=PEOPLE)
async def follow_ups(
    call: CurrentCall, done: bool = False, next: str | None = None, limit: Limit = 50
) -> queries.FollowUpPage:
    """Answer what the caller agreed to do, or agreed on with those they supervised; the first due first."""
    async with call.reading("follow-up.list") as db:
        return await queries.follow_ups(
            db, call.runtime.keys, call.actor, done=done, after=decode_cursor(next), limit=limit
        )


@router.put("/supervision-follow-ups/{follow_up_id}/done", response_model=Created, dependencies=PEOPLE)
async def do_follow_up(call: CurrentCall, follow_up_id: UUID, body: supervisions.Do) -> Response:
    """Note that something agreed is done."""
    work, actor = supervisions.do_follow_up, call.actor
    return await call.change(lambda db, expected: work(db, actor, follow_up_id, body, expected))
