"""How a recovery plan is agreed, changed, followed and looked at again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from common.http import VERSION_MOST, Created, CurrentCall, decode_cursor
from intake.api.admission import CREATED, SEEING, SERVING, Limit, shown
from intake.commands import plan_agreements, plan_invitations, plan_progress, plan_tasks, plans, reviews
from intake.queries import plan_notes, plan_standing
from intake.queries import plans as reading

router = APIRouter(prefix="/v1")
Version = Annotated[int, Path(ge=1, le=VERSION_MOST)]


@router.post("/plans", status_code=201, response_model=plans.PlanWritten, dependencies=SERVING)
async def agree_plan(call: CurrentCall, body: plans.AgreePlan) -> Response:
    keys, where = call.runtime.keys, "/api/intake/v1/plans/{id}"
    return await call.once(body, lambda db: plans.agree_plan(db, keys, call.actor, body), location=where)


@router.get("/plans/{plan_id}", response_model=reading.PlanRecord, dependencies=SEEING)
async def plan(call: CurrentCall, plan_id: UUID) -> Response:
    async with call.reading("plan.read", plan_id) as db:
        record = await reading.plan(db, call.runtime.keys, call.actor, plan_id)
    return shown(record, record.version)


@router.put("/plans/{plan_id}", response_model=plans.PlanWritten, dependencies=SERVING)
async def change_plan(call: CurrentCall, plan_id: UUID, body: plans.ChangePlan) -> Response:
    """Write the person's strengths or what they declined anew."""
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, expected: plans.change_plan(db, keys, actor, plan_id, body, expected=expected))


@router.get("/plans/{plan_id}/versions", dependencies=SEEING)
async def versions(
    call: CurrentCall, plan_id: UUID, next: str | None = None, limit: Limit = 50
) -> reading.PlanVersions:
    async with call.reading("plan.versions", plan_id) as db:
        return await reading.versions(db, call.actor, plan_id, decode_cursor(next), limit)


@router.get("/plans/{plan_id}/versions/{version}", dependencies=SEEING)
async def version(call: CurrentCall, plan_id: UUID, version: Version) -> reading.PlanAsItStood:
    """The plan as it stood in that version."""
    async with call.reading("plan.read", plan_id, version=version) as db:
        return await reading.version(db, call.runtime.keys, call.actor, plan_id, version)


@router.post("/plans/{plan_id}/goals", status_code=201, response_model=plans.PlanWritten, dependencies=SERVING)
async def add_goal(call: CurrentCall, plan_id: UUID, body: plans.GoalTerms) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: plans.add_goal(db, keys, call.actor, plan_id, body))


@router.put("/plans/{plan_id}/goals/{goal_id}", response_model=plans.PlanWritten, dependencies=SERVING)
async def end_goal(call: CurrentCall, plan_id: UUID, goal_id: UUID, body: plans.EndGoal) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, expected: plans.end_goal(db, keys, actor, plan_id, goal_id, body, expected=expected)
    )


@router.put("/plans/{plan_id}/goals/{goal_id}/words", response_model=plans.PlanWritten, dependencies=SERVING)
async def change_goal(call: CurrentCall, plan_id: UUID, goal_id: UUID, body: plans.GoalWords) -> Response:
    """Word a goal anew; the version before stays readable."""
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, expected: plans.change_goal(db, keys, actor, plan_id, goal_id, body, expected=expected)
    )


@router.post("/plans/{plan_id}/goals/{goal_id}/tasks", dependencies=SERVING, **CREATED)
async def add_task(call: CurrentCall, plan_id: UUID, goal_id: UUID, body: plan_tasks.TaskTerms) -> Response:
    """The answer's id is the task's, its version the plan's."""
    keys = call.runtime.keys
    return await call.once(body, lambda db: plan_tasks.add_task(db, keys, call.actor, plan_id, goal_id, body))


@router.put("/plans/{plan_id}/goals/{goal_id}/tasks/{task_id}", response_model=Created, dependencies=SERVING)
async def change_task(
    call: CurrentCall, plan_id: UUID, goal_id: UUID, task_id: UUID, body: plan_tasks.ChangeTask
) -> Response:
    """Write a task anew, or say that it is done or dropped; `If-Match` is the plan's version."""
    keys, actor, ids = call.runtime.keys, call.actor, (plan_id, goal_id, task_id)
    return await call.change(lambda db, expected: plan_tasks.change_task(db, keys, actor, ids, body, expected=expected))


@router.post("/plans/{plan_id}/goals/{goal_id}/progress", dependencies=SERVING, **CREATED)
async def note_progress(call: CurrentCall, plan_id: UUID, goal_id: UUID, body: plan_progress.ProgressTerms) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: plan_progress.note_progress(db, keys, actor, plan_id, goal_id, body))


