"""One episode, consent, plan or assignment as it stands, with the version to change it by."""

from collections.abc import Sequence
from datetime import date
from typing import TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from sqlalchemy import select

from common.contracts.codes import CloseReason, ConsentType
from common.database import Db
from common.http import PAGE_MOST
from common.identity import Actor
from common.privacy import KeyRing
from intake.commands.access import OwnedRow, family_of, reach, reach_participant
from intake.commands.consents import open_terms
from intake.commands.disclosures import treatment_ended
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
    follows_id: UUID | None
    re_enrolment: bool
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
        consents=await _consents(db, keys, family, now.today),
    )


async def _newest(db: Db, kind: type[OwnedRow], family: Sequence[UUID]) -> Sequence[OwnedRow]:
    question = select(kind).where(kind.agency_id == db.scope.agency_id, kind.participant_id.in_(family))
    return (await db.scalars(question.order_by(kind.id.desc()).limit(PAGE_MOST))).all()


def _shown(shape: type[Shape], row: object) -> Shape:
    return shape.model_validate(row, from_attributes=True)


async def _consents(db: Db, keys: KeyRing, family: Sequence[UUID], today: date) -> list[ConsentEntry]:
    rows = await _newest(db, Consent, family)
    signers = {row.participant_id for row in rows}
    sealers = await keys.sealers(db, db.scope.agency_id, signers)
    ended = {signer: await treatment_ended(db, signer) for signer in signers}
    entries = []
    for row in rows:
        shown = {name: getattr(row, name) for name in ConsentEntry.model_fields if name != "status"}
        standing = consent_standing(
            open_terms(sealers[row.participant_id], row).expiry,
            revoked_at=row.revoked_at,
            treatment_ended=ended[row.participant_id],
            on=today,
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


async def assignment(db: Db, actor: Actor, assignment_id: UUID) -> AssignmentRecord:
    found = await reach(db, actor, Assignment, assignment_id, await recording(db))
    return _shown(AssignmentRecord, found)
