"""Members of staff: who they are, how they work, and their leaving."""

from datetime import date
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.contracts.codes import Role
from common.http import Created, CurrentCall, decode_cursor
from workforce.api.admission import ADMINISTERING, CREATED, OVERSEEING, PEOPLE, SENSITIVE, SERVICES, Limit, shown, sure
from workforce.commands import departures, staff, staff_changes
from workforce.queries import people as queries

router = APIRouter(prefix="/v1", tags=["staff"])


@router.post("/staff", **CREATED, dependencies=ADMINISTERING)
async def add_staff(call: CurrentCall, body: staff.AddStaff) -> Response:
    """Add a member of staff. Who is to see the whole agency is added by somebody who proved lately who they are."""
    keys = call.runtime.keys
    if not staff.AGENCY_WIDE.isdisjoint(body.roles):
        await sure(call)
    return await call.once(body, lambda db: staff.add_staff(db, keys, body), location="/api/workforce/v1/staff/{id}")


@router.get("/staff", dependencies=OVERSEEING)
async def staff_page(
    call: CurrentCall,
    role: Role | None = None,
    program_id: UUID | None = None,
    on: date | None = None,
    next: str | None = None,
    limit: Limit = 50,
) -> queries.StaffPage:
    """Page through who works here. `on`: those employed, and placed in `program_id`, on that day."""
    after, keys = decode_cursor(next), call.runtime.keys
    async with call.reading("staff.list") as db:
        return await queries.staff_page(db, keys, after, limit, role=role, program_id=program_id, on=on)


@router.get("/staff/{staff_id}", response_model=queries.StaffMember, dependencies=OVERSEEING)
async def staff_member(call: CurrentCall, staff_id: UUID) -> Response:
    async with call.reading("staff.read", staff_id) as db:
        member = await queries.staff_member(db, call.runtime.keys, staff_id)
    return shown(member, member.version)


@router.get("/staff/{staff_id}/record", response_model=queries.StaffRecord, dependencies=ADMINISTERING)
async def staff_record(call: CurrentCall, staff_id: UUID) -> Response:
    async with call.reading("staff.read-record", staff_id) as db:
        record = await queries.staff_record(db, call.runtime.keys, call.actor, staff_id)
    return shown(record, record.version)


@router.put("/staff/{staff_id}", response_model=Created, dependencies=SENSITIVE)
async def change_staff(call: CurrentCall, staff_id: UUID, body: staff_changes.ChangeStaff) -> Response:
    keys = call.runtime.keys
    return await call.change(lambda db, expected: staff_changes.change_staff(db, keys, staff_id, body, expected))


@router.put("/staff/{staff_id}/departure", response_model=Created, dependencies=SENSITIVE)
async def depart(call: CurrentCall, staff_id: UUID, body: departures.Depart) -> Response:
    return await call.change(lambda db, expected: departures.depart(db, staff_id, body, expected))


@router.get("/me", response_model=queries.StaffRecord, dependencies=PEOPLE)
async def me(call: CurrentCall) -> Response:
    async with call.reading("staff.read-own", call.actor.staff_id) as db:
        record = await queries.staff_record(db, call.runtime.keys, call.actor, call.actor.staff_id)
    return shown(record, record.version)


@router.put("/me", response_model=Created, dependencies=PEOPLE)
async def change_me(call: CurrentCall, body: staff_changes.ChangeMe) -> Response:
    staff_id = call.actor.staff_id
    return await call.change(lambda db, expected: staff_changes.change_me(db, staff_id, body, expected))


@router.get("/staff/{staff_id}/contact", dependencies=SERVICES)
async def contact(call: CurrentCall, staff_id: UUID) -> queries.Contact:
    """How to reach a member of staff, for the notification service at the moment of sending."""
    async with call.reading("staff.contact", staff_id) as db:
        return await queries.contact(db, call.runtime.keys, staff_id)
