"""Which records may be one person's, which were found to be, and what is known of somebody not yet enrolled."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from common.database import Db
from common.errors import NotThere
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing
from intake.commands.access import reach_participant
from intake.commands.duplicates import PossibleDuplicate, find, shown
from intake.commands.participants import Identity, digests
from intake.commands.recording import recording
from intake.models import Merge, Participant, PossiblePair
from intake.rules.duplicates import Agreement, DuplicateReason, MergeKind, MergeReason, PairState, SplitReason
from intake.rules.people import IdentityField


class DuplicateCheck(Identity):
    """What is known of somebody before they are enrolled."""


class DuplicatesFound(BaseModel):
    possible_duplicates: list[PossibleDuplicate]


class Pair(BaseModel):
    """Two records that may be one person's. `participant_ids` are their survivors if they were merged since."""

    id: UUID
    participant_ids: list[UUID]
    reasons: list[DuplicateReason]
    state: PairState
    state_reason: str | None
    proposed_at: AwareDatetime
    decided_at: AwareDatetime | None
    decided_by: UUID | None
    version: int


class Pairs(BaseModel):
    items: list[Pair]
    next: str | None = None


class MergeRecord(BaseModel):
    """A merge as it stands; who the two were before stays sealed."""

    id: UUID
    survivor_id: UUID
    merged_id: UUID
    moved_ids: list[UUID]
    kind: MergeKind
    reason: MergeReason
    taken: list[IdentityField]
    agreed_at: AwareDatetime | None
    agreed_how: Agreement | None
    agreed_statement: str | None
    merged_at: AwareDatetime
    merged_by: UUID | None
    undone_at: AwareDatetime | None
    undone_by: UUID | None
    undone_reason: SplitReason | None
    version: int


class Merges(BaseModel):
    """The newest first, at most a hundred."""

    items: list[MergeRecord]


async def check(db: Db, keys: KeyRing, actor: Actor, request: DuplicateCheck) -> DuplicatesFound:
    """Return whom an enrolment would be warned of, without enrolling anybody."""
    key = await keys.index_key(db, db.scope.agency_id)
    found = await find(db, actor, await recording(db), digests(key, request))
    return DuplicatesFound(possible_duplicates=shown(found))


async def pairs(db: Db, state: PairState, after: Cursor | None, limit: int) -> Pairs:
    """Return the pairs in a state, in the order of being found; of proposed ones only what is still to be decided."""
    one, other = aliased(Participant), aliased(Participant)
    ids = func.coalesce(one.merged_into, one.id), func.coalesce(other.merged_into, other.id)
    question = (
        select(PossiblePair, *ids)
        .join(one, and_(one.agency_id == PossiblePair.agency_id, one.id == PossiblePair.first_id))
        .join(other, and_(other.agency_id == PossiblePair.agency_id, other.id == PossiblePair.second_id))
        .where(PossiblePair.agency_id == db.scope.agency_id, PossiblePair.state == state)
    )
    if state is PairState.PROPOSED:
        question = question.where(ids[0] != ids[1], ~_decided(*ids))
    if after:
        question = question.where(PossiblePair.id > after.id)
    rows = (await db.execute(question.order_by(PossiblePair.id).limit(limit + 1))).all()
    items = [_pair(*row) for row in rows[:limit]]
    return Pairs(items=items, next=encode_cursor("", items[-1].id) if len(rows) > limit else None)


def _decided(one: ColumnElement[UUID], other: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that the pair of the survivors was decided about, under whichever ids it was found."""
    decided = aliased(PossiblePair)
    return exists().where(
        decided.agency_id == PossiblePair.agency_id,
        decided.first_id == func.least(one, other),
        decided.second_id == func.greatest(one, other),
        decided.state != PairState.PROPOSED,
    )


def _pair(row: PossiblePair, one: UUID, other: UUID) -> Pair:
    seen: dict[str, Any] = {name: getattr(row, name) for name in Pair.model_fields if name != "participant_ids"}
    return Pair.model_validate(seen | {"participant_ids": [one, other]})


async def merge(db: Db, merge_id: UUID) -> MergeRecord:
    found = await db.get(Merge, (db.scope.agency_id, merge_id))
    if found is None:
        raise NotThere
    return MergeRecord.model_validate(found, from_attributes=True)


async def merges_of(db: Db, actor: Actor, participant_id: UUID) -> Merges:
    """Return the merges that a record took part in, undone or not."""
    found = await reach_participant(db, actor, participant_id, await recording(db))
    question = select(Merge).where(
        Merge.agency_id == db.scope.agency_id, or_(Merge.survivor_id == found.id, Merge.merged_id == found.id)
    )
    rows = await db.scalars(question.order_by(Merge.merged_at.desc()).limit(PAGE_MOST))
    return Merges(items=[MergeRecord.model_validate(row, from_attributes=True) for row in rows])
