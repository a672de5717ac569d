"""Emergency accesses as those who review them read them: what waits for review first."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Select, select

from common.database import Db
from common.errors import NotThere
from common.http import Cursor, encode_cursor
from common.privacy import KeyRing, Sealer
from intake.commands.break_glass import REVIEW_WORDS, WORDS
from intake.models import BreakGlass
from intake.rules.break_glass import EmergencyReason, ReviewOutcome

WAITING, REVIEWED = "waiting", "reviewed"


class BreakGlassRecord(BaseModel):
    """`review_overdue`: the review was due and is still missing."""

    id: UUID
    participant_id: UUID
    staff_id: UUID
    reason: EmergencyReason
    words: str
    opened_at: AwareDatetime
    expires_at: AwareDatetime
    ended_at: AwareDatetime | None
    is_open: bool
    review_due_at: AwareDatetime
    review_overdue: bool
    reviewed_at: AwareDatetime | None
    reviewed_by: UUID | None
    review_outcome: ReviewOutcome | None
    review_words: str | None
    version: int


class BreakGlassPage(BaseModel):
    items: list[BreakGlassRecord] = Field(description="those that wait for review, the oldest first; then the others")
    next: str | None


async def break_glass(db: Db, keys: KeyRing, break_glass_id: UUID) -> BreakGlassRecord:
    row = await db.get(BreakGlass, (db.scope.agency_id, break_glass_id))
    if row is None:
        raise NotThere
    return _record(db, await keys.sealer(db, row.agency_id, row.participant_id), row)


async def break_glasses(db: Db, keys: KeyRing, after: Cursor | None, limit: int) -> BreakGlassPage:
    """Return what waits for review, the oldest first, then what was reviewed, the newest first."""
    rows: list[BreakGlass] = []
    if after is None or after.at == WAITING:
        rows += await db.scalars(_waiting(db, after).limit(limit + 1))
    if len(rows) <= limit:
        earlier = after if after is not None and after.at == REVIEWED else None
        rows += await db.scalars(_reviewed(db, earlier).limit(limit + 1 - len(rows)))
    page = rows[:limit]
    sealers = await keys.sealers(db, db.scope.agency_id, {row.participant_id for row in page})
    items = [_record(db, sealers[row.participant_id], row) for row in page]
    return BreakGlassPage(items=items, next=_next(page) if len(rows) > limit else None)


def _waiting(db: Db, after: Cursor | None) -> Select[BreakGlass]:
    question = select(BreakGlass).where(BreakGlass.agency_id == db.scope.agency_id, BreakGlass.reviewed_at.is_(None))
    if after is not None:
        question = question.where(BreakGlass.id > after.id)
    return question.order_by(BreakGlass.id)


def _reviewed(db: Db, after: Cursor | None) -> Select[BreakGlass]:
    question = select(BreakGlass).where(BreakGlass.agency_id == db.scope.agency_id, BreakGlass.reviewed_at.is_not(None))
    if after is not None:
        question = question.where(BreakGlass.id < after.id)
    return question.order_by(BreakGlass.id.desc())


def _next(page: Sequence[BreakGlass]) -> str:
    last = page[-1]
    return encode_cursor(WAITING if last.reviewed_at is None else REVIEWED, last.id)


def _record(db: Db, sealer: Sealer, row: BreakGlass) -> BreakGlassRecord:
    shown = {name: getattr(row, name) for name in BreakGlassRecord.model_fields if hasattr(row, name)}
    computed = {
        "words": sealer.open(WORDS, row.words),
        "review_words": sealer.open(REVIEW_WORDS, row.review_words) if row.review_words else None,
        "is_open": row.ended_at is None and row.expires_at > db.now,
        "review_overdue": row.reviewed_at is None and row.review_due_at <= db.now,
    }
    return BreakGlassRecord.model_validate(shown | computed)
