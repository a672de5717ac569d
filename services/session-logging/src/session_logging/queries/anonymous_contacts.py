"""What can be asked about work with people whom nobody enrolled: entries by day, and sums of a period."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Select, func, select, tuple_

from common.contracts.codes import Activity, Location, Modality, Role
from common.database import Db
from common.errors import NotThere
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from session_logging.models import AnonymousContact
from session_logging.queries.work_times import day_of
from session_logging.rules.spans import Span
from session_logging.rules.withdrawals import WithdrawalReason

SEES_ALL = (Role.SUPERVISOR, Role.ADMINISTRATOR)
COUNTS = ("people", "minutes", "naloxone_kits", "test_strips", "hygiene_kits", "information", "threads_answered")


class ContactCounts(BaseModel):
    people: int = Field(description="how many were met; the same person may be met many times")
    minutes: int
    naloxone_kits: int
    test_strips: int
    hygiene_kits: int
    information: int
    threads_answered: int


class AnonymousContactRead(ContactCounts):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    program_id: UUID
    staff_id: UUID
    modality: Modality
    location: Location | None
    activities: list[Activity]
    started_at: AwareDatetime
    ended_at: AwareDatetime
    service_date: date
    recorded_at: AwareDatetime
    withdrawn_at: AwareDatetime | None
    withdrawal_reason: WithdrawalReason | None


class AnonymousContactPage(BaseModel):
    items: list[AnonymousContactRead]
    next: str | None = None


class TotalsLine(ContactCounts):
    program_id: UUID
    modality: Modality
    contacts: int = Field(description="stretches of work")


class AnonymousTotals(BaseModel):
    """Sums without withdrawn entries, by program and kind of work."""

    first: date
    last: date
    lines: list[TotalsLine]


@dataclass(frozen=True, slots=True)
class AskedContacts:
    days: Span
    program_id: UUID | None


def require_sight(actor: Actor, worker_id: UUID) -> None:
    """Raise `NotThere` unless the actor did this work, or supervises those who did."""
    if worker_id != actor.staff_id and not actor.may(Role.SUPERVISOR):
        raise NotThere


async def contact_page(
    db: Db, actor: Actor, asked: AskedContacts, after: Cursor | None, limit: int
) -> AnonymousContactPage:
    """Return up to `limit` entries that the actor sees, the newest day first."""
    limit = min(limit, PAGE_MOST)
    place = (AnonymousContact.service_date, AnonymousContact.id)
    question = _seen(select(AnonymousContact), db, actor, asked)
    if after is not None:
        question = question.where(tuple_(*place) < (day_of(after), after.id))
    rows = (await db.scalars(question.order_by(*(column.desc() for column in place)).limit(limit + 1))).all()
    items = [AnonymousContactRead.model_validate(row) for row in rows[:limit]]
    more = len(rows) > limit
    return AnonymousContactPage(items=items, next=encode_cursor(items[-1].service_date, items[-1].id) if more else None)


async def totals(db: Db, actor: Actor, asked: AskedContacts) -> AnonymousTotals:
    """Return the sums of what the actor sees; an agency has few programs, so the lines are few."""
    sums = [func.sum(getattr(AnonymousContact, name)).label(name) for name in COUNTS]
    by = (AnonymousContact.program_id, AnonymousContact.modality)
    question = select(*by, func.count().label("contacts"), *sums).where(AnonymousContact.withdrawn_at.is_(None))
    rows = (await db.execute(_seen(question, db, actor, asked).group_by(*by).order_by(*by))).mappings()
    lines = [TotalsLine.model_validate(dict(row)) for row in rows]
    return AnonymousTotals(first=asked.days.first, last=asked.days.last, lines=lines)


def _seen(question: Select[Any], db: Db, actor: Actor, asked: AskedContacts) -> Select[Any]:
    """Narrow a question to the days and program asked for, and to the actor's own work unless they lead others."""
    mine = AnonymousContact.agency_id == db.scope.agency_id
    question = question.where(mine, AnonymousContact.service_date.between(asked.days.first, asked.days.last))
    if asked.program_id is not None:
        question = question.where(AnonymousContact.program_id == asked.program_id)
    return question if actor.may(*SEES_ALL) else question.where(AnonymousContact.staff_id == actor.staff_id)
