"""Agreeing a recovery plan with its goals in the four dimensions, and changing it."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import Dimension, StatedBy
from common.database import Db
from common.errors import Refused, Unprocessable
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Asked, Day, Distinct, Instant, Prose
from intake.commands.access import reach
from intake.commands.plan_agreements import AgreementTerms, place_agreement
from intake.commands.plan_tasks import MOST_TASKS, TaskTerms, place_tasks
from intake.commands.plan_versions import (
    GOAL_WORDS,
    MEASURE,
    STRENGTHS,
    OpenPlan,
    changed,
    goals_of,
    keep_version,
    open_plan,
    plan_to_change,
    tell_plan,
)
from intake.commands.pointing import pointing
from intake.commands.recording import Recording, recording, require_order
from intake.models import Episode, Goal, Plan
from intake.rules.people import ends_before
from intake.rules.planning import PlanChange, TaskStatus

MOST_GOALS = 50
MOST_STRENGTHS = 50
Short = Annotated[Prose, StringConstraints(max_length=1000)]


class GoalWords(Asked):
    """What a goal says: what, in which part of life, who said so, how to know that it is reached, and by when."""

    dimension: Dimension = Field(description="the main one")
    other_dimensions: Annotated[list[Dimension], Distinct] = Field(default=[], max_length=3)
    stated_by: StatedBy
    words: Prose = Field(description="the goal, as the person says it")
    measure: Short | None = Field(default=None, description="how the person will know that they are there")
    by_when: Day | None = None

    @model_validator(mode="after")
    def _others_are_others(self) -> Self:
        if self.dimension in self.other_dimensions:
            raise ValueError("the main dimension is not one of the others")
        return self


class GoalTerms(GoalWords):
    active_from: Day
    active_to: Day | None = None
    tasks: list[TaskTerms] = Field(default=[], max_length=MOST_TASKS)


class PlanTerms(Asked):
    agreed_at: Instant | None = None
    goals: list[GoalTerms] = Field(default=[], max_length=MOST_GOALS)
    declined_dimensions: list[Dimension] = Field(default=[], max_length=4)
    strengths: list[Short] = Field(default=[], max_length=MOST_STRENGTHS, description="the person's, in their words")
    agreement: AgreementTerms | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.goals and not self.declined_dimensions:
            raise ValueError("give a goal or a declined dimension")
        return self


class AgreePlan(PlanTerms):
    episode_id: UUID


class ChangePlan(Asked):
    """What is left out stays as it is."""

    strengths: list[Short] | None = Field(default=None, max_length=MOST_STRENGTHS)
    declined_dimensions: list[Dimension] | None = Field(default=None, max_length=4)


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
        strengths=_sealed_strengths(sealer, terms.strengths),
        source_system=recording.source_system,
        recorded_at=recording.now,
        version=1,
    )
    goals = [_goal(db, sealer, plan, place, goal, f"/goals/{place}") for place, goal in enumerate(terms.goals)]
    db.add(plan)
    if terms.agreement:
        place_agreement(db, recording, sealer, plan, terms.agreement)
    tell_plan(db, facts.PLAN_AGREED, plan, goals)
    return plan, goals


def _sealed_strengths(sealer: Sealer, strengths: Sequence[str]) -> bytes | None:
    return sealer.seal(STRENGTHS, list(strengths)) if strengths else None


def _goal(db: Db, sealer: Sealer, plan: Plan, position: int, terms: GoalTerms, pointer: str) -> Goal:
    """Write a goal with its tasks."""
    require_order(terms.active_from, terms.active_to, f"{pointer}/active_to")
    goal = Goal(
        agency_id=plan.agency_id,
        id=uuid7(),
        plan_id=plan.id,
        position=position,
        active_from=terms.active_from,
        active_to=terms.active_to,
    )
    with pointing(pointer):
        _word(sealer, goal, terms)
    db.add(goal)
    db.add_all(place_tasks(sealer, plan, goal.id, terms.tasks))
    return goal


def _word(sealer: Sealer, goal: Goal, terms: GoalWords) -> None:
    require_order(goal.active_from, terms.by_when, "/by_when")
    goal.dimension, goal.stated_by = terms.dimension, terms.stated_by
    goal.other_dimensions = sorted(terms.other_dimensions)
    goal.words = sealer.seal(GOAL_WORDS, terms.words)
    goal.measure = None if terms.measure is None else sealer.seal(MEASURE, terms.measure)
    goal.by_when = terms.by_when


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
    keep_version(db, plan, PlanChange.PLAN_ENDED, state=None)
    plan.in_force_to = last_day
    plan.version += 1
    tell_plan(db, facts.PLAN_CHANGED, plan, goals)


def carried_terms(opened: OpenPlan) -> PlanTerms | None:
    """Return what of a plan goes on elsewhere: open goals with open tasks; None if neither goal nor answer is left."""
    state = opened.before
    goals = [
        goal.model_dump(exclude={"id", "tasks"})
        | {
            "tasks": [
                task.model_dump(include={"words", "done_by", "due_on"})
                for task in goal.tasks
                if task.status is TaskStatus.OPEN
            ]
        }
        for goal in state.goals
        if goal.active_to is None
    ]
    if not goals and not state.declined_dimensions:
        return None
    kept = state.model_dump(include={"agreed_at", "declined_dimensions", "strengths"})
    return PlanTerms.model_validate(kept | {"goals": goals})


async def carry_plan(db: Db, keys: KeyRing, now: Recording, following: Episode, plan: Plan) -> Plan | None:
    """Agree what is open of a plan for the next episode too, as of the day on which it was agreed."""
    opened = await open_plan(db, keys, plan, now)
    terms = carried_terms(opened)
    return place_plan(db, now, opened.sealer, following, terms)[0] if terms else None


async def change_plan(
    db: Db, keys: KeyRing, actor: Actor, plan_id: UUID, request: ChangePlan, *, expected: int
) -> PlanWritten:
    opened = await plan_to_change(db, keys, actor, plan_id, expected=expected)
    plan = opened.plan
    if request.strengths is not None:
        plan.strengths = _sealed_strengths(opened.sealer, request.strengths)
    if request.declined_dimensions is not None:
        plan.declined_dimensions = sorted(set(request.declined_dimensions))
    if not opened.goals and not plan.declined_dimensions:
        detail = "A plan without a goal says at least which dimension the person declined."
        raise Unprocessable("plan-says-nothing", detail, "/declined_dimensions")
    changed(db, opened, opened.goals, PlanChange.PLAN_CHANGED)
    return _written(plan, opened.goals)


async def add_goal(db: Db, keys: KeyRing, actor: Actor, plan_id: UUID, request: GoalTerms) -> PlanWritten:
    """Add a goal to a plan in force; its id is the last of the answer's."""
    opened = await plan_to_change(db, keys, actor, plan_id)
    if len(opened.goals) >= MOST_GOALS:
        raise Refused("too-many-goals", f"A plan holds at most {MOST_GOALS} goals. End some in a new plan.")
    goal = _goal(db, opened.sealer, opened.plan, len(opened.goals), request, "")
    goals = [*opened.goals, goal]
    changed(db, opened, goals, PlanChange.GOAL_ADDED, goal.id)
    return _written(opened.plan, goals)


