"""What a code shows to the person it was made for: their plan, and what is known of them to correct."""

from datetime import date
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from common.database import Db
from common.privacy import KeyRing
from intake.commands.access import family_of
from intake.commands.participants import known_of
from intake.commands.plan_versions import GoalState, OpenPlan, TaskState, open_plan
from intake.commands.recording import recording
from intake.models import OwnCode, Participant, Plan, PlanReview, SelfIntake
from intake.rules.own import (
    ASKED,
    DIMENSIONS,
    DOERS,
    FIELDS,
    MAY_DECLINE,
    OWN_FIELDS,
    RECEIVED,
    STANDINGS,
    STATUSES,
    Labels,
    OwnLanguage,
    said_in,
)
from intake.rules.people import AskedFor, IdentityField
from intake.rules.planning import GoalStanding

MOST_PLANS = 20


class Labelled(BaseModel):
    code: str
    label: str = Field(description="in the language of the code that was typed")


class OwnTask(BaseModel):
    words: str
    done_by: Labelled
    due_on: date | None
    status: Labelled


class OwnGoal(BaseModel):
    dimension: Labelled
    words: str
    measure: str | None
    by_when: date | None
    standing: Labelled | None
    tasks: list[OwnTask]


class OwnPlan(BaseModel):
    """A plan in the person's words; nobody else is named in it."""

    agreed_on: date
    strengths: list[str]
    goals: list[OwnGoal] = Field(description="those that are worked on or were reached")
    declined: list[Labelled]
    next_review_on: date | None


class OwnPlans(BaseModel):
    language: OwnLanguage
    plans: list[OwnPlan] = Field(description="those in force")


class OwnField(BaseModel):
    field: IdentityField
    label: str
    value: str | None = Field(description="what is known; null is not known")


class OwnForm(BaseModel):
    language: OwnLanguage
    words: str
    fields: list[OwnField]
    may_decline: list[Labelled]
    declined: list[AskedFor]


class OwnIntakeReceived(BaseModel):
    received_at: AwareDatetime
    words: str


async def own_plans(db: Db, keys: KeyRing, code: OwnCode) -> OwnPlans:
    """Return the person's plans in force, in the language of the code."""
    now = await recording(db)
    person = await db.get_one(Participant, (code.agency_id, code.participant_id))
    survivor = await db.get_one(Participant, (code.agency_id, person.merged_into or person.id))
    question = select(Plan).where(
        Plan.agency_id == code.agency_id,
        Plan.participant_id.in_(await family_of(db, survivor)),
        Plan.in_force_to.is_(None),
    )
    plans = (await db.scalars(question.order_by(Plan.id.desc()).limit(MOST_PLANS))).all()
    language = OwnLanguage(code.language)
    shown = [await _own_plan(db, language, await open_plan(db, keys, plan, now)) for plan in plans]
    db.audit("own-plan.read", code.participant_id, own_code_id=code.id, plan_ids=[plan.id for plan in plans])
    return OwnPlans(language=language, plans=shown)


async def _own_plan(db: Db, language: OwnLanguage, opened: OpenPlan) -> OwnPlan:
    plan, state, today = opened.plan, opened.before, opened.now.today
    standings = {row.id: row.standing for row in opened.goals}
    goals = [goal for goal in state.goals if _to_show(goal, standings[goal.id], today)]
    return OwnPlan(
        agreed_on=opened.now.day(state.agreed_at),
        strengths=state.strengths,
        goals=[_own_goal(language, goal, standings[goal.id]) for goal in goals],
        declined=[_labelled(language, DIMENSIONS, dimension) for dimension in state.declined_dimensions],
        next_review_on=await _next_review(db, plan),
    )


def _to_show(goal: GoalState, standing: str | None, today: date) -> bool:
    return goal.active_to is None or goal.active_to >= today or standing == GoalStanding.REACHED


def _own_goal(language: OwnLanguage, goal: GoalState, standing: str | None) -> OwnGoal:
    return OwnGoal(
        dimension=_labelled(language, DIMENSIONS, goal.dimension),
        words=goal.words,
        measure=goal.measure,
        by_when=goal.by_when,
        standing=_labelled(language, STANDINGS, GoalStanding(standing)) if standing else None,
        tasks=[_own_task(language, task) for task in goal.tasks],
    )


def _own_task(language: OwnLanguage, task: TaskState) -> OwnTask:
    return OwnTask(
        words=task.words,
        done_by=_labelled(language, DOERS, task.done_by),
        due_on=task.due_on,
        status=_labelled(language, STATUSES, task.status),
    )


def _labelled(language: OwnLanguage, labels: Labels, code: StrEnum) -> Labelled:
    return Labelled(code=str(code), label=said_in(language, labels[code]))


async def _next_review(db: Db, plan: Plan) -> date | None:
    row = PlanReview
    question = select(row.next_review_on).where(row.agency_id == plan.agency_id, row.plan_id == plan.id)
    found: date | None = await db.scalar(question.order_by(row.reviewed_at.desc(), row.id.desc()).limit(1))
    return found


async def own_form(db: Db, keys: KeyRing, code: OwnCode) -> OwnForm:
    """Return what is known as far as the person may correct it, and what they may decline to say."""
    person = await db.get_one(Participant, (code.agency_id, code.participant_id))
    known = known_of(await keys.sealer(db, code.agency_id, person.id), person)
    language = OwnLanguage(code.language)
    db.audit("own-form.read", code.participant_id, own_code_id=code.id)
    return OwnForm(
        language=language,
        words=said_in(language, MAY_DECLINE),
        fields=[
            OwnField(field=name, label=said_in(language, FIELDS[name]), value=known.get(name)) for name in OWN_FIELDS
        ],
        may_decline=[_labelled(language, ASKED, asked) for asked in AskedFor],
        declined=known.get(IdentityField.DECLINED, []),
    )


def thanks(received: SelfIntake) -> OwnIntakeReceived:
    words = said_in(OwnLanguage(received.language), RECEIVED)
    return OwnIntakeReceived(received_at=received.received_at, words=words)
