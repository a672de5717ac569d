"""How people are enrolled, found and described."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.contracts.codes import Role
from common.http import CurrentCall, allow, decode_cursor
from intake.api.admission import CREATED, ENROLLING, SEEING, SERVING, Limit, shown
from intake.commands import (
    brief_intakes,
    notices,
    participants,
)
from intake.commands.duplicates import Enrolled
from intake.queries import changes, records
from intake.queries import participants as people

router = APIRouter(prefix="/v1")


@router.post("/participants", status_code=201, response_model=Enrolled, dependencies=ENROLLING)
async def enrol_participant(call: CurrentCall, body: participants.Identity) -> Response:
    keys, where = call.runtime.keys, "/api/intake/v1/participants/{id}"
    return await call.once(body, lambda db: participants.enrol_participant(db, keys, body, call.actor), location=where)


@router.post("/brief-intakes", status_code=201, response_model=brief_intakes.BriefIntakeDone, dependencies=ENROLLING)
async def take_in(call: CurrentCall, body: brief_intakes.BriefIntake) -> Response:
    """Enrol, open the episode, acknowledge, and take the papers, in one call: what comes before a first session."""
    keys, where = call.runtime.keys, "/api/intake/v1/participants/{id}"
    return await call.once(body, lambda db: brief_intakes.take_in(db, keys, call.actor, body), location=where)


@router.get("/participants/{participant_id}", response_model=people.ParticipantRecord, dependencies=SEEING)
async def participant(call: CurrentCall, participant_id: UUID) -> Response:
    async with call.reading("participant.read", participant_id) as db:
        record = await people.participant(db, call.runtime.keys, call.actor, participant_id)
    return shown(record, record.version)


@router.put("/participants/{participant_id}", response_model=Enrolled, dependencies=SERVING)
async def describe_participant(call: CurrentCall, participant_id: UUID, body: participants.Identity) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, expected: participants.describe_participant(db, keys, actor, participant_id, body, expected=expected)
    )


@router.get("/participants/{participant_id}/changes", dependencies=SEEING)
async def changes_of(
    call: CurrentCall, participant_id: UUID, next: str | None = None, limit: Limit = 50
) -> changes.Changes:
    """What changed in who the person is, field by field, the newest first."""
    async with call.reading("participant.changes", participant_id) as db:
        return await changes.changes(db, call.runtime.keys, call.actor, participant_id, decode_cursor(next), limit)


@router.post("/participant-searches", dependencies=SEEING)
async def search_participants(call: CurrentCall, body: people.SearchParticipants) -> people.ParticipantPage:
    """Find people by what is known of them. Changes nothing, so it needs no Idempotency-Key."""
    async with call.transaction() as db:
        page = await people.matches(db, call.runtime.keys, call.actor, body, decode_cursor(body.next))
        db.audit("participant.search", None, seen=[record.id for record in page.items])
    return page


@router.get("/caseload", dependencies=[allow(Role.PEER)])
async def caseload(call: CurrentCall, next: str | None = None, limit: Limit = 50) -> people.Caseload:
    async with call.transaction() as db:
        page = await people.caseload(db, call.runtime.keys, call.actor, decode_cursor(next), limit)
        db.audit("caseload.read", None, seen=[entry.participant_id for entry in page.items])
    return page


@router.get("/participants/{participant_id}/records", dependencies=SEEING)
async def records_of(call: CurrentCall, participant_id: UUID) -> records.Records:
    """What is recorded about a person, with the ids and versions to go on with."""
    async with call.reading("participant.records", participant_id) as db:
        return await records.records(db, call.runtime.keys, call.actor, participant_id)


@router.post("/participants/{participant_id}/notices", dependencies=SERVING, **CREATED)
async def give_notice(call: CurrentCall, participant_id: UUID, body: notices.GiveNoticeAgain) -> Response:
    return await call.once(body, lambda db: notices.give_notice(db, call.actor, participant_id, body))
