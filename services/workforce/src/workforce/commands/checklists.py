"""Ticking and unticking what Handrail cannot see by itself when somebody comes or leaves."""

from datetime import date
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from common.contracts.codes import Role
from common.database import Db
from common.errors import Forbidden, NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.text import Asked, Day
from workforce.commands.reach import reach_staff, supervises, today_of
from workforce.models import ChecklistTick, Staff
from workforce.rules.checklists import ChecklistItem, item_for, may_tick


class Tick(Asked):
    """An item is done, or is not done after all."""

    done: bool
    on: Day | None = Field(default=None, description="the day on which it was done; today unless given")

    @model_validator(mode="after")
    def _on_a_day_if_done(self) -> Self:
        if self.on is not None and not self.done:
            raise ValueError("give a day only with what is done")
        return self


async def tick(db: Db, actor: Actor, staff_id: UUID, code: str, request: Tick, expected: int) -> Created:
    """Tick or untick an item of somebody within reach. Raises `NotThere`, `Forbidden`, `Refused`, `Unprocessable`."""
    staff = await reach_staff(db, actor, staff_id)
    item = item_for(code, staff.roles, leaves=staff.employed_to is not None)
    if item is None:
        raise NotThere
    today = await today_of(db)
    await _require_theirs(db, actor, staff_id, item, today)
    if request.on is not None and request.on > today:
        raise Unprocessable("done-in-the-future", "Tick this once it is done.", "/on")
    row = await _row(db, staff_id, code, expected)
    row.done_on = (request.on or today) if request.done else None
    row.changed_by, row.changed_at, row.version = actor.staff_id, db.now, expected + 1
    db.audit("checklist.tick" if request.done else "checklist.untick", staff_id, item=code)
    return Created(id=staff_id, version=row.version)


async def _require_theirs(db: Db, actor: Actor, staff_id: UUID, item: ChecklistItem, today: date) -> None:
    if item.sight is not None:
        detail = "Handrail ticks this itself. Record what it stands for, and it is done."
        raise Refused("ticked-by-itself", detail)
    theirs = may_tick(
        item,
        oneself=staff_id == actor.staff_id,
        administers=actor.may(Role.ADMINISTRATOR),
        supervises=await supervises(db, actor, staff_id, today),
    )
    if not theirs:
        raise Forbidden("not-yours-to-tick", "Ask whoever is to do this, or another administrator, to tick it.")


async def _row(db: Db, staff_id: UUID, code: str, expected: int) -> ChecklistTick:
    """Return the item's row in the version that the caller saw; the person's row is locked, so that one is first."""
    await db.get(Staff, (db.scope.agency_id, staff_id), with_for_update=True)
    row = await db.get(ChecklistTick, (db.scope.agency_id, staff_id, code))
    require_version(row.version if row else 0, expected)
    if row is None:
        row = ChecklistTick(agency_id=db.scope.agency_id, staff_id=staff_id, item=code)
        db.add(row)
    return row
