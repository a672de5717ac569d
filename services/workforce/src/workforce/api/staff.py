"""Members of staff: who they are, and their leaving."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall, answer, decode_cursor
from workforce.api.admission import ADMINISTERING, CREATED, OVERSEEING, SERVICES, Limit
from workforce.commands import staff
from workforce.queries import people as queries

router = APIRouter(prefix="/v1", tags=["staff"])


@router.post("/staff", **CREATED, dependencies=ADMINISTERING)
async def add_staff(call: CurrentCall, body: staff.AddStaff) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: staff.add_staff(db, keys, body), location="/api/workforce/v1/staff/{id}")


@router.get("/staff", dependencies=OVERSEEING)
async def staff_page(call: CurrentCall, next: str | None = None, limit: Limit = 50) -> queries.StaffPage:
    async with call.reading("staff.list") as db:
        return await queries.staff_page(db, call.runtime.keys, decode_cursor(next), limit)


@router.get(
    "/staff/{staff_id}",
    response_model=queries.StaffMember,
    dependencies=OVERSEEING,
)
async def staff_member(call: CurrentCall, staff_id: UUID) -> Response:
    async with call.reading("staff.read", staff_id) as db:
        member = await queries.staff_member(db, call.runtime.keys, staff_id)
    return answer(member.model_dump_json().encode(), etag=member.version)


@router.put("/staff/{staff_id}/departure", response_model=Created, dependencies=ADMINISTERING)
async def depart(call: CurrentCall, staff_id: UUID, body: staff.Depart) -> Response:
    return await call.change(lambda db, expected: staff.depart(db, staff_id, body, expected))


@router.get("/staff/{staff_id}/contact", dependencies=SERVICES)
async def contact(call: CurrentCall, staff_id: UUID) -> queries.Contact:
    """How to reach a member of staff, for the notification service at the moment of sending."""
    async with call.reading("staff.contact", staff_id) as db:
        return await queries.contact(db, call.runtime.keys, staff_id)
