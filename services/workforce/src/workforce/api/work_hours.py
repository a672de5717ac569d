"""Hours of supervised work, and of supervision received elsewhere."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall, decode_cursor
from workforce.api.admission import CREATED, LEADING, PEOPLE, Limit
from workforce.commands import work_hours
from workforce.queries import work_hours as queries

router = APIRouter(prefix="/v1", tags=["work-hours"])


@router.post("/work-hours", **CREATED, dependencies=LEADING)
async def record_hours(call: CurrentCall, body: work_hours.RecordHours) -> Response:
    """Record hours: an administrator anybody's, a supervisor those of whom they supervise."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: work_hours.record_hours(db, keys, actor, body))


@router.put("/work-hours/{entry_id}/void", response_model=Created, dependencies=LEADING)
async def void_hours(call: CurrentCall, entry_id: UUID, body: work_hours.VoidHours) -> Response:
    actor = call.actor
    return await call.change(lambda db, expected: work_hours.void_hours(db, actor, entry_id, body, expected))


@router.get("/staff/{staff_id}/work-hours", dependencies=PEOPLE)
async def hours_of(call: CurrentCall, staff_id: UUID, next: str | None = None, limit: Limit = 50) -> queries.HoursPage:
    async with call.reading("work-hours.list", staff_id) as db:
        return await queries.hours_of(db, call.runtime.keys, call.actor, staff_id, decode_cursor(next), limit)
