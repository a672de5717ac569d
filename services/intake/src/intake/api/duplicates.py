"""How two records of one person are found, merged and split again; how an outreach contact is linked."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.contracts.codes import Role
from common.http import Created, CurrentCall, allow, decode_cursor
from intake.api.admission import ENROLLING, SERVING, Limit, shown
from intake.commands import duplicates, merges, splits
from intake.queries import duplicates as pairs
from intake.rules.duplicates import PairState

router = APIRouter(prefix="/v1")
DECIDING = [allow(Role.SUPERVISOR, Role.ADMINISTRATOR)]


@router.post("/duplicate-checks", dependencies=ENROLLING)
async def check_duplicates(call: CurrentCall, body: pairs.DuplicateCheck) -> pairs.DuplicatesFound:
    """Ask who may be enrolled already. Changes nothing, so it needs no Idempotency-Key."""
    async with call.transaction() as db:
        found = await pairs.check(db, call.runtime.keys, call.actor, body)
        db.audit("duplicate.check", None, seen=[one.id for one in found.possible_duplicates])
    return found


@router.get("/duplicates", dependencies=DECIDING)
async def list_duplicates(
    call: CurrentCall, state: PairState = PairState.PROPOSED, next: str | None = None, limit: Limit = 50
) -> pairs.Pairs:
    async with call.reading("duplicate.list", state=state) as db:
        return await pairs.pairs(db, state, decode_cursor(next), limit)


@router.put("/duplicates/{pair_id}/dismissal", response_model=Created, dependencies=DECIDING)
async def dismiss_duplicate(call: CurrentCall, pair_id: UUID, body: duplicates.DismissDuplicate) -> Response:
    return await call.change(lambda db, expected: duplicates.dismiss(db, pair_id, body, expected))


@router.post("/merges", status_code=201, response_model=merges.Joined, dependencies=DECIDING)
async def merge_participants(call: CurrentCall, body: merges.MergeParticipants) -> Response:
    keys, where = call.runtime.keys, "/api/intake/v1/merges/{id}"
    return await call.once(body, lambda db: merges.merge_participants(db, keys, call.actor, body), location=where)


@router.get("/merges/{merge_id}", response_model=pairs.MergeRecord, dependencies=DECIDING)
async def merge(call: CurrentCall, merge_id: UUID) -> Response:
    async with call.reading("merge.read", merge_id) as db:
        record = await pairs.merge(db, merge_id)
    return shown(record, record.version)


@router.get("/participants/{participant_id}/merges", dependencies=DECIDING)
async def merges_of(call: CurrentCall, participant_id: UUID) -> pairs.Merges:
    async with call.reading("participant.merges", participant_id) as db:
        return await pairs.merges_of(db, call.actor, participant_id)


@router.put("/merges/{merge_id}/undoing", response_model=splits.Split, dependencies=DECIDING)
async def undo_merge(call: CurrentCall, merge_id: UUID, body: splits.UndoMerge) -> Response:
    keys = call.runtime.keys
    return await call.change(lambda db, expected: splits.undo_merge(db, keys, merge_id, body, expected))


@router.post(
    "/participants/{participant_id}/outreach-links",
    status_code=201,
    response_model=merges.Joined,
    dependencies=SERVING,
)
async def link_outreach(call: CurrentCall, participant_id: UUID, body: merges.LinkOutreach) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: merges.link_outreach(db, keys, actor, participant_id, body))
