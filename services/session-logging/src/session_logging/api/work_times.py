"""How time with nobody served and miles are recorded, withdrawn, read, summed up and handed on as a sheet."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from common.http import Created, CurrentCall, decode_cursor
from common.text import Day
from session_logging.api.admission import PLANS, WORKING, Limit
from session_logging.commands import work_times
from session_logging.commands.withdrawals import Withdraw
from session_logging.queries import work_times as queries
from session_logging.rules.spans import month as days_of_month
from session_logging.rules.spans import span

router = APIRouter(prefix="/v1")
First = Annotated[Day, Query(alias="from")]
Last = Annotated[Day, Query(alias="to")]
Month = Annotated[str, Query(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$", description="such as 2026-03")]


class Sheet(Response):
    media_type = "text/csv"


@router.post("/work-times", status_code=201, response_model=Created, dependencies=WORKING)
async def record_work_time(call: CurrentCall, body: work_times.RecordWorkTime) -> Response:
    """Record time or miles of the caller's own; it is never billed."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: work_times.record_work_time(db, keys, actor, body))


@router.put("/work-times/{work_time_id}/withdrawal", response_model=Created, dependencies=WORKING)
async def withdraw_work_time(call: CurrentCall, work_time_id: UUID, body: Withdraw) -> Response:
    """Withdraw a mistaken entry: it stays to be seen, and counts no more. The same reason again changes nothing."""
    return await call.change(
        lambda db, expected: work_times.withdraw_work_time(db, call.actor, work_time_id, expected, body)
    )


@router.get("/work-times", dependencies=PLANS)
async def work_time_page(
    call: CurrentCall,
    first: First,
    last: Last,
    staff_id: UUID | None = None,
    next: str | None = None,
    limit: Limit = 50,
) -> queries.WorkTimePage:
    """Return a worker's entries of a period, the newest day first: the caller's own unless a leader names somebody."""
    async with call.reading("work-time.list", staff_id) as db:
        asked = queries.AskedTimes(span(first, last), queries.worker_asked(call.actor, staff_id))
        return await queries.work_time_page(db, call.runtime.keys, call.actor, asked, decode_cursor(next), limit)


@router.get("/work-times/totals", dependencies=PLANS)
async def totals(call: CurrentCall, first: First, last: Last, staff_id: UUID | None = None) -> queries.WorkTotals:
    """Return minutes and miles by month, worker and kind: peers their own, supervisors and administrators all."""
    async with call.reading("work-time.totals", staff_id) as db:
        asked = queries.AskedTimes(span(first, last), queries.workers_asked(call.actor, staff_id))
        return await queries.totals(db, asked)


@router.get("/work-times/mileage", response_model=str, response_class=Sheet, dependencies=PLANS)
async def mileage(call: CurrentCall, month: Month, staff_id: UUID | None = None) -> Response:
    """Return a month's trips as CSV, by worker and day: peers their own, supervisors and administrators all."""
    async with call.reading("work-time.mileage", staff_id, month=month) as db:
        asked = queries.AskedTimes(days_of_month(month), queries.workers_asked(call.actor, staff_id))
        text = await queries.mileage(db, asked)
    named = {"Content-Disposition": f'attachment; filename="mileage-{month}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=named)
