"""A worker's notes that are not signed yet, and until when each is in time; what came back, with what was said."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from common.contracts.codes import Modality, SessionStatus
from common.contracts.session_codes import ReturnReason, Review
from common.database import Db
from common.packs import Parameter, rule_on
from common.privacy import KeyRing
from session_logging.commands.lookups import is_one_of
from session_logging.models import REVIEW, Agency, PeerSession, Program, ProgramPack, ReviewStep
from session_logging.rules.days import business_days_left, last_day
from session_logging.rules.reviews import ReviewKind


class DraftEntry(BaseModel):
    """A session whose note is not signed yet, and its deadline in business days of the agency."""

    session_id: UUID
    version: int
    participant_id: UUID
    program_id: UUID
    group_id: UUID | None
    modality: Modality
    started_at: AwareDatetime
    service_date: date
    last_day: date = Field(description="the last day on which it is in time: by the program, or by its packs if sooner")
    business_days_left: int = Field(description="after today; 0 on the last day, negative once it is late")


class ReturnedEntry(DraftEntry):
    """A note that came back, with what the supervisor said."""

    returned_by: UUID | None = None
    returned_at: AwareDatetime | None = None
    reason: ReturnReason | None = None
    words: str | None = None


class Drafts(BaseModel):
    """The oldest first."""

    total: int
    items: list[DraftEntry]


class ReturnedNotes(BaseModel):
    """The oldest first."""

    total: int
    items: list[ReturnedEntry]


async def unsigned(db: Db, staff_id: UUID, most: int, *, returned: bool) -> Sequence[Any]:
    """Return a worker's unsigned sessions, each with how many there are in all, the oldest first."""
    question = (
        select(PeerSession, func.count().over())
        .where(PeerSession.agency_id == db.scope.agency_id, PeerSession.staff_id == staff_id)
        .where(PeerSession.status == SessionStatus.DRAFT)
        .where(PeerSession.review.is_not_distinct_from(Review.RETURNED) == returned)
        .order_by(PeerSession.started_at, PeerSession.id)
        .limit(most)
    )
    return (await db.execute(question)).all()


def total_of(found: Sequence[Any]) -> int:
    """Return how many rows there are in all, of which these are the first: the last column says so."""
    return int(found[0][-1]) if found else 0


async def deadlines_of(db: Db, sessions: Sequence[PeerSession], agency: Agency) -> dict[UUID, date]:
    """Return the last day on which each session's note is in time, with two statements for all."""
    if not sessions:
        return {}
    program_ids = {session.program_id for session in sessions}
    days = await db.execute(
        select(Program.id, Program.note_deadline_business_days).where(is_one_of(Program.id, program_ids))
    )
    own = {row.id: row.note_deadline_business_days for row in days}
    chosen = (await db.scalars(select(ProgramPack).where(is_one_of(ProgramPack.program_id, program_ids)))).all()
    holidays = frozenset(agency.holidays)
    return {
        session.id: last_day(session.ended_at, session.zone, _deadline(session, own, chosen), holidays)
        for session in sessions
    }


def _deadline(session: PeerSession, own: Mapping[UUID, int], chosen: Sequence[ProgramPack]) -> int:
    """Return the program's own business days, or those of its packs where that binds, is sure and less."""
    packs = [
        pack.pack_id
        for pack in chosen
        if pack.program_id == session.program_id
        and pack.valid_from <= session.service_date <= (pack.valid_to or date.max)
    ]
    rule = rule_on(packs, Parameter.NOTE_DEADLINE_BUSINESS_DAYS, session.service_date)
    days = own[session.program_id]
    return min(days, int(rule.value)) if rule is not None and rule.is_required else days


def draft_entry(session: PeerSession, last: date, today: date, agency: Agency) -> DraftEntry:
    return DraftEntry(
        session_id=session.id,
        version=session.version,
        participant_id=session.participant_id,
        program_id=session.program_id,
        group_id=session.group_id,
        modality=Modality(session.modality),
        started_at=session.started_at,
        service_date=session.service_date,
        last_day=last,
        business_days_left=business_days_left(today, last, agency.holidays),
    )


async def with_words(db: Db, keys: KeyRing, entries: Sequence[DraftEntry]) -> list[ReturnedEntry]:
    """Return what came back with what was said last of each, with two statements for all."""
    steps = {step.session_id: step for step in await _last_returns(db, [entry.session_id for entry in entries])}
    said = {entry.participant_id for entry in entries if entry.session_id in steps}
    sealers = await keys.sealers(db, db.scope.agency_id, said)
    read = [ReturnedEntry(**entry.model_dump()) for entry in entries]
    for entry in read:
        if (step := steps.get(entry.session_id)) is None:
            continue
        entry.returned_by, entry.returned_at = step.author_id, step.taken_at
        entry.reason = ReturnReason(step.reason) if step.reason else None
        entry.words = str(sealers[entry.participant_id].open(REVIEW, step.words)) if step.words else None
    return read


async def _last_returns(db: Db, session_ids: Sequence[UUID]) -> Sequence[ReviewStep]:
    if not session_ids:
        return []
    found = await db.scalars(
        select(ReviewStep)
        .where(ReviewStep.agency_id == db.scope.agency_id, is_one_of(ReviewStep.session_id, session_ids))
        .where(ReviewStep.kind == ReviewKind.RETURNED)
        .ext(distinct_on(ReviewStep.session_id))
        .order_by(ReviewStep.session_id, ReviewStep.taken_at.desc())
    )
    return found.all()
