"""The notes that wait for a co-signature, the longest waiting first."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import or_, select, tuple_

from common.contracts.codes import Modality, NoteElement
from common.contracts.session_codes import Review, SessionFlag
from common.database import Db
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.text import local_day
from session_logging.commands.lookups import zone_of
from session_logging.models import PeerSession, Supervisor
from session_logging.queries.sessions import instant_of


class AwaitedNote(BaseModel):
    """A note that a supervisor has yet to look at."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    staff_id: UUID
    participant_id: UUID
    program_id: UUID
    modality: Modality
    started_at: AwareDatetime
    minutes: int
    signed_at: AwareDatetime
    missing_elements: list[NoteElement]
    flags: list[SessionFlag]


class AwaitedPage(BaseModel):
    items: list[AwaitedNote]
    next: str | None = None


async def awaited_page(db: Db, actor: Actor, *, mine: bool, after: Cursor | None, limit: int) -> AwaitedPage:
    """Return notes that wait; `mine`: of those whom the actor supervises today, otherwise of the whole agency."""
    limit = min(limit, PAGE_MOST)
    question = (
        select(PeerSession)
        .where(PeerSession.agency_id == db.scope.agency_id, PeerSession.review == Review.AWAITED)
        .where(PeerSession.staff_id != actor.staff_id)
        .order_by(PeerSession.signed_at, PeerSession.id)
        .limit(limit + 1)
    )
    if mine:
        question = question.where(PeerSession.staff_id.in_(await _supervised(db, actor)))
    if after is not None:
        question = question.where(tuple_(PeerSession.signed_at, PeerSession.id) > (instant_of(after), after.id))
    rows = (await db.scalars(question)).all()
    items = [AwaitedNote.model_validate(row) for row in rows[:limit]]
    more = len(rows) > limit
    return AwaitedPage(items=items, next=encode_cursor(items[-1].signed_at, items[-1].id) if more else None)


async def _supervised(db: Db, actor: Actor) -> Sequence[UUID]:
    today = local_day(db.now, await zone_of(db))
    found = await db.scalars(
        select(Supervisor.staff_id)
        .where(Supervisor.supervisor_id == actor.staff_id, Supervisor.valid_from <= today)
        .where(or_(Supervisor.valid_to.is_(None), Supervisor.valid_to >= today))
    )
    return found.all()
