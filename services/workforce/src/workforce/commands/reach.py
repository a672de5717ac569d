"""Whose records a caller reaches: their own, those of whom they supervise today, or the whole agency's.

Anybody else's record answers exactly like one that does not exist.
"""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from common.contracts.codes import Role
from common.database import Db
from common.errors import NotThere
from common.identity import Actor
from common.text import local_day
from workforce.models import Agency, Staff, SupervisorAssignment

ADMINISTRATION = (Role.ADMINISTRATOR,)
OVERSIGHT = (Role.ADMINISTRATOR, Role.AUDITOR)
NOBODY_ELSE = ()


async def today_of(db: Db) -> date:
    """Return the agency's calendar day. Raises `NotThere` if there is no such agency."""
    zone = await db.scalar(select(Agency.zone).where(Agency.agency_id == db.scope.agency_id))
    if zone is None:
        raise NotThere
    return local_day(db.now, zone)


def supervised_on(day: date, assignment: Any = SupervisorAssignment) -> ColumnElement[bool]:
    """Return the condition that an assignment of a supervisor holds on a day."""
    return and_(assignment.valid_from <= day, or_(assignment.valid_to.is_(None), assignment.valid_to >= day))


def within_reach(actor: Actor, day: date, staff_id: Any, whole_agency: tuple[Role, ...]) -> ColumnElement[bool]:
    """Return the condition that a row about `staff_id` is the actor's own, of whom they supervise, or open to a role.

    `whole_agency`: the roles that reach everybody's.
    """
    if whole_agency and actor.may(*whole_agency):
        return true()
    return or_(staff_id == actor.staff_id, _supervised_by(actor, day, staff_id))


def _supervised_by(actor: Actor, day: date, staff_id: Any) -> ColumnElement[bool]:
    if not actor.may(Role.SUPERVISOR):
        return false()
    theirs = select(SupervisorAssignment.staff_id).where(
        SupervisorAssignment.agency_id == actor.agency_id,
        SupervisorAssignment.supervisor_id == actor.staff_id,
        supervised_on(day),
    )
    return staff_id.in_(theirs)  # type: ignore[no-any-return]  # any column of ids


async def supervises(db: Db, actor: Actor, staff_id: UUID, day: date) -> bool:
    """Tell whether the actor is, on `day`, a supervisor of this member of staff."""
    if not actor.may(Role.SUPERVISOR):
        return False
    question = select(SupervisorAssignment.id).where(
        SupervisorAssignment.agency_id == db.scope.agency_id,
        SupervisorAssignment.supervisor_id == actor.staff_id,
        SupervisorAssignment.staff_id == staff_id,
        supervised_on(day),
    )
    return await db.scalar(question.limit(1)) is not None


async def reach_staff(db: Db, actor: Actor, staff_id: UUID, whole_agency: tuple[Role, ...] = ADMINISTRATION) -> Staff:
    """Return a member of staff within reach, the caller themself included. Raises `NotThere`."""
    staff = await db.get(Staff, (db.scope.agency_id, staff_id))
    if staff is None:
        raise NotThere
    if staff_id == actor.staff_id or (whole_agency and actor.may(*whole_agency)):
        return staff
    if not await supervises(db, actor, staff_id, await today_of(db)):
        raise NotThere
    return staff


async def reach_to_record(db: Db, actor: Actor, staff_id: UUID) -> Staff:
    """Return whom the actor may record something about: anybody for administrators, for others whom they supervise."""
    staff = await reach_staff(db, actor, staff_id)
    if not actor.may(Role.ADMINISTRATOR) and staff_id == actor.staff_id:
        raise NotThere
    return staff
