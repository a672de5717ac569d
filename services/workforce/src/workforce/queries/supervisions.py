"""Supervisions that were held: all of it for the supervisor, the shared words for the worker, else days and minutes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, exists, or_, select, true, tuple_

from common.contracts.workforce_codes import SupervisionMode, SupervisionTopic
from common.database import Db
from common.errors import NotThere
from common.http import Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing
from workforce.commands.reach import OVERSIGHT
from workforce.commands.supervisions import OWN_NOTES, WHAT, WORDS
from workforce.models import FollowUp, SupervisedWorker, Supervision
from workforce.queries.pages import day_of
from workforce.rules.supervision import SupervisionState, SupervisionVoidReason


@dataclass(frozen=True, slots=True)
class Asked:
    """Which supervisions are asked for; both days are inclusive."""

    staff_id: UUID | None = None
    held_from: date | None = None
    held_to: date | None = None
    state: SupervisionState | None = None


class SupervisionEntry(BaseModel):
    """`mode` and `topics`: null for administrators and auditors, who see days and minutes only."""

    id: UUID
    supervisor_id: UUID
    staff_ids: list[UUID] = Field(description="of a worker's own view: the worker alone")
    held_on: date
    minutes: int
    mode: SupervisionMode | None
    topics: list[SupervisionTopic] | None
    state: SupervisionState
    void_reason: SupervisionVoidReason | None
    version: int


class SupervisionPage(BaseModel):
    items: list[SupervisionEntry] = Field(description="the newest first")
    next: str | None = None


class FollowUpEntry(BaseModel):
    id: UUID
    supervision_id: UUID
    staff_id: UUID
    what: str
    due_on: date
    done_on: date | None
    version: int


class FollowUpPage(BaseModel):
    items: list[FollowUpEntry] = Field(description="the first due first")
    next: str | None = None


class SupervisionRecord(SupervisionEntry):
    """`own_notes`: for the supervisor alone. `words`, `follow_ups`: for the supervisor and each worker their own."""

    words: str | None
    own_notes: str | None
    follow_ups: list[FollowUpEntry] | None


def _took_part(actor: Actor) -> ColumnElement[bool]:
    row = SupervisedWorker
    return exists().where(
        row.agency_id == Supervision.agency_id, row.supervision_id == Supervision.id, row.staff_id == actor.staff_id
    )


def _within_reach(actor: Actor) -> ColumnElement[bool]:
    if actor.may(*OVERSIGHT):
        return true()
    return or_(Supervision.supervisor_id == actor.staff_id, _took_part(actor))


async def supervisions(db: Db, actor: Actor, asked: Asked, after: Cursor | None, limit: int) -> SupervisionPage:
    """Return the supervisions that the caller held or took part in; the agency's for administrators and auditors."""
    row = Supervision
    question = select(row).where(row.agency_id == db.scope.agency_id, _within_reach(actor), *_conditions(asked))
    if after:
        question = question.where(tuple_(row.held_on, row.id) < tuple_(day_of(after), after.id))
    found = await db.scalars(question.order_by(row.held_on.desc(), row.id.desc()).limit(limit + 1))
    rows = found.all()
    workers = await _workers(db, [one.id for one in rows[:limit]])
    items = [SupervisionEntry.model_validate(_entry(actor, one, workers[one.id])) for one in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return SupervisionPage(items=items, next=encode_cursor(last.held_on, last.id) if last else None)


def _conditions(asked: Asked) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if asked.staff_id:
        took_part = SupervisedWorker
        conditions.append(
            exists().where(
                took_part.agency_id == Supervision.agency_id,
                took_part.supervision_id == Supervision.id,
                took_part.staff_id == asked.staff_id,
            )
        )
    if asked.held_from:
        conditions.append(Supervision.held_on >= asked.held_from)
    if asked.held_to:
        conditions.append(Supervision.held_on <= asked.held_to)
    if asked.state:
        conditions.append(Supervision.state == asked.state)
    return conditions


async def _workers(db: Db, supervision_ids: Sequence[UUID]) -> dict[UUID, list[SupervisedWorker]]:
    row = SupervisedWorker
    question = select(row).where(row.agency_id == db.scope.agency_id, row.supervision_id.in_(supervision_ids))
    workers: dict[UUID, list[SupervisedWorker]] = {one: [] for one in supervision_ids}
    for one in await db.scalars(question.order_by(row.staff_id)):
        workers[one.supervision_id].append(one)
    return workers


def _entry(actor: Actor, row: Supervision, workers: Sequence[SupervisedWorker]) -> dict[str, Any]:
    shown = {name: getattr(row, name, None) for name in SupervisionEntry.model_fields}
    took_part = actor.staff_id in {one.staff_id for one in workers}
    theirs = row.supervisor_id == actor.staff_id
    staff_ids = [one.staff_id for one in workers]
    if not theirs and not actor.may(*OVERSIGHT):
        staff_ids = [actor.staff_id]
    if not theirs and not took_part:
        shown |= {"mode": None, "topics": None}
    return shown | {"staff_ids": staff_ids}


async def supervision(db: Db, keys: KeyRing, actor: Actor, supervision_id: UUID) -> SupervisionRecord:
    row = Supervision
    question = select(row).where(row.agency_id == db.scope.agency_id, row.id == supervision_id, _within_reach(actor))
    held = (await db.scalars(question)).first()
    if held is None:
        raise NotThere
    workers = (await _workers(db, [held.id]))[held.id]
    more: dict[str, Any] = {"words": None, "own_notes": None, "follow_ups": None}
    mine = [one for one in workers if actor.staff_id in (held.supervisor_id, one.staff_id)]
    if mine:
        own = held.supervisor_id == actor.staff_id
        more = {
            "words": await _opened(db, keys, mine[0].staff_id, WORDS, mine[0].words),
            "own_notes": await _opened(db, keys, held.supervisor_id, OWN_NOTES, held.own_notes) if own else None,
            "follow_ups": await _follow_ups(db, keys, held.id, None if own else actor.staff_id),
        }
    return SupervisionRecord.model_validate(_entry(actor, held, workers) | more)


async def _opened(db: Db, keys: KeyRing, staff_id: UUID, place: str, sealed: bytes | None) -> str | None:
    if sealed is None:
        return None
    return str((await keys.sealer(db, db.scope.agency_id, staff_id)).open(place, sealed))


async def _follow_ups(db: Db, keys: KeyRing, supervision_id: UUID, staff_id: UUID | None) -> list[FollowUpEntry]:
    row = FollowUp
    question = select(row).where(row.agency_id == db.scope.agency_id, row.supervision_id == supervision_id)
    if staff_id is not None:
        question = question.where(row.staff_id == staff_id)
    return await _shown(db, keys, (await db.scalars(question.order_by(row.due_on, row.id))).all())


async def _shown(db: Db, keys: KeyRing, rows: Sequence[FollowUp]) -> list[FollowUpEntry]:
    sealers = await keys.sealers(db, db.scope.agency_id, {one.staff_id for one in rows})
    entries = []
    for one in rows:
        plain = {name: getattr(one, name) for name in FollowUpEntry.model_fields}
        entries.append(FollowUpEntry.model_validate(plain | {"what": sealers[one.staff_id].open(WHAT, one.what)}))
    return entries


async def follow_ups(
    db: Db, keys: KeyRing, actor: Actor, *, done: bool, after: Cursor | None, limit: int
) -> FollowUpPage:
    """Return what the caller has agreed to do, or as a supervisor agreed on with others; of what was not taken back."""
    row = FollowUp
    question = (
        select(row)
        .join(Supervision, (Supervision.agency_id == row.agency_id) & (Supervision.id == row.supervision_id))
        .where(row.agency_id == db.scope.agency_id, Supervision.state != SupervisionState.VOIDED)
        .where(or_(row.staff_id == actor.staff_id, Supervision.supervisor_id == actor.staff_id))
        .where(row.done_on.is_not(None) if done else row.done_on.is_(None))
    )
    if after:
        question = question.where(tuple_(row.due_on, row.id) > tuple_(day_of(after), after.id))
    rows = (await db.scalars(question.order_by(row.due_on, row.id).limit(limit + 1))).all()
    items = await _shown(db, keys, rows[:limit])
    last = items[-1] if len(rows) > limit else None
    return FollowUpPage(items=items, next=encode_cursor(last.due_on, last.id) if last else None)
