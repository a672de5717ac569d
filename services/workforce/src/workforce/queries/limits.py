"""How many people each supervisor supervises and each peer accompanies, beside what the packs of the day allow."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import func, or_, select

from common.contracts.codes import Role
from common.database import Db
from common.http import Cursor, encode_cursor
from common.identity import Actor
from common.packs import Authority
from common.packs.model import Confidence
from workforce.commands.reach import OVERSIGHT, within_reach
from workforce.commands.stood import regimes_of
from workforce.commands.supervision import supervised_by
from workforce.models import Assignment, Staff, SupervisorAssignment
from workforce.queries.standing import StandingWords, day_asked
from workforce.rules.limits import Load, Supervised, caseload_on, span_on
from workforce.rules.standing_words import certainty
from workforce.rules.supervision import Share


class Limit(BaseModel):
    """`most`: the smallest limit that a rule sets, with its source; none where nobody sets one."""

    carried: Decimal
    most: Decimal | None
    beyond: bool
    authority: Authority | None
    confidence: Confidence | None
    citation: str | None
    certainty: StandingWords | None


class LimitsEntry(BaseModel):
    staff_id: UUID
    span: Limit | None = Field(description="full-time equivalents supervised; none for who is no supervisor")
    caseload: Limit | None = Field(description="open assignments, as intake told them; none for who is no peer")


class Limits(BaseModel):
    on: date
    items: list[LimitsEntry]
    next: str | None = None


async def limits(db: Db, actor: Actor, on: date | None, after: Cursor | None, limit: int) -> Limits:
    """Page through the supervisors and peers who work here on a day, within the caller's reach."""
    day = await day_asked(db, on)
    question = select(Staff).where(
        Staff.agency_id == db.scope.agency_id,
        Staff.roles.overlap([Role.PEER.value, Role.SUPERVISOR.value]),
        Staff.employed_from <= day,
        or_(Staff.employed_to.is_(None), Staff.employed_to >= day),
        within_reach(actor, day, Staff.id, OVERSIGHT),
    )
    if after is not None:
        question = question.where(Staff.id > after.id)
    rows = (await db.scalars(question.order_by(Staff.id).limit(limit + 1))).all()
    items = await _entries(db, rows[:limit], day)
    return Limits(on=day, items=items, next=encode_cursor(day, items[-1].staff_id) if len(rows) > limit else None)


async def _entries(db: Db, staff: Sequence[Staff], day: date) -> list[LimitsEntry]:
    ids = [one.id for one in staff]
    spans, people = await _supervised(db, ids, day), await _people(db, ids, day)
    stood = (await regimes_of(db, ids)).stood
    return [
        LimitsEntry(
            staff_id=one.id,
            span=_limit(span_on(spans.get(one.id, ()), day)) if Role.SUPERVISOR in one.roles else None,
            caseload=_limit(caseload_on(stood[one.id], people.get(one.id, 0), day)) if Role.PEER in one.roles else None,
        )
        for one in staff
    ]


async def _supervised(db: Db, ids: Sequence[UUID], day: date) -> dict[UUID, list[Supervised]]:
    row = SupervisorAssignment
    question = select(row).where(row.agency_id == db.scope.agency_id, row.supervisor_id.in_(ids), row.valid_from <= day)
    rows = (await db.scalars(question.where(or_(row.valid_to.is_(None), row.valid_to >= day)))).all()
    shares = [(one.staff_id, Share(one.fte, one.valid_from, one.valid_to)) for one in rows]
    found: dict[UUID, list[Supervised]] = {}
    for one, supervised in zip(rows, await supervised_by(db, shares), strict=True):
        found.setdefault(one.supervisor_id, []).append(supervised)
    return found


async def _people(db: Db, ids: Sequence[UUID], day: date) -> dict[UUID, int]:
    row = Assignment
    question = select(row.staff_id, func.count().label("people")).where(
        row.agency_id == db.scope.agency_id,
        row.staff_id.in_(ids),
        row.valid_from <= day,
        or_(row.valid_to.is_(None), row.valid_to >= day),
    )
    rows = await db.execute(question.group_by(row.staff_id))
    return {one.staff_id: one.people for one in rows}


def _limit(load: Load) -> Limit:
    rule = load.rule
    words = certainty(rule) if rule else None
    return Limit(
        carried=load.carried,
        most=Decimal(rule.value) if rule else None,
        beyond=load.is_beyond,
        authority=rule.authority if rule else None,
        confidence=rule.confidence if rule else None,
        citation=rule.citation if rule else None,
        certainty=StandingWords(en=words.en, es=words.es) if words else None,
    )
