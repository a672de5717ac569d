"""How near the person is to a goal, said again and again; nothing said earlier is ever lost."""

from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts.codes import StatedBy
from common.database import Db
from common.errors import NotThere, Unprocessable
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Day, Prose
from intake.commands.access import reach
from intake.commands.plan_versions import require_in_force
from intake.commands.recording import Recording, recording
from intake.models import Goal, GoalProgress, Plan
from intake.rules.planning import GoalStanding

WORDS = "goal_progress.words"


class ProgressTerms(Asked):
    on: Day
    standing: GoalStanding
    said_by: StatedBy
    words: Annotated[Prose, StringConstraints(max_length=2000)] | None = None


async def goal_of(db: Db, plan: Plan, goal_id: UUID) -> Goal:
    """Return a goal of a plan that was reached. Raises `NotThere`."""
    question = select(Goal).where(Goal.agency_id == plan.agency_id, Goal.id == goal_id, Goal.plan_id == plan.id)
    goal = await db.scalar(question)
    if goal is None:
        raise NotThere
    return goal


async def note_progress(
    db: Db, keys: KeyRing, actor: Actor, plan_id: UUID, goal_id: UUID, request: ProgressTerms
) -> Created:
    """Note how near a goal was on a day. It is no change of the plan, so the plan's version stays."""
    now = await recording(db)
    plan = await reach(db, actor, Plan, plan_id, now, lock=True)
    require_in_force(plan)
    goal = await goal_of(db, plan, goal_id)
    _require_day(now, goal, request)
    sealer = await keys.sealer(db, db.scope.agency_id, plan.participant_id)
    progress = GoalProgress(
        agency_id=plan.agency_id,
        id=uuid7(),
        participant_id=plan.participant_id,
        goal_id=goal.id,
        words=None if request.words is None else sealer.seal(WORDS, request.words),
        recorded_at=now.now,
        recorded_by=db.scope.actor_id,
        **request.model_dump(exclude={"words"}),
    )
    db.add(progress)
    if goal.standing_on is None or goal.standing_on <= request.on:
        goal.standing, goal.standing_on = request.standing, request.on
    db.audit("plan.progress", plan.participant_id, plan_id=plan.id, goal_id=goal.id, progress_id=progress.id)
    return Created(id=progress.id, version=1)


def _require_day(now: Recording, goal: Goal, request: ProgressTerms) -> None:
    now.require_past(request.on, "/on")
    if request.on < goal.active_from:
        raise Unprocessable("before-the-goal", "The goal was not begun on that day. Name a later one.", "/on")