async def change_goal(
    db: Db, keys: KeyRing, actor: Actor, plan_id: UUID, goal_id: UUID, request: GoalWords, *, expected: int
) -> PlanWritten:
    """Word a goal anew; its id stays, so that sessions which worked on it still name it."""
    opened = await plan_to_change(db, keys, actor, plan_id, expected=expected)
    goal = opened.goal(goal_id)
    _word(opened.sealer, goal, request)
    changed(db, opened, opened.goals, PlanChange.GOAL_CHANGED, goal.id)
    return _written(opened.plan, opened.goals)


async def end_goal(
    db: Db, keys: KeyRing, actor: Actor, plan_id: UUID, goal_id: UUID, request: EndGoal, *, expected: int
) -> PlanWritten:
    """Say until when a goal was worked on; `expected` is the plan's version."""
    opened = await plan_to_change(db, keys, actor, plan_id, expected=expected)
    goal = opened.goal(goal_id)
    require_order(goal.active_from, request.active_to, "/active_to")
    goal.active_to = request.active_to
    changed(db, opened, opened.goals, PlanChange.GOAL_ENDED, goal.id)
    return _written(opened.plan, opened.goals)


def _written(plan: Plan, goals: Sequence[Goal]) -> PlanWritten:
    return PlanWritten(id=plan.id, version=plan.version, goal_ids=[goal.id for goal in goals])
