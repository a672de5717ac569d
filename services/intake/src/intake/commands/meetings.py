"""Registering lists of mutual-aid meetings and taking in what they hold: row by row, or not at all."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.contracts.codes import MutualAid
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.text import Asked, Code, Line, Zone
from intake.models import Meeting, MeetingFeed
from intake.rules.meeting_feeds import FeedRefused, Refusal, has_collapsed, meetings_in, require_address
from intake.rules.meeting_times import place_in_week
from intake.rules.meetings import Known, Listing, paired

MOST_FEEDS = 100
MOST_TOLD = 100
TOLD = ("words", "regions", "links")  # what goes into the column `listing`
COLUMNS = ("slug", "name", "day", "minute", "end_minute", "end_time_inferred", "zone", "types", "attendance")
PLACED = ("approximate", "location_closed", "latitude", "longitude")
CHANGED = (*COLUMNS, *PLACED, "digest", "kind", "place", "location", "listing", "search", "changed_at", "gone_at")


class FeedTerms(Asked):
    """Where a list comes from and which meetings are in it."""

    kind: MutualAid
    zone: Zone = Field(description="where its meetings are, unless one says otherwise")
    url: Line | None = Field(default=None, description="https; fetched every six hours")


class RegisterFeed(FeedTerms):
    name: Code


class Snapshot(BaseModel):
    """What makes a repeat of a list the same: its bytes."""

    feed_id: UUID
    sha256: str
    may_shrink: bool = False


class RefusedRow(BaseModel):
    row: int = Field(description="counted from 0, as in the list")
    slug: str | None
    code: str
    detail: str


class Taken(Created):
    """What a list changed; meetings that it no longer has are gone from the search, and keep their ids."""

    rows: int
    meetings: int = Field(description="listed now")
    added: int
    changed: int
    unchanged: int
    gone: int
    repeated: int = Field(description="meetings that the list holds twice, alike in everything")
    refused: int = Field(description="rows that are no meetings")
    refusals: list[RefusedRow] = Field(description=f"the first {MOST_TOLD}")


@dataclass(frozen=True, slots=True)
class ReadFeed:
    """A list that was read: how many rows it has, the meetings in them, and the rows that are none."""

    rows: int
    listings: Sequence[Listing]
    refusals: Sequence[Refusal]


async def register_feed(db: Db, request: RegisterFeed, *, allow_private: bool) -> Created:
    _require_url(request.url, allow_private=allow_private)
    mine = MeetingFeed.agency_id == db.scope.agency_id
    names = list(await db.scalars(select(MeetingFeed.name).where(mine)))
    if request.name in names:
        raise Refused("feed-known", "A list of this name is registered. Change that one, or take another name.")
    if len(names) >= MOST_FEEDS:
        raise Refused("too-many-feeds", f"There are {MOST_FEEDS} lists already. Join some of them first.")
    feed = MeetingFeed(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        **request.model_dump(),
        meetings=0,
        zones=[],
        due_at=db.now if request.url else None,
        recorded_at=db.now,
        version=1,
    )
    db.add(feed)
    db.audit("meeting-feed.register", feed.id, kind=request.kind)
    return Created(id=feed.id, version=1)


def _require_url(url: str | None, *, allow_private: bool) -> None:
    if url is None:
        return
    try:
        require_address(url, allow_private=allow_private)
    except FeedRefused as refused:
        raise Unprocessable(refused.code, refused.sentence, "/url") from None


async def change_feed(db: Db, feed_id: UUID, request: FeedTerms, *, expected: int, allow_private: bool) -> Created:
    """Point a list elsewhere; its meetings follow with the next list that is taken in."""
    _require_url(request.url, allow_private=allow_private)
    feed = await lock_feed(db, feed_id)
    require_version(feed.version, expected)
    if feed.kind != request.kind:
        theirs = update(Meeting).where(Meeting.agency_id == feed.agency_id, Meeting.feed_id == feed.id)
        await db.execute(theirs.values(kind=request.kind))
    for column, value in request.model_dump().items():
        setattr(feed, column, value)
    feed.etag = feed.last_modified = None
    feed.due_at = db.now if request.url else None
    feed.version += 1
    db.audit("meeting-feed.change", feed.id, kind=request.kind)
    return Created(id=feed.id, version=feed.version)


async def lock_feed(db: Db, feed_id: UUID) -> MeetingFeed:
    found: MeetingFeed | None = await db.scalar(
        select(MeetingFeed)
        .where(MeetingFeed.agency_id == db.scope.agency_id, MeetingFeed.id == feed_id)
        .with_for_update()
    )
    if found is None:
        raise NotThere
    return found


async def ask_for_refreshment(db: Db, feed_id: UUID) -> Created:
    """Have a list fetched now, whole: what its server called unchanged may have been taken in wrongly."""
    feed = await lock_feed(db, feed_id)
    if feed.url is None:
        raise Refused("feed-without-url", "This list has no URL to fetch from. Send its file, or give it a URL.")
    feed.due_at, feed.etag, feed.last_modified = db.now, None, None
    db.audit("meeting-feed.refresh", feed.id)
    return Created(id=feed.id, version=feed.version)


async def zone_of(db: Db, feed_id: UUID) -> str:
    """Return where a list's meetings are. Raises `NotThere`."""
    mine = (MeetingFeed.agency_id == db.scope.agency_id, MeetingFeed.id == feed_id)
    zone: str | None = await db.scalar(select(MeetingFeed.zone).where(*mine))
    if zone is None:
        raise NotThere
    return zone


