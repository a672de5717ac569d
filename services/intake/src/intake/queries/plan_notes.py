"""What is noted beside a plan as time goes on: progress, reviews, agreements, invitations; each the newest first."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import ColumnElement, Select, select, tuple_

from common.contracts.codes import MutualAid, StatedBy
from common.database import Db
from common.errors import Unprocessable
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from intake.commands import plan_agreements, plan_progress, reviews
from intake.commands.access import family_of, reach, reach_participant
from intake.commands.plan_progress import goal_of
from intake.commands.recording import recording
from intake.models import GoalProgress, MeetingInvitation, Owned, Plan, PlanAgreement, PlanReview
from intake.rules.planning import AgreementMethod, GoalStanding, InvitedHow

Row = TypeVar("Row", bound=Owned)


class Progress(BaseModel):
    id: UUID
    on: date
    standing: GoalStanding
    said_by: StatedBy
    words: str | None
    recorded_at: AwareDatetime
    recorded_by: UUID | None


class ProgressPage(BaseModel):
    items: list[Progress]
    next: str | None = None


class Review(BaseModel):
    id: UUID
    plan_version: int = Field(description="the version that was looked at")
    reviewed_at: AwareDatetime
    with_participant: bool
    words: str | None
    next_review_on: date | None
    recorded_by: UUID | None


class ReviewPage(BaseModel):
    items: list[Review]
    next: str | None = None


class Agreement(BaseModel):
    """One agreement; a signature has signer and digest, what was heard has its words and who heard them."""

    id: UUID
    plan_version: int
    method: AgreementMethod
    agreed_at: AwareDatetime
    signer: str | None = None
    evidence_sha256: str | None = None
    witnessed_by: str | None = None
    words: str | None = None
    recorded_by: UUID | None


class Agreements(BaseModel):
    items: list[Agreement] = Field(description="the newest hundred")


class Invitation(BaseModel):
    id: UUID
    plan_id: UUID | None
    session_id: UUID | None
    meeting_id: UUID | None
    kind: MutualAid
    invited_on: date
    how: InvitedHow
    went: bool | None
    recorded_by: UUID | None
    version: int


class InvitationPage(BaseModel):
    items: list[Invitation]
    next: str | None = None


async def progress(
    db: Db, keys: KeyRing, actor: Actor, ids: tuple[UUID, UUID], after: Cursor | None, limit: int
) -> ProgressPage:
    """`ids`: the plan's and the goal's."""
    plan = await reach(db, actor, Plan, ids[0], await recording(db))
    goal = await goal_of(db, plan, ids[1])
    row = GoalProgress
    question = select(row).where(row.agency_id == plan.agency_id, row.goal_id == goal.id)
    rows = await _page(db, question, (row.on, row.id), (date.fromisoformat, after), limit)
    sealer, page = await keys.sealer(db, plan.agency_id, plan.participant_id), rows[:limit]
    more = encode_cursor(page[-1].on, page[-1].id) if len(rows) > limit else None
    return ProgressPage(items=[_worded(Progress, sealer, plan_progress.WORDS, one) for one in page], next=more)


async def reviews_of(
    db: Db, keys: KeyRing, actor: Actor, plan_id: UUID, after: Cursor | None, limit: int
) -> ReviewPage:
    plan = await reach(db, actor, Plan, plan_id, await recording(db))
    row = PlanReview
    question = select(row).where(row.agency_id == plan.agency_id, row.plan_id == plan.id)
    rows = await _page(db, question, (row.reviewed_at, row.id), (_instant, after), limit)
    sealer, page = await keys.sealer(db, plan.agency_id, plan.participant_id), rows[:limit]
    more = encode_cursor(page[-1].reviewed_at.isoformat(), page[-1].id) if len(rows) > limit else None
    return ReviewPage(items=[_worded(Review, sealer, reviews.WORDS, one) for one in page], next=more)


async def invitations(db: Db, actor: Actor, plan_id: UUID, after: Cursor | None, limit: int) -> InvitationPage:
    plan = await reach(db, actor, Plan, plan_id, await recording(db))
    return await _invitations(db, MeetingInvitation.plan_id == plan.id, after, limit)


async def invitations_of(
    db: Db, actor: Actor, participant_id: UUID, session_id: UUID | None, after: Cursor | None, limit: int
) -> InvitationPage:
    """Return a person's invitations, on plans and on sessions; of one session if asked."""
    person = await reach_participant(db, actor, participant_id, await recording(db))
    theirs = MeetingInvitation.participant_id.in_(await family_of(db, person))
    asked = theirs if session_id is None else theirs & (MeetingInvitation.session_id == session_id)
    return await _invitations(db, asked, after, limit)


async def _invitations(db: Db, which: ColumnElement[bool], after: Cursor | None, limit: int) -> InvitationPage:
    row = MeetingInvitation
    question = select(row).where(row.agency_id == db.scope.agency_id, which)
    rows = await _page(db, question, (row.invited_on, row.id), (date.fromisoformat, after), limit)
    page = rows[:limit]
    more = encode_cursor(page[-1].invited_on, page[-1].id) if len(rows) > limit else None
    return InvitationPage(items=[Invitation.model_validate(one, from_attributes=True) for one in page], next=more)


async def agreements(db: Db, keys: KeyRing, actor: Actor, plan_id: UUID) -> Agreements:
    plan = await reach(db, actor, Plan, plan_id, await recording(db))
    row = PlanAgreement
    question = select(row).where(row.agency_id == plan.agency_id, row.plan_id == plan.id)
    rows = (await db.scalars(question.order_by(row.id.desc()).limit(PAGE_MOST))).all()
    sealer = await keys.sealer(db, plan.agency_id, plan.participant_id)
    return Agreements(items=[_agreement(sealer, one) for one in rows])


async def _page(
    db: Db, question: Select[Row], order: tuple[Any, Any], place: tuple[Any, Cursor | None], limit: int
) -> Sequence[Row]:
    """Return up to one row more than the page; `place`: what reads the cursor's value, and the cursor."""
    read, after = place
    if after:
        question = question.where(tuple_(*order) < (_read(read, after), after.id))
    return (await db.scalars(question.order_by(*(one.desc() for one in order)).limit(limit + 1))).all()


def _read(read: Any, after: Cursor) -> Any:
    try:
        return read(after.at)
    except ValueError as error:
        raise Unprocessable("bad-cursor", "Use the `next` value of the page before, unchanged.", "/next") from error


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("no zone")
    return instant


Worded = TypeVar("Worded", Progress, Review)


def _worded(shape: type[Worded], sealer: Sealer, place: str, row: Any) -> Worded:
    plain = {name: getattr(row, name) for name in shape.model_fields if name != "words"}
    return shape.model_validate(plain | {"words": row.words and sealer.open(place, row.words)})


def _agreement(sealer: Sealer, row: PlanAgreement) -> Agreement:
    terms = sealer.open(plan_agreements.TERMS, row.terms)
    assert isinstance(terms, dict)  # sealed by place_agreement
    plain = {name: getattr(row, name) for name in ("id", "plan_version", "method", "agreed_at", "recorded_by")}
    return Agreement.model_validate(plain | terms)
