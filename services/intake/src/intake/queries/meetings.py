"""Which lists of meetings there are and how old they are, and which meetings match a search.

A search is one statement over one agency's meetings, in the order of the week, of the distance, or of what comes
next. Row-level security lets only leak-proof conditions use an index, so that the week and the box around a place have
one, and words and types are looked at in the rows that are left.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import ColumnElement, Integer, Row, and_, case, cast, false, func, literal, or_, select, tuple_

from common.contracts.codes import MutualAid
from common.database import Db
from common.errors import NotThere, Unprocessable
from common.http import Cursor, encode_cursor
from intake.models import Meeting, MeetingFeed
from intake.rules.meeting_text import search_words
from intake.rules.meeting_times import WEEK, Range, clock_text, ranges_from, ranges_on, week_minute
from intake.rules.meeting_types import type_names
from intake.rules.meetings import Attendance

EARTH_METRES = 6_371_000.0
DEGREE_KM = 111.19  # of latitude; of longitude at the equator
SOON_MINUTES = 120
MOST_WORDS = 10
RANK_MOST = 2_147_483_647
ONLINE = (Attendance.ONLINE, Attendance.HYBRID)
IN_PERSON = (Attendance.IN_PERSON, Attendance.HYBRID)


class Feed(BaseModel):
    id: UUID
    name: str
    kind: MutualAid
    zone: str
    url: str | None
    meetings: int = Field(description="listed now")
    last_good_at: AwareDatetime | None = Field(description="when the list that is searched was taken in or confirmed")
    age_seconds: int | None = Field(description="since last_good_at")
    checked_at: AwareDatetime | None = Field(description="when it was last tried")
    last_problem: str | None = Field(description="the code of what went wrong at the last try")
    last_problem_at: AwareDatetime | None
    due_at: AwareDatetime | None = Field(description="when it is fetched next")
    version: int


class Feeds(BaseModel):
    items: list[Feed]


class TypeName(BaseModel):
    code: str
    en: str | None = None
    es: str | None = None


class MeetingRecord(BaseModel):
    """A public listing; times are local to `zone`."""

    id: UUID = Field(description="stays the meeting's own, also when it moves or is gone")
    feed_id: UUID
    kind: MutualAid
    slug: str
    name: str
    day: int | None = Field(description="0 is Sunday; empty by appointment")
    time: str | None
    end_time: str | None
    end_time_inferred: bool
    zone: str
    types: list[TypeName]
    attendance: Attendance
    location_closed: bool
    approximate: bool = Field(description="the address is only a town")
    latitude: float | None
    longitude: float | None
    distance_km: float | None = None
    texts: dict[str, str] = Field(description="location, address, group, notes")
    regions: list[str]
    links: dict[str, str] = Field(description="to join, to call in, to read more")
    gone_at: AwareDatetime | None = Field(description="since when no list has it")


class MeetingPage(BaseModel):
    items: list[MeetingRecord]
    next: str | None = None


SHOWN = frozenset(MeetingRecord.model_fields) & frozenset(Meeting.__table__.columns.keys()) - {
    *("types", "kind", "attendance"),
}
COLUMNS = tuple(
    Meeting.__table__.columns[name]
    for name in (*SHOWN, "kind", "attendance", "types", "minute", "end_minute", "listing")
)


@dataclass(frozen=True, slots=True)
class Near:
    latitude: float
    longitude: float
    within_km: float


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for; `after` and `before` are minutes after midnight, local to each meeting."""

    days: Collection[int] = ()
    after: int | None = None
    before: int | None = None
    now: bool = False
    kind: MutualAid | None = None
    types: Sequence[str] = ()
    near: Near | None = None
    online: bool | None = None
    open: bool | None = None
    inactive: bool = False
    text: str | None = None


async def feeds(db: Db) -> Feeds:
    mine = MeetingFeed.agency_id == db.scope.agency_id
    found = await db.scalars(select(MeetingFeed).where(mine).order_by(MeetingFeed.name))
    return Feeds(items=[_feed(feed, db.now) for feed in found])


async def feed(db: Db, feed_id: UUID) -> Feed:
    mine = (MeetingFeed.agency_id == db.scope.agency_id, MeetingFeed.id == feed_id)
    found = await db.scalar(select(MeetingFeed).where(*mine))
    if found is None:
        raise NotThere
    return _feed(found, db.now)


def _feed(found: MeetingFeed, now: datetime) -> Feed:
    age = None if found.last_good_at is None else max(0, int((now - found.last_good_at).total_seconds()))
    columns = {name: getattr(found, name) for name in Feed.model_fields if name != "age_seconds"}
    return Feed(**columns, age_seconds=age)


async def meeting(db: Db, meeting_id: UUID) -> MeetingRecord:
    """Return a meeting, also one that is gone: an invitation may name it."""
    mine = (Meeting.agency_id == db.scope.agency_id, Meeting.id == meeting_id)
    found = (await db.execute(select(*COLUMNS).where(*mine))).first()
    if found is None:
        raise NotThere
    return _record(found, None)


