"""Changing what is known of a member of staff: by an administrator as a whole, by oneself how one works."""

from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import and_, delete, or_, select

from common.contracts import workforce as facts
from common.contracts.codes import Role
from common.database import Db
from common.errors import Forbidden, NotThere, Refused
from common.http import Created, require_version
from common.privacy import KeyRing, Sealer, blind_index
from common.text import Asked, Email, Line
from workforce.commands.access import require_another_administrator
from workforce.commands.departures import accompanies, supervises_beyond
from workforce.commands.reach import today_of
from workforce.commands.sign_ins import end_sign_ins
from workforce.commands.staff import (
    IDENTITY,
    HowTheyWork,
    Schedule,
    SpokenLanguages,
    claim_login,
    require_human,
    tell_staff,
)
from workforce.models import Login, Placement, Staff, SupervisorAssignment
from workforce.rules.signing import EndReason


class ChangeStaff(HowTheyWork):
    name: Line
    email: Email
    roles: list[Role] = Field(min_length=1, max_length=len(Role))
    language: str = Field(pattern="^(en|es)$", description="of pages and mails")


class ChangeMe(Asked):
    language: str = Field(pattern="^(en|es)$", description="of pages and mails")
    languages: SpokenLanguages = []
    schedule: Schedule = []


async def change_staff(db: Db, keys: KeyRing, staff_id: UUID, request: ChangeStaff, expected: int) -> Created:
    """Change all that is known of somebody; new roles or another address end their sign-ins. Raises `Refused`."""
    require_human(request.roles)
    roles = sorted(set(request.roles))
    if Role.ADMINISTRATOR not in roles:
        await require_another_administrator(db, staff_id)
    staff = await db.get(Staff, (db.scope.agency_id, staff_id), with_for_update=True)
    if staff is None:
        raise NotThere
    require_version(staff.version, expected)
    await _change_roles(db, staff, roles)
    await _change_identity(db, keys, staff, request)
    _change(db, staff, request.columns() | {"language": request.language})
    db.audit("staff.change", staff.id, roles=roles)
    return Created(id=staff.id, version=staff.version)


async def change_me(db: Db, staff_id: UUID, request: ChangeMe, expected: int) -> Created:
    staff = await db.get(Staff, (db.scope.agency_id, staff_id), with_for_update=True)
    if staff is None:
        raise NotThere
    require_version(staff.version, expected)
    schedule = [one.code() for one in request.schedule]
    _change(db, staff, {"language": request.language, "languages": request.languages, "schedule": schedule})
    db.audit("staff.change-own", staff.id)
    return Created(id=staff.id, version=staff.version)


def _change(db: Db, staff: Staff, columns: dict[str, Any]) -> None:
    for name, value in columns.items():
        setattr(staff, name, value)
    staff.version += 1
    tell_staff(db, facts.STAFF_CHANGED, staff)


async def _change_roles(db: Db, staff: Staff, roles: list[Role]) -> None:
    if roles == staff.roles:
        return
    if staff.id == db.scope.actor_id:
        raise Forbidden("not-ones-own-roles", "Ask another administrator: nobody changes their own roles.")
    await _require_free_of(db, staff, set(staff.roles) - set(roles))
    staff.roles = [role.value for role in roles]
    await end_sign_ins(db, staff_id=staff.id, reason=EndReason.ROLES_CHANGED)


async def _require_free_of(db: Db, staff: Staff, lost: set[str]) -> None:
    """Raise `Refused` if somebody is still needed in a role that they would lose."""
    today = await today_of(db)
    if Role.PEER in lost and await accompanies(db, staff.id, today):
        raise Refused("caseload-without-owner", "They still accompany people as a peer. Hand these people over first.")
    if Role.SUPERVISOR in lost:
        supervises = select(SupervisorAssignment.id).where(supervises_beyond(db, staff.id, today))
        if await db.scalar(supervises.limit(1)) is not None:
            detail = "They still supervise people. Assign these to somebody else first."
            raise Refused("supervisees-without-supervisor", detail)
    placed = and_(Placement.agency_id == staff.agency_id, Placement.staff_id == staff.id, Placement.role.in_(lost))
    going_on = or_(Placement.valid_to.is_(None), Placement.valid_to > today)
    if await db.scalar(select(Placement.id).where(placed, going_on).limit(1)) is not None:
        raise Refused("placed-in-this-role", "They are placed in a program in a role taken away. End that first.")


async def _change_identity(db: Db, keys: KeyRing, staff: Staff, request: ChangeStaff) -> None:
    sealer = await keys.sealer(db, staff.agency_id, staff.id)
    known = _opened(sealer, staff)
    index = keys.platform_index_key()
    old, new = (blind_index(index, "login", one) for one in (known["email"], request.email))
    if old != new:
        await claim_login(db, keys, request.email, staff.id)
        await db.execute(delete(Login).where(Login.handle == old, Login.staff_id == staff.id))
        await end_sign_ins(db, staff_id=staff.id, reason=EndReason.EMAIL_CHANGED)
    if known != {"name": request.name, "email": request.email}:
        staff.identity = sealer.seal(IDENTITY, {"name": request.name, "email": request.email})


def _opened(sealer: Sealer, staff: Staff) -> dict[str, str]:
    opened = sealer.open(IDENTITY, staff.identity)
    assert isinstance(opened, dict)  # sealed when they were added
    return opened
