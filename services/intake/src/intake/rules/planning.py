"""The words of a recovery plan, what a reviewer looks for in one, and what was seen to go with a good outcome.

Nothing here is required by SAMHSA: each point says whether it follows guidance or is our own default.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from common.contracts.codes import Dimension, StatedBy
from intake.rules.people import is_active

PLAN_DAYS = 30
REVIEW_DAYS = 90


class TaskDoer(StrEnum):
    PARTICIPANT = "participant"
    PEER = "peer"
    TOGETHER = "together"
    OTHER = "other"


class TaskStatus(StrEnum):
    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class GoalStanding(StrEnum):
    NOT_STARTED = "not_started"
    STARTED = "started"
    HALFWAY = "halfway"
    NEARLY = "nearly"
    REACHED = "reached"
    SET_ASIDE = "set_aside"


class AgreementMethod(StrEnum):
    SIGNATURE = "signature"
    DOCUMENTED = "documented"


class InvitedHow(StrEnum):
    TOLD = "told"
    WENT_TOGETHER = "went_together"
    INTRODUCED = "introduced"


class PlanChange(StrEnum):
    """What ended a version of a plan."""

    PLAN_CHANGED = "plan_changed"
    PLAN_ENDED = "plan_ended"
    GOAL_ADDED = "goal_added"
    GOAL_CHANGED = "goal_changed"
    GOAL_ENDED = "goal_ended"
    TASK_ADDED = "task_added"
    TASK_CHANGED = "task_changed"


class PlanAuthority(StrEnum):
    """`guidance` binds nobody by itself; `default` is ours, and an agency or a state may set another."""

    GUIDANCE = "guidance"
    DEFAULT = "default"


class PlanPoint(StrEnum):
    HEALTH = "health"
    HOME = "home"
    PURPOSE = "purpose"
    COMMUNITY = "community"
    OWN_GOAL = "own_goal"
    STRENGTH = "strength"
    AGREEMENT = "agreement"
    PLAN_ON_TIME = "plan_on_time"
    REVIEW_CURRENT = "review_current"


RECOVERY = "SAMHSA, Working Definition of Recovery (2012)"
COMPETENCIES = "SAMHSA, Core Competencies for Peer Workers (2015)"
OURS = "Handrail's own default"
PENNSYLVANIA = (
    "An undated Pennsylvania provider agreement asks for a plan within one month and a review every 6 months."
)
AUTHORITIES: Mapping[PlanPoint, tuple[PlanAuthority, str]] = {
    PlanPoint.HEALTH: (PlanAuthority.GUIDANCE, RECOVERY),
    PlanPoint.HOME: (PlanAuthority.GUIDANCE, RECOVERY),
    PlanPoint.PURPOSE: (PlanAuthority.GUIDANCE, RECOVERY),
    PlanPoint.COMMUNITY: (PlanAuthority.GUIDANCE, RECOVERY),
    PlanPoint.OWN_GOAL: (PlanAuthority.GUIDANCE, COMPETENCIES),
    PlanPoint.STRENGTH: (PlanAuthority.GUIDANCE, COMPETENCIES),
    PlanPoint.AGREEMENT: (PlanAuthority.GUIDANCE, COMPETENCIES),
    PlanPoint.PLAN_ON_TIME: (PlanAuthority.DEFAULT, OURS),
    PlanPoint.REVIEW_CURRENT: (PlanAuthority.DEFAULT, OURS),
}
NOTES: Mapping[PlanPoint, str] = {
    PlanPoint.PLAN_ON_TIME: PENNSYLVANIA,
    PlanPoint.REVIEW_CURRENT: PENNSYLVANIA,
}
NEXT_STEPS: Mapping[PlanPoint, str] = {
    PlanPoint.HEALTH: "Talk about health: write down a goal, or that the person would rather not have one.",
    PlanPoint.HOME: "Talk about home: write down a goal, or that the person would rather not have one.",
    PlanPoint.PURPOSE: "Talk about purpose: write down a goal, or that the person would rather not have one.",
    PlanPoint.COMMUNITY: "Talk about community: write down a goal, or that the person would rather not have one.",
    PlanPoint.OWN_GOAL: "Ask what the person wants, and write one goal down as they say it.",
    PlanPoint.STRENGTH: "Ask what the person is good at or proud of, and write it down in their words.",
    PlanPoint.AGREEMENT: "Go through the plan together and note the person's signature, or their yes and who heard it.",
    PlanPoint.PLAN_ON_TIME: "Nothing can be made up for; note in a review what the plan waited for.",
    PlanPoint.REVIEW_CURRENT: "Look at the plan again together, and note what was said.",
}


@dataclass(frozen=True, slots=True)
class GoalLook:
    dimension: Dimension
    stated_by: StatedBy
    active_from: date


@dataclass(frozen=True, slots=True)
class PlanLook:
    """What a reviewer sees of a plan `on` a day: today, or the last day it was in force.

    `first_agreed_on`: of the episode's first plan. `last_review_on`: of a review held with the person, since then.
    """

    goals: Sequence[GoalLook]
    declined: Collection[Dimension]
    strengths: int
    agreements: int
    opened_on: date
    first_agreed_on: date
    agreed_on: date
    last_review_on: date | None
    on: date


@dataclass(frozen=True, slots=True)
class PointStanding:
    """One point. `by`: the last day on which it can be, or could have been, met; None where there is none."""

    point: PlanPoint
    met: bool
    declined: bool
    by: date | None


def plan_standing(look: PlanLook) -> list[PointStanding]:
    """Return every point of a plan, met or not. A goal counts once it is active, also after it was reached."""
    begun = [goal for goal in look.goals if goal.active_from <= look.on]
    covered = {goal.dimension for goal in begun}
    plan_by = look.opened_on + timedelta(days=PLAN_DAYS)
    review_by = review_due(look.agreed_on, look.last_review_on)
    return [
        *(_dimension(dimension, covered, look.declined) for dimension in Dimension),
        _point(PlanPoint.OWN_GOAL, any(goal.stated_by is StatedBy.PARTICIPANT for goal in begun)),
        _point(PlanPoint.STRENGTH, look.strengths > 0),
        _point(PlanPoint.AGREEMENT, look.agreements > 0),
        _point(PlanPoint.PLAN_ON_TIME, look.first_agreed_on <= plan_by, by=plan_by),
        _point(PlanPoint.REVIEW_CURRENT, look.on <= review_by, by=review_by),
    ]


def _dimension(dimension: Dimension, covered: Collection[Dimension], declined: Collection[Dimension]) -> PointStanding:
    said_no = dimension in declined and dimension not in covered
    return PointStanding(PlanPoint(dimension), dimension in covered or said_no, said_no, None)


def _point(point: PlanPoint, met: bool, by: date | None = None) -> PointStanding:
    return PointStanding(point, met, False, by)


def review_due(agreed_on: date, last_review_on: date | None) -> date:
    """Return the last day on which a plan's review is current."""
    return max(agreed_on, last_review_on or agreed_on) + timedelta(days=REVIEW_DAYS)


@dataclass(frozen=True, slots=True)
class GoalSoFar:
    standing: GoalStanding | None
    active_from: date
    active_to: date | None
    plan_ended: bool


def goals_completed(goals: Collection[GoalSoFar]) -> int:
    return sum(goal.standing is GoalStanding.REACHED for goal in goals)


def goals_open(goals: Collection[GoalSoFar], on: date) -> int:
    """Count the goals that are worked on: active on the day in a plan in force, neither reached nor set aside."""
    done = (GoalStanding.REACHED, GoalStanding.SET_ASIDE)
    return sum(
        goal.standing not in done and not goal.plan_ended and is_active(goal.active_from, goal.active_to, on)
        for goal in goals
    )
