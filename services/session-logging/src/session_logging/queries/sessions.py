"""What can be asked about sessions: one with its note, and pages of them without."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select, tuple_

from common.contracts.codes import (
    Activity,
    CredentialStatus,
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
    Specialty,
    UnitMethod,
)
from common.contracts.session_codes import (
    AttemptOutcome,
    HandoffReceiver,
    HandoffWay,
    LateReason,
    Mechanism,
    NavigationElement,
    ReturnReason,
    Review,
    SessionFlag,
    VoidReason,
)
from common.database import Db
from common.errors import NotThere, Unprocessable
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from session_logging.models import ADDENDUM, NOTE, REVIEW, SIGNED_NOTE, Addendum, PeerGroup, PeerSession, ReviewStep
from session_logging.queries.people import family_of, in_reach, origins_of, require_reach
from session_logging.rules.notes import Note
from session_logging.rules.reviews import ReviewKind

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
    credential_at_signing: CredentialType | None = Field(description="held on the day of service, as known when signed")
    credential_id: UUID | None
    credential_specialty: Specialty | None
    credential_status: CredentialStatus | None = Field(description="on the day of service")
    credential_valid_from: date | None
    credential_valid_to: date | None
    competencies: list[str] = Field(description="SAMHSA's core competencies that were shown")
    mechanisms: list[Mechanism] = Field(description="why it may have helped, as the worker saw it")
    navigation: list[NavigationElement]
    attempt_outcome: AttemptOutcome | None
    handoff_way: HandoffWay | None
    handoff_receiver: HandoffReceiver | None
    handoff_accepted_at: AwareDatetime | None
    flags: list[SessionFlag] = Field(description="what did not fit when it was signed; the record stands")
    late_reason: LateReason | None
    review: Review | None = Field(description="awaited: signed, and a supervisor has yet to co-sign")
    cosigned_by: UUID | None
    cosigned_at: AwareDatetime | None
    void_reason: VoidReason | None
    recorded_at: AwareDatetime
    source_system: str | None = Field(description="where an imported session came from")
    origin: RecordOrigin = Field(default=RecordOrigin.OWN_PART2, description="of the person's record; travels with it")


# Only what an entry shows: the sealed words stay where they are.
ENTRY = [getattr(PeerSession, name) for name in SessionEntry.model_fields if name != "origin"]


class AddendumRead(BaseModel):
    id: UUID
    author_id: UUID
    written_at: AwareDatetime
    reason: str
    words: str


class StepRead(BaseModel):
    """One step of a note's review. Of a return: when the note had been signed, and what it said then."""

    id: UUID
    author_id: UUID
    kind: ReviewKind
    reason: ReturnReason | VoidReason | None
    words: str | None
    signed_at: AwareDatetime | None
    signed_note: dict[str, Any] | None
    taken_at: AwareDatetime


class RosterRead(BaseModel):
    """The group of a session. `participants`: for who held it or supervises; others hear how many there were."""

    group_id: UUID
    size: int = Field(description="people present, the facilitators not counted")
    co_facilitator_id: UUID | None
    participants: list[UUID] | None = None


class SessionRead(SessionEntry):
    """A session with its note, its addenda and what was said about it, for those who may read them."""

    note: Note | None = None
    addenda: list[AddendumRead] = []
    steps: list[StepRead] = []
    roster: RosterRead | None = None


class SessionPage(BaseModel):
    items: list[SessionEntry]
    next: str | None = None


async def session(db: Db, keys: KeyRing, actor: Actor, session_id: UUID) -> SessionRead:
    """Return one session; the note is opened only for those who may read it. Raises `NotThere`."""
    question = select(PeerSession).where(PeerSession.agency_id == db.scope.agency_id, PeerSession.id == session_id)
    row = await db.scalar(question)
    if row is None:
        raise NotThere
    await require_reach(db, actor, row)
    entry = _entry(row, await origins_of(db, [row.participant_id])).model_dump()
    roster = await _roster(db, actor, row)
    if not actor.may(*SEES_NOTES):
        return SessionRead(**entry, roster=roster)
    sealer = await keys.sealer(db, row.agency_id, row.participant_id)
    note = None if row.note is None else Note.model_validate(sealer.open(NOTE, row.note))
    addenda, steps = await _addenda(db, sealer, row.id), await _steps(db, sealer, row.id)
    return SessionRead(**entry, roster=roster, note=note, addenda=addenda, steps=steps)


