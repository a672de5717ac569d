"""What is read of referrals: one with its history, the queue, how far a file is, and what a referrer may know."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from common.contracts.codes import RecordOrigin, ReferralDirection, ReferralKind, ReferralStatus
from common.database import Db
from common.errors import NotThere
from common.http import Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from intake.commands.access import within_reach
from intake.commands.eligibility import Screened
from intake.commands.follow_links import follow_token
from intake.commands.recording import Recording, recording
from intake.commands.referral_steps import RECEIVER
from intake.commands.referrals import SAID, SCREENING, reach_referral, referral_within_reach
from intake.models import Participant, Referral, ReferralImport, ReferralImportRefusal, ReferralStep
from intake.rules.eligibility import Verdict
from intake.rules.referrals import Introduction, ReferralCloseReason

STATUS_PATH = "/api/intake/v1/referral-status/"


class StepRecord(BaseModel):
    """One status it took. `by`: who noted it."""

    status: ReferralStatus
    reason: ReferralCloseReason | None
    introduction: Introduction | None
    accepted_at: AwareDatetime | None
    receiver: dict[str, Any] | None
    at: AwareDatetime
    by: UUID | None
    recorded_at: AwareDatetime


class ReferralEntry(BaseModel):
    """A referral as it stands in the queue."""

    id: UUID
    direction: ReferralDirection
    kind: ReferralKind
    status: ReferralStatus
    referred_on: date
    program_id: UUID | None
    participant_id: UUID | None
    name: str | None = None
    alias: str | None = None
    eligibility: Verdict | None
    possible_matches: list[UUID] = Field(
        default=[], description="participants within your reach who may be the same person"
    )
    recorded_by: UUID | None
    recorded_at: AwareDatetime
    version: int


class ReferralRecord(ReferralEntry):
    """A referral with all that it says."""

    episode_id: UUID | None
    said: dict[str, Any] = Field(description="the referral as it was recorded")
    screening: Screened | None
    contacted_at: AwareDatetime | None
    accepted_at: AwareDatetime | None
    connected_at: AwareDatetime | None
    closed_at: AwareDatetime | None
    close_reason: ReferralCloseReason | None
    link_open: bool
    origin: RecordOrigin = Field(description="under 42 CFR Part 2; travels with the record")
    source_system: str | None
    import_id: UUID | None
    steps: list[StepRecord] = Field(max_length=100)


class ReferralQueue(BaseModel):
    items: list[ReferralEntry]
    next: str | None = None


class FollowLink(BaseModel):
    """The link to give to the referrer; `path` is null while it is closed."""

    path: str | None
    open: bool
    version: int


class ImportProgress(BaseModel):
    id: UUID
    state: str = Field(description="waiting, working, finished, or stopped: given up; send the file again")
    source_system: str
    rows: int
    done: int = Field(description="rows that were worked on: recorded, repeated or refused")
    recorded: int
    repeated: int = Field(description="rows whose external id was recorded before; nothing was written for them")
    refused: int
    possible_duplicates: int = Field(description="recorded rows that may be people who are served already")
    requested_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None


class RefusedLine(BaseModel):
    line: int
    column: str | None
    code: str
    detail: str


class RefusedLines(BaseModel):
    items: list[RefusedLine]
    next: str | None = None


async def referral(db: Db, keys: KeyRing, actor: Actor, referral_id: UUID) -> ReferralRecord:
    now = await recording(db)
    found = await reach_referral(db, actor, referral_id, now)
    sealer = await keys.sealer(db, db.scope.agency_id, found.id)
    reached = await _reached(db, actor, now, [found])
    return ReferralRecord.model_validate(
        _entry(found, sealer, reached)
        | {name: getattr(found, name) for name in ReferralRecord.model_fields if hasattr(found, name)}
        | {
            "said": sealer.open(SAID, found.said),
            "screening": sealer.open(SCREENING, found.screening) if found.screening else None,
            "steps": await _steps(db, sealer, found.id),
        }
    )


def _entry(found: Referral, sealer: Sealer, reached: frozenset[UUID]) -> dict[str, object]:
    said = sealer.open(SAID, found.said)
    assert isinstance(said, dict)  # sealed so
    person = said.get("person") or {}
    return {name: getattr(found, name) for name in ReferralEntry.model_fields if hasattr(found, name)} | {
        "name": person.get("name"),
        "alias": person.get("alias"),
        "possible_matches": [one for one in found.possible_ids if one in reached],
    }


async def _reached(db: Db, actor: Actor, now: Recording, rows: Sequence[Referral]) -> frozenset[UUID]:
    """Return which of the possible matches the asker may reach: of the others not even the number is told."""
    possible = {one for row in rows for one in row.possible_ids}
    if not possible:
        return frozenset()
    found = await db.scalars(
        select(Participant.id).where(
            Participant.agency_id == db.scope.agency_id,
            Participant.id.in_(possible),
            within_reach(actor, now.today),
        )
    )
    return frozenset(found)


async def _steps(db: Db, sealer: Sealer, referral_id: UUID) -> list[StepRecord]:
    """Return what became of a referral, in order; there are only so many ways to go."""
    question = (
        select(ReferralStep)
        .where(ReferralStep.agency_id == db.scope.agency_id, ReferralStep.referral_id == referral_id)
        .order_by(ReferralStep.version)
        .limit(100)
    )
    return [_step(sealer, step) for step in await db.scalars(question)]


def _step(sealer: Sealer, step: ReferralStep) -> StepRecord:
    shown = {name: getattr(step, name) for name in StepRecord.model_fields}
    receiver = sealer.open(RECEIVER, step.receiver) if step.receiver else None
    return StepRecord.model_validate(shown | {"receiver": receiver})


async def queue(
    db: Db,
    keys: KeyRing,
    actor: Actor,
    *,
    status: ReferralStatus | None,
    direction: ReferralDirection | None,
    after: Cursor | None,
    limit: int,
) -> ReferralQueue:
    """Return the referrals within the asker's reach, in the order they were recorded."""
    now = await recording(db)
    question = select(Referral).where(Referral.agency_id == db.scope.agency_id, referral_within_reach(actor, now.today))
    if status:
        question = question.where(Referral.status == status)
    if direction:
        question = question.where(Referral.direction == direction)
    if after:
        question = question.where(Referral.id > after.id)
    rows = (await db.scalars(question.order_by(Referral.id).limit(limit + 1))).all()
    page = rows[:limit]
    sealers = await keys.sealers(db, db.scope.agency_id, [row.id for row in page])
    reached = await _reached(db, actor, now, page)
    items = [ReferralEntry.model_validate(_entry(row, sealers[row.id], reached)) for row in page]
    return ReferralQueue(items=items, next=encode_cursor("", page[-1].id) if len(rows) > limit else None)


