"""Ending and restoring somebody's access, apart from the days of their employment."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

from sqlalchemy import and_, select

from common.contracts.codes import Role
from common.database import Db
from common.errors import Forbidden, NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.text import Asked, local_day
from workforce.commands.devices import end_devices
from workforce.commands.sign_ins import end_sign_ins
from workforce.models import Access, Agency, Staff
from workforce.rules.devices import DeviceEnd
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


# Somebody who comes back goes on with what waits on their phone; meanwhile no sign-in of theirs opens it.
DEVICES_END = {AccessReason.LOST_DEVICE: DeviceEnd.LOST, AccessReason.LEFT: DeviceEnd.LEFT}


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
    await _require_staff(db, staff_id, ended=ended, left=request.reason is AccessReason.LEFT)
    row = await db.get(Access, (db.scope.agency_id, staff_id), with_for_update=True)
    require_version(row.version if row else 0, expected)
    if row is None:
        row = Access(agency_id=db.scope.agency_id, staff_id=staff_id)
        db.add(row)
    row.ended, row.reason, row.version = ended, request.reason, expected + 1
    row.changed_at, row.changed_by = db.now, db.scope.actor_id
    db.audit("access.end" if ended else "access.restore", staff_id, reason=request.reason)
    if ended and request.reason in DEVICES_END:
        await end_devices(db, staff_id, DEVICES_END[request.reason])
    if ended:
        await end_sign_ins(db, staff_id=staff_id, reason=EndReason.ACCESS_ENDED)
    return Created(id=staff_id, version=row.version)


async def _require_staff(db: Db, staff_id: UUID, *, ended: bool, left: bool) -> None:
    """Lock a member of staff, and first every administrator where one might be the last. Raises `Refused`.

    Who has left has a last day, and somebody took over whom they accompanied: that is a departure's to say.
    """
    if ended:
        await require_another_administrator(db, staff_id)
    staff = await db.get(Staff, (db.scope.agency_id, staff_id), with_for_update=True)
    if staff is None:
        raise NotThere
    if left and staff.employed_to is None:
        detail = "Record the departure first: it names who takes over. Any other reason ends access at once."
        raise Refused("departure-needed", detail)


async def require_another_administrator(db: Db, without: UUID, on: date | None = None) -> None:
    """Raise `Refused` if `without` administers the agency and nobody else would today and after `on`.

    Every administrator's row is locked, in order, so that two cannot leave at once.
    """
    agency = await db.get_one(Agency, db.scope.agency_id)
    today = local_day(db.now, agency.zone)
    days = {today} if on is None else {today, max(today, on + timedelta(days=1))}
    have_role = and_(Staff.agency_id == db.scope.agency_id, Staff.roles.contains([Role.ADMINISTRATOR.value]))
    found = (await db.scalars(select(Staff).where(have_role).order_by(Staff.id).with_for_update())).all()
    if not any(row.id == without for row in found):
        return
    out = set(await db.scalars(select(Access.staff_id).where(Access.agency_id == db.scope.agency_id, Access.ended)))
    others = [row for row in found if row.id != without and row.id not in out]
    if not any(all(is_employed(row.employed_from, row.employed_to, day) for day in days) for row in others):
        raise Refused("last-administrator", "Make somebody else an administrator first: nobody else would be one.")
