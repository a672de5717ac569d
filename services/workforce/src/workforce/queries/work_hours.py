"""The hours that count towards somebody's certificate, entry by entry and in total."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import func, select, tuple_

from common.contracts.workforce_codes import WorkHoursKind
from common.database import Db
from common.http import Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from workforce.commands.reach import reach_staff
from workforce.commands.work_hours import PLACE
from workforce.models import WorkHours
from workforce.queries.pages import day_of
from workforce.rules.learning import VoidReason


class HoursEntry(BaseModel):
    id: UUID
    kind: WorkHoursKind
    hours: Decimal
    from_on: date
    to_on: date
    place: str | None
    void_reason: VoidReason | None
    version: int


class HoursPage(BaseModel):
    """`totals`: of all entries that stand, whatever the page."""

    totals: dict[WorkHoursKind, Decimal]
    items: list[HoursEntry] = Field(description="the newest first")
    next: str | None = None


async def hours_of(db: Db, keys: KeyRing, actor: Actor, staff_id: UUID, after: Cursor | None, limit: int) -> HoursPage:
    await reach_staff(db, actor, staff_id)
    row = WorkHours
    question = select(row).where(row.agency_id == db.scope.agency_id, row.staff_id == staff_id)
    if after:
        question = question.where(tuple_(row.to_on, row.id) < tuple_(day_of(after), after.id))
    rows = (await db.scalars(question.order_by(row.to_on.desc(), row.id.desc()).limit(limit + 1))).all()
    sealer = await keys.sealer(db, db.scope.agency_id, staff_id)
    items = [_entry(sealer, one) for one in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    following = encode_cursor(last.to_on, last.id) if last else None
    return HoursPage(totals=await totals_of(db, staff_id), items=items, next=following)


def _entry(sealer: Sealer, row: WorkHours) -> HoursEntry:
    shown = {name: getattr(row, name) for name in HoursEntry.model_fields if name != "place"}
    return HoursEntry.model_validate(shown | {"place": row.place and sealer.open(PLACE, row.place)})


async def totals_of(db: Db, staff_id: UUID, until: date | None = None) -> dict[WorkHoursKind, Decimal]:
    """Return the hours of each kind whose period ended by a day; of all, if none is named."""
    row = WorkHours
    question = select(row.kind, func.sum(row.hours)).where(
        row.agency_id == db.scope.agency_id, row.staff_id == staff_id, row.void_reason.is_(None)
    )
    if until is not None:
        question = question.where(row.to_on <= until)
    found = await db.execute(question.group_by(row.kind))
    return dict.fromkeys(WorkHoursKind, Decimal(0)) | {WorkHoursKind(one[0]): one[1] for one in found}
