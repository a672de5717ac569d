"""What can be asked of session-logging: one session with its note, and pages of sessions without."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import and_, exists, or_, select, tuple_

from common.contracts.codes import (
    Activity,
    CredentialType,
    DeliveryMethod,
    Format,
    Location,
    Modality,
    NoteElement,
    Outcome,
    Role,
    SessionStatus,
    UnitMethod,
)
from common.database import Db
from common.errors import NotThere, Unprocessable
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import local_day
from session_logging.models import ADDENDUM, NOTE, Addendum, Agency, Assignment, Merge, PeerSession
from session_logging.rules import Note

SEES_ALL = (Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR)
SEES_NOTES = (Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR)


class SessionEntry(BaseModel):
    """A session without its words."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    participant_id: UUID
    episode_id: UUID
    program_id: UUID
    staff_id: UUID
    group_id: UUID | None
    modality: Modality
    format: Format
    delivery_method: DeliveryMethod
    location: Location | None
    service_code: str | None
    modifiers: list[str]
    activities: list[Activity]
    goal_ids: list[UUID]
    started_at: AwareDatetime
    ended_at: AwareDatetime
    zone: str
    service_date: date
    minutes: int
    units: Decimal = Field(description="of 15 minutes, by `unit_method`")
    unit_method: UnitMethod
    outcome: Outcome
    status: SessionStatus
    missing_elements: list[NoteElement]
    signed_at: AwareDatetime | None
    credential_at_signing: CredentialType | None
    recorded_at: AwareDatetime
    source_system: str | None = Field(description="where an imported session came from")


class AddendumRead(BaseModel):
    id: UUID
    author_id: UUID
    written_at: AwareDatetime
    reason: str
    words: str


class SessionRead(SessionEntry):
    """A session with its note and addenda, for those who may read them."""

    note: Note | None = None
    addenda: list[AddendumRead] = []


class SessionPage(BaseModel):
    items: list[SessionEntry]
    next: str | None = None


async def session(db: Db, keys: KeyRing, actor: Actor, session_id: UUID) -> SessionRead:
    """Return one session; the note is opened only for those who may read it. Raises `NotThere`."""
    question = select(PeerSession).where(PeerSession.agency_id == db.scope.agency_id, PeerSession.id == session_id)
    row = await db.scalar(question)
    if row is None:
        raise NotThere
    reach = await _in_reach(db, actor, await _family(db, row.participant_id))
    if await db.scalar(select(PeerSession.id).where(PeerSession.id == session_id, reach)) is None:
        raise NotThere
    entry = SessionEntry.model_validate(row).model_dump()
    if not actor.may(*SEES_NOTES):
        return SessionRead(**entry)
    sealer = await keys.sealer(db, row.agency_id, row.participant_id)
    note = None if row.note is None else Note.model_validate(sealer.open(NOTE, row.note))
    return SessionRead(**entry, note=note, addenda=await _addenda(db, sealer, row.id))


async def _addenda(db: Db, sealer: Sealer, session_id: UUID) -> list[AddendumRead]:
    found = await db.scalars(select(Addendum).where(Addendum.session_id == session_id).order_by(Addendum.id))
    return [_addendum(row, sealer.open(ADDENDUM, row.words)) for row in found]


def _addendum(row: Addendum, opened: Any) -> AddendumRead:
    return AddendumRead(id=row.id, author_id=row.author_id, written_at=row.written_at, **opened)


async def session_page(
    db: Db, actor: Actor, participant_id: UUID | None, after: Cursor | None, limit: int
) -> SessionPage:
    """Return up to `limit` sessions that the actor may see, the newest first; of a person, those of all records."""
    limit = min(limit, PAGE_MOST)
    family = None if participant_id is None else await _family(db, participant_id)
    question = (
        select(PeerSession)
        .where(await _in_reach(db, actor, family))
        .order_by(PeerSession.started_at.desc(), PeerSession.id.desc())
        .limit(limit + 1)
    )
    if family is not None:
        question = question.where(PeerSession.participant_id.in_(family))
    if after is not None:
        question = question.where(tuple_(PeerSession.started_at, PeerSession.id) < (_instant(after), after.id))
    rows = (await db.scalars(question)).all()
    items = [SessionEntry.model_validate(row) for row in rows[:limit]]
    more = len(rows) > limit
    return SessionPage(items=items, next=encode_cursor(items[-1].started_at, items[-1].id) if more else None)


def _instant(after: Cursor) -> datetime:
    try:
        return datetime.fromisoformat(after.at).astimezone()
    except ValueError as error:
        raise Unprocessable("bad-cursor", "Use the `next` value of the page before, unchanged.", "/next") from error


async def _family(db: Db, participant_id: UUID) -> list[UUID]:
    """Return the records that stand for one person, with the one that was asked about."""
    stands = (Merge.agency_id == db.scope.agency_id, Merge.undone_at.is_(None))
    named = or_(Merge.merged_id == participant_id, Merge.moved_ids.contains([participant_id]))
    latest = select(Merge.survivor_id).where(*stands, named).order_by(Merge.merged_at.desc()).limit(1)
    root = await db.scalar(latest) or participant_id
    merges = await db.scalars(select(Merge).where(*stands, Merge.survivor_id == root))
    return sorted({root, *(one for merge in merges for one in (merge.merged_id, *merge.moved_ids))})


async def _in_reach(db: Db, actor: Actor, family: list[UUID] | None) -> Any:
    """Return which sessions the actor may see: a peer's own, and those of the people they serve today.

    `family`: the records of the one person that is asked about; serving one of them is serving that person.
    """
    agency_id = db.scope.agency_id
    if actor.may(*SEES_ALL):
        return PeerSession.agency_id == agency_id
    zone = await db.scalar(select(Agency.zone).where(Agency.id == agency_id))
    today = local_day(db.now, zone or "UTC")
    served = Assignment.participant_id
    serves = exists().where(
        Assignment.agency_id == agency_id,
        Assignment.staff_id == actor.staff_id,
        served == PeerSession.participant_id if family is None else served.in_(family),
        Assignment.valid_from <= today,
        or_(Assignment.valid_to.is_(None), Assignment.valid_to >= today),
    )
    return and_(PeerSession.agency_id == agency_id, or_(PeerSession.staff_id == actor.staff_id, serves))
