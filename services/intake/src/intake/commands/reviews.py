"""Looking at a plan again, which its person is part of unless it is said that they were not there."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.database import Db
from common.errors import Unprocessable
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Day, Instant, Prose
from intake.commands.access import reach
from intake.commands.recording import Recording, recording
from intake.models import Plan, PlanReview

WORDS = "plan_review.words"


class ReviewTerms(Asked):
    reviewed_at: Instant | None = None
    with_participant: bool = Field(description="the person was there; only then it counts as a review of theirs")
    words: Annotated[Prose, StringConstraints(max_length=4000)] | None = None
    next_review_on: Day | None = None


async def review_plan(db: Db, keys: KeyRing, actor: Actor, plan_id: UUID, request: ReviewTerms) -> Created:
    """Note a review. It is told if the person was there, for that alone is what a review means to everybody else."""
    now = await recording(db)
    plan = await reach(db, actor, Plan, plan_id, now)
    sealer = await keys.sealer(db, db.scope.agency_id, plan.participant_id)
    review = PlanReview(
        agency_id=plan.agency_id,
        id=uuid7(),
        participant_id=plan.participant_id,
        plan_id=plan.id,
        plan_version=plan.version,
        reviewed_at=now.stated(request.reviewed_at, "/reviewed_at"),
        with_participant=request.with_participant,
        words=None if request.words is None else sealer.seal(WORDS, request.words),
        next_review_on=request.next_review_on,
        recorded_at=now.now,
        recorded_by=db.scope.actor_id,
    )
    _require_while_in_force(now, plan, review)
    db.add(review)
    if review.with_participant:
        _tell(db, plan, review)
    db.audit("plan.review", plan.participant_id, plan_id=plan.id, review_id=review.id)
    return Created(id=review.id, version=1)


def _require_while_in_force(now: Recording, plan: Plan, review: PlanReview) -> None:
    """Raise `Unprocessable` unless the review was held while the plan was in force, and the next comes after it."""
    held_on = now.day(review.reviewed_at)
    if held_on < now.day(plan.agreed_at) or (plan.in_force_to and held_on > plan.in_force_to):
        raise Unprocessable("not-in-force-then", "The plan was not in force on that day.", "/reviewed_at")
    if review.next_review_on and review.next_review_on <= held_on:
        raise Unprocessable("next-not-later", "The next review comes after this one.", "/next_review_on")


def _tell(db: Db, plan: Plan, review: PlanReview) -> None:
    state = facts.ReviewFacts(
        review_id=review.id,
        plan_id=plan.id,
        participant_id=plan.participant_id,
        episode_id=plan.episode_id,
        reviewed_at=review.reviewed_at,
    )
    db.publish(facts.PLAN_REVIEWED, state, about=review.id, seq=1)
