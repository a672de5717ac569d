"""How to-dos are opened, changed, done, withdrawn and read."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall, answer, decode_cursor
from session_logging.api.admission import PLANS, WORKING, Limit
from session_logging.commands import tasks
from session_logging.queries import tasks as queries
from session_logging.rules.days import TaskState

router = APIRouter(prefix="/v1")


@router.post("/tasks", status_code=201, response_model=Created, dependencies=WORKING)
async def open_task(call: CurrentCall, body: tasks.OpenTask) -> Response:
    """Open a task for oneself, or as a supervisor for a worker."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: tasks.open_task(db, keys, actor, body))


@router.put("/tasks/{task_id}", response_model=Created, dependencies=WORKING)
async def change_task(call: CurrentCall, task_id: UUID, body: tasks.ChangeTask) -> Response:
    """Replace the whole content of an open task."""
    keys, actor = call.runtime.keys, call.actor
    return await call.change(lambda db, expected: tasks.change_task(db, keys, actor, task_id, expected, body))


@router.put("/tasks/{task_id}/done", response_model=Created, dependencies=WORKING)
async def finish_task(call: CurrentCall, task_id: UUID) -> Response:
    """Say that it is done; a repeat changes nothing."""
    return await call.change(lambda db, expected: tasks.finish_task(db, call.actor, task_id, expected))


@router.put("/tasks/{task_id}/open", response_model=Created, dependencies=WORKING)
async def reopen_task(call: CurrentCall, task_id: UUID) -> Response:
    """Take back that it was done; a repeat changes nothing."""
    return await call.change(lambda db, expected: tasks.reopen_task(db, call.actor, task_id, expected))


@router.put("/tasks/{task_id}/withdrawal", response_model=Created, dependencies=WORKING)
async def withdraw_task(call: CurrentCall, task_id: UUID) -> Response:
    """Withdraw what is not to be done after all; a repeat changes nothing."""
    return await call.change(lambda db, expected: tasks.withdraw_task(db, call.actor, task_id, expected))


@router.get("/tasks/{task_id}", response_model=queries.TaskRead, dependencies=PLANS)
async def task(call: CurrentCall, task_id: UUID) -> Response:
    async with call.reading("task.read", task_id) as db:
        read = await queries.task(db, call.runtime.keys, call.actor, task_id)
    return answer(read.model_dump_json().encode(), etag=read.version)


@router.get("/tasks", dependencies=PLANS)
async def task_page(
    call: CurrentCall,
    participant_id: UUID | None = None,
    staff_id: UUID | None = None,
    state: TaskState = TaskState.OPEN,
    next: str | None = None,
    limit: Limit = 50,
) -> queries.TaskPage:
    """Return tasks, the first due first: those about a person, of a worker, or the caller's own."""
    async with call.reading("task.list", participant_id, staff_id=staff_id) as db:
        asked = queries.AskedTasks(participant_id, staff_id, state)
        return await queries.task_page(db, call.runtime.keys, call.actor, asked, decode_cursor(next), limit)
