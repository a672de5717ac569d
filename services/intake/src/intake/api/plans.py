"""How a recovery plan is agreed and changed."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import CurrentCall
from intake.api.admission import SEEING, SERVING, shown
from intake.commands import (
    plans,
)
from intake.queries import records

router = APIRouter(prefix="/v1")


@router.post("/plans", status_code=201, response_model=plans.PlanWritten, dependencies=SERVING)
async def agree_plan(call: CurrentCall, body: plans.AgreePlan) -> Response:
    keys, where = call.runtime.keys, "/api/intake/v1/plans/{id}"
    return await call.once(body, lambda db: plans.agree_plan(db, keys, call.actor, body), location=where)


@router.get("/plans/{plan_id}", response_model=records.PlanRecord, dependencies=SEEING)
async def plan(call: CurrentCall, plan_id: UUID) -> Response:
    async with call.reading("plan.read", plan_id) as db:
        record = await records.plan(db, call.runtime.keys, call.actor, plan_id)
    return shown(record, record.version)


@router.post("/plans/{plan_id}/goals", status_code=201, response_model=plans.PlanWritten, dependencies=SERVING)
async def add_goal(call: CurrentCall, plan_id: UUID, body: plans.GoalTerms) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: plans.add_goal(db, keys, call.actor, plan_id, body))


@router.put("/plans/{plan_id}/goals/{goal_id}", response_model=plans.PlanWritten, dependencies=SERVING)
async def end_goal(call: CurrentCall, plan_id: UUID, goal_id: UUID, body: plans.EndGoal) -> Response:
    return await call.change(
        lambda db, expected: plans.end_goal(db, call.actor, plan_id, goal_id, body, expected=expected)
    )
