"""What can be asked about programs and the people who work there."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select

from common.contracts.codes import Role
from common.database import Db
from common.errors import NotThere
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.privacy import KeyRing
from workforce.commands.staff import IDENTITY
from workforce.models import Agency, Program, Staff


class StaffMember(BaseModel):
    id: UUID
    name: str
    roles: list[Role]
    employed_from: date
    employed_to: date | None
    version: int


class StaffPage(BaseModel):
    items: list[StaffMember]
    next: str | None = None


class ProgramEntry(BaseModel):
    id: UUID
    name: str
    opened_on: date
    version: int


class Contact(BaseModel):
    """How to reach a member of staff; for the notification service, at the moment of sending."""

    name: str
    email: str
    language: str
    zone: str


class Programs(BaseModel):
    items: list[ProgramEntry]


async def programs(db: Db) -> Programs:
    """Return every program of the agency, oldest first; an agency has few."""
    found = await db.scalars(select(Program).order_by(Program.id))
    return Programs(items=[ProgramEntry(id=p.id, name=p.name, opened_on=p.opened_on, version=p.version) for p in found])


async def staff_page(db: Db, keys: KeyRing, after: Cursor | None, limit: int) -> StaffPage:
    """Return up to `limit` members of staff in the order they were added."""
    limit = min(limit, PAGE_MOST)
    question = select(Staff).order_by(Staff.id).limit(limit + 1)
    if after:
        question = question.where(Staff.id > after.id)
    rows = (await db.scalars(question)).all()
    items = [await _member(db, keys, row) for row in rows[:limit]]
    more = len(rows) > limit
    return StaffPage(items=items, next=encode_cursor("", items[-1].id) if more else None)


async def staff_member(db: Db, keys: KeyRing, staff_id: UUID) -> StaffMember:
    staff = await db.get(Staff, (db.scope.agency_id, staff_id))
    if staff is None:
        raise NotThere
    return await _member(db, keys, staff)


async def contact(db: Db, keys: KeyRing, staff_id: UUID) -> Contact:
    staff = await db.get(Staff, (db.scope.agency_id, staff_id))
    agency = await db.get(Agency, db.scope.agency_id)
    if staff is None or agency is None:
        raise NotThere
    identity = await _identity(db, keys, staff)
    return Contact(name=identity["name"], email=identity["email"], language=staff.language, zone=agency.zone)


async def _member(db: Db, keys: KeyRing, staff: Staff) -> StaffMember:
    return StaffMember(
        id=staff.id,
        name=(await _identity(db, keys, staff))["name"],
        roles=[Role(role) for role in staff.roles],
        employed_from=staff.employed_from,
        employed_to=staff.employed_to,
        version=staff.version,
    )


async def _identity(db: Db, keys: KeyRing, staff: Staff) -> dict[str, str]:
    sealer = await keys.sealer(db, db.scope.agency_id, staff.id)
    opened = sealer.open(IDENTITY, staff.identity)
    assert isinstance(opened, dict)  # sealed by add_staff
    return opened
