"""What somebody learnt: their trainings, and the hours that count in the running cycle of each credential."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import func, select, tuple_

from common.contracts.codes import CredentialType
from common.contracts.workforce_codes import TrainingKind, TrainingTopic
from common.database import Db
from common.http import Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from workforce.commands.reach import OVERSIGHT, reach_staff
from workforce.commands.trainings import WORDS
from workforce.models import Training
from workforce.queries.credentials import credentials_of
from workforce.queries.pages import day_of
from workforce.rules.learning import Hours, VoidReason, summed


class TrainingEntry(BaseModel):
    id: UUID
    staff_id: UUID
    kind: TrainingKind
    topic: TrainingTopic
    hours: Decimal
    completed_on: date
    title: str
    provider: str
    categories: list[int]
    evidence_sha256: str | None
    void_reason: VoidReason | None
    version: int


class TrainingPage(BaseModel):
    items: list[TrainingEntry] = Field(description="the newest first")
    next: str | None = None


class TopicHours(BaseModel):
    kind: TrainingKind
    topic: TrainingTopic
    hours: Decimal


class Cycle(BaseModel):
    """Hours completed in one cycle, both days included; of no credential, all hours ever."""

    credential_id: UUID | None = None
    credential_type: CredentialType | None = None
    from_on: date | None = None
    to_on: date | None = None
    hours: list[TopicHours]
    total: Decimal


class Education(BaseModel):
    """`cycles`: one for each credential in force. What is required is the program's pack's to say, not this list's."""

    on: date
    cycles: list[Cycle]
    ever: Cycle


async def trainings_of(
    db: Db, keys: KeyRing, actor: Actor, staff_id: UUID, after: Cursor | None, limit: int
) -> TrainingPage:
    await reach_staff(db, actor, staff_id)
    row = Training
    question = select(row).where(row.agency_id == db.scope.agency_id, row.staff_id == staff_id)
    if after:
        question = question.where(tuple_(row.completed_on, row.id) < tuple_(day_of(after), after.id))
    found = await db.scalars(question.order_by(row.completed_on.desc(), row.id.desc()).limit(limit + 1))
    rows, sealer = found.all(), await keys.sealer(db, db.scope.agency_id, staff_id)
    items = [_entry(sealer, one) for one in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return TrainingPage(items=items, next=encode_cursor(last.completed_on, last.id) if last else None)


def _entry(sealer: Sealer, row: Training) -> TrainingEntry:
    words = sealer.open(WORDS, row.words)
    assert isinstance(words, dict)  # sealed by record_training
    plain = {name: getattr(row, name) for name in TrainingEntry.model_fields if name not in ("title", "provider")}
    digest = None if row.evidence_sha256 is None else row.evidence_sha256.hex()
    return TrainingEntry.model_validate(plain | words | {"evidence_sha256": digest})


async def education_of(db: Db, actor: Actor, staff_id: UUID) -> Education:
    """Return the hours of each running cycle: from the cycle's first day, or else the credential's, to today."""
    await reach_staff(db, actor, staff_id, OVERSIGHT)
    held = await credentials_of(db, actor, staff_id, None)
    cycles = [
        await _cycle(db, staff_id, Cycle(
            credential_id=one.id,
            credential_type=one.credential_type,
            from_on=one.cycle_from or one.valid_from,
            to_on=one.renewal_on or one.valid_to,
            hours=[],
            total=Decimal(0),
        ))
        for one in held.items
        if one.in_force
    ]  # fmt: skip
    ever = await _cycle(db, staff_id, Cycle(hours=[], total=Decimal(0)))
    return Education(on=held.on, cycles=cycles, ever=ever)


async def _cycle(db: Db, staff_id: UUID, cycle: Cycle) -> Cycle:
    hours = summed(await hours_between(db, staff_id, cycle.from_on, cycle.to_on))
    topics = [TopicHours(kind=one.kind, topic=one.topic, hours=one.hours) for one in hours]
    return cycle.model_copy(update={"hours": topics, "total": sum((one.hours for one in topics), Decimal(0))})


async def hours_between(db: Db, staff_id: UUID, from_on: date | None, to_on: date | None) -> list[Hours]:
    """Return the hours of trainings completed from a day to a day, both included, by kind and topic."""
    row = Training
    question = select(row.kind, row.topic, func.sum(row.hours).label("hours")).where(
        row.agency_id == db.scope.agency_id,
        row.staff_id == staff_id,
        row.void_reason.is_(None),
    )
    if from_on is not None:
        question = question.where(row.completed_on >= from_on)
    if to_on is not None:
        question = question.where(row.completed_on <= to_on)
    found = await db.execute(question.group_by(row.kind, row.topic))
    return [Hours(TrainingKind(one.kind), TrainingTopic(one.topic), one.hours) for one in found]
