"""How mutual-aid meetings are fed in and found."""

import hashlib
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from common.contracts.codes import MutualAid
from common.errors import Unprocessable
from common.http import Call, Created, CurrentCall, answer, decode_cursor
from common.text import Asked
from intake.api.admission import ASSIGNING, SEEING, Limit, shown
from intake.commands import meetings
from intake.queries import meetings as reading
from intake.rules.meeting_feeds import FeedRefused, FetchTerms
from intake.rules.meeting_text import point
from intake.rules.meeting_times import NotATime, days_of, minute_of

router = APIRouter(prefix="/v1")
SNAPSHOT = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "array", "maxItems": 20_000, "items": {"type": "object"}}}},
    }
}


@router.post("/meeting-feeds", status_code=201, response_model=Created, dependencies=ASSIGNING)
async def register_feed(call: CurrentCall, body: meetings.RegisterFeed) -> Response:
    """Follow a list in the Meeting Guide format: fetched from its URL, or sent to meeting-snapshots."""
    private = _allow_private(call)
    where = "/api/intake/v1/meeting-feeds/{id}"
    return await call.once(body, lambda db: meetings.register_feed(db, body, allow_private=private), location=where)


def _allow_private(call: Call) -> bool:
    terms: FetchTerms = call.request.state.fetch_terms
    return terms.allow_private


@router.get("/meeting-feeds", dependencies=SEEING)
async def feeds(call: CurrentCall) -> reading.Feeds:
    """Each list with its age and what went wrong at the last try; the last good list stays in the search."""
    async with call.transaction() as db:
        return await reading.feeds(db)


@router.get("/meeting-feeds/{feed_id}", response_model=reading.Feed, dependencies=SEEING)
async def feed(call: CurrentCall, feed_id: UUID) -> Response:
    async with call.transaction() as db:
        found = await reading.feed(db, feed_id)
    return shown(found, found.version)


@router.put("/meeting-feeds/{feed_id}", response_model=Created, dependencies=ASSIGNING)
async def change_feed(call: CurrentCall, feed_id: UUID, body: meetings.FeedTerms) -> Response:
    private = _allow_private(call)
    return await call.change(
        lambda db, expected: meetings.change_feed(db, feed_id, body, expected=expected, allow_private=private)
    )


class Refreshment(Asked):
    """Nothing to say: the address names the list."""


@router.post("/meeting-feeds/{feed_id}/refreshments", status_code=202, response_model=Created, dependencies=ASSIGNING)
async def refresh_feed(call: CurrentCall, feed_id: UUID, body: Refreshment) -> Response:
    """Have a list fetched now. `GET` it to see when it was checked and what came of it."""
    return await call.once(body, lambda db: meetings.ask_for_refreshment(db, feed_id), status=202)


@router.post(
    "/meeting-snapshots",
    status_code=201,
    response_model=meetings.Taken,
    dependencies=ASSIGNING,
    openapi_extra=SNAPSHOT,
)
async def take_snapshot(
    request: Request,
    call: CurrentCall,
    feed_id: UUID,
    may_shrink: Annotated[bool, Query(description="most meetings are gone, and that is right")] = False,
) -> Response:
    """Take in a list as its publisher wrote it: the JSON array of the Meeting Guide format.

    Rows that are no meetings are refused and named; a list without one meeting is refused whole, and so is one from
    which most meetings are missing. Rows of one slug are paired by likeness, so that two places stay two meetings.
    """
    content = await request.body()
    async with call.transaction() as db:
        zone = await meetings.zone_of(db, feed_id)
    try:
        read = await meetings.read_list(content, zone)
        body = meetings.Snapshot(feed_id=feed_id, sha256=hashlib.sha256(content).hexdigest(), may_shrink=may_shrink)
        return await call.once(body, lambda db: meetings.take_snapshot(db, feed_id, read, may_shrink=may_shrink))
    except FeedRefused as refused:
        raise Unprocessable(refused.code, refused.sentence, "") from None


@router.get("/meetings", response_model=reading.MeetingPage, dependencies=SEEING)
async def find_meetings(
    call: CurrentCall,
    day: Annotated[str | None, Query(max_length=40, description="0 (Sunday) to 6, some of them as 1,3,5")] = None,
    after: Annotated[str | None, Query(max_length=20, description="18:00 or later, local to the meeting")] = None,
    before: Annotated[
        str | None, Query(max_length=20, description="before 21:00; earlier than after: past midnight")
    ] = None,
    now: Annotated[bool, Query(description="starts in the next two hours")] = False,
    kind: MutualAid | None = None,
    type: Annotated[list[str] | None, Query(max_length=10, description="codes; all of them must fit")] = None,
    near: Annotated[
        str | None, Query(max_length=60, description="latitude,longitude of a town or station, never of a home")
    ] = None,
    within_km: Annotated[float, Query(gt=0, le=500, allow_inf_nan=False)] = 25.0,
    online: Annotated[bool | None, Query(description="can be joined online; false: in person")] = None,
    open: Annotated[bool | None, Query(description="marked open to everybody; false: closed")] = None,
    inactive: Annotated[bool, Query(description="also meetings that are suspended")] = False,
    text: Annotated[str | None, Query(max_length=100, description="how words of it begin")] = None,
    next: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 50,
) -> Response:
    """Search the listed meetings, in the order of the week, of the distance from `near`, or of what starts first."""
    search = reading.Search(
        days=_days(day),
        after=_minute(after, "/after"),
        before=_minute(before, "/before"),
        now=now,
        kind=kind,
        types=[code[:80] for code in type or () if code.isprintable()],
        near=_near(near, within_km),
        online=online,
        open=open,
        inactive=inactive,
        text=text,
    )
    place = decode_cursor(next)
    async with call.transaction() as db:
        page = await reading.meetings(db, search, place, limit)
    return answer(page.model_dump_json().encode())


def _days(day: str | None) -> tuple[int, ...]:
    try:
        return days_of(day)
    except NotATime:
        raise Unprocessable("bad-day", "Give days from 0 (Sunday) to 6, such as 1,3,5.", "/day") from None


def _minute(time: str | None, pointer: str) -> int | None:
    try:
        return minute_of(time)
    except NotATime:
        raise Unprocessable("bad-time", "Give a time of day such as 18:30.", pointer) from None


def _near(near: str | None, within_km: float) -> reading.Near | None:
    if near is None:
        return None
    latitude, _, longitude = near.partition(",")
    place = point(latitude, longitude)
    if place is None:
        raise Unprocessable("bad-place", "Give a place as latitude,longitude, such as 41.88,-87.63.", "/near")
    return reading.Near(*place, within_km)


@router.get("/meetings/{meeting_id}", response_model=reading.MeetingRecord, dependencies=SEEING)
async def meeting(call: CurrentCall, meeting_id: UUID) -> Response:
    async with call.transaction() as db:
        found = await reading.meeting(db, meeting_id)
    return answer(found.model_dump_json().encode())
