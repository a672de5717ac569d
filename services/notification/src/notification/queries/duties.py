"""Who is on call, now and in the weeks to come."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, or_, select

from common.database import Db
from common.duty import Hours
from notification.models import Duty, Staff
from notification.queries.messages import zone
from notification.rules.ladder import SAY

MOST = 500


class DutyEntry(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    staff_id: UUID
    rung: int
    weekdays: list[int]
    begins: time
    ends: time
    valid_from: date
    valid_to: date | None


class DutyList(BaseModel):
    items: list[DutyEntry] = Field(max_length=MOST)


class OnCall(BaseModel):
    """Who is on call now, by rung. `say`: what to do at once if nobody is."""

    staff_ids: list[UUID] = Field(description="in the order in which they are paged")
    say: dict[str, str]


async def duties(db: Db) -> DutyList:
    """Return what holds today or later, the first rung first."""
    local = await local_now(db)
    question = _standing(local.date()).order_by(Duty.rung, Duty.valid_from, Duty.id).limit(MOST)
    return DutyList(items=[DutyEntry.model_validate(row) for row in await db.scalars(question)])


def _standing(day: date) -> Select[Duty]:
    lasting = or_(Duty.valid_to.is_(None), Duty.valid_to >= day)
    return select(Duty).where(Duty.withdrawn_at.is_(None), lasting)


async def local_now(db: Db) -> datetime:
    """Return now on the agency's clock; in UTC while its zone is not known."""
    known = await zone(db)
    return db.now.astimezone(ZoneInfo(known) if known else UTC)


async def on_call(db: Db) -> Mapping[int, set[UUID]]:
    """Return who is on call now, by rung, the lowest first; nobody who has left."""
    local = await local_now(db)
    until = local.date() - timedelta(days=1)  # whose last night reaches into today
    rows = [row for row in await db.scalars(_standing(until).order_by(Duty.rung)) if hours_of(row).hold(local)]
    gone = select(Staff.id).where(Staff.id.in_({row.staff_id for row in rows}), Staff.employed_to < local.date())
    left = set(await db.scalars(gone))
    found: dict[int, set[UUID]] = {}
    for row in rows:
        if row.staff_id not in left:
            found.setdefault(row.rung, set()).add(row.staff_id)
    return found


def hours_of(row: Duty) -> Hours:
    return Hours(row.weekdays, row.begins, row.ends, row.valid_from, row.valid_to)


async def on_call_now(db: Db) -> OnCall:
    found = await on_call(db)
    order = [one for rung in sorted(found) for one in sorted(found[rung])]
    return OnCall(staff_ids=list(dict.fromkeys(order)), say={} if order else dict(SAY))
