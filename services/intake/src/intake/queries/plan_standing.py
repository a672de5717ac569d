"""What a reviewer finds in a plan and what is missing, and what is known of a person that goes with a good outcome."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import func, select

from common.contracts.codes import Dimension, StatedBy
from common.database import Db
from common.identity import Actor
from common.privacy import KeyRing
from intake.commands.access import family_of, reach, reach_participant
from intake.commands.plan_versions import OpenPlan, open_plan
from intake.commands.recording import Recording, recording
from intake.models import Episode, Goal, Plan, PlanAgreement, PlanReview
from intake.rules.planning import (
    AUTHORITIES,
    NEXT_STEPS,
    NOTES,
    GoalLook,
    GoalSoFar,
    GoalStanding,
    PlanAuthority,
    PlanLook,
    PlanPoint,
    PointStanding,
    goals_completed,
    goals_open,
    plan_standing,
)

CITATION = "Ashford et al., Addictive Behaviors, 2021"
DOI = "10.1016/j.addbeh.2021.106945"


class PointFound(BaseModel):
    point: PlanPoint
    met: bool
    declined: bool = Field(description="the person would rather not, which is a full answer")
    by: date | None = Field(description="the last day on which it can be, or could have been, met")
    authority: PlanAuthority = Field(description="guidance binds nobody by itself; default is Handrail's own")
    source: str
    note: str | None = Field(description="what another authority asks for, if we know of one")
    next_step: str | None = Field(description="what to do about it; null if it is met")


class PlanFound(BaseModel):
    plan_id: UUID
    version: int
    on: date = Field(description="today, or the last day the plan was in force")
    agreed_versions: list[int] = Field(description="which versions the person agreed to, as far as it is documented")
    next_review_on: date | None = Field(description="as set in the last review")
    points: list[PointFound]


class Predictors(BaseModel):
    """Two counts that were associated with more recovery capital; of a group, never a forecast for one person."""

    goals_completed: int
    goals_open: int
    reviews: int = Field(description="held with the person")
    last_review_on: date | None
    days_since_last_review: int | None
    association: str = (
        "Completed plan goals and follow-up engagements were associated with gains in recovery capital "
        "among 3,459 people; association, not cause."
    )
    citation: str = CITATION
    doi: str = DOI


async def standing(db: Db, keys: KeyRing, actor: Actor, plan_id: UUID) -> PlanFound:
    now = await recording(db)
    found = await reach(db, actor, Plan, plan_id, now)
    opened = await open_plan(db, keys, found, now)
    last = await _last_review(db, now, [found.id])
    agreed = await _agreed_versions(db, found)
    look = await _look(db, now, opened, last, len(agreed))
    return PlanFound(
        plan_id=found.id,
        version=found.version,
        on=look.on,
        agreed_versions=agreed,
        next_review_on=last.next_review_on if last else None,
        points=[_point(one) for one in plan_standing(look)],
    )


async def _look(db: Db, now: Recording, opened: OpenPlan, last: PlanReview | None, agreements: int) -> PlanLook:
    plan = opened.plan
    episode = await db.get_one(Episode, (plan.agency_id, plan.episode_id))
    first_agreed_at = await db.scalar(
        select(func.min(Plan.agreed_at)).where(Plan.agency_id == plan.agency_id, Plan.episode_id == plan.episode_id)
    )
    return PlanLook(
        goals=[GoalLook(Dimension(one.dimension), StatedBy(one.stated_by), one.active_from) for one in opened.goals],
        declined=[Dimension(one) for one in plan.declined_dimensions],
        strengths=len(opened.before.strengths),
        agreements=agreements,
        opened_on=episode.opened_on,
        first_agreed_on=now.day(first_agreed_at or plan.agreed_at),
        agreed_on=now.day(plan.agreed_at),
        last_review_on=now.day(last.reviewed_at) if last else None,
        on=min(plan.in_force_to or now.today, now.today),
    )


async def _agreed_versions(db: Db, plan: Plan) -> list[int]:
    row = PlanAgreement
    question = select(row.plan_version).where(row.agency_id == plan.agency_id, row.plan_id == plan.id)
    return list(await db.scalars(question.distinct().order_by(row.plan_version)))


async def _last_review(db: Db, now: Recording, plan_ids: Any) -> PlanReview | None:
    """Return the last review of any of the plans that was held with the person."""
    row = PlanReview
    question = select(row).where(row.agency_id == db.scope.agency_id, row.plan_id.in_(plan_ids), row.with_participant)
    last: PlanReview | None = await db.scalar(question.order_by(row.reviewed_at.desc(), row.id.desc()).limit(1))
    return last


def _point(one: PointStanding) -> PointFound:
    authority, source = AUTHORITIES[one.point]
    return PointFound(
        point=one.point,
        met=one.met,
        declined=one.declined,
        by=one.by,
        authority=authority,
        source=source,
        note=NOTES.get(one.point),
        next_step=None if one.met else NEXT_STEPS[one.point],
    )


async def predictors(db: Db, actor: Actor, participant_id: UUID) -> Predictors:
    """Return what intake knows; the count of follow-up engagements is session-logging's, which holds the sessions."""
    now = await recording(db)
    family = await family_of(db, await reach_participant(db, actor, participant_id, now))
    goals = await _goals(db, family)
    plan_ids = select(Plan.id).where(Plan.agency_id == db.scope.agency_id, Plan.participant_id.in_(family))
    last = await _last_review(db, now, plan_ids)
    last_on = now.day(last.reviewed_at) if last else None
    return Predictors(
        goals_completed=goals_completed(goals),
        goals_open=goals_open(goals, now.today),
        reviews=await _count_reviews(db, plan_ids),
        last_review_on=last_on,
        days_since_last_review=(now.today - last_on).days if last_on else None,
    )


async def _goals(db: Db, family: list[UUID]) -> list[GoalSoFar]:
    question = (
        select(Goal.standing, Goal.active_from, Goal.active_to, Plan.in_force_to)
        .join(Plan, (Plan.agency_id == Goal.agency_id) & (Plan.id == Goal.plan_id))
        .where(Goal.agency_id == db.scope.agency_id, Plan.participant_id.in_(family))
    )
    return [
        GoalSoFar(
            GoalStanding(row.standing) if row.standing else None,
            row.active_from,
            row.active_to,
            plan_ended=row.in_force_to is not None,
        )
        for row in await db.execute(question)
    ]


async def _count_reviews(db: Db, plan_ids: Any) -> int:
    row = PlanReview
    question = select(func.count()).where(
        row.agency_id == db.scope.agency_id, row.plan_id.in_(plan_ids), row.with_participant
    )
    return (await db.execute(question)).scalar_one()