@router.get("/plans/{plan_id}/goals/{goal_id}/progress", dependencies=SEEING)
async def progress(
    call: CurrentCall, plan_id: UUID, goal_id: UUID, next: str | None = None, limit: Limit = 50
) -> plan_notes.ProgressPage:
    async with call.reading("plan.progress-read", plan_id, goal_id=goal_id) as db:
        keys, ids = call.runtime.keys, (plan_id, goal_id)
        return await plan_notes.progress(db, keys, call.actor, ids, decode_cursor(next), limit)


@router.post("/plans/{plan_id}/reviews", dependencies=SERVING, **CREATED)
async def review_plan(call: CurrentCall, plan_id: UUID, body: reviews.ReviewTerms) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: reviews.review_plan(db, keys, call.actor, plan_id, body))


@router.get("/plans/{plan_id}/reviews", dependencies=SEEING)
async def reviews_of(
    call: CurrentCall, plan_id: UUID, next: str | None = None, limit: Limit = 50
) -> plan_notes.ReviewPage:
    async with call.reading("plan.reviews-read", plan_id) as db:
        return await plan_notes.reviews_of(db, call.runtime.keys, call.actor, plan_id, decode_cursor(next), limit)


@router.post("/plans/{plan_id}/agreements", dependencies=SERVING, **CREATED)
async def record_agreement(call: CurrentCall, plan_id: UUID, body: plan_agreements.RecordAgreement) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: plan_agreements.record_agreement(db, keys, call.actor, plan_id, body))


@router.get("/plans/{plan_id}/agreements", dependencies=SEEING)
async def agreements(call: CurrentCall, plan_id: UUID) -> plan_notes.Agreements:
    async with call.reading("plan.agreements-read", plan_id) as db:
        return await plan_notes.agreements(db, call.runtime.keys, call.actor, plan_id)


@router.post("/plans/{plan_id}/invitations", dependencies=SERVING, **CREATED)
async def invite(call: CurrentCall, plan_id: UUID, body: plan_invitations.InvitationTerms) -> Response:
    """Note a warm invitation to a mutual-aid meeting; who else was there, and where, is nobody's business."""
    return await call.once(body, lambda db: plan_invitations.invite(db, call.actor, plan_id, body))


@router.post("/participants/{participant_id}/invitations", dependencies=SERVING, **CREATED)
async def invite_in_session(
    call: CurrentCall, participant_id: UUID, body: plan_invitations.SessionInvitation
) -> Response:
    """Note a warm invitation that was made in a session."""
    return await call.once(body, lambda db: plan_invitations.invite_in_session(db, call.actor, participant_id, body))


@router.get("/participants/{participant_id}/invitations", dependencies=SEEING)
async def invitations_of(
    call: CurrentCall,
    participant_id: UUID,
    session_id: UUID | None = None,
    next: str | None = None,
    limit: Limit = 50,
) -> plan_notes.InvitationPage:
    after = decode_cursor(next)
    async with call.reading("meeting.invitations-read", participant_id) as db:
        return await plan_notes.invitations_of(db, call.actor, participant_id, session_id, after, limit)


@router.put("/invitations/{invitation_id}/outcome", response_model=Created, dependencies=SERVING)
async def note_outcome(call: CurrentCall, invitation_id: UUID, body: plan_invitations.InvitationOutcome) -> Response:
    actor = call.actor
    return await call.change(
        lambda db, expected: plan_invitations.note_outcome(db, actor, invitation_id, body, expected=expected)
    )


@router.get("/plans/{plan_id}/invitations", dependencies=SEEING)
async def invitations(
    call: CurrentCall, plan_id: UUID, next: str | None = None, limit: Limit = 50
) -> plan_notes.InvitationPage:
    async with call.reading("plan.invitations-read", plan_id) as db:
        return await plan_notes.invitations(db, call.actor, plan_id, decode_cursor(next), limit)


@router.get("/plans/{plan_id}/standing", dependencies=SEEING)
async def standing(call: CurrentCall, plan_id: UUID) -> plan_standing.PlanFound:
    """What a reviewer finds in the plan and what is missing, each with whose advice it is."""
    async with call.reading("plan.standing", plan_id) as db:
        return await plan_standing.standing(db, call.runtime.keys, call.actor, plan_id)


@router.get("/participants/{participant_id}/predictors", dependencies=SEEING)
async def predictors(call: CurrentCall, participant_id: UUID) -> plan_standing.Predictors:
    """Counts that were associated with a good outcome; follow-up engagements are counted in session-logging."""
    async with call.reading("participant.predictors", participant_id) as db:
        return await plan_standing.predictors(db, call.actor, participant_id)
