"""How far safety concerns have climbed, and what became of their pages."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select

from common.contracts.codes import SafetyStatus
from common.database import Db
from common.http import Cursor, encode_cursor
from notification.models import Escalation, Message
from notification.rules.ladder import UNANSWERED
from notification.rules.messages import Template


class EscalationEntry(BaseModel):
    """A concern's way up. `seconds_to_next`: until the next page, 0 if it is due; null once nobody is paged again."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    participant_id: UUID | None
    status: SafetyStatus
    opened_at: AwareDatetime
    acknowledged_at: AwareDatetime | None
    contacted_at: AwareDatetime | None
    handed_off_at: AwareDatetime | None
    closed_at: AwareDatetime | None
    level: int = Field(description="how many times somebody was paged")
    paged_at: AwareDatetime | None
    handed_over_at: AwareDatetime | None = Field(description="when a provider took the first page")
    nobody_on_call: bool
    next_page_at: AwareDatetime | None
    seconds_to_next: int | None = None


class EscalationPage(BaseModel):
    items: list[EscalationEntry]
    next: str | None = None


async def escalations(db: Db, *, closed: bool, after: Cursor | None, limit: int) -> EscalationPage:
    """Return those not closed, the longest open first, or the closed ones, newest first."""
    is_closed = Escalation.status == SafetyStatus.CLOSED
    question = select(Escalation).where(is_closed if closed else ~is_closed)
    if after:
        question = question.where(Escalation.id < after.id if closed else Escalation.id > after.id)
    order = Escalation.id.desc() if closed else Escalation.id
    rows = (await db.scalars(question.order_by(order).limit(limit + 1))).all()
    items = [_entry(row, db.now) for row in rows[:limit]]
    return EscalationPage(items=items, next=encode_cursor("", items[-1].id) if len(rows) > limit else None)


def _entry(row: Escalation, now: datetime) -> EscalationEntry:
    entry = EscalationEntry.model_validate(row)
    if row.next_page_at is not None:
        entry.seconds_to_next = max(0, round((row.next_page_at - now).total_seconds()))
    return entry


async def moot_pages(db: Db, messages: Sequence[Message]) -> dict[UUID, str]:
    """Return the pages that need not leave any more: somebody has taken the concern on since."""
    pages = {one.id: UUID(one.occasion.split(" ")[0]) for one in messages if one.template == Template.SAFETY_PAGE}
    if not pages:
        return {}
    question = select(Escalation.id).where(Escalation.id.in_(set(pages.values())), Escalation.status.not_in(UNANSWERED))
    answered = set(await db.scalars(question))
    return {message_id: "answered" for message_id, concern in pages.items() if concern in answered}
