"""Who waits for a peer, what peers say of themselves, whom people do not wish, and what came of a match."""

from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import ColumnElement, case, select, tuple_

from common.database import Db
from common.errors import Unprocessable
from common.http import Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing
from intake.commands.access import family_of, reach, reach_participant, within_reach
from intake.commands.participants import open_identity
from intake.commands.profiles import OwnGender, open_gender, open_pathways, peer_of, unwritten
from intake.commands.recording import recording
from intake.commands.waitlist import StatedWishes, open_wishes
from intake.models import Match, MatchCandidate, Participant, PeerProfile, Veto, Waiting
from intake.rules.matching import (
    CandidateOutcome,
    DeclineReason,
    Exclusion,
    Hours,
    LeavingReason,
    Pathway,
    Standing,
    Urgency,
    Wish,
)

URGENCIES = tuple(Urgency)  # as they are served


class QueueEntry(BaseModel):
    id: UUID
    participant_id: UUID
    episode_id: UUID | None
    name: str | None = None
    alias: str | None = None
    urgency: Urgency
    since: date
    days_waited: int
    version: int


class Queue(BaseModel):
    items: list[QueueEntry]
    next: str | None = None


class WaitingRecord(BaseModel):
    """A place in the queue, as it stands or as it was left; vetoes are listed beside it, for they outlast it."""

    id: UUID
    participant_id: UUID
    program_id: UUID
    episode_id: UUID | None
    wishes: StatedWishes
    urgency: Urgency
    since: date
    left_at: AwareDatetime | None
    left_reason: LeavingReason | None
    assignment_id: UUID | None
    version: int


class WaitingHistory(BaseModel):
    """The newest first, at most a hundred."""

    items: list[WaitingRecord]


class ProfileRecord(BaseModel):
    """What a peer says of themselves. Version 0: nothing yet."""

    staff_id: UUID
    pathways: list[Pathway]
    attested_at: AwareDatetime | None
    attested_by: UUID | None
    gender: OwnGender | None
    languages: list[str]
    schedule: list[Hours]
    caseload_limit: int
    accepting: bool
    version: int


class VetoRecord(BaseModel):
    id: UUID
    participant_id: UUID
    staff_id: UUID
    reason: DeclineReason
    match_id: UUID | None
    recorded_at: AwareDatetime
    withdrawn_at: AwareDatetime | None
    version: int


class Vetoes(BaseModel):
    """The newest first, at most a hundred, with those that were taken back."""

    items: list[VetoRecord]


class CandidateRecord(BaseModel):
    staff_id: UUID
    place: int | None = Field(description="1 is the best; null for who is ruled out")
    score: int
    standings: dict[Wish, Standing]
    because: list[Exclusion]
    caseload: int
    room: int
    outcome: CandidateOutcome
    outcome_reason: str | None
    outcome_at: AwareDatetime


class MatchRecord(BaseModel):
    id: UUID
    participant_id: UUID
    program_id: UUID
    episode_id: UUID | None
    waiting_id: UUID | None
    asked_at: AwareDatetime
    decided_at: AwareDatetime | None
    assignment_id: UUID | None
    over_caseload_reason: str | None
    candidates: list[CandidateRecord]
    version: int


async def queue(db: Db, keys: KeyRing, actor: Actor, program_id: UUID, after: Cursor | None, limit: int) -> Queue:
    """Return who waits for a program, within the asker's reach: the most urgent first, then the longest waiting."""
    now = await recording(db)
    urgency = _urgency_place()
    question = select(Waiting).where(
        Waiting.agency_id == db.scope.agency_id,
        Waiting.program_id == program_id,
        Waiting.left_at.is_(None),
        within_reach(actor, now.today, Waiting.participant_id),
    )
    if after:
        question = question.where(tuple_(urgency, Waiting.since, Waiting.id) > (*_place(after.at), after.id))
    rows = (await db.scalars(question.order_by(urgency, Waiting.since, Waiting.id).limit(limit + 1))).all()
    page = rows[:limit]
    names = await _names(db, keys, [row.participant_id for row in page])
    items = [_entry(row, names[row.participant_id], now.today) for row in page]
    last = f"{URGENCIES.index(Urgency(page[-1].urgency))}.{page[-1].since}" if page else ""
    return Queue(items=items, next=encode_cursor(last, page[-1].id) if len(rows) > limit else None)


def _urgency_place() -> ColumnElement[int]:
    return case({code.value: place for place, code in enumerate(URGENCIES)}, value=Waiting.urgency)


