"""How a person or program asks intake: people, episodes, consents, disclosures, assessments, plans, assignments."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from common.contracts.codes import Role
from common.http import Created, CurrentCall, allow, answer, decode_cursor
from intake.commands import (
    assessments,
    assignments,
    consents,
    disclosures,
    episodes,
    imports,
    notices,
    participants,
    plans,
)
from intake.queries import participants as people
from intake.queries import records

IMPORTS = frozenset({"/v1/imports"})

router = APIRouter(prefix="/v1")
ENROLLING = [allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR)]
SERVING = [allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR)]
SEEING = [allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER)]
ASSIGNING = [allow(Role.SUPERVISOR, Role.ADMINISTRATOR)]
IMPORTING = [allow(Role.ADMINISTRATOR)]
Limit = Annotated[int, Query(ge=1, le=100)]
CREATED: dict[str, Any] = {"status_code": 201, "response_model": Created}


def _shown(record: BaseModel, version: int) -> Response:
    return answer(record.model_dump_json().encode(), etag=version)


@router.post("/participants", dependencies=ENROLLING, **CREATED)
async def enrol_participant(call: CurrentCall, body: participants.Identity) -> Response:
    keys, where = call.runtime.keys, "/api/intake/v1/participants/{id}"
    return await call.once(body, lambda db: participants.enrol_participant(db, keys, body), location=where)


@router.get("/participants/{participant_id}", response_model=people.ParticipantRecord, dependencies=SEEING)
async def participant(call: CurrentCall, participant_id: UUID) -> Response:
    async with call.reading("participant.read", participant_id) as db:
        record = await people.participant(db, call.runtime.keys, call.actor, participant_id)
    return _shown(record, record.version)


@router.put("/participants/{participant_id}", response_model=Created, dependencies=SERVING)
async def describe_participant(call: CurrentCall, participant_id: UUID, body: participants.Identity) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, expected: participants.describe_participant(db, keys, actor, participant_id, body, expected=expected)
    )


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
async def give_notice(call: CurrentCall, participant_id: UUID, body: notices.GiveNotice) -> Response:
    return await call.once(body, lambda db: notices.give_notice(db, call.actor, participant_id, body))


@router.post("/episodes", dependencies=SERVING, **CREATED)
async def open_episode(call: CurrentCall, body: episodes.OpenEpisode) -> Response:
    where = "/api/intake/v1/episodes/{id}"
    return await call.once(body, lambda db: episodes.open_episode(db, call.actor, body), location=where)


@router.get("/episodes/{episode_id}", response_model=records.EpisodeRecord, dependencies=SEEING)
async def episode(call: CurrentCall, episode_id: UUID) -> Response:
    async with call.reading("episode.read", episode_id) as db:
        record = await records.episode(db, call.actor, episode_id)
    return _shown(record, record.version)


@router.post("/episodes/{episode_id}/acknowledgement", dependencies=SERVING, **CREATED)
async def acknowledge(call: CurrentCall, episode_id: UUID, body: episodes.Acknowledge) -> Response:
    return await call.once(body, lambda db: episodes.acknowledge(db, call.actor, episode_id, body))


@router.put("/episodes/{episode_id}/closure", response_model=Created, dependencies=SERVING)
async def close_episode(call: CurrentCall, episode_id: UUID, body: episodes.CloseEpisode) -> Response:
    return await call.change(lambda db, expected: episodes.close_episode(db, call.actor, episode_id, body, expected))


@router.post("/consents", dependencies=SEEING, **CREATED)
async def sign_consent(call: CurrentCall, body: consents.SignConsent) -> Response:
    keys, where = call.runtime.keys, "/api/intake/v1/consents/{id}"
    return await call.once(body, lambda db: consents.sign_consent(db, keys, call.actor, body), location=where)


@router.get("/consents/{consent_id}", response_model=records.ConsentRecord, dependencies=SEEING)
async def consent(call: CurrentCall, consent_id: UUID) -> Response:
    async with call.reading("consent.read", consent_id) as db:
        record = await records.consent(db, call.runtime.keys, call.actor, consent_id)
    return _shown(record, record.version)


@router.put("/consents/{consent_id}/revocation", response_model=Created, dependencies=SEEING)
async def revoke_consent(call: CurrentCall, consent_id: UUID, body: consents.RevokeConsent) -> Response:
    return await call.change(lambda db, expected: consents.revoke_consent(db, call.actor, consent_id, body, expected))


@router.post("/disclosures", dependencies=SEEING, **CREATED)
async def disclose(call: CurrentCall, body: disclosures.MakeDisclosure) -> Response:
    return await call.once(body, lambda db: disclosures.disclose(db, call.runtime.keys, call.actor, body))


@router.post("/assessments", dependencies=SERVING, **CREATED)
async def record_assessment(call: CurrentCall, body: assessments.RecordAssessment) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: assessments.record_assessment(db, keys, call.actor, body))


@router.post("/plans", status_code=201, response_model=plans.PlanWritten, dependencies=SERVING)
async def agree_plan(call: CurrentCall, body: plans.AgreePlan) -> Response:
    keys, where = call.runtime.keys, "/api/intake/v1/plans/{id}"
    return await call.once(body, lambda db: plans.agree_plan(db, keys, call.actor, body), location=where)


@router.get("/plans/{plan_id}", response_model=records.PlanRecord, dependencies=SEEING)
async def plan(call: CurrentCall, plan_id: UUID) -> Response:
    async with call.reading("plan.read", plan_id) as db:
        record = await records.plan(db, call.runtime.keys, call.actor, plan_id)
    return _shown(record, record.version)


@router.post("/plans/{plan_id}/goals", status_code=201, response_model=plans.PlanWritten, dependencies=SERVING)
async def add_goal(call: CurrentCall, plan_id: UUID, body: plans.GoalTerms) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: plans.add_goal(db, keys, call.actor, plan_id, body))


@router.put("/plans/{plan_id}/goals/{goal_id}", response_model=plans.PlanWritten, dependencies=SERVING)
async def end_goal(call: CurrentCall, plan_id: UUID, goal_id: UUID, body: plans.EndGoal) -> Response:
    return await call.change(
        lambda db, expected: plans.end_goal(db, call.actor, plan_id, goal_id, body, expected=expected)
    )


@router.post("/assignments", dependencies=ASSIGNING, **CREATED)
async def assign_peer(call: CurrentCall, body: assignments.AssignPeer) -> Response:
    where = "/api/intake/v1/assignments/{id}"
    return await call.once(body, lambda db: assignments.assign_peer(db, call.actor, body), location=where)


@router.get("/assignments/{assignment_id}", response_model=records.AssignmentRecord, dependencies=SEEING)
async def assignment(call: CurrentCall, assignment_id: UUID) -> Response:
    async with call.reading("assignment.read", assignment_id) as db:
        record = await records.assignment(db, call.actor, assignment_id)
    return _shown(record, record.version)


@router.put("/assignments/{assignment_id}/end", response_model=Created, dependencies=ASSIGNING)
async def end_assignment(call: CurrentCall, assignment_id: UUID, body: assignments.EndAssignment) -> Response:
    return await call.change(
        lambda db, expected: assignments.end_assignment(db, call.actor, assignment_id, body, expected)
    )


@router.post("/imports", status_code=201, response_model=imports.Imported, dependencies=IMPORTING)
async def import_participants(call: CurrentCall, body: imports.ImportParticipants) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: imports.import_participants(db, keys, body))
