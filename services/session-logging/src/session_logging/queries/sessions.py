"""What can be asked about sessions: one with its note, and pages of them without."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select, tuple_

from common.contracts.codes import (
    Activity,
    CredentialType,
    DeliveryMethod,
    Format,
    Location,
    Modality,
    NoteElement,
    Outcome,
    RecordOrigin,
    Role,
    SessionStatus,
    UnitMethod,
)
from common.database import Db
from common.errors import NotThere, Unprocessable
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from session_logging.models import ADDENDUM, NOTE, Addendum, PeerSession
from session_logging.queries.people import family_of, in_reach, origins_of
from session_logging.rules import Note

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
    origin: RecordOrigin = Field(default=RecordOrigin.OWN_PART2, description="of the person's record; travels with it")


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
    reach = await in_reach(db, actor, PeerSession, await family_of(db, row.participant_id))
    if await db.scalar(select(PeerSession.id).where(PeerSession.id == session_id, reach)) is None:
        raise NotThere
    entry = _entry(row, await origins_of(db, [row.participant_id])).model_dump()
    if not actor.may(*SEES_NOTES):
        return SessionRead(**entry)
    sealer = await keys.sealer(db, row.agency_id, row.participant_id)
    note = None if row.note is None else Note.model_validate(sealer.open(NOTE, row.note))
    return SessionRead(**entry, note=note, addenda=await _addenda(db, sealer, row.id))


def _entry(row: PeerSession, origins: Mapping[UUID, RecordOrigin]) -> SessionEntry:
    return SessionEntry.model_validate(row).model_copy(update={"origin": origins[row.participant_id]})


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
    family = None if participant_id is None else await family_of(db, participant_id)
    question = (
        select(PeerSession)
        .where(await in_reach(db, actor, PeerSession, family))
        .order_by(PeerSession.started_at.desc(), PeerSession.id.desc())
        .limit(limit + 1)
    )
    if family is not None:
        question = question.where(PeerSession.participant_id.in_(family))
    if after is not None:
        question = question.where(tuple_(PeerSession.started_at, PeerSession.id) < (instant_of(after), after.id))
    rows = (await db.scalars(question)).all()
    origins = await origins_of(db, {row.participant_id for row in rows})
    items = [_entry(row, origins) for row in rows[:limit]]
    more = len(rows) > limit
    return SessionPage(items=items, next=encode_cursor(items[-1].started_at, items[-1].id) if more else None)


def instant_of(after: Cursor) -> datetime:
    """Return where a page starts. Raises `Unprocessable` for a cursor of something else."""
    try:
        return datetime.fromisoformat(after.at).astimezone()
    except ValueError as error:
        raise Unprocessable("bad-cursor", "Use the `next` value of the page before, unchanged.", "/next") from error