def _place(at: str) -> tuple[int, date]:
    """Return where a page starts. Raises `Unprocessable` if the cursor is not one of ours."""
    urgency, _, since = at.partition(".")
    if urgency.isascii() and urgency.isdigit() and len(urgency) == 1:
        try:
            return int(urgency), date.fromisoformat(since)
        except ValueError:
            pass
    raise Unprocessable("bad-cursor", "Use the `next` value of the page before, unchanged.", "/next")


async def _names(db: Db, keys: KeyRing, participant_ids: list[UUID]) -> dict[UUID, dict[str, str | None]]:
    question = select(Participant).where(
        Participant.agency_id == db.scope.agency_id, Participant.id.in_(participant_ids)
    )
    people = (await db.scalars(question)).all()
    sealers = await keys.sealers(db, db.scope.agency_id, [person.id for person in people])
    return {person.id: open_identity(sealers[person.id], person) for person in people}


def _entry(row: Waiting, identity: dict[str, str | None], today: date) -> QueueEntry:
    return QueueEntry(
        id=row.id,
        participant_id=row.participant_id,
        episode_id=row.episode_id,
        name=identity.get("name"),
        alias=identity.get("alias"),
        urgency=Urgency(row.urgency),
        since=row.since,
        days_waited=(today - row.since).days,
        version=row.version,
    )


async def waiting(db: Db, keys: KeyRing, actor: Actor, waiting_id: UUID) -> WaitingRecord:
    row = await reach(db, actor, Waiting, waiting_id, await recording(db))
    sealers = await keys.sealers(db, db.scope.agency_id, [row.participant_id])
    return _waiting_record(row, open_wishes(sealers[row.participant_id], row))


def _waiting_record(row: Waiting, wishes: StatedWishes) -> WaitingRecord:
    shown = {name: getattr(row, name) for name in WaitingRecord.model_fields if name != "wishes"}
    return WaitingRecord.model_validate(shown | {"wishes": wishes})


async def waiting_history(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID) -> WaitingHistory:
    """Return every place that a person had in a queue, under each of their records."""
    person = await reach_participant(db, actor, participant_id, await recording(db))
    question = select(Waiting).where(
        Waiting.agency_id == db.scope.agency_id, Waiting.participant_id.in_(await family_of(db, person))
    )
    rows = (await db.scalars(question.order_by(Waiting.id.desc()).limit(100))).all()
    sealers = await keys.sealers(db, db.scope.agency_id, {row.participant_id for row in rows})
    return WaitingHistory(items=[_waiting_record(row, open_wishes(sealers[row.participant_id], row)) for row in rows])


async def profile(db: Db, keys: KeyRing, actor: Actor, staff_id: UUID) -> ProfileRecord:
    """Return a profile to the peer themself and to who supervises; to anybody else it is not there."""
    await peer_of(db, actor, staff_id)
    found = await db.get(PeerProfile, (db.scope.agency_id, staff_id)) or unwritten(db.scope.agency_id, staff_id)
    sealer = await keys.sealer(db, db.scope.agency_id, staff_id)
    return ProfileRecord(
        staff_id=staff_id,
        pathways=open_pathways(sealer, found),
        attested_at=found.attested_at,
        attested_by=found.attested_by,
        gender=open_gender(sealer, found),
        languages=found.languages,
        schedule=[Hours.model_validate(hours) for hours in found.schedule],
        caseload_limit=found.caseload_limit,
        accepting=found.accepting,
        version=found.version,
    )


async def vetoes(db: Db, actor: Actor, participant_id: UUID) -> Vetoes:
    person = await reach_participant(db, actor, participant_id, await recording(db))
    question = select(Veto).where(
        Veto.agency_id == db.scope.agency_id, Veto.participant_id.in_(await family_of(db, person))
    )
    rows = await db.scalars(question.order_by(Veto.id.desc()).limit(100))
    return Vetoes(items=[VetoRecord.model_validate(row, from_attributes=True) for row in rows])


async def match_record(db: Db, actor: Actor, match_id: UUID) -> MatchRecord:
    """Return a match with what came of every candidate: the best first, then who was ruled out."""
    found = await reach(db, actor, Match, match_id, await recording(db))
    question = select(MatchCandidate).where(
        MatchCandidate.agency_id == found.agency_id, MatchCandidate.match_id == found.id
    )
    rows = await db.scalars(question.order_by(MatchCandidate.place.nulls_last(), MatchCandidate.staff_id))
    candidates = [CandidateRecord.model_validate(row, from_attributes=True) for row in rows]
    shown = {name: getattr(found, name) for name in MatchRecord.model_fields if name != "candidates"}
    return MatchRecord.model_validate(shown | {"candidates": candidates})
