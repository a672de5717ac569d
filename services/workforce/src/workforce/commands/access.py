"""Ending and restoring somebody's access, apart from the days of their employment."""

from enum import StrEnum
from typing import Literal
from uuid import UUID

from sqlalchemy import select

from common.contracts.codes import Role
from common.database import Db
from common.errors import Forbidden, NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.text import Asked, local_day
from workforce.commands.sign_ins import end_sign_ins
from workforce.models import Access, Agency, Staff
from workforce.rules.signing import EndReason, is_employed


class AccessReason(StrEnum):
    LEAVE = "leave"
    SUSPENDED = "suspended"
    LOST_DEVICE = "lost_device"
    SUSPECTED_MISUSE = "suspected_misuse"
    LEFT = "left"
    RETURNED = "returned"
    CLEARED = "cleared"
    MISTAKE = "mistake"


ENDING = frozenset(AccessReason) - {AccessReason.RETURNED, AccessReason.CLEARED}
RESTORING = frozenset({AccessReason.RETURNED, AccessReason.CLEARED, AccessReason.MISTAKE})


class ChangeAccess(Asked):
    access: Literal["ended", "restored"]
    reason: AccessReason


async def change_access(db: Db, staff_id: UUID, request: ChangeAccess, expected: int) -> Created:
    """End or restore somebody's access; ending it ends every sign-in, everywhere within a minute."""
    ended = request.access == "ended"
    if request.reason not in (ENDING if ended else RESTORING):
        raise Unprocessable("reason-does-not-fit", "Give a reason that fits what you are doing.", "/reason")
    if staff_id == db.scope.actor_id:
        raise Forbidden("not-ones-own-access", "Ask another administrator: nobody ends or restores their own access.")
    await _require_staff(db, staff_id, ended=ended)
    row = await db.get(Access, (db.scope.agency_id, staff_id), with_for_update=True)
    require_version(row.version if row else 0, expected)
    if row is None:
        row = Access(agency_id=db.scope.agency_id, staff_id=staff_id)
        db.add(row)
    row.ended, row.reason, row.version = ended, request.reason, expected + 1
    row.changed_at, row.changed_by = db.now, db.scope.actor_id
    db.audit("access.end" if ended else "access.restore", staff_id, reason=request.reason)
    if ended:
        await end_sign_ins(db, staff_id=staff_id, reason=EndReason.ACCESS_ENDED)
    return Created(id=staff_id, version=row.version)


async def _require_staff(db: Db, staff_id: UUID, *, ended: bool) -> None:
    """Lock a member of staff, and first every administrator where one might be the last. Raises `Refused`."""
    if not ended:
        staff = await db.get(Staff, (db.scope.agency_id, staff_id), with_for_update=True)
    else:
        others = await _administrators(db)
        staff = await db.get(Staff, (db.scope.agency_id, staff_id), with_for_update=True)
        if staff is not None and Role.ADMINISTRATOR in staff.roles and not others - {staff_id}:
            raise Refused("last-administrator", "Make somebody else an administrator first: nobody else would be one.")
    if staff is None:
        raise NotThere


async def _administrators(db: Db) -> set[UUID]:
    """Return who administers the agency today and may sign in; their rows are locked, in order."""
    agency = await db.get(Agency, db.scope.agency_id)
    assert agency is not None  # somebody of it asks
    today = local_day(db.now, agency.zone)
    have_role = Staff.roles.contains([Role.ADMINISTRATOR.value])
    found = (await db.scalars(select(Staff).where(have_role).order_by(Staff.id).with_for_update())).all()
    out = set(await db.scalars(select(Access.staff_id).where(Access.ended)))
    return {row.id for row in found if is_employed(row.employed_from, row.employed_to, today)} - out
