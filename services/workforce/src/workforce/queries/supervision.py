"""Who supervises whom, and on a day."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import or_, select

from common.database import Db
from common.http import Cursor, encode_cursor
from common.identity import Actor
from workforce.commands.reach import OVERSIGHT, supervised_on, today_of, within_reach
from workforce.models import SupervisorAssignment


class AssignmentEntry(BaseModel):
    id: UUID
    staff_id: UUID
    supervisor_id: UUID
    fte: Decimal
    valid_from: date
    valid_to: date | None
    version: int


class AssignmentPage(BaseModel):
    items: list[AssignmentEntry] = Field(description="in the order they were recorded")
    next: str | None = None


async def assignments(
    db: Db,
    actor: Actor,
    *,
    staff_id: UUID | None,
    supervisor_id: UUID | None,
    on: date | None,
    after: Cursor | None,
    limit: int,
) -> AssignmentPage:
    """Return assignments within reach, and those in which the caller is the supervisor."""
    row, today = SupervisorAssignment, await today_of(db)
    reached = or_(within_reach(actor, today, row.staff_id, OVERSIGHT), row.supervisor_id == actor.staff_id)
    question = select(row).where(row.agency_id == db.scope.agency_id, reached)
    if staff_id:
        question = question.where(row.staff_id == staff_id)
    if supervisor_id:
        question = question.where(row.supervisor_id == supervisor_id)
    if on:
        question = question.where(supervised_on(on))
    if after:
        question = question.where(row.id > after.id)
    rows = (await db.scalars(question.order_by(row.id).limit(limit + 1))).all()
    items = [AssignmentEntry.model_validate(one, from_attributes=True) for one in rows[:limit]]
    return AssignmentPage(items=items, next=encode_cursor("", items[-1].id) if len(rows) > limit else None)
