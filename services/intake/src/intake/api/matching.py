"""How people wait, are matched with a peer by lived experience, and say whom they do not wish."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.contracts.codes import Role
from common.http import Created, CurrentCall, allow, decode_cursor
from intake.api.admission import ASSIGNING, CREATED, SEEING, SERVING, Limit, shown
from intake.commands import matching, profiles, vetoes, waitlist
from intake.queries import matching as found

router = APIRouter(prefix="/v1")
DESCRIBING = [allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR)]


@router.post("/waiting", dependencies=SERVING, **CREATED)
async def wait_for_peer(call: CurrentCall, body: waitlist.WaitForPeer) -> Response:
    keys, where = call.runtime.keys, "/api/intake/v1/waiting/{id}"
    return await call.once(body, lambda db: waitlist.wait_for_peer(db, keys, call.actor, body), location=where)


@router.get("/waiting", dependencies=SEEING)
async def queue(call: CurrentCall, program_id: UUID, next: str | None = None, limit: Limit = 50) -> found.Queue:
    """Who waits for a program: the most urgent first, then who has waited longest."""
    async with call.transaction() as db:
        page = await found.queue(db, call.runtime.keys, call.actor, program_id, decode_cursor(next), limit)
        db.audit("waiting.list", None, program_id=program_id, seen=[entry.participant_id for entry in page.items])
    return page


@router.get("/waiting/{waiting_id}", response_model=found.WaitingRecord, dependencies=SEEING)
async def waiting(call: CurrentCall, waiting_id: UUID) -> Response:
    async with call.transaction() as db:
        record = await found.waiting(db, call.runtime.keys, call.actor, waiting_id)
        db.audit("waiting.read", record.participant_id, waiting_id=waiting_id)
    return shown(record, record.version)


@router.put("/waiting/{waiting_id}", response_model=Created, dependencies=SERVING)
async def change_wishes(call: CurrentCall, waiting_id: UUID, body: waitlist.ChangeWishes) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, expected: waitlist.change_wishes(db, keys, actor, waiting_id, body, expected=expected)
    )


@router.put("/waiting/{waiting_id}/departure", response_model=Created, dependencies=SERVING)
async def leave_queue(call: CurrentCall, waiting_id: UUID, body: waitlist.LeaveQueue) -> Response:
    return await call.change(
        lambda db, expected: waitlist.leave_queue(db, call.actor, waiting_id, body, expected=expected)
    )


@router.get("/participants/{participant_id}/waiting", dependencies=SEEING)
async def waiting_history(call: CurrentCall, participant_id: UUID) -> found.WaitingHistory:
    async with call.reading("waiting.history", participant_id) as db:
        return await found.waiting_history(db, call.runtime.keys, call.actor, participant_id)


@router.get("/peer-profiles/{staff_id}", response_model=found.ProfileRecord, dependencies=DESCRIBING)
async def profile(call: CurrentCall, staff_id: UUID) -> Response:
    async with call.reading("peer-profile.read", staff_id) as db:
        record = await found.profile(db, call.runtime.keys, call.actor, staff_id)
    return shown(record, record.version)


@router.put("/peer-profiles/{staff_id}", response_model=Created, dependencies=DESCRIBING)
async def set_profile(call: CurrentCall, staff_id: UUID, body: profiles.SetProfile) -> Response:
    """Write what a peer says of themselves; the first time with `If-Match: "0"`."""
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, expected: profiles.set_profile(db, keys, actor, staff_id, body, expected=expected)
    )


@router.post("/matches", status_code=201, response_model=matching.Matched, dependencies=ASSIGNING)
async def ask_for_match(call: CurrentCall, body: matching.AskForMatch) -> Response:
    keys, where = call.runtime.keys, "/api/intake/v1/matches/{id}"
    return await call.once(body, lambda db: matching.ask_for_match(db, keys, call.actor, body), location=where)


@router.get("/matches/{match_id}", response_model=found.MatchRecord, dependencies=ASSIGNING)
async def match_record(call: CurrentCall, match_id: UUID) -> Response:
    async with call.transaction() as db:
        record = await found.match_record(db, call.actor, match_id)
        db.audit("match.read", record.participant_id, match_id=match_id)
    return shown(record, record.version)


@router.put("/matches/{match_id}/choice", response_model=matching.Chosen, dependencies=ASSIGNING)
async def choose(call: CurrentCall, match_id: UUID, body: matching.Choose) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, expected: matching.choose(db, keys, actor, match_id, body, expected=expected))


@router.post("/matches/{match_id}/declines", dependencies=ASSIGNING, **CREATED)
async def decline(call: CurrentCall, match_id: UUID, body: matching.Decline) -> Response:
    return await call.once(body, lambda db: matching.decline(db, call.actor, match_id, body))


@router.get("/participants/{participant_id}/vetoes", dependencies=ASSIGNING)
async def vetoes_of(call: CurrentCall, participant_id: UUID) -> found.Vetoes:
    """Whom a person does not wish to work with; the peers do not see it."""
    async with call.reading("veto.list", participant_id) as db:
        return await found.vetoes(db, call.actor, participant_id)


@router.post("/participants/{participant_id}/vetoes", dependencies=ASSIGNING, **CREATED)
async def record_veto(call: CurrentCall, participant_id: UUID, body: vetoes.RecordVeto) -> Response:
    return await call.once(body, lambda db: vetoes.record_veto(db, call.actor, participant_id, body))


@router.put("/vetoes/{veto_id}/withdrawal", response_model=Created, dependencies=ASSIGNING)
async def withdraw_veto(call: CurrentCall, veto_id: UUID, body: vetoes.WithdrawVeto) -> Response:
    """The person would work with this peer after all."""
    return await call.change(lambda db, expected: vetoes.withdraw_veto(db, call.actor, veto_id, expected))
