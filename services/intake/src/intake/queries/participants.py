"""Who somebody is, who matches a search, and a peer's own caseload."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, model_validator
from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import aliased

from common.contracts.codes import RecordOrigin, Sex
from common.database import Db
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer, blind_index
from common.text import Asked, Day, Email, Line
from intake.commands.access import active_on, reach_participant, within_reach
from intake.commands.participants import SpokenLanguage, known_of, open_identity
from intake.commands.recording import recording
from intake.models import Assignment, Participant
from intake.rules.people import (
    AskedFor,
    IdentityField,
    IntakeStage,
    intake_stage,
    missing_for_full_intake,
    phone_digits,
)


class Intake(BaseModel):
    """How far the intake is; `missing` are the codes of what was neither answered nor declined."""

    stage: IntakeStage
    missing: list[str]


class ParticipantRecord(BaseModel):
    """Who somebody is, exactly as given. `merged_into` is the record that goes on for the same person."""

    id: UUID
    merged_into: UUID | None = None
    anonymous: bool = False
    name: str | None = None
    alias: str | None = None
    pronouns: str | None = None
    gender_identity: str | None = None
    birth_date: date | None = None
    sex: Sex
    race_ethnicity: str | None = None
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    language: str | None = None
    languages: list[SpokenLanguage] = []
    access_needs: list[str] | None = None
    access_needs_words: str | None = None
    declined: list[AskedFor] = []
    external_id: str | None = None
    enrolled_at: AwareDatetime
    source_system: str | None = Field(default=None, description="where an imported person came from")
    origin: RecordOrigin = Field(description="under 42 CFR Part 2; travels with the record")
    intake: Intake
    version: int


class ParticipantPage(BaseModel):
    items: list[ParticipantRecord]
    next: str | None = None


class SearchParticipants(Asked):
    """Exact matches of everything given; a name meets an alias, in any case, accents and spacing aside."""

    name: Line | None = None
    birth_date: Day | None = None
    phone: Line | None = None
    email: Email | None = None
    next: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=50, ge=1, le=PAGE_MOST)

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.name is None and self.birth_date is None and self.phone is None and self.email is None:
            raise ValueError("give a name, a birth date, a phone number or an e-mail address")
        return self


class CaseloadEntry(BaseModel):
    assignment_id: UUID
    participant_id: UUID
    episode_id: UUID
    program_id: UUID
    name: str | None = None
    alias: str | None = None
    valid_from: date
    valid_to: date | None
    merged_into: UUID | None = Field(default=None, description="the record that goes on for the same person")
    version: int = Field(description="of the assignment")


class Caseload(BaseModel):
    items: list[CaseloadEntry]
    next: str | None = None


async def participant(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID) -> ParticipantRecord:
    found = await reach_participant(db, actor, participant_id, await recording(db))
    return _record(await keys.sealer(db, db.scope.agency_id, found.id), found)


def _record(sealer: Sealer, found: Participant) -> ParticipantRecord:
    known = known_of(sealer, found)
    missing = missing_for_full_intake(known, known.get(IdentityField.DECLINED, ()))
    return ParticipantRecord.model_validate(
        {
            "id": found.id,
            "merged_into": found.merged_into,
            "enrolled_at": found.enrolled_at,
            "source_system": found.source_system,
            "origin": found.origin,
            "intake": {"stage": intake_stage(missing), "missing": missing},
            "version": found.version,
            **known,
        }
    )


async def matches(
    db: Db, keys: KeyRing, actor: Actor, search: SearchParticipants, after: Cursor | None
) -> ParticipantPage:
    """Return who matches, within the asker's reach, in the order they were recorded; merged records as survivors."""
    now = await recording(db)
    key = await keys.index_key(db, db.scope.agency_id)
    survivors = _matching(select(func.coalesce(Participant.merged_into, Participant.id)), key, search).where(
        Participant.agency_id == db.scope.agency_id
    )
    shown = aliased(Participant)
    question = select(shown).where(
        shown.agency_id == db.scope.agency_id, shown.id.in_(survivors), within_reach(actor, now.today, shown.id)
    )
    if after:
        question = question.where(shown.id > after.id)
    found = await db.scalars(question.order_by(shown.id).limit(search.limit + 1))
    rows: Sequence[Participant] = found.all()
    page = rows[: search.limit]
    sealers = await keys.sealers(db, db.scope.agency_id, [row.id for row in page])
    items = [_record(sealers[row.id], row) for row in page]
    return ParticipantPage(items=items, next=_next(rows, search.limit, page))


def _matching(question: Select[Any], key: bytes, search: SearchParticipants) -> Select[Any]:
    if search.name is not None:
        digest = blind_index(key, "name", search.name)
        question = question.where(or_(Participant.name_index == digest, Participant.alias_index == digest))
    if search.birth_date is not None:
        question = question.where(Participant.birth_index == blind_index(key, "birth", search.birth_date.isoformat()))
    if search.phone is not None:
        question = question.where(Participant.phone_index == blind_index(key, "phone", phone_digits(search.phone)))
    if search.email is not None:
        question = question.where(Participant.email_index == blind_index(key, "email", search.email))
    return question


def _next(rows: Sequence[Participant] | Sequence[Assignment], limit: int, page: Sequence[object]) -> str | None:
    return encode_cursor("", rows[limit - 1].id) if page and len(rows) > limit else None


async def caseload(db: Db, keys: KeyRing, actor: Actor, after: Cursor | None, limit: int) -> Caseload:
    """Return whom the asker is assigned to today, in the order of assignment."""
    now = await recording(db)
    question = (
        select(Assignment, Participant)
        .join(
            Participant,
            (Participant.agency_id == Assignment.agency_id) & (Participant.id == Assignment.participant_id),
        )
        .where(
            Assignment.agency_id == db.scope.agency_id,
            Assignment.staff_id == actor.staff_id,
            active_on(now.today),
        )
    )
    if after:
        question = question.where(Assignment.id > after.id)
    rows = (await db.execute(question.order_by(Assignment.id).limit(limit + 1))).all()
    sealers = await keys.sealers(db, db.scope.agency_id, [person.id for _, person in rows[:limit]])
    items = [_entry(assignment, sealers[person.id], person) for assignment, person in rows[:limit]]
    return Caseload(items=items, next=_next([row[0] for row in rows], limit, items))


def _entry(assignment: Assignment, sealer: Sealer, person: Participant) -> CaseloadEntry:
    identity = open_identity(sealer, person)
    return CaseloadEntry(
        assignment_id=assignment.id,
        participant_id=person.id,
        episode_id=assignment.episode_id,
        program_id=assignment.program_id,
        name=identity.get("name"),
        alias=identity.get("alias"),
        valid_from=assignment.valid_from,
        valid_to=assignment.valid_to,
        merged_into=person.merged_into,
        version=assignment.version,
    )
