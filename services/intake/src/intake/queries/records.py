"""One episode or assignment as it stands, with the version to change it by, and what there is of a person."""

from collections.abc import Sequence
from datetime import date
from typing import TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from sqlalchemy import select

from common.contracts.codes import CloseReason
from common.database import Db
from common.http import PAGE_MOST
from common.identity import Actor
from common.privacy import KeyRing
from intake.commands.access import OwnedRow, family_of, reach, reach_participant
from intake.commands.recording import recording
from intake.models import Assignment, Consent, Episode, Plan
from intake.queries.consents import ConsentEntry, entries

Shape = TypeVar("Shape", bound=BaseModel)


class EpisodeRecord(BaseModel):
    id: UUID
    participant_id: UUID
    program_id: UUID
    opened_on: date
    closed_on: date | None
    close_reason: CloseReason | None
    deceased_on: date | None
    single_contact_outreach: bool
    voluntary_acknowledged_at: AwareDatetime | None
    follows_id: UUID | None
    re_enrolment: bool
    source_system: str | None
    version: int


class AssignmentRecord(BaseModel):
    id: UUID
    participant_id: UUID
    episode_id: UUID
    program_id: UUID
    staff_id: UUID
    valid_from: date
    valid_to: date | None
    end_reason: str | None
    follows_id: UUID | None
    source_system: str | None
    version: int


class PlanEntry(BaseModel):
    id: UUID
    episode_id: UUID
    agreed_at: AwareDatetime
    in_force_to: date | None
    version: int


class Records(BaseModel):
    """Of each kind the newest first, at most a hundred; a survivor's hold those of all records merged into it."""

    episodes: list[EpisodeRecord]
    assignments: list[AssignmentRecord]
    plans: list[PlanEntry]
    consents: list[ConsentEntry]


async def records(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID) -> Records:
    now = await recording(db)
    family = await family_of(db, await reach_participant(db, actor, participant_id, now))
    return Records(
        episodes=[_shown(EpisodeRecord, row) for row in await _newest(db, Episode, family)],
        assignments=[_shown(AssignmentRecord, row) for row in await _newest(db, Assignment, family)],
        plans=[_shown(PlanEntry, row) for row in await _newest(db, Plan, family)],
        consents=await entries(db, keys, now, await _newest(db, Consent, family)),
    )


async def _newest(db: Db, kind: type[OwnedRow], family: Sequence[UUID]) -> Sequence[OwnedRow]:
    question = select(kind).where(kind.agency_id == db.scope.agency_id, kind.participant_id.in_(family))
    return (await db.scalars(question.order_by(kind.id.desc()).limit(PAGE_MOST))).all()


def _shown(shape: type[Shape], row: object) -> Shape:
    return shape.model_validate(row, from_attributes=True)


async def episode(db: Db, actor: Actor, episode_id: UUID) -> EpisodeRecord:
    found = await reach(db, actor, Episode, episode_id, await recording(db))
    return _shown(EpisodeRecord, found)


async def assignment(db: Db, actor: Actor, assignment_id: UUID) -> AssignmentRecord:
    found = await reach(db, actor, Assignment, assignment_id, await recording(db))
    return _shown(AssignmentRecord, found)
