"""What is to be done by a day: opened, changed, done, opened again, withdrawn.

What follows from something else (a note that came back, a draft, an appointment to close) is no task and has no row
here: the day list finds it where it is, so that it can neither be forgotten nor stay behind.
"""

from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts.codes import Role
from common.contracts.envelope import Fact
from common.contracts.session_codes import TaskKind
from common.contracts.session_logging import TASK_CHANGED, TASK_OPENED, TaskFacts
from common.database import Db
from common.errors import Forbidden, NotThere
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Day, Prose, local_day
from session_logging.commands.lookups import require_new, zone_of
from session_logging.commands.planning import require_person, within_work, worker_of
from session_logging.commands.requests import Id
from session_logging.models import TASK, Task
from session_logging.queries.people import family_of, in_reach
from session_logging.rules.days import TaskState, require_due, require_open, state_of

VERBS = {TaskState.DONE: "finish", TaskState.OPEN: "reopen", TaskState.WITHDRAWN: "withdraw"}


class ChangeTask(Asked):
    """The whole new content of a task; without `staff_id` its worker stays."""

    kind: TaskKind
    due_on: Day
    words: Prose | None = Field(default=None, description="what is to be done; sealed")
    staff_id: UUID | None = Field(default=None, description="who does it; another than the caller: by a supervisor")


class OpenTask(ChangeTask):
    """`participant_id`: whom it is about, if anybody; then who serves them sees it too."""

    id: Id = None
    participant_id: UUID | None = None


async def open_task(db: Db, keys: KeyRing, actor: Actor, request: OpenTask) -> Created:
    """Open a task of one's own, or as a supervisor of a worker's. Raises `NotThere`, `Refused`, `Unprocessable`."""
    today = local_day(db.now, await zone_of(db))
    require_due(request.due_on, today)
    family = None
    if request.participant_id is not None:
        family = await family_of(db, request.participant_id)
        await require_person(db, actor, request.participant_id, family, today)
    staff_id = await worker_of(db, actor, request.staff_id, family, today)
    await require_new(db, Task, request.id)
    task = Task(
        agency_id=db.scope.agency_id,
        id=request.id or uuid7(),
        staff_id=staff_id,
        opened_by=actor.staff_id,
        participant_id=request.participant_id,
        kind=request.kind,
        due_on=request.due_on,
        words=await _sealed(db, keys, request.participant_id or staff_id, request.words),
        opened_at=db.now,
        version=1,
    )
    db.add(task)
    return _told(db, task, TASK_OPENED, "task.open")


async def change_task(
    db: Db, keys: KeyRing, actor: Actor, task_id: UUID, expected: int, request: ChangeTask
) -> Created:
    """Tell an open task again, as a whole; a supervisor may hand it to another worker."""
    task = await _own(db, actor, task_id)
    require_version(task.version, expected)
    require_open(state_of(task.done_at, task.withdrawn_at))
    today = local_day(db.now, await zone_of(db))
    if request.due_on != task.due_on:
        require_due(request.due_on, today)
    staff_id = task.staff_id
    if request.staff_id not in (None, staff_id):
        family = await family_of(db, task.participant_id) if task.participant_id else None
        staff_id = await worker_of(db, actor, request.staff_id, family, today)
    words = await _sealed(db, keys, task.participant_id or staff_id, request.words)
    task.kind, task.due_on, task.staff_id, task.words = request.kind, request.due_on, staff_id, words
    return _changed(db, task, "task.change")


async def _sealed(db: Db, keys: KeyRing, subject_id: UUID, words: str | None) -> bytes | None:
    if words is None:
        return None
    return (await keys.sealer(db, db.scope.agency_id, subject_id)).seal(TASK, words)


async def finish_task(db: Db, actor: Actor, task_id: UUID, expected: int) -> Created:
    """Say that it is done. Said again it changes nothing, whatever version the caller saw."""
    return await _become(db, actor, task_id, expected, TaskState.DONE)


async def reopen_task(db: Db, actor: Actor, task_id: UUID, expected: int) -> Created:
    """Take back that it was done. What is open stays as it is."""
    return await _become(db, actor, task_id, expected, TaskState.OPEN)


async def withdraw_task(db: Db, actor: Actor, task_id: UUID, expected: int) -> Created:
    """Withdraw what is not to be done after all. Said again it changes nothing."""
    return await _become(db, actor, task_id, expected, TaskState.WITHDRAWN)


async def _become(db: Db, actor: Actor, task_id: UUID, expected: int, after: TaskState) -> Created:
    task = await _own(db, actor, task_id)
    before = state_of(task.done_at, task.withdrawn_at)
    if before is after:
        return Created(id=task.id, version=task.version)
    require_version(task.version, expected)
    if (before, after) != (TaskState.DONE, TaskState.OPEN):
        require_open(before)
    task.done_at = db.now if after is TaskState.DONE else None
    task.withdrawn_at = db.now if after is TaskState.WITHDRAWN else None
    return _changed(db, task, f"task.{VERBS[after]}")


async def _own(db: Db, actor: Actor, task_id: UUID) -> Task:
    """Return a task of the actor's, or any of the agency to a supervisor; locked. Raises `NotThere`, `Forbidden`."""
    task = await db.get(Task, (db.scope.agency_id, task_id), with_for_update=True)
    if task is None:
        raise NotThere
    if task.staff_id != actor.staff_id and not actor.may(Role.SUPERVISOR):
        family = await family_of(db, task.participant_id) if task.participant_id else None
        if await db.scalar(select(Task.id).where(Task.id == task_id, await seen_by(db, actor, family))) is None:
            raise NotThere
        raise Forbidden("not-your-task", "Its worker or a supervisor may change it. Tell them.")
    return task


async def seen_by(db: Db, actor: Actor, family: list[UUID] | None = None) -> Any:
    """Return which tasks the actor sees: their own, those about people in their care, all of the agency to supervisors.

    What is about nobody is between its worker and the supervisors. `family`: as for `in_reach`.
    """
    reach = await in_reach(db, within_work(actor), Task, family)
    if actor.may(Role.SUPERVISOR):
        return reach
    return reach & (Task.participant_id.is_not(None) | (Task.staff_id == actor.staff_id))


def _changed(db: Db, task: Task, action: str) -> Created:
    task.version += 1
    return _told(db, task, TASK_CHANGED, action)


def _told(db: Db, task: Task, fact: Fact, action: str) -> Created:
    told = TaskFacts(
        task_id=task.id,
        staff_id=task.staff_id,
        participant_id=task.participant_id,
        kind=TaskKind(task.kind),
        due_on=task.due_on,
        done_at=task.done_at,
        withdrawn=task.withdrawn_at is not None,
    )
    db.publish(fact, told, about=task.id, seq=task.version)
    db.audit(action, task.id, participant_id=task.participant_id, staff_id=task.staff_id)
    return Created(id=task.id, version=task.version)