async def follow_link(db: Db, keys: KeyRing, actor: Actor, referral_id: UUID) -> FollowLink:
    found = await reach_referral(db, actor, referral_id, await recording(db))
    path = STATUS_PATH + await follow_token(db, keys, found) if found.link_open else None
    return FollowLink(path=path, open=found.link_open, version=found.version)


async def progress(db: Db, import_id: UUID) -> ImportProgress:
    found = await db.get(ReferralImport, (db.scope.agency_id, import_id))
    if found is None:
        raise NotThere
    shown = {name: getattr(found, name) for name in ImportProgress.model_fields if hasattr(found, name)}
    return ImportProgress.model_validate(shown | {"state": _state(found)})


def _state(found: ReferralImport) -> str:
    if found.finished_at:
        return "stopped" if found.stopped else "finished"
    return "working" if found.started_at else "waiting"


async def refusals(db: Db, import_id: UUID, after: Cursor | None, limit: int) -> RefusedLines:
    """Return the lines that were refused, in the order of the file."""
    await progress(db, import_id)
    refusal = ReferralImportRefusal
    question = select(refusal).where(
        refusal.agency_id == db.scope.agency_id, refusal.import_id == import_id, refusal.line > _line(after)
    )
    rows = (await db.scalars(question.order_by(refusal.line).limit(limit + 1))).all()
    items = [RefusedLine(line=row.line, column=row.column, code=row.code, detail=row.detail) for row in rows[:limit]]
    return RefusedLines(items=items, next=encode_cursor(items[-1].line, import_id) if len(rows) > limit else None)


def _line(after: Cursor | None) -> int:
    return int(after.at) if after and after.at.isascii() and after.at.isdigit() and len(after.at) < 9 else 0