async def meetings(db: Db, search: Search, after: Cursor | None, limit: int) -> MeetingPage:
    """Return a page in the order of the week; with `near`, of the distance; with `now`, of what starts first."""
    place = _place(after)
    since = place.since if search.now and place else db.now
    zones = await _zones(db) if search.now else ()
    rank = _rank(search, zones, since)
    question = select(*COLUMNS, rank.label("rank")).where(*_conditions(db, search, zones, since))
    if place:
        question = question.where(tuple_(rank, Meeting.id) > tuple_(literal(place.rank), literal(place.id)))
    rows = (await db.execute(question.order_by(rank, Meeting.id).limit(limit + 1))).all()
    items = [_record(row, row.rank / 1000 if search.near else None) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    more = last and encode_cursor(f"{last.rank}@{int(since.timestamp())}", last.id)
    return MeetingPage.model_construct(items=items, next=more)


@dataclass(frozen=True, slots=True)
class _Place:
    """After which meeting a page starts, and the moment that the search's first page was about."""

    rank: int
    id: UUID
    since: datetime


def _place(after: Cursor | None) -> _Place | None:
    if after is None:
        return None
    try:
        rank, _, since = after.at.partition("@")
        return _Place(min(int(rank), RANK_MOST), after.id, datetime.fromtimestamp(int(since), UTC))
    except (ValueError, OverflowError, OSError):
        raise Unprocessable("bad-cursor", "Use the `next` value of the page before, unchanged.", "/next") from None


async def _zones(db: Db) -> Sequence[str]:
    """Return the time zones that the agency's meetings are in: a handful, kept with each list."""
    mine = MeetingFeed.agency_id == db.scope.agency_id
    return sorted(set(await db.scalars(select(func.unnest(MeetingFeed.zones)).where(mine))))


def _rank(search: Search, zones: Sequence[str], since: datetime) -> ColumnElement[int]:
    """Return what a page is ordered by: metres, minutes from now, or the minute of the week."""
    if search.near:
        return cast(_metres(search.near), Integer)
    if not search.now or not zones:
        return Meeting.place.expression
    here = case({zone: week_minute(since.astimezone(ZoneInfo(zone))) for zone in zones}, value=Meeting.zone, else_=0)
    return cast((Meeting.place - here + WEEK) % WEEK, Integer)


def _metres(near: Near) -> ColumnElement[float]:
    """Return the great-circle distance (haversine)."""
    north, east = func.radians(Meeting.latitude), func.radians(Meeting.longitude)
    here_north, here_east = math.radians(near.latitude), math.radians(near.longitude)
    half = func.power(func.sin((north - here_north) / 2), 2) + func.cos(north) * math.cos(here_north) * func.power(
        func.sin((east - here_east) / 2), 2
    )
    return 2 * EARTH_METRES * func.asin(func.sqrt(func.least(half, 1.0)))


def _conditions(db: Db, search: Search, zones: Sequence[str], since: datetime) -> list[ColumnElement[bool]]:
    wanted = [Meeting.agency_id == db.scope.agency_id, Meeting.gone_at.is_(None)]
    wanted += _when(search)
    if search.now:
        soon = ((zone, ranges_from(since, zone, SOON_MINUTES)) for zone in zones)
        wanted.append(or_(false(), *(and_(Meeting.zone == zone, _within(ranges)) for zone, ranges in soon)))
    if search.near:
        wanted += [*_box(search.near), _metres(search.near) <= search.near.within_km * 1000]
    return wanted + _how(search) + _what(search)


def _when(search: Search) -> list[ColumnElement[bool]]:
    if search.after is not None or search.before is not None:
        return [_within(ranges_on(search.days or range(7), search.after, search.before))]
    return [Meeting.day.in_(search.days)] if search.days else []


def _within(ranges: Sequence[Range]) -> ColumnElement[bool]:
    return or_(false(), *(and_(Meeting.place >= first, Meeting.place < last) for first, last in ranges))


def _box(near: Near) -> list[ColumnElement[bool]]:
    """Return the box around a circle, which has an index; round the poles every longitude is near."""
    north = near.within_km / DEGREE_KM
    narrowest = math.cos(math.radians(min(90.0, abs(near.latitude) + north)))
    east = north / narrowest if narrowest > 0.01 else 180.0
    box: list[ColumnElement[bool]] = [Meeting.latitude.between(near.latitude - north, near.latitude + north)]
    if east < 180:
        low, high = near.longitude - east, near.longitude + east
        sides: list[ColumnElement[bool]] = [Meeting.longitude.between(low, high)]
        if low < -180:
            sides.append(Meeting.longitude >= low + 360)
        if high > 180:
            sides.append(Meeting.longitude <= high - 360)
        box.append(or_(*sides))
    return box


def _how(search: Search) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if search.online is not None:
        wanted.append(Meeting.attendance.in_(ONLINE if search.online else IN_PERSON))
    elif not search.inactive:
        wanted.append(Meeting.attendance != Attendance.INACTIVE)
    if search.open is not None:
        wanted.append(Meeting.types.contains(["O" if search.open else "C"]))
    return wanted


def _what(search: Search) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if search.kind:
        wanted.append(Meeting.kind == search.kind)
    if search.types:
        wanted.append(Meeting.types.contains(list(search.types)))
    # Each word is letters and digits only: nothing in it has a meaning to LIKE.
    words = search_words(search.text or "").split()
    wanted += [Meeting.search.like(f"% {word}%") for word in words[:MOST_WORDS]]
    return wanted


def _record(row: Row[*tuple[Any, ...]], distance_km: float | None) -> MeetingRecord:
    """Return a row as it is shown, unchecked: it was checked when it was listed, and a page has a hundred."""
    kind, listing = MutualAid(row.kind), row.listing
    names = type_names(kind, row.types)
    return MeetingRecord.model_construct(
        **{name: row._mapping[name] for name in SHOWN},
        kind=kind,
        attendance=Attendance(row.attendance),
        time=clock_text(row.minute),
        end_time=clock_text(row.end_minute),
        types=[_type_name(code, names.get(code)) for code in row.types],
        distance_km=None if distance_km is None else round(distance_km, 2),
        texts=listing["words"],
        regions=listing["regions"],
        links=listing["links"],
    )


def _type_name(code: str, names: tuple[str, str] | None) -> TypeName:
    english, spanish = names or (None, None)
    return TypeName.model_construct(code=code, en=english, es=spanish)
