"""What can be asked about time with nobody served: entries, sums by month and kind, and the miles as a sheet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Date, Select, cast, func, select, tuple_

from common.contracts.codes import Role
from common.contracts.session_codes import WorkKind
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing
from common.sheets import table
from session_logging.models import WORK_TIME, WorkTime
from session_logging.rules.spans import Span
from session_logging.rules.withdrawals import WithdrawalReason

SEES_ALL = (Role.SUPERVISOR, Role.ADMINISTRATOR)
LINES_MOST = 10_000
SHEET = ("worked_on", "staff_id", "program_id", "kind", "minutes", "miles")


class WorkTimeRead(BaseModel):
    """`words`: for the worker and supervisors."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    staff_id: UUID
    program_id: UUID | None
    session_id: UUID | None
    kind: WorkKind
    worked_on: date
    minutes: int
    miles: Decimal
    recorded_at: AwareDatetime
    withdrawn_at: AwareDatetime | None
    withdrawal_reason: WithdrawalReason | None
    words: str | None = None


class WorkTimePage(BaseModel):
    items: list[WorkTimeRead]
    next: str | None = None


class WorkTotal(BaseModel):
    """One worker's entries of one kind in one month, withdrawn ones left out."""

    month: date = Field(description="its first day, also if the period begins later")
    staff_id: UUID
    kind: WorkKind
    entries: int
    minutes: int
    miles: Decimal


class WorkTotals(BaseModel):
    first: date
    last: date
    lines: list[WorkTotal]


@dataclass(frozen=True, slots=True)
class AskedTimes:
    """`staff_id`: one worker, or None for everybody, which only who leads others may ask."""

    days: Span
    staff_id: UUID | None


def require_sight(actor: Actor, worker_id: UUID) -> None:
    """Raise `NotThere` unless this is the actor's own time, or they supervise."""
    if worker_id != actor.staff_id and not actor.may(Role.SUPERVISOR):
        raise NotThere


def worker_asked(actor: Actor, staff_id: UUID | None) -> UUID:
    """Return whose time is listed: the caller's own, or whom a supervisor or administrator names."""
    if staff_id not in (None, actor.staff_id) and not actor.may(*SEES_ALL):
        raise NotThere
    return staff_id or actor.staff_id


def workers_asked(actor: Actor, staff_id: UUID | None) -> UUID | None:
    """Return whose time is summed up; None, everybody's, for supervisors and administrators who name nobody."""
    if staff_id is None and actor.may(*SEES_ALL):
        return None
    return worker_asked(actor, staff_id)


async def work_time_page(
    db: Db, keys: KeyRing, actor: Actor, asked: AskedTimes, after: Cursor | None, limit: int
) -> WorkTimePage:
    """Return up to `limit` entries of a worker, the newest day first."""
    limit = min(limit, PAGE_MOST)
    place = (WorkTime.worked_on, WorkTime.id)
    question = _within(select(WorkTime), db, asked)
    if after is not None:
        question = question.where(tuple_(*place) < (day_of(after), after.id))
    rows = (await db.scalars(question.order_by(*(column.desc() for column in place)).limit(limit + 1))).all()
    items = await _reads(db, keys, actor, rows[:limit])
    more = len(rows) > limit
    return WorkTimePage(items=items, next=encode_cursor(items[-1].worked_on, items[-1].id) if more else None)


async def _reads(db: Db, keys: KeyRing, actor: Actor, rows: Sequence[WorkTime]) -> list[WorkTimeRead]:
    told = {row.staff_id for row in rows if row.words is not None and _reads_words(actor, row)}
    sealers = await keys.sealers(db, db.scope.agency_id, told)
    names = [name for name in WorkTimeRead.model_fields if name != "words"]
    reads = []
    for row in rows:
        sealer = sealers.get(row.staff_id)
        words = sealer.open(WORK_TIME, row.words) if sealer and row.words else None
        reads.append(WorkTimeRead.model_validate({name: getattr(row, name) for name in names} | {"words": words}))
    return reads


def _reads_words(actor: Actor, row: WorkTime) -> bool:
    return row.staff_id == actor.staff_id or actor.may(Role.SUPERVISOR)


async def totals(db: Db, asked: AskedTimes) -> WorkTotals:
    """Return minutes and miles by month, worker and kind. Raises `Refused` if these are too many to read."""
    month = cast(func.date_trunc("month", WorkTime.worked_on), Date).label("month")
    by = (month, WorkTime.staff_id, WorkTime.kind)
    sums: list[Any] = [func.sum(column).label(column.name) for column in (WorkTime.minutes, WorkTime.miles)]
    question = select(*by, func.count().label("entries"), *sums).where(WorkTime.withdrawn_at.is_(None))
    grouped = _within(question, db, asked).group_by(*by).order_by(*by).limit(LINES_MOST + 1)
    rows = _bounded((await db.execute(grouped)).mappings().all())
    lines = [WorkTotal.model_validate(dict(row)) for row in rows]
    return WorkTotals(first=asked.days.first, last=asked.days.last, lines=lines)


async def mileage(db: Db, asked: AskedTimes) -> str:
    """Return every trip of a period as CSV: days, ids, codes and amounts.

    Without words, for the sheet goes to who pays the miles and not to who accompanies people.
    """
    columns: list[Any] = [getattr(WorkTime, name) for name in SHEET]
    question = select(*columns).where(WorkTime.withdrawn_at.is_(None), WorkTime.miles > 0)
    ordered = _within(question, db, asked).order_by(WorkTime.staff_id, WorkTime.worked_on, WorkTime.id)
    rows = _bounded((await db.execute(ordered.limit(LINES_MOST + 1))).mappings().all())
    return table(SHEET, ({name: str(value) for name, value in row.items() if value is not None} for row in rows))


def _bounded(rows: Sequence[Any]) -> Sequence[Any]:
    if len(rows) > LINES_MOST:
        raise Refused("too-much-at-once", "That is too much for one answer. Ask for fewer days, or one worker.")
    return rows


def _within(question: Select[Any], db: Db, asked: AskedTimes) -> Select[Any]:
    question = question.where(
        WorkTime.agency_id == db.scope.agency_id, WorkTime.worked_on.between(asked.days.first, asked.days.last)
    )
    return question if asked.staff_id is None else question.where(WorkTime.staff_id == asked.staff_id)


def day_of(after: Cursor) -> date:
    """Return the day where a page starts. Raises `Unprocessable` for a cursor of something else."""
    try:
        return date.fromisoformat(after.at)
    except ValueError as error:
        raise Unprocessable("bad-cursor", "Use the `next` value of the page before, unchanged.", "/next") from error
