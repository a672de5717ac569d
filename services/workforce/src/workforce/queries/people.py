"""What can be asked about the people who work here."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import and_, or_, select

from common.contracts.codes import Role
from common.database import Db
from common.errors import NotThere
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from workforce.commands.reach import supervised_on, today_of
from workforce.commands.staff import IDENTITY
from workforce.models import Agency, Placement, Staff, SupervisorAssignment
from workforce.queries.packs import Placed
from workforce.queries.pathways import LivedExperience, lived_experience_of
from workforce.rules.staff import Shift, shift_of


class StaffMember(BaseModel):
    id: UUID
    name: str
    roles: list[Role]
    employed_from: date
    employed_to: date | None
    fte: Decimal
    languages: list[str]
    version: int


class StaffRecord(StaffMember):
    """Somebody's own record, or as their administrator sees it. `caseload_to`: who takes over when they have left."""

    email: str
    language: str
    peer_worker_since: date | None
    schedule: list[Shift]
    caseload_to: UUID | None
    lived_experience: LivedExperience | None = Field(description="whether they attested it, and nothing more")
    placements: list[Placed] = Field(description="today's")
    supervisor_ids: list[UUID] = Field(description="today's")


class StaffPage(BaseModel):
    items: list[StaffMember]
    next: str | None = None


class Contact(BaseModel):
    """How to reach a member of staff; for the notification service, at the moment of sending."""

    name: str
    email: str
    language: str
    zone: str


async def staff_page(
    db: Db,
    keys: KeyRing,
    after: Cursor | None,
    limit: int,
    *,
    role: Role | None = None,
    program_id: UUID | None = None,
    on: date | None = None,
) -> StaffPage:
    """Return up to `limit` members of staff in the order they were added. `on`: those who are employed on that day.

    `program_id`: those who are placed there, on that day or ever.
    """
    limit = min(limit, PAGE_MOST)
    question = select(Staff).where(Staff.agency_id == db.scope.agency_id).order_by(Staff.id).limit(limit + 1)
    if after:
        question = question.where(Staff.id > after.id)
    if role:
        question = question.where(Staff.roles.contains([role.value]))
    if on:
        question = question.where(Staff.employed_from <= on, or_(Staff.employed_to.is_(None), Staff.employed_to >= on))
    if program_id:
        question = question.where(_placed(program_id, on))
    rows = (await db.scalars(question)).all()
    sealers = await keys.sealers(db, db.scope.agency_id, [row.id for row in rows[:limit]])
    items = [StaffMember(**_said(sealers[row.id], row)) for row in rows[:limit]]
    return StaffPage(items=items, next=encode_cursor("", items[-1].id) if len(rows) > limit else None)


def _placed(program_id: UUID, on: date | None) -> Any:
    there = [
        Placement.agency_id == Staff.agency_id, Placement.staff_id == Staff.id, Placement.program_id == program_id
    ]  # fmt: skip
    if on:
        there += [Placement.valid_from <= on, or_(Placement.valid_to.is_(None), Placement.valid_to >= on)]
    return select(Placement.id).where(and_(*there)).exists()


async def staff_member(db: Db, keys: KeyRing, staff_id: UUID) -> StaffMember:
    staff = await _found(db, staff_id)
    return StaffMember(**_said(await keys.sealer(db, staff.agency_id, staff.id), staff))


async def staff_record(db: Db, keys: KeyRing, actor: Actor, staff_id: UUID) -> StaffRecord:
    staff, today = await _found(db, staff_id), await today_of(db)
    sealer = await keys.sealer(db, staff.agency_id, staff.id)
    placed = select(Placement).where(
        Placement.agency_id == staff.agency_id,
        Placement.staff_id == staff.id,
        Placement.valid_from <= today,
        or_(Placement.valid_to.is_(None), Placement.valid_to >= today),
    )
    supervised = select(SupervisorAssignment.supervisor_id).where(
        SupervisorAssignment.agency_id == staff.agency_id,
        SupervisorAssignment.staff_id == staff.id,
        supervised_on(today),
    )
    return StaffRecord(
        **_said(sealer, staff),
        email=_identity(sealer, staff)["email"],
        language=staff.language,
        peer_worker_since=staff.peer_worker_since,
        schedule=[shift_of(code) for code in staff.schedule],
        caseload_to=staff.caseload_to,
        lived_experience=await lived_experience_of(db, actor, staff.id, today),
        placements=[Placed.model_validate(row, from_attributes=True) for row in await db.scalars(placed)],
        supervisor_ids=list(await db.scalars(supervised.order_by(SupervisorAssignment.supervisor_id))),
    )


async def contact(db: Db, keys: KeyRing, staff_id: UUID) -> Contact:
    staff = await _found(db, staff_id)
    agency = await db.get_one(Agency, db.scope.agency_id)
    identity = _identity(await keys.sealer(db, staff.agency_id, staff.id), staff)
    return Contact(name=identity["name"], email=identity["email"], language=staff.language, zone=agency.zone)


async def _found(db: Db, staff_id: UUID) -> Staff:
    staff = await db.get(Staff, (db.scope.agency_id, staff_id))
    if staff is None:
        raise NotThere
    return staff


def _said(sealer: Sealer, staff: Staff) -> dict[str, Any]:
    """Return the fields of `StaffMember`."""
    plain = ("id", "roles", "employed_from", "employed_to", "fte", "languages", "version")
    return {"name": _identity(sealer, staff)["name"]} | {name: getattr(staff, name) for name in plain}


def _identity(sealer: Sealer, staff: Staff) -> dict[str, str]:
    opened = sealer.open(IDENTITY, staff.identity)
    assert isinstance(opened, dict)  # sealed when they were added
    return opened
