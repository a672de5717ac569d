"""Changing a plan: the version before is kept as it stood, and everybody who follows the plan is told the new state."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import Dimension, StatedBy
from common.contracts.envelope import Fact
from common.database import Db
from common.errors import NotThere, Refused
from common.http import require_version
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from intake.commands.access import reach
from intake.commands.recording import Recording, recording
from intake.models import Goal, GoalTask, Plan, PlanVersion
from intake.rules.planning import PlanChange, TaskDoer, TaskStatus

STRENGTHS, STATE = "plan.strengths", "plan_version.state"
GOAL_WORDS, MEASURE, TASK_WORDS = "goal.words", "goal.measure", "goal_task.words"


class TaskState(BaseModel):
    id: UUID
    words: str
    done_by: TaskDoer
    due_on: date | None
    status: TaskStatus
    done_on: date | None


class GoalState(BaseModel):
    id: UUID
    dimension: Dimension
    other_dimensions: list[Dimension]
    stated_by: StatedBy
    words: str
    measure: str | None = Field(description="how the person will know that they are there")
    by_when: date | None
    active_from: date
    active_to: date | None
    tasks: list[TaskState]


class PlanHead(BaseModel):
    agreed_at: AwareDatetime
    in_force_to: date | None
    declined_dimensions: list[Dimension]
    strengths: list[str] = Field(description="the person's, in their words")


class PlanState(PlanHead):
    """Everything that makes up one version of a plan; progress, reviews and agreements stand beside it."""

    goals: list[GoalState]


@dataclass(slots=True)
class OpenPlan:
    """A plan with its parts, and what opens and seals their words."""

    plan: Plan
    goals: Sequence[Goal]
    tasks: Sequence[GoalTask]
    sealer: Sealer
    now: Recording
    before: PlanState = field(init=False)

    def __post_init__(self) -> None:
        self.before = state_of(self.sealer, self.plan, self.goals, self.tasks)

    def goal(self, goal_id: UUID) -> Goal:
        """Return a goal of this plan. Raises `NotThere`."""
        found = next((goal for goal in self.goals if goal.id == goal_id), None)
        if found is None:
            raise NotThere
        return found

    def tasks_of(self, goal_id: UUID) -> list[GoalTask]:
        return [task for task in self.tasks if task.goal_id == goal_id]


async def open_plan(db: Db, keys: KeyRing, plan: Plan, now: Recording) -> OpenPlan:
    sealer = await keys.sealer(db, db.scope.agency_id, plan.participant_id)
    return OpenPlan(plan, await goals_of(db, plan.id), await tasks_of(db, plan.id), sealer, now)


async def plan_to_change(
    db: Db, keys: KeyRing, actor: Actor, plan_id: UUID, *, expected: int | None = None
) -> OpenPlan:
    """Return a plan in force, locked; `expected` is the version the caller saw. Raises `NotThere`, `Refused`."""
    now = await recording(db)
    plan = await reach(db, actor, Plan, plan_id, now, lock=True)
    require_in_force(plan)
    if expected is not None:
        require_version(plan.version, expected)
    return await open_plan(db, keys, plan, now)


def require_in_force(plan: Plan) -> None:
    if plan.in_force_to is not None:
        raise Refused("plan-not-in-force", "This plan has ended. Change the one that is in force.")


def changed(db: Db, opened: OpenPlan, goals: Sequence[Goal], change: PlanChange, part_id: UUID | None = None) -> None:
    """Keep the version before, count the new one and tell it; `goals` are those that the plan has now."""
    plan = opened.plan
    keep_version(db, plan, change, state=opened.sealer.seal(STATE, opened.before.model_dump(mode="json")))
    plan.version += 1
    tell_plan(db, facts.PLAN_CHANGED, plan, goals)
    db.audit(f"plan.{change}", plan.participant_id, plan_id=plan.id, part_id=part_id, version=plan.version)


def keep_version(db: Db, plan: Plan, change: PlanChange, *, state: bytes | None) -> None:
    db.add(
        PlanVersion(
            agency_id=plan.agency_id,
            id=uuid7(),
            participant_id=plan.participant_id,
            plan_id=plan.id,
            version=plan.version,
            state=state,
            change=change,
            stood_until=db.now,
            changed_by=db.scope.actor_id,
        )
    )


def tell_plan(db: Db, fact: Fact, plan: Plan, goals: Sequence[Goal]) -> None:
    state = facts.PlanFacts(
        plan_id=plan.id,
        participant_id=plan.participant_id,
        episode_id=plan.episode_id,
        agreed_at=plan.agreed_at,
        in_force_to=plan.in_force_to,
        declined_dimensions=[Dimension(dimension) for dimension in plan.declined_dimensions],
        goals=[_goal_facts(goal) for goal in goals],
    )
    db.publish(fact, state, about=plan.id, seq=plan.version)


def _goal_facts(goal: Goal) -> facts.GoalFacts:
    return facts.GoalFacts(
        goal_id=goal.id,
        dimension=Dimension(goal.dimension),
        stated_by=StatedBy(goal.stated_by),
        active_from=goal.active_from,
        active_to=goal.active_to,
    )


def state_of(sealer: Sealer, plan: Plan, goals: Sequence[Goal], tasks: Sequence[GoalTask]) -> PlanState:
    return PlanState.model_validate(
        {
            "agreed_at": plan.agreed_at,
            "in_force_to": plan.in_force_to,
            "declined_dimensions": plan.declined_dimensions,
            "strengths": sealer.open(STRENGTHS, plan.strengths) if plan.strengths else [],
            "goals": [_goal_state(sealer, goal, tasks) for goal in goals],
        }
    )


def _goal_state(sealer: Sealer, goal: Goal, tasks: Sequence[GoalTask]) -> GoalState:
    plain = {name: getattr(goal, name) for name in GoalState.model_fields if name not in ("words", "measure", "tasks")}
    return GoalState.model_validate(
        plain
        | {
            "words": sealer.open(GOAL_WORDS, goal.words),
            "measure": sealer.open(MEASURE, goal.measure) if goal.measure else None,
            "tasks": [_task_state(sealer, task) for task in tasks if task.goal_id == goal.id],
        }
    )


def _task_state(sealer: Sealer, task: GoalTask) -> TaskState:
    plain = {name: getattr(task, name) for name in TaskState.model_fields if name != "words"}
    return TaskState.model_validate(plain | {"words": sealer.open(TASK_WORDS, task.words)})


async def goals_of(db: Db, plan_id: UUID) -> Sequence[Goal]:
    question = select(Goal).where(Goal.agency_id == db.scope.agency_id, Goal.plan_id == plan_id)
    return (await db.scalars(question.order_by(Goal.position))).all()


async def tasks_of(db: Db, plan_id: UUID) -> Sequence[GoalTask]:
    """Return the tasks of every goal of a plan, each goal's in the order agreed."""
    question = select(GoalTask).where(GoalTask.agency_id == db.scope.agency_id, GoalTask.plan_id == plan_id)
    return (await db.scalars(question.order_by(GoalTask.goal_id, GoalTask.position))).all()
