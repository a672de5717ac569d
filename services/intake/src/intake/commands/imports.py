"""Moving in from another system: whole people with their history, at the original times, marked as imported.

One transaction a call, a handful of statements whatever the number of rows: the same `place_` functions as for one
person, everything they need loaded and every key made for the batch at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator
from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from common.contracts.codes import CloseReason
from common.database import Db
from common.errors import Unprocessable
from common.privacy import KeyRing, blind_index
from common.text import Asked, Code, Day, Instant
from intake.commands.assessments import AssessmentTerms, place_assessment
from intake.commands.assignments import place_assignment, unassign
from intake.commands.consents import place_consent
from intake.commands.disclosures import PastDisclosure, place_past_disclosure
from intake.commands.episodes import CloseEpisode, EpisodeTerms, place_acknowledgement, place_closure, place_episode
from intake.commands.notices import GiveNotice, place_notice
from intake.commands.participants import ImportedIdentity, Vault, place_participant
from intake.commands.plans import PlanTerms, close_plan, place_plan
from intake.commands.pointing import pointing
from intake.commands.recording import Recording, recording, require_order
from intake.models import Episode, ImportedRow, Program, Staff
from intake.rules.consents import ConsentTerms

MOST_ROWS = 200


class ImportedEpisode(EpisodeTerms):
    acknowledged_at: Instant | None = None
    closed_on: Day | None = None
    reason: CloseReason | None = None
    deceased_on: Day | None = None

    @model_validator(mode="after")
    def _closed_for_a_reason(self) -> Self:
        if (self.closed_on is None) != (self.reason is None) or (self.deceased_on and self.closed_on is None):
            raise ValueError("give closed_on and reason together")
        return self


class ImportedAssignment(Asked):
    staff_id: UUID
    valid_from: Day
    valid_to: Day | None = None


class ImportedParticipant(ImportedIdentity):
    """One person of the other system, with everything that is known."""

    enrolled_at: Instant
    notice: GiveNotice | None = None
    episode: ImportedEpisode
    consent: ConsentTerms | None = None
    assessments: list[AssessmentTerms] = Field(default=[], max_length=20)
    disclosures: list[PastDisclosure] = Field(default=[], max_length=50)
    plan: PlanTerms | None = None
    assignment: ImportedAssignment | None = None


class ImportParticipants(Asked):
    source_system: Code
    participants: list[ImportedParticipant] = Field(min_length=1, max_length=MOST_ROWS)


class ImportedIds(BaseModel):
    """What one row became."""

    external_id: str
    participant_id: UUID
    episode_id: UUID
    plan_id: UUID | None = None
    goal_ids: list[UUID] = []
    assignment_id: UUID | None = None


class Imported(BaseModel):
    participants: list[ImportedIds] = Field(description="in the order sent")


@dataclass(frozen=True, slots=True)
class Batch:
    """What the rows of one call need, loaded at once."""

    recording: Recording
    vaults: Mapping[UUID, Vault]
    programs: frozenset[UUID]
    staff: Mapping[UUID, Staff]


async def import_participants(db: Db, keys: KeyRing, request: ImportParticipants) -> Imported:
    """Record every row, or none. A row whose external id is known answers the ids it got then, and writes nothing."""
    index_key = await keys.index_key(db, db.scope.agency_id)
    indexes = [blind_index(index_key, "external", row.external_id) for row in request.participants]
    _require_distinct(indexes)
    await _one_at_a_time(db, request.source_system)
    known = await _known(db, request.source_system, indexes)
    fresh = {place: uuid7() for place, index in enumerate(indexes) if index not in known}
    batch = await _batch(db, keys, index_key, request, list(fresh.values()))
    answers = []
    for place, row in enumerate(request.participants):
        if place in fresh:
            with pointing(f"/participants/{place}"):
                became = _place_row(db, batch, row, fresh[place], indexes[place])
            db.audit("participant.import", became.participant_id, source_system=request.source_system)
        else:
            became = known[indexes[place]]
        answers.append(_ids(row, became))
    db.audit("import", None, source_system=request.source_system, rows=len(answers), written=len(fresh))
    return Imported(participants=answers)


def _require_distinct(indexes: Sequence[bytes]) -> None:
    seen: set[bytes] = set()
    for place, index in enumerate(indexes):
        if index in seen:
            pointer = f"/participants/{place}/external_id"
            raise Unprocessable("row-twice", "This external id is in the call twice.", pointer)
        seen.add(index)


async def _one_at_a_time(db: Db, source_system: str) -> None:
    """Wait for an import of the same source, so that two calls with the same rows write them once."""
    lock = func.hashtextextended(f"{db.scope.agency_id}.{source_system}", 0)
    await db.execute(select(func.pg_advisory_xact_lock(lock)))


async def _known(db: Db, source_system: str, indexes: Sequence[bytes]) -> dict[bytes, ImportedRow]:
    question = select(ImportedRow).where(
        ImportedRow.agency_id == db.scope.agency_id,
        ImportedRow.source_system == source_system,
        ImportedRow.external_index.in_(indexes),
    )
    return {row.external_index: row for row in await db.scalars(question)}


async def _batch(
    db: Db, keys: KeyRing, index_key: bytes, request: ImportParticipants, participant_ids: Sequence[UUID]
) -> Batch:
    agency_id = db.scope.agency_id
    sealers = await keys.sealers(db, agency_id, participant_ids)
    programs = {row.episode.program_id for row in request.participants}
    staff = {row.assignment.staff_id for row in request.participants if row.assignment}
    found_programs = await db.scalars(
        select(Program.id).where(Program.agency_id == agency_id, Program.id.in_(programs))
    )
    found_staff = await db.scalars(select(Staff).where(Staff.agency_id == agency_id, Staff.id.in_(staff)))
    return Batch(
        recording=await recording(db, request.source_system),
        vaults={person: Vault(sealer, index_key) for person, sealer in sealers.items()},
        programs=frozenset(found_programs),
        staff={one.id: one for one in found_staff},
    )


def _place_row(db: Db, batch: Batch, row: ImportedParticipant, participant_id: UUID, index: bytes) -> ImportedRow:
    now, vault = batch.recording, batch.vaults[participant_id]
    enrolled_at = now.stated(row.enrolled_at, "/enrolled_at")
    place_participant(db, now, vault, row, participant_id=participant_id, enrolled_at=enrolled_at)
    with pointing("/episode"):
        episode = _place_episode(db, batch, row.episode, participant_id)
    _place_papers(db, batch, row, episode)
    with pointing("/plan"):
        plan_id, goal_ids = _place_plan(db, batch, row.plan, episode)
    with pointing("/assignment"):
        assignment_id = _place_assignment(db, batch, row.assignment, episode)
    became = ImportedRow(
        agency_id=db.scope.agency_id,
        source_system=now.source_system,
        external_index=index,
        participant_id=participant_id,
        episode_id=episode.id,
        plan_id=plan_id,
        goal_ids=goal_ids,
        assignment_id=assignment_id,
        imported_at=now.now,
    )
    db.add(became)
    return became


def _place_episode(db: Db, batch: Batch, terms: ImportedEpisode, participant_id: UUID) -> Episode:
    now = batch.recording
    if terms.program_id not in batch.programs:
        raise Unprocessable("not-found", "No program has this id.", "/program_id")
    episode = place_episode(db, now, participant_id, terms)
    if terms.acknowledged_at:
        place_acknowledgement(db, now, episode, terms.acknowledged_at)
    if terms.closed_on and terms.reason:
        closure = CloseEpisode(closed_on=terms.closed_on, reason=terms.reason, deceased_on=terms.deceased_on)
        place_closure(db, now, episode, closure)
    return episode


def _place_papers(db: Db, batch: Batch, row: ImportedParticipant, episode: Episode) -> None:
    """Write the notice, the consent with what was disclosed on it, and the assessments."""
    now, sealer = batch.recording, batch.vaults[episode.participant_id].sealer
    if row.notice:
        with pointing("/notice"):
            place_notice(db, now, episode.participant_id, row.notice)
    consent = None
    if row.consent:
        with pointing("/consent"):
            consent = place_consent(
                db, now, sealer, episode.participant_id, row.consent, deceased_on=episode.deceased_on
            )
    for place, disclosure in enumerate(row.disclosures):
        with pointing(f"/disclosures/{place}"):
            place_past_disclosure(db, now, sealer, episode.participant_id, disclosure, consent)
    for place, assessment in enumerate(row.assessments):
        with pointing(f"/assessments/{place}"):
            place_assessment(db, now, sealer, episode, assessment)


def _place_plan(db: Db, batch: Batch, terms: PlanTerms | None, episode: Episode) -> tuple[UUID | None, list[UUID]]:
    """Write the plan, ended with its episode; return its id and its goals' ids."""
    if terms is None:
        return None, []
    if terms.agreed_at is None:
        raise Unprocessable("agreed-at-missing", "Say when the plan was agreed.", "/agreed_at")
    plan, goals = place_plan(db, batch.recording, batch.vaults[episode.participant_id].sealer, episode, terms)
    if episode.closed_on:
        close_plan(db, plan, goals, max(batch.recording.day(plan.agreed_at), episode.closed_on))
    return plan.id, [goal.id for goal in goals]


def _place_assignment(db: Db, batch: Batch, terms: ImportedAssignment | None, episode: Episode) -> UUID | None:
    if terms is None:
        return None
    staff = batch.staff.get(terms.staff_id)
    if staff is None:
        raise Unprocessable("not-found", "No member of staff has this id.", "/staff_id")
    require_order(terms.valid_from, terms.valid_to, "/valid_to")
    assignment = place_assignment(db, batch.recording, episode, staff, terms.valid_from)
    last_day = terms.valid_to or (episode.closed_on and max(terms.valid_from, episode.closed_on))
    if last_day:
        batch.recording.require_past(last_day, "/valid_to")
        unassign(db, assignment, last_day)
    return assignment.id


def _ids(row: ImportedParticipant, became: ImportedRow) -> ImportedIds:
    return ImportedIds(
        external_id=row.external_id,
        participant_id=became.participant_id,
        episode_id=became.episode_id,
        plan_id=became.plan_id,
        goal_ids=became.goal_ids,
        assignment_id=became.assignment_id,
    )
