"""Adding members of staff and seeing them off."""

from datetime import date
from uuid import UUID

from pydantic import Field
from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.contracts import workforce as facts
from common.contracts.codes import Role
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.privacy import KeyRing, blind_index
from common.text import Asked, Day, Email, Line
from workforce.commands.sign_ins import end_sign_ins
from workforce.models import Login, Staff
from workforce.rules.signing import EndReason

PEOPLE = [Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER, Role.AUDITOR]
IDENTITY = "staff.identity"


class AddStaff(Asked):
    name: Line
    email: Email
    roles: list[Role] = Field(min_length=1)
    language: str = Field(default="en", pattern="^(en|es)$")
    employed_from: Day
    employed_to: Day | None = None


class Depart(Asked):
    last_day: Day


async def add_staff(db: Db, keys: KeyRing, request: AddStaff) -> Created:
    """Add a member of staff. Raises `Refused` if the e-mail address signs somebody in already."""
    if Role.SERVICE in request.roles:
        raise Unprocessable("role-not-for-people", "The role `service` is not for people.", "/roles")
    if request.employed_to and request.employed_to < request.employed_from:
        raise Unprocessable("employment-ends-before-it-starts", "Correct the days of employment.", "/employed_to")
    staff_id = uuid7()
    await _claim_login(db, keys, request.email, staff_id)
    sealer = await keys.sealer(db, db.scope.agency_id, staff_id)
    staff = Staff(
        agency_id=db.scope.agency_id,
        id=staff_id,
        identity=sealer.seal(IDENTITY, {"name": request.name, "email": request.email}),
        language=request.language,
        roles=sorted(set(request.roles)),
        employed_from=request.employed_from,
        employed_to=request.employed_to,
        version=1,
    )
    db.add(staff)
    db.publish(facts.STAFF_JOINED, _staff_facts(staff), about=staff.id, seq=1)
    db.audit("staff.add", staff.id)
    return Created(id=staff.id, version=1)


async def _claim_login(db: Db, keys: KeyRing, email: str, staff_id: UUID) -> None:
    claim = insert(Login).values(
        handle=blind_index(keys.platform_index_key(), "login", email),
        owner_agency_id=db.scope.agency_id,
        staff_id=staff_id,
    )
    if not (await db.execute(claim.on_conflict_do_nothing().returning(Login.staff_id))).first():
        raise Refused("email-in-use", "This e-mail address already signs somebody in. Use another one.")


def _staff_facts(staff: Staff) -> facts.StaffFacts:
    return facts.StaffFacts(
        staff_id=staff.id,
        roles=[Role(role) for role in staff.roles],
        employed_from=staff.employed_from,
        employed_to=staff.employed_to,
    )


async def depart(db: Db, staff_id: UUID, request: Depart, expected: int) -> Created:
    """Record a member of staff's last day, which ends their sign-ins; from the day after nobody lets them in."""
    staff = await db.get(Staff, (db.scope.agency_id, staff_id), with_for_update=True)
    if staff is None:
        raise NotThere
    require_version(staff.version, expected)
    if request.last_day < staff.employed_from:
        raise Unprocessable("employment-ends-before-it-starts", "The last day is before the first.", "/last_day")
    if Role.ADMINISTRATOR in staff.roles:
        await _require_another_administrator(db, staff_id, request.last_day)
    staff.employed_to = request.last_day
    staff.version += 1
    await end_sign_ins(db, staff_id=staff.id, reason=EndReason.DEPARTURE)
    db.publish(facts.STAFF_LEFT, _staff_facts(staff), about=staff.id, seq=staff.version)
    db.audit("staff.depart", staff.id)
    return Created(id=staff.id, version=staff.version)


async def require_staff(db: Db, staff_id: UUID) -> Staff:
    staff = await db.get(Staff, (db.scope.agency_id, staff_id))
    if staff is None:
        raise NotThere
    return staff


async def _require_another_administrator(db: Db, leaving_id: UUID, last_day: date) -> None:
    """Raise `Refused` if nobody would be left to administer the agency."""
    others = select(Staff.id).where(
        Staff.id != leaving_id,
        Staff.roles.contains([Role.ADMINISTRATOR.value]),
        or_(Staff.employed_to.is_(None), Staff.employed_to > last_day),
    )
    if (await db.scalars(others.limit(1))).first() is None:
        raise Refused("last-administrator", "Make somebody else an administrator first: nobody else would be one.")
