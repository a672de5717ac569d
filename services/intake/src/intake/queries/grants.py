"""Grants as they stand, and the live follow-up rate of one."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import and_, func, select

from common.contracts.codes import FederalPoint, FederalTool
from common.database import Db
from common.errors import NotThere
from common.http import Cursor, encode_cursor
from intake.commands.recording import recording
from intake.models import DuePoint, Grant
from intake.rules.federal import Cancelled, ReassessmentBy, follow_up_rate

FOLLOW_UPS = {
    FederalTool.SUPRT: (FederalPoint.REASSESSMENT, FederalPoint.ANNUAL),
    FederalTool.GPRA: (FederalPoint.GPRA_FOLLOW_UP,),
}


class GrantRecord(BaseModel):
    id: UUID
    name: str
    number: str
    tool: FederalTool
    starts_on: date
    ends_on: date | None
    program_ids: list[UUID]
    interval_months: int
    reassessment_by: ReassessmentBy
    window_days: int
    gpra_last_interview_date: date
    suprt_followup_target: float
    suprt_followup_target_authority: Literal["DEFAULT"] = "DEFAULT"
    version: int


class GrantPage(BaseModel):
    items: list[GrantRecord]
    next: str | None = None


class FollowUpRate(BaseModel):
    """Of one kind of point: collected in the window, of those whose window has closed."""

    point: FederalPoint
    numerator: int
    denominator: int
    rate: float | None = Field(description="null while no window has closed")
    excluded: dict[Cancelled, int] = Field(description="windows that have closed but were not owed, by reason")
    waiting: int = Field(description="windows that have not closed yet; counted when they do")


class GrantRate(BaseModel):
    """The live rate as of the end of yesterday, in the agency's zone."""

    grant_id: UUID
    as_of: date
    target: float
    target_authority: Literal["DEFAULT"] = Field(default="DEFAULT", description="not confirmed; see the award")
    rates: list[FollowUpRate]


async def grants(db: Db, after: Cursor | None, limit: int) -> GrantPage:
    question = select(Grant).where(Grant.agency_id == db.scope.agency_id)
    if after:
        question = question.where(Grant.id > after.id)
    rows = (await db.scalars(question.order_by(Grant.id).limit(limit + 1))).all()
    items = [GrantRecord.model_validate(row, from_attributes=True) for row in rows[:limit]]
    return GrantPage(items=items, next=encode_cursor("", items[-1].id) if len(rows) > limit else None)


async def grant(db: Db, grant_id: UUID) -> GrantRecord:
    return GrantRecord.model_validate(await _grant(db, grant_id), from_attributes=True)


async def _grant(db: Db, grant_id: UUID) -> Grant:
    found = await db.get(Grant, (db.scope.agency_id, grant_id))
    if found is None:
        raise NotThere
    return found


async def grant_rate(db: Db, grant_id: UUID) -> GrantRate:
    now = await recording(db)
    found = await _grant(db, grant_id)
    kinds = FOLLOW_UPS[FederalTool(found.tool)]
    return GrantRate(
        grant_id=found.id,
        as_of=now.today,
        target=found.suprt_followup_target,
        rates=[await _rate(db, found, kind, now.today) for kind in kinds],
    )


async def _rate(db: Db, grant: Grant, kind: FederalPoint, today: date) -> FollowUpRate:
    closed = DuePoint.closes_on < today
    owed = DuePoint.cancelled_for.is_(None)
    in_window = DuePoint.collected_on.between(DuePoint.opens_on, DuePoint.closes_on)
    of_kind = and_(DuePoint.agency_id == grant.agency_id, DuePoint.grant_id == grant.id, DuePoint.point == kind)
    counts = select(
        func.count().filter(closed, owed, in_window),
        func.count().filter(closed, owed),
        func.count().filter(~closed, owed),
    )
    numerator, denominator, waiting = (await db.execute(counts.where(of_kind))).one()
    reasons = select(DuePoint.cancelled_for, func.count()).where(of_kind, closed, ~owed)
    found = await db.execute(reasons.group_by(DuePoint.cancelled_for))
    excluded = {Cancelled(why): count for why, count in found if why is not None}
    return FollowUpRate(
        point=kind,
        numerator=numerator,
        denominator=denominator,
        rate=follow_up_rate(numerator, denominator),
        excluded=excluded,
        waiting=waiting,
    )
