"""Agreeing a recovery plan with its goals in the four dimensions, and changing it."""

from collections.abc import Sequence
from datetime import date
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import Dimension, StatedBy
from common.contracts.envelope import Fact
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Asked, Day, Instant, Prose
from intake.commands.access import reach
from intake.commands.recording import Recording, recording, require_order
from intake.models import Episode, Goal, Plan
from intake.rules.people import ends_before

WORDS = "goal.words"
MOST_GOALS = 50


class GoalTerms(Asked):
    dimension: Dimension
    stated_by: StatedBy
    words: Prose = Field(description="the goal, as the person says it")
    active_from: Day
    active_to: Day | None = None


class PlanTerms(Asked):
    agreed_at: Instant | None = None
    goals: list[GoalTerms] = Field(default=[], max_length=MOST_GOALS)
    declined_dimensions: list[Dimension] = Field(default=[], max_length=4)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.goals and not self.declined_dimensions:
            raise ValueError("give a goal or a declined dimension")
        return self


class AgreePlan(PlanTerms):
    episode_id: UUID


class EndGoal(Asked):
    active_to: Day


class PlanWritten(Created):
    goal_ids: list[UUID] = Field(description="of every goal, in the order agreed")


def place_plan(
    db: Db, recording: Recording, sealer: Sealer, episode: Episode, terms: PlanTerms
) -> tuple[Plan, list[Goal]]:
    plan = Plan(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=episode.participant_id,
        episode_id=episode.id,
        agreed_at=recording.stated(terms.agreed_at, "/agreed_at"),
        declined_dimensions=sorted(set(terms.declined_dimensions)),
        source_system=recording.source_system,
        recorded_at=recording.now,
        version=1,
    )
    goals = [_goal(sealer, plan, place, goal, f"/goals/{place}") for place, goal in enumerate(terms.goals)]
    db.add_all([plan, *goals])
    _tell(db, facts.PLAN_AGREED, plan, goals)
    return plan, goals


def _goal(sealer: Sealer, plan: Plan, position: int, terms: GoalTerms, pointer: str) -> Goal:
    require_order(terms.active_from, terms.active_to, f"{pointer}/active_to")
    return Goal(
        agency_id=plan.agency_id,
        id=uuid7(),
        plan_id=plan.id,
        position=position,
        words=sealer.seal(WORDS, terms.words),
        **terms.model_dump(exclude={"words"}),
    )


def _tell(db: Db, fact: Fact, plan: Plan, goals: Sequence[Goal]) -> None:
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


async def agree_plan(db: Db, keys: KeyRing, actor: Actor, request: AgreePlan) -> PlanWritten:
    """Agree a plan; the one in force before ends the day before, at least on its own agreed day."""
    now = await recording(db)
    episode = await reach(db, actor, Episode, request.episode_id, now, lock=True)
    if episode.closed_on is not None:
        raise Refused("episode-closed", "This episode is closed. Open a new one to go on.")
    await _end_earlier(db, now, episode, request)
    sealer = await keys.sealer(db, db.scope.agency_id, episode.participant_id)
    plan, goals = place_plan(db, now, sealer, episode, request)
    db.audit("plan.agree", episode.participant_id, plan_id=plan.id)
    return _written(plan, goals)


async def _end_earlier(db: Db, recording: Recording, episode: Episode, request: AgreePlan) -> None:
    question = select(Plan).where(
        Plan.agency_id == episode.agency_id, Plan.episode_id == episode.id, Plan.in_force_to.is_(None)
    )
    earlier = await db.scalar(question.with_for_update())
    if earlier is None:
        return
    agreed_at = recording.stated(request.agreed_at, "/agreed_at")
    if agreed_at < earlier.agreed_at:
        raise Unprocessable("plan-before-the-last", "A later plan is agreed already.", "/agreed_at")
    last_day = ends_before(recording.day(agreed_at), recording.day(earlier.agreed_at))
    close_plan(db, earlier, await goals_of(db, earlier.id), last_day)
    await db.flush()  # before the new plan is written, for only one may be in force


def close_plan(db: Db, plan: Plan, goals: Sequence[Goal], last_day: date) -> None:
    plan.in_force_to = last_day
    plan.version += 1
    _tell(db, facts.PLAN_CHANGED, plan, goals)


async def goals_of(db: Db, plan_id: UUID) -> Sequence[Goal]:
    question = select(Goal).where(Goal.agency_id == db.scope.agency_id, Goal.plan_id == plan_id)
    return (await db.scalars(question.order_by(Goal.position))).all()


async def add_goal(db: Db, keys: KeyRing, actor: Actor, plan_id: UUID, request: GoalTerms) -> PlanWritten:
    """Add a goal to a plan in force; its id is the last of the answer's."""
    plan, goals = await _changeable(db, actor, plan_id)
    if len(goals) >= MOST_GOALS:
        raise Refused("too-many-goals", f"A plan holds at most {MOST_GOALS} goals. End some in a new plan.")
    sealer = await keys.sealer(db, db.scope.agency_id, plan.participant_id)
    goal = _goal(sealer, plan, len(goals), request, "")
    db.add(goal)
    return _changed(db, plan, [*goals, goal], "goal.add", goal.id)


async def end_goal(
    db: Db, actor: Actor, plan_id: UUID, goal_id: UUID, request: EndGoal, *, expected: int
) -> PlanWritten:
    """Say until when a goal was worked on; `expected` is the plan's version."""
    plan, goals = await _changeable(db, actor, plan_id)
    require_version(plan.version, expected)
    goal = next((goal for goal in goals if goal.id == goal_id), None)
    if goal is None:
        raise NotThere
    require_order(goal.active_from, request.active_to, "/active_to")
    goal.active_to = request.active_to
    return _changed(db, plan, goals, "goal.end", goal.id)


async def _changeable(db: Db, actor: Actor, plan_id: UUID) -> tuple[Plan, Sequence[Goal]]:
    plan = await reach(db, actor, Plan, plan_id, await recording(db), lock=True)
    if plan.in_force_to is not None:
        raise Refused("plan-not-in-force", "This plan has ended. Change the one that is in force.")
    return plan, await goals_of(db, plan_id)


def _changed(db: Db, plan: Plan, goals: Sequence[Goal], action: str, goal_id: UUID) -> PlanWritten:
    plan.version += 1
    _tell(db, facts.PLAN_CHANGED, plan, goals)
    db.audit(action, plan.participant_id, plan_id=plan.id, goal_id=goal_id)
    return _written(plan, goals)


def _written(plan: Plan, goals: Sequence[Goal]) -> PlanWritten:
    return PlanWritten(id=plan.id, version=plan.version, goal_ids=[goal.id for goal in goals])
