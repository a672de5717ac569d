"""Who somebody is, who matches a search, and a peer's own caseload."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, model_validator
from sqlalchemy import Select, or_, select

from common.contracts.codes import Sex
from common.database import Db
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer, blind_index
from common.text import Asked, Day, Email, Line
from intake.commands.access import active_on, reach_participant, within_reach
from intake.commands.participants import open_identity
from intake.commands.recording import recording
from intake.models import Assignment, Participant
from intake.rules.people import phone_digits


class ParticipantRecord(BaseModel):
    """Who somebody is, exactly as given."""

    id: UUID
    name: str | None = None
    alias: str | None = None
    birth_date: date | None = None
    sex: Sex
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    language: str | None = None
    external_id: str | None = None
    enrolled_at: AwareDatetime
    source_system: str | None = Field(default=None, description="where an imported person came from")
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
    version: int = Field(description="of the assignment")


class Caseload(BaseModel):
    items: list[CaseloadEntry]
    next: str | None = None


async def participant(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID) -> ParticipantRecord:
    found = await reach_participant(db, actor, participant_id, await recording(db))
    return _record(await keys.sealer(db, db.scope.agency_id, found.id), found)


def _record(sealer: Sealer, found: Participant) -> ParticipantRecord:
    return ParticipantRecord.model_validate(
        {
            "id": found.id,
            "sex": found.sex,
            "enrolled_at": found.enrolled_at,
            "source_system": found.source_system,
            "version": found.version,
            **open_identity(sealer, found),
        }
    )


async def matches(
    db: Db, keys: KeyRing, actor: Actor, search: SearchParticipants, after: Cursor | None
) -> ParticipantPage:
    """Return who matches, within the asker's reach, in the order they were recorded."""
    now = await recording(db)
    key = await keys.index_key(db, db.scope.agency_id)
    question = _matching(select(Participant), key, search).where(
        Participant.agency_id == db.scope.agency_id, within_reach(actor, now.today)
    )
    if after:
        question = question.where(Participant.id > after.id)
    found = await db.scalars(question.order_by(Participant.id).limit(search.limit + 1))
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
        version=assignment.version,
    )
