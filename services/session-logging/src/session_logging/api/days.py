"""What a worker's day holds, and whom nobody has been in touch with."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from common.http import CurrentCall, decode_cursor
from common.text import Day
from session_logging.api.admission import WORKING, Limit
from session_logging.queries import days, quiet
from session_logging.rules.days import QUIET_DAYS, QUIET_DAYS_MOST

router = APIRouter(prefix="/v1")
QuietDays = Annotated[int, Query(ge=1, le=QUIET_DAYS_MOST, description="whole days without contact")]


@router.get("/day", dependencies=WORKING)
async def day(
    call: CurrentCall, on: Day | None = None, staff_id: UUID | None = None, quiet_days: QuietDays = QUIET_DAYS
) -> days.DayList:
    """Return a day of the caller's, or as a supervisor of a worker's: what is planned, due, unfinished or too quiet.

    `on`: today in the agency's zone unless given. Up to 100 of each list, with how many there are.
    """
    async with call.reading("day.read", staff_id or call.actor.staff_id) as db:
        return await days.day_list(db, call.runtime.keys, call.actor, staff_id, on, quiet_days)


@router.get("/quiet-people", dependencies=WORKING)
async def quiet_people(
    call: CurrentCall,
    days: QuietDays = QUIET_DAYS,
    staff_id: UUID | None = None,
    next: str | None = None,
    limit: Limit = 50,
) -> quiet.QuietPage:
    """Return who is served today and had no contact for so many days, the longest first: of a peer's own, or of all."""
    async with call.reading("quiet-people.list", staff_id) as db:
        return await quiet.quiet_page(db, call.actor, staff_id, days, decode_cursor(next), limit)