async def _roster(db: Db, actor: Actor, row: PeerSession) -> RosterRead | None:
    """Return a session's group; who else was there, only for who held it and for supervisors."""
    group = None if row.group_id is None else await db.get(PeerGroup, (row.agency_id, row.group_id))
    if group is None:
        return None
    read = RosterRead(group_id=group.id, size=group.size, co_facilitator_id=group.co_facilitator_id)
    if actor.staff_id not in (group.staff_id, group.co_facilitator_id) and not actor.may(Role.SUPERVISOR):
        return read
    present = select(PeerSession.participant_id).where(
        PeerSession.agency_id == row.agency_id, PeerSession.group_id == group.id
    )
    return read.model_copy(update={"participants": sorted(await db.scalars(present))})


async def _steps(db: Db, sealer: Sealer, session_id: UUID) -> list[StepRead]:
    found = await db.scalars(select(ReviewStep).where(ReviewStep.session_id == session_id).order_by(ReviewStep.id))
    return [
        StepRead(
            id=step.id, author_id=step.author_id, kind=ReviewKind(step.kind), reason=_reason(step),
            words=None if step.words is None else sealer.open(REVIEW, step.words),
            signed_at=step.signed_at, taken_at=step.taken_at,
            signed_note=None if step.signed_note is None else opened_copy(sealer, step.signed_note),
        )
        for step in found
    ]  # fmt: skip


def opened_copy(sealer: Sealer, sealed: bytes) -> dict[str, Any]:
    opened: Any = sealer.open(SIGNED_NOTE, sealed)
    return dict(opened)


def _reason(step: ReviewStep) -> ReturnReason | VoidReason | None:
    if step.reason is None:
        return None
    return ReturnReason(step.reason) if step.kind == ReviewKind.RETURNED else VoidReason(step.reason)


def _entry(row: Any, origins: Mapping[UUID, RecordOrigin]) -> SessionEntry:
    return SessionEntry.model_validate(row).model_copy(update={"origin": origins[row.participant_id]})


async def _addenda(db: Db, sealer: Sealer, session_id: UUID) -> list[AddendumRead]:
    found = await db.scalars(select(Addendum).where(Addendum.session_id == session_id).order_by(Addendum.id))
    return [_addendum(row, sealer.open(ADDENDUM, row.words)) for row in found]


def _addendum(row: Addendum, opened: Any) -> AddendumRead:
    return AddendumRead(id=row.id, author_id=row.author_id, written_at=row.written_at, **opened)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sessions somebody asks for; what is not named is not asked about."""

    participant_id: UUID | None = None
    staff_id: UUID | None = None
    status: SessionStatus | None = None
    review: Review | None = None
    flag: SessionFlag | None = None

    def narrow(self, question: Any) -> Any:
        """Return the question with everything but the person, whose records are several."""
        for column, value in (
            (PeerSession.staff_id, self.staff_id), (PeerSession.status, self.status), (PeerSession.review, self.review),
        ):  # fmt: skip
            question = question if value is None else question.where(column == value)
        return question if self.flag is None else question.where(PeerSession.flags.contains([self.flag]))


async def session_page(db: Db, actor: Actor, wanted: Wanted, after: Cursor | None, limit: int) -> SessionPage:
    """Return up to `limit` sessions that the actor may see, the newest first; of a person, those of all records."""
    limit = min(limit, PAGE_MOST)
    family = None if wanted.participant_id is None else await family_of(db, wanted.participant_id)
    question = wanted.narrow(
        select(*ENTRY)
        .where(await in_reach(db, actor, PeerSession, family))
        .order_by(PeerSession.started_at.desc(), PeerSession.id.desc())
        .limit(limit + 1)
    )
    if family is not None:
        question = question.where(PeerSession.participant_id.in_(family))
    if after is not None:
        question = question.where(tuple_(PeerSession.started_at, PeerSession.id) < (instant_of(after), after.id))
    rows = (await db.execute(question)).all()
    origins = await origins_of(db, {row.participant_id for row in rows})
    items = [_entry(row, origins) for row in rows[:limit]]
    more = len(rows) > limit
    return SessionPage(items=items, next=encode_cursor(items[-1].started_at, items[-1].id) if more else None)


def instant_of(after: Cursor) -> datetime:
    """Return where a page starts. Raises `Unprocessable` for a cursor of something else."""
    try:
        return datetime.fromisoformat(after.at).astimezone()
    except (ValueError, OverflowError) as error:
        raise Unprocessable("bad-cursor", "Use the `next` value of the page before, unchanged.", "/next") from error
