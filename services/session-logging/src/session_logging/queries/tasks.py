"""What can be asked about to-dos: one, and pages of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import and_, select, tuple_

from common.contracts.codes import RecordOrigin
from common.contracts.session_codes import TaskKind
from common.database import Db
from common.errors import NotThere, Unprocessable
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from session_logging.commands.lookups import is_one_of
from session_logging.commands.tasks import seen_by
from session_logging.models import TASK, Task
from session_logging.queries.people import family_of, origins_of
from session_logging.rules.days import TaskState, state_of

IS: dict[TaskState, Any] = {
    TaskState.OPEN: and_(Task.done_at.is_(None), Task.withdrawn_at.is_(None)),
    TaskState.DONE: Task.done_at.is_not(None),
    TaskState.WITHDRAWN: Task.withdrawn_at.is_not(None),
}


class TaskRead(BaseModel):
    """A task with its words. `origin`: of the record of the person it is about; null if it is about nobody."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    staff_id: UUID
    opened_by: UUID
    participant_id: UUID | None
    kind: TaskKind
    due_on: date
    opened_at: AwareDatetime
    done_at: AwareDatetime | None
    withdrawn_at: AwareDatetime | None
    state: TaskState = TaskState.OPEN
    words: str | None = None
    origin: RecordOrigin | None = None


class TaskPage(BaseModel):
    items: list[TaskRead]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class AskedTasks:
    """Whose tasks: about a person, of a worker; without either the caller's own."""

    participant_id: UUID | None
    staff_id: UUID | None
    state: TaskState


async def task(db: Db, keys: KeyRing, actor: Actor, task_id: UUID) -> TaskRead:
    """Return one task. Raises `NotThere`."""
    row = await db.get(Task, (db.scope.agency_id, task_id))
    if row is None:
        raise NotThere
    family = None if row.participant_id is None else await family_of(db, row.participant_id)
    if await db.scalar(select(Task.id).where(Task.id == task_id, await seen_by(db, actor, family))) is None:
        raise NotThere
    [read] = await reads(db, keys, [row])
    return read


async def reads(db: Db, keys: KeyRing, rows: Sequence[Task]) -> list[TaskRead]:
    """Return tasks opened, in their order, with a few statements for all."""
    origins = await origins_of(db, {row.participant_id for row in rows if row.participant_id})
    sealed_for = {_subject(row) for row in rows if row.words is not None}
    sealers = await keys.sealers(db, db.scope.agency_id, sealed_for)
    return [
        _read(row, sealers.get(_subject(row)), origins[row.participant_id] if row.participant_id else None)
        for row in rows
    ]


def _subject(row: Task) -> UUID:
    return row.participant_id or row.staff_id


def _read(row: Task, sealer: Sealer | None, origin: RecordOrigin | None) -> TaskRead:
    read = {name: getattr(row, name) for name in TaskRead.model_fields if name not in ("state", "words", "origin")}
    words = sealer.open(TASK, row.words) if sealer and row.words else None
    state = state_of(row.done_at, row.withdrawn_at)
    return TaskRead.model_validate(read | {"words": words, "origin": origin, "state": state})


async def task_page(
    db: Db, keys: KeyRing, actor: Actor, asked: AskedTasks, after: Cursor | None, limit: int
) -> TaskPage:
    """Return up to `limit` tasks that the actor sees, the first due first; of a person, those of all records."""
    limit = min(limit, PAGE_MOST)
    family = None if asked.participant_id is None else await family_of(db, asked.participant_id)
    question = select(Task).where(await seen_by(db, actor, family), IS[asked.state])
    if family is not None:
        question = question.where(is_one_of(Task.participant_id, family))
    if asked.staff_id is not None or family is None:
        question = question.where(Task.staff_id == (asked.staff_id or actor.staff_id))
    if after is not None:
        question = question.where(tuple_(Task.due_on, Task.id) > (_day_of(after), after.id))
    rows = (await db.scalars(question.order_by(Task.due_on, Task.id).limit(limit + 1))).all()
    items = await reads(db, keys, rows[:limit])
    more = len(rows) > limit
    return TaskPage(items=items, next=encode_cursor(items[-1].due_on, items[-1].id) if more else None)


def _day_of(after: Cursor) -> date:
    try:
        return date.fromisoformat(after.at)
    except ValueError as error:
        raise Unprocessable("bad-cursor", "Use the `next` value of the page before, unchanged.", "/next") from error
