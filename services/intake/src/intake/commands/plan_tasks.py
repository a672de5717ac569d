"""The tasks of a goal: who takes which step by when, and whether it was taken."""

from collections.abc import Sequence
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import NotThere, Refused
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Asked, Day, Prose
from intake.commands.plan_versions import TASK_WORDS, changed, plan_to_change
from intake.models import Goal, GoalTask, Plan
from intake.rules.planning import PlanChange, TaskDoer, TaskStatus

MOST_TASKS = 50


class TaskTerms(Asked):
    words: Annotated[Prose, StringConstraints(max_length=1000)] = Field(description="the step, as the person says it")
    done_by: TaskDoer = TaskDoer.PARTICIPANT
    due_on: Day | None = None


class ChangeTask(TaskTerms):
    """A task as it is from now on."""

    status: TaskStatus
    done_on: Day | None = Field(default=None, description="given when, and only when, it is done")

    @model_validator(mode="after")
    def _done_on_a_day(self) -> Self:
        if (self.status is TaskStatus.DONE) != (self.done_on is not None):
            raise ValueError("give done_on together with the status done, and only then")
        return self


def place_tasks(
    sealer: Sealer, plan: Plan, goal_id: UUID, terms: Sequence[TaskTerms], first: int = 0
) -> list[GoalTask]:
    return [
        GoalTask(
            agency_id=plan.agency_id,
            id=uuid7(),
            participant_id=plan.participant_id,
            plan_id=plan.id,
            goal_id=goal_id,
            position=first + place,
            words=sealer.seal(TASK_WORDS, task.words),
            done_by=task.done_by,
            due_on=task.due_on,
            status=TaskStatus.OPEN,
        )
        for place, task in enumerate(terms)
    ]


async def add_task(db: Db, keys: KeyRing, actor: Actor, plan_id: UUID, goal_id: UUID, request: TaskTerms) -> Created:
    """Add a task to a goal; the answer's id is the task's, its version the plan's."""
    opened = await plan_to_change(db, keys, actor, plan_id)
    goal = opened.goal(goal_id)
    _require_worked_on(goal)
    before = opened.tasks_of(goal_id)
    if len(before) >= MOST_TASKS:
        raise Refused("too-many-tasks", f"A goal holds at most {MOST_TASKS} tasks. Add another goal for more.")
    (task,) = place_tasks(opened.sealer, opened.plan, goal_id, [request], first=len(before))
    db.add(task)
    changed(db, opened, opened.goals, PlanChange.TASK_ADDED, task.id)
    return Created(id=task.id, version=opened.plan.version)


def _require_worked_on(goal: Goal) -> None:
    if goal.active_to is not None:
        raise Refused("goal-ended", "This goal has ended. Add the task to a goal that is worked on.")


async def change_task(
    db: Db, keys: KeyRing, actor: Actor, ids: tuple[UUID, UUID, UUID], request: ChangeTask, *, expected: int
) -> Created:
    """Write a task anew; `ids` are plan, goal and task, `expected` is the plan's version."""
    plan_id, goal_id, task_id = ids
    opened = await plan_to_change(db, keys, actor, plan_id, expected=expected)
    task = next((one for one in opened.tasks_of(goal_id) if one.id == task_id), None)
    if task is None:
        raise NotThere
    if request.done_on:
        opened.now.require_past(request.done_on, "/done_on")
    task.words = opened.sealer.seal(TASK_WORDS, request.words)
    task.done_by, task.due_on = request.done_by, request.due_on
    task.status, task.done_on = request.status, request.done_on
    changed(db, opened, opened.goals, PlanChange.TASK_CHANGED, task.id)
    return Created(id=task.id, version=opened.plan.version)
