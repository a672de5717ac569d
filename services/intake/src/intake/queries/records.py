"""One episode, consent, plan or assignment as it stands, with the version to change it by."""

from collections.abc import Sequence
from datetime import date
from typing import TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from sqlalchemy import select

from common.contracts.codes import CloseReason, ConsentType, Dimension, StatedBy
from common.database import Db
from common.http import PAGE_MOST
from common.identity import Actor
from common.privacy import KeyRing
from intake.commands.access import OwnedRow, reach, reach_participant
from intake.commands.consents import open_terms
from intake.commands.disclosures import treatment_ended
from intake.commands.plans import WORDS, goals_of
from intake.commands.recording import recording
from intake.models import Assignment, Consent, Episode, Plan
from intake.rules.consents import ConsentStanding, ConsentTerms, consent_standing

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
    source_system: str | None
    version: int


class ConsentRecord(BaseModel):
    id: UUID
    participant_id: UUID
    status: ConsentStanding
    terms: ConsentTerms
    revoked_at: AwareDatetime | None
    source_system: str | None
    version: int


class GoalRecord(BaseModel):
    id: UUID
    dimension: Dimension
    stated_by: StatedBy
    words: str
    active_from: date
    active_to: date | None


class PlanRecord(BaseModel):
    id: UUID
    participant_id: UUID
    episode_id: UUID
    agreed_at: AwareDatetime
    in_force_to: date | None
    declined_dimensions: list[Dimension]
    goals: list[GoalRecord]
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
    source_system: str | None
    version: int


class ConsentEntry(BaseModel):
    id: UUID
    consent_type: ConsentType
    status: ConsentStanding
    signed_at: AwareDatetime
    expires_on: date | None
    version: int


class PlanEntry(BaseModel):
    id: UUID
    episode_id: UUID
    agreed_at: AwareDatetime
    in_force_to: date | None
    version: int


class Records(BaseModel):
    """Of each kind the newest first, at most a hundred."""

    episodes: list[EpisodeRecord]
    assignments: list[AssignmentRecord]
    plans: list[PlanEntry]
    consents: list[ConsentEntry]


async def records(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID) -> Records:
    now = await recording(db)
    await reach_participant(db, actor, participant_id, now)
    return Records(
        episodes=[_shown(EpisodeRecord, row) for row in await _newest(db, Episode, participant_id)],
        assignments=[_shown(AssignmentRecord, row) for row in await _newest(db, Assignment, participant_id)],
        plans=[_shown(PlanEntry, row) for row in await _newest(db, Plan, participant_id)],
        consents=await _consents(db, keys, participant_id, now.today),
    )


async def _newest(db: Db, kind: type[OwnedRow], participant_id: UUID) -> Sequence[OwnedRow]:
    question = select(kind).where(kind.agency_id == db.scope.agency_id, kind.participant_id == participant_id)
    return (await db.scalars(question.order_by(kind.id.desc()).limit(PAGE_MOST))).all()


def _shown(shape: type[Shape], row: object) -> Shape:
    return shape.model_validate(row, from_attributes=True)


async def _consents(db: Db, keys: KeyRing, participant_id: UUID, today: date) -> list[ConsentEntry]:
    sealer = await keys.sealer(db, db.scope.agency_id, participant_id)
    ended = await treatment_ended(db, participant_id)
    entries = []
    for row in await _newest(db, Consent, participant_id):
        shown = {name: getattr(row, name) for name in ConsentEntry.model_fields if name != "status"}
        standing = consent_standing(
            open_terms(sealer, row).expiry, revoked_at=row.revoked_at, treatment_ended=ended, on=today
        )
        entries.append(ConsentEntry.model_validate(shown | {"status": standing}))
    return entries


async def episode(db: Db, actor: Actor, episode_id: UUID) -> EpisodeRecord:
    found = await reach(db, actor, Episode, episode_id, await recording(db))
    return _shown(EpisodeRecord, found)


async def consent(db: Db, keys: KeyRing, actor: Actor, consent_id: UUID) -> ConsentRecord:
    """Return a consent as it stands at this moment: `expired` follows from the database's clock."""
    now = await recording(db)
    found = await reach(db, actor, Consent, consent_id, now)
    terms = open_terms(await keys.sealer(db, db.scope.agency_id, found.participant_id), found)
    ended = await treatment_ended(db, found.participant_id)
    return ConsentRecord(
        id=found.id,
        participant_id=found.participant_id,
        status=consent_standing(terms.expiry, revoked_at=found.revoked_at, treatment_ended=ended, on=now.today),
        terms=terms,
        revoked_at=found.revoked_at,
        source_system=found.source_system,
        version=found.version,
    )


async def plan(db: Db, keys: KeyRing, actor: Actor, plan_id: UUID) -> PlanRecord:
    found = await reach(db, actor, Plan, plan_id, await recording(db))
    sealer = await keys.sealer(db, db.scope.agency_id, found.participant_id)
    goals = [
        GoalRecord.model_validate(
            {name: getattr(goal, name) for name in GoalRecord.model_fields} | {"words": sealer.open(WORDS, goal.words)}
        )
        for goal in await goals_of(db, plan_id)
    ]
    shown = {name: getattr(found, name) for name in PlanRecord.model_fields if name != "goals"}
    return PlanRecord.model_validate(shown | {"goals": goals})


async def assignment(db: Db, actor: Actor, assignment_id: UUID) -> AssignmentRecord:
    found = await reach(db, actor, Assignment, assignment_id, await recording(db))
    return _shown(AssignmentRecord, found)