async def read_list(content: bytes, zone: str) -> ReadFeed:
    """Read a list without holding up other requests. Raises `FeedRefused` where there is no meeting in it."""
    rows, listings, refusals = await asyncio.to_thread(meetings_in, content, zone)
    return ReadFeed(rows, listings, refusals)


async def take_snapshot(db: Db, feed_id: UUID, read: ReadFeed, *, may_shrink: bool = False) -> Taken:
    """Make a list's meetings those that were read; the same list again writes no meeting.

    Raises `FeedRefused` if most of a list would go at once, unless somebody says that this is so.
    """
    feed = await lock_feed(db, feed_id)
    change = paired(await _known(db, feed), read.listings)
    if not may_shrink and has_collapsed(feed.meetings, len(change.gone)):
        raise FeedRefused("list-collapsed", "Most meetings are missing from it. If that is right, add may_shrink=true.")
    rows = [_row(feed, db, one, uuid7()) for one in change.added]
    rows += [_row(feed, db, one, known.id) for known, one in change.changed]
    await _write(db, rows)
    await _mark_gone(db, [known.id for known in change.gone])
    feed.meetings = len(change.added) + len(change.changed) + change.unchanged
    feed.zones = sorted({one.zone for one in read.listings})
    feed.last_good_at = feed.checked_at = db.now
    feed.last_problem = feed.last_problem_at = None
    feed.version += 1
    counts = {"added": len(change.added), "changed": len(change.changed), "gone": len(change.gone)}
    db.audit("meeting-feed.take", feed.id, rows=read.rows, refused=len(read.refusals), **counts)
    return Taken(
        id=feed.id,
        version=feed.version,
        rows=read.rows,
        meetings=feed.meetings,
        unchanged=change.unchanged,
        repeated=change.repeated,
        refused=len(read.refusals),
        refusals=[RefusedRow.model_validate(asdict(one)) for one in read.refusals[:MOST_TOLD]],
        **counts,
    )


async def _known(db: Db, feed: MeetingFeed) -> list[Known]:
    columns = (Meeting.id, Meeting.slug, Meeting.digest, Meeting.day, Meeting.minute, Meeting.location, Meeting.gone_at)
    question = select(*columns).where(Meeting.agency_id == feed.agency_id, Meeting.feed_id == feed.id)
    return [
        Known(row.id, row.slug, bytes(row.digest), row.day, row.minute, row.location, gone=row.gone_at is not None)
        for row in await db.execute(question.order_by(Meeting.id))
    ]


def _row(feed: MeetingFeed, db: Db, listing: Listing, meeting_id: UUID) -> dict[str, Any]:
    values = asdict(listing)
    return {
        **{column: values[column] for column in (*COLUMNS, *PLACED)},
        "agency_id": feed.agency_id,
        "id": meeting_id,
        "feed_id": feed.id,
        "digest": listing.digest(),
        "kind": feed.kind,
        "place": place_in_week(listing.day, listing.minute),
        "location": listing.words.get("location", ""),
        "listing": {key: values[key] for key in TOLD},
        "search": listing.search(),
        "listed_at": db.now,
        "changed_at": db.now,
        "gone_at": None,
    }


async def _write(db: Db, rows: Sequence[dict[str, Any]]) -> None:
    """Write meetings, new or known, in one statement; `listed_at` stays when it was first listed."""
    if not rows:
        return
    write = insert(Meeting)
    changed = {column: write.excluded[column] for column in CHANGED}
    await db.execute(write.on_conflict_do_update(index_elements=["agency_id", "id"], set_=changed), rows)


async def _mark_gone(db: Db, meeting_ids: Sequence[UUID]) -> None:
    if meeting_ids:
        gone = update(Meeting).where(Meeting.agency_id == db.scope.agency_id, Meeting.id == func.any(meeting_ids))
        await db.execute(gone.values(gone_at=db.now), execution_options={"synchronize_session": False})


async def note_problem(db: Db, feed_id: UUID, code: str) -> None:
    """Say why a list could not be had; the last good one stays."""
    feed = await lock_feed(db, feed_id)
    feed.checked_at = feed.last_problem_at = db.now
    feed.last_problem = code
    db.audit("meeting-feed.problem", feed.id, code=code)
