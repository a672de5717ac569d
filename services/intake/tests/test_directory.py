"""The mutual-aid directory: what real and broken lists become, fetching them, and finding a meeting in them."""

import asyncio
import importlib.resources
import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from intake.rules.meeting_feeds import FeedRefused, is_public, meetings_in, require_address
from intake.rules.meeting_text import plain_text, point, public_phone, search_words, web_address
from intake.rules.meeting_times import NotATime, days_of, minute_of, ranges_from, ranges_on
from intake.rules.meeting_types import type_names
from intake.rules.meetings import Attendance, Known, Listing, RowRefused, meetings_of, paired

# Lists of these tests are served from this machine; read when the platform of the tests starts, which is later.
os.environ["HANDRAIL_MEETING_FEED_ALLOW_PRIVATE"] = "true"
os.environ["HANDRAIL_MEETING_FEED_SECONDS"] = "1"

INTAKE = "/api/intake/v1"
ZONE = "America/Chicago"
DATA = importlib.resources.files("handrail.demo") / "data"
MEETING = {"name": "Sunday Serenity", "slug": "sunday-serenity", "day": 0, "time": "18:00"}


def one(**fields: object) -> Listing:
    [listing] = meetings_of(MEETING | fields, ZONE)
    return listing


@pytest.mark.parametrize(
    ("said", "minute"),
    [
        ("20:30", 1230),
        ("8:30 PM", 1230),
        ("8:30pm", 1230),
        ("8:30 p.m.", 1230),
        ("8 PM", 1200),
        ("12:15 am", 15),
        ("12 pm", 720),
        ("20:30:00", 1230),
        ("2030", 1230),
        (2030, 1230),
        (0, 0),
        ("20.30", 1230),
        ("24:00", 0),
        ("Noon", 720),
        ("midnight", 0),
        ("mediodía", 720),
        (" ", None),
        (None, None),
    ],
)
def test_times_in_every_spelling(said: object, minute: int | None) -> None:
    assert minute_of(said) == minute


@pytest.mark.parametrize(
    "said", ["25:00", "20:60", "24:30", "soon", "8", "-1:00", True, 2500, 12.5, [], "٢٠:٣٠", "1" * 99]
)
def test_what_is_not_on_the_clock(said: object) -> None:
    with pytest.raises(NotATime):
        minute_of(said)


@pytest.mark.parametrize(
    ("said", "days"),
    [
        (0, (0,)),
        ("6", (6,)),
        (3.0, (3,)),
        ([5, "1", 1], (1, 5)),
        ("1, 3", (1, 3)),
        ("Sunday", (0,)),
        ("Tues.", (2,)),
        ("Miércoles", (3,)),
        (None, ()),
        ("", ()),
        ([], ()),
    ],
)
def test_days_in_every_spelling(said: object, days: tuple[int, ...]) -> None:
    assert days_of(said) == days


@pytest.mark.parametrize("said", [7, -1, "7", "Someday", True, 1.5, {"day": 1}, [1, 9], 10**400])
def test_what_is_no_day(said: object) -> None:
    with pytest.raises(NotATime):
        days_of(said)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("Men&#8217;s &amp; Women", "Men’s & Women"),
        ("Men&amp;amp;#039;s", "Men's"),
        ("<p>Ring <b>twice</b>.</p><p>2nd floor</p>", "Ring twice.\n\n2nd floor"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Door B", "Door B"),
        ("a<br>b", "a\nb"),
        ("5 < 6 and 7 > 6", "5 < 6 and 7 > 6"),
        ("Ana\u0000\u202e\ud800 Paz", "Ana Paz"),
        ("<scr<b>ipt>x", ""),
        (42, "42"),
        (10**400, ""),
        (float("nan"), ""),
        (None, ""),
        (["x"], ""),
    ],
)
def test_words_lose_markup_and_junk(typed: object, plain: str) -> None:
    assert " ".join(plain_text(typed, 1000).split()) == " ".join(plain.split())


def test_places_are_rounded_and_impossible_ones_dropped() -> None:
    assert point("37.33820820000000123456789012345678901234567890123456", -121.8863286) == (37.338208, -121.886329)
    assert point(0, 0) is None
    assert point(91, 10) is None
    assert point(10, 181) is None
    assert point(float("nan"), 10) is None
    assert point(10**400, 10) is None
    assert point(10, None) is None


def test_links_lead_to_the_web_and_phones_are_numbers() -> None:
    assert web_address("https://zoom.us/j/1?pwd=a") == "https://zoom.us/j/1?pwd=a"
    assert web_address("javascript:alert(1)") is None
    assert web_address("https://user:secret@zoom.us/") is None
    assert public_phone("+1 (202) 555-0123,,123#") == "+1 (202) 555-0123,,123#"
    assert public_phone("ask Bob") is None


def test_a_row_becomes_a_clean_meeting() -> None:
    listing = one(
        end_time="7:30 PM",
        types="O, Wheelchair Access,XYZ,O",
        latitude="41.8781136",
        longitude="-87.6297982",
        formatted_address="1 Main St, Chicago, IL 60601, USA",
        regions="Illinois > Chicago",
        conference_url="https://zoom.us/j/1",
    )

    assert (listing.day, listing.minute, listing.end_minute, listing.end_time_inferred) == (0, 1080, 1170, False)
    assert listing.types == ["O", "X", "XYZ"]
    assert (listing.latitude, listing.longitude) == (41.878114, -87.629798)
    assert listing.regions == ["Illinois", "Chicago"]
    assert listing.attendance is Attendance.HYBRID


def test_an_end_is_inferred_and_marked() -> None:
    assert (one().end_minute, one().end_time_inferred) == (1140, True)
    assert (one(time="23:30").end_minute, one(time="23:30").end_time_inferred) == (30, True)
    assert (one(end_time="whenever").end_minute, one(end_time="whenever").end_time_inferred) == (1140, True)
    assert (one(end_time="18:00").end_minute, one(end_time="18:00").end_time_inferred) == (1140, True)


@pytest.mark.parametrize(
    ("fields", "attendance"),
    [
        ({"attendance_option": "In-Person"}, Attendance.IN_PERSON),
        ({"attendance_option": "ONLINE"}, Attendance.ONLINE),
        ({"attendance_option": "Híbrida"}, Attendance.HYBRID),
        ({"types": ["TC"]}, Attendance.INACTIVE),
        ({"types": ["TC", "ONL"]}, Attendance.ONLINE),
        ({"types": ["TC"], "conference_phone": "202-555-0123"}, Attendance.ONLINE),
        ({"location_closed": "yes", "conference_url": "https://zoom.us/j/1"}, Attendance.ONLINE),
        ({"types": ["ONL"], "formatted_address": "San Jose, CA, USA"}, Attendance.ONLINE),
        ({"types": ["ONL"], "address": "1 Main St", "city": "San Jose"}, Attendance.HYBRID),
        ({}, Attendance.IN_PERSON),
    ],
)
def test_how_one_takes_part(fields: dict[str, object], attendance: Attendance) -> None:
    assert one(**fields).attendance is attendance


def test_contact_persons_and_where_to_send_money_are_not_kept() -> None:
    private = {
        "email": "bob@example.org",
        "phone": "202-555-0199",
        "contact_1_name": "Bob Canary",
        "contact_1_phone": "202-555-0198",
        "venmo": "@canary",
        "square": "$canary",
        "paypal": "canary",
        "feedback_emails": ["canary@example.org"],
        "entity_phone": "202-555-0197",
    }

    kept = repr(one(**private))

    assert not [value for value in private.values() if str(value).strip("[]'") in kept]


def test_meetings_of_several_days_and_by_appointment() -> None:
    assert [listing.day for listing in meetings_of(MEETING | {"day": [3, 1]}, ZONE)] == [1, 3]
    [listing] = meetings_of({"name": "By appointment", "slug": 17, "day": None, "time": None}, ZONE)
    assert (listing.slug, listing.day, listing.minute, listing.end_minute) == ("17", None, None, None)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("x", "not-an-object"),
        (None, "not-an-object"),
        ({"slug": "a", "day": 1}, "no-name"),
        ({"name": "<b></b>"}, "no-name"),
        (MEETING | {"day": 7}, "bad-day"),
        (MEETING | {"time": "25:00"}, "bad-time"),
    ],
)
def test_a_broken_row_is_refused_by_name(row: object, code: str) -> None:
    with pytest.raises(RowRefused) as refused:
        meetings_of(row, ZONE)

    assert refused.value.problem == code


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    (
        "name",
        "slug",
        "id",
        "day",
        "time",
        "end_time",
        "timezone",
        "types",
        "notes",
        "location",
        "formatted_address",
        "address",
        "city",
        "state",
        "postal_code",
        "country",
        "approximate",
        "latitude",
        "longitude",
        "region",
        "sub_region",
        "regions",
        "attendance_option",
        "location_closed",
        "conference_url",
        "conference_phone",
        "url",
        "group",
    )
)
TYPED = JSON | st.sampled_from(["20:30", "Sunday", "<br>", "&amp;amp;lt;b&gt;", "TC", "\ud800", "\u0000", "1e999"])


@given(st.dictionaries(FIELDS, TYPED, max_size=10) | JSON)
@settings(max_examples=300, deadline=None)
def test_whatever_a_row_holds_it_is_a_clean_meeting_or_a_named_refusal(row: Any) -> None:
    try:
        listings = meetings_of(row, ZONE)
    except RowRefused:
        return  # by one of the names of RowProblem, which it cannot do without

    for listing in listings:
        said = json.dumps([listing.name, listing.slug, listing.words, listing.links, listing.regions, listing.types])
        said.encode("utf-8")
        assert listing.name
        assert "\\u0000" not in said
        assert listing.latitude is None or -90 <= listing.latitude <= 90
        assert listing.minute is None or 0 <= listing.minute < 1440


def known(listing: Listing, **but: Any) -> Known:
    values = {
        "id": uuid4(),
        "slug": listing.slug,
        "digest": listing.digest(),
        "day": listing.day,
        "minute": listing.minute,
        "location": listing.words.get("location", ""),
        "gone": False,
    }
    return Known(**(values | but))


def test_a_meeting_that_moves_stays_the_same_meeting() -> None:
    before, now = known(one()), one(time="19:00", location="New hall")

    pairing = paired([before], [now])

    assert pairing.changed == [(before, now)]
    assert (pairing.added, pairing.gone, pairing.unchanged) == ([], [], 0)


def test_a_slug_used_twice_is_two_meetings_that_keep_their_ids() -> None:
    hall, house = one(location="Hall"), one(location="House")
    ids = [known(house), known(hall)]

    pairing = paired(ids, [hall, house, one(location="House", notes="new")])

    assert (pairing.unchanged, len(pairing.added), pairing.gone) == (2, 1, [])
    assert paired(ids, [one(location="House", notes="new")]).changed[0][0] is ids[0]
    assert paired(ids, [hall, hall]).repeated == 1


def test_a_meeting_that_was_gone_comes_back_under_its_id() -> None:
    before = known(one(), gone=True)

    assert paired([before], [one()]).changed == [(before, one())]
    assert paired([before], []).gone == []


def test_pairing_a_hostile_list_stays_quick() -> None:
    listings = [one(time=None, notes=str(number)) for number in range(3000)]
    before = [known(listing, digest=b"x") for listing in listings]

    assert len(paired(before, listings).changed) == 3000


def test_the_codes_have_names_by_the_kind_of_list() -> None:
    assert type_names("AA", ["C", "Y", "NOPE"]) == {"C": ("Closed", "Cerrada"), "Y": ("Young People", "Gente joven")}
    assert type_names("ALANON", ["Y"]) == {"Y": ("Alateen", "Alateen")}


def test_an_evening_goes_on_past_midnight_and_past_the_week() -> None:
    assert ranges_on([5], 1320, 120) == [(5 * 1440 + 1320, 6 * 1440 + 120)]
    assert ranges_on([6], 1320, 120) == [(6 * 1440 + 1320, 10080), (0, 120)]
    assert ranges_on([1], 1080, None) == [(1440 + 1080, 2880)]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-03-04T18:30:00+00:00", [(3 * 1440 + 750, 3 * 1440 + 870)]),  # a Wednesday, 12:30 in Chicago
        ("2026-03-08T05:00:00+00:00", [(0, 60), (6 * 1440 + 1380, 10080)]),  # Saturday 23:00, the week's end
        ("2026-03-08T07:30:00+00:00", [(90, 120), (180, 270)]),  # 01:30; the clock skips 02:00 to 03:00
        ("2026-11-01T05:30:00+00:00", [(30, 120)]),  # 00:30; 01:00 to 02:00 comes twice
    ],
)
def test_the_next_two_hours_by_the_clock_on_the_wall(now: str, expected: list[tuple[int, int]]) -> None:
    assert ranges_from(datetime.fromisoformat(now), ZONE, 120) == expected


def test_words_are_found_without_accents_and_case() -> None:
    assert search_words("Iglesia San José", "10:00") == " iglesia san jose 10 00"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://example.org/x.json", "not-https"),
        ("ftp://example.org/x.json", "not-https"),
        ("https://127.0.0.1/x", "private-address"),
        ("https://[::1]/x", "private-address"),
        ("https://169.254.169.254/latest", "private-address"),
        ("https://user:pw@example.org/", "bad-url"),
        ("https:///x", "bad-url"),
        ("https://example.org:99999/", "bad-url"),
        ("nonsense", "bad-url"),
    ],
)
def test_addresses_that_are_not_fetched(url: str, code: str) -> None:
    with pytest.raises(FeedRefused) as refused:
        require_address(url, allow_private=False)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::ffff:127.0.0.1", False),
        ("fe80::1%eth0", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    "content", [b"", b"{", b"{}", b"3", b"[]", b"[1, 2]", b"[" * 100_000, b'[{"name": ""}]'], ids=range(8)
)
def test_what_is_no_list_is_refused_whole(content: bytes) -> None:
    with pytest.raises(FeedRefused):
        meetings_in(content, ZONE)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + json.dumps([MEETING]).encode(),
        json.dumps([MEETING | {"latitude": float("nan")}]).encode(),
        json.dumps([MEETING | {"notes": "\ud800"}]).encode(),
        json.dumps([MEETING | {"name": "Café"}], ensure_ascii=False).encode("cp1252"),
        json.dumps([MEETING]).encode("utf-16"),
    ],
)
def test_lists_in_odd_encodings_are_read(content: bytes) -> None:
    rows, listings, refusals = meetings_in(content, ZONE)

    assert (rows, len(listings), refusals) == (1, 1, [])


@dataclass
class FeedServer:
    """A web server with one list, which can be told to misbehave."""

    port: int = 0
    status: int = 200
    content: bytes = b"[]"
    etag: str = '"1"'
    location: str = ""
    hangs: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/meetings.json"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines) if name}
        self.asked.append(headers)
        if self.hangs:
            await reader.read()  # until the other side gives up
        else:
            same = headers.get("if-none-match") == self.etag and self.status == 200
            status, content = (304, b"") if same else (self.status, self.content)
            more = f"ETag: {self.etag}\r\nLocation: {self.location}\r\nContent-Length: {len(content)}\r\n"
            writer.write(f"HTTP/1.1 {status} X\r\n{more}Connection: close\r\n\r\n".encode() + content)
        writer.close()


@asynccontextmanager
async def serving(server: FeedServer) -> AsyncGenerator[FeedServer]:
    listening = await asyncio.start_server(server.answer, "127.0.0.1", server.port)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


@pytest_asyncio.fixture
async def feed_server() -> AsyncGenerator[FeedServer]:
    async with serving(FeedServer()) as server:
        yield server


class Directory:
    """The clinic's directory, as its administrator uses it."""

    def __init__(self, clinic: Any) -> None:
        self.clinic = clinic
        self.caller = clinic.administrator

    async def register(self, **terms: object) -> UUID:
        body = {"name": f"list-{uuid4().hex[:12]}", "kind": "AA", "zone": ZONE} | terms
        return await self.caller.created(f"{INTAKE}/meeting-feeds", body)

    async def send(self, feed_id: UUID, content: bytes | list[Any], caller: Any = None, **more: str) -> httpx.Response:
        caller = caller or self.caller
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "application/json"} | more
        path = f"{INTAKE}/meeting-snapshots?feed_id={feed_id}"
        answer: httpx.Response = await caller.http.post(path, content=body, headers=caller.headers(headers))
        return answer

    async def found(self, **search: Any) -> list[dict[str, Any]]:
        """Return every page of a search."""
        items: list[dict[str, Any]] = []
        while True:
            answer = await self.caller.get(f"{INTAKE}/meetings", **search)
            assert answer.status_code == 200, answer.text
            items += answer.json()["items"]
            if answer.json()["next"] is None:
                return items
            search["next"] = answer.json()["next"]

    async def feed(self, feed_id: UUID) -> dict[str, Any]:
        answer = await self.caller.get(f"{INTAKE}/meeting-feeds")
        [found] = [one for one in answer.json()["items"] if one["id"] == str(feed_id)]
        return dict(found)

    async def fetched(self, feed_id: UUID) -> dict[str, Any]:
        """Ask for a list to be fetched now and wait until it was."""
        sql = "select checked_at from intake.meeting_feed where id = :id"
        before = await self.clinic.platform.value(sql, id=feed_id)
        answer = await self.caller.post(f"{INTAKE}/meeting-feeds/{feed_id}/refreshments", {})
        assert answer.status_code == 202, answer.text
        checked = "select checked_at is distinct from :before from intake.meeting_feed where id = :id"
        await self.clinic.platform.eventually(
            checked.replace(":before", "cast(:before as timestamptz)"), True, id=feed_id, before=before
        )
        return await self.feed(feed_id)


@pytest.fixture
def directory(clinic: Any) -> Directory:
    return Directory(clinic)


def real(name: str) -> bytes:
    return (DATA / f"{name}.json").read_bytes()


async def test_both_real_lists_go_in_whole(directory: Directory) -> None:
    san_jose = await directory.register(kind="AA", zone="America/Los_Angeles")
    al_anon = await directory.register(kind="ALANON", zone="America/New_York")

    first = (await directory.send(san_jose, real("aa-san-jose"))).json()
    second = (await directory.send(al_anon, real("al-anon"))).json()

    assert (first["rows"], first["meetings"], first["added"], first["refused"]) == (693, 693, 693, 0)
    assert (second["rows"], second["meetings"], second["added"], second["refused"]) == (360, 360, 360, 0)
    doubles = [one for one in await directory.found(inactive=True, text="pass it on", day=0) if one["time"] == "09:30"]
    assert {one["texts"]["location"] for one in doubles} == {"Garden House", "Los Altos Youth Center"}
    again = (await directory.send(al_anon, real("al-anon"))).json()
    assert (again["added"], again["changed"], again["unchanged"], again["gone"]) == (0, 0, 360, 0)


async def test_of_the_real_lists_only_public_fields_are_kept(directory: Directory) -> None:
    feed_id = await directory.register(kind="AA", zone="America/Los_Angeles")

    await directory.send(feed_id, real("aa-san-jose"))

    keys = (
        "select array_agg(distinct k order by k) from intake.meeting, jsonb_object_keys(listing->'words') k "
        "where feed_id = :id union all "
        "select array_agg(distinct k order by k) from intake.meeting, jsonb_object_keys(listing->'links') k "
        "where feed_id = :id"
    )
    rows = await directory.clinic.platform.fetch(keys, id=feed_id)
    assert [row["array_agg"] for row in rows] == [
        [
            *("conference_phone_notes", "conference_url_notes", "formatted_address", "group", "group_notes"),
            *("location", "location_notes", "notes"),
        ],
        ["conference_phone", "conference_url", "website"],
    ]


async def test_a_list_goes_in_row_by_row_and_again_only_what_changed(directory: Directory) -> None:
    feed_id = await directory.register()
    rows: list[Any] = [MEETING, MEETING | {"slug": "b", "time": "25:00"}, 7, MEETING | {"slug": "c"}, {"slug": "d"}]

    first = (await directory.send(feed_id, rows)).json()
    [before] = [one for one in await directory.found(text="serenity") if one["slug"] == "sunday-serenity"]
    second = (await directory.send(feed_id, [MEETING | {"time": "19:00"}, MEETING | {"slug": "e"}])).json()
    third = (await directory.send(feed_id, [MEETING | {"time": "19:00"}, MEETING | {"slug": "c"}])).json()

    assert (first["added"], first["refused"]) == (2, 3)
    assert [(one["row"], one["slug"], one["code"]) for one in first["refusals"]] == [
        (1, "b", "bad-time"),
        (2, None, "not-an-object"),
        (4, "d", "no-name"),
    ]
    assert (second["added"], second["changed"], second["unchanged"], second["gone"]) == (1, 1, 0, 1)
    assert (third["added"], third["changed"], third["unchanged"], third["gone"]) == (0, 1, 1, 1)
    moved = await directory.caller.get(f"{INTAKE}/meetings/{before['id']}")
    assert (moved.json()["time"], moved.json()["gone_at"]) == ("19:00", None)


async def test_a_meeting_that_is_gone_is_still_there_for_an_invitation(directory: Directory) -> None:
    feed_id = await directory.register()
    word = f"gone{uuid4().hex[:8]}"
    await directory.send(feed_id, [MEETING | {"slug": "x", "name": word}, MEETING])
    [before] = await directory.found(text=word)

    await directory.send(feed_id, [MEETING])

    assert await directory.found(text=word) == []
    answer = await directory.caller.get(f"{INTAKE}/meetings/{before['id']}")
    assert answer.json()["gone_at"] is not None


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 422, "not-json"),
        (b'{"meetings": []}', 422, "not-a-list"),
        (b"[]", 422, "no-meeting"),
        (b'[{"slug": "x"}]', 422, "no-meeting"),
        (b"[" * 200_000, 422, "not-json"),
        (b"[" + b"1," * 20_000 + b"1]", 422, "too-many-rows"),
        (b"x" * 16_777_217, 413, "body-too-large"),
    ],
    ids=["broken", "object", "empty", "no-name", "deep", "long", "large"],
)
async def test_a_broken_list_leaves_the_last_good_one(
    directory: Directory, content: bytes, status: int, code: str
) -> None:
    feed_id = await directory.register()
    word = f"kept{uuid4().hex[:8]}"
    await directory.send(feed_id, [MEETING | {"name": word}])
    refused = await directory.clinic.refusals()

    answer = await directory.send(feed_id, content)

    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}")
    assert len(await directory.found(text=word)) == 1
    assert await directory.clinic.refusals() == refused + 1


async def test_a_repeat_of_a_list_answers_alike(directory: Directory) -> None:
    feed_id, key = await directory.register(), {"Idempotency-Key": str(uuid4())}

    first = await directory.send(feed_id, [MEETING], **key)
    again = await directory.send(feed_id, [MEETING], **key)
    other = await directory.send(feed_id, [MEETING | {"day": 1}], **key)

    assert (first.status_code, again.content) == (201, first.content)
    assert other.json()["type"] == "/problems/idempotency-key-reused"


async def test_who_may_not_feed_and_who_sees_nothing(directory: Directory, stranger: Any) -> None:
    feed_id = await directory.register()
    await directory.send(feed_id, [MEETING | {"name": "Ours alone"}])
    [ours] = await directory.found(text="ours alone")

    by_peer = await directory.send(feed_id, [MEETING], caller=directory.clinic.peer)
    by_stranger = await directory.send(feed_id, [MEETING], caller=stranger)

    assert (by_peer.status_code, by_stranger.status_code) == (403, 404)
    assert (await stranger.get(f"{INTAKE}/meetings/{ours['id']}")).status_code == 404
    assert (await stranger.get(f"{INTAKE}/meetings", text="ours alone")).json()["items"] == []
    assert (await stranger.get(f"{INTAKE}/meeting-feeds/{feed_id}")).status_code == 404
    refresh = await stranger.post(f"{INTAKE}/meeting-feeds/{feed_id}/refreshments", {})
    assert refresh.status_code == 404
    assert (await directory.clinic.peer.get(f"{INTAKE}/meetings", text="ours alone")).json()["items"][0] == ours


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"name": "x y"}, 422, "invalid-request"),
        ({"kind": "XX"}, 422, "invalid-request"),
        ({"zone": "Chicago"}, 422, "invalid-request"),
        ({"url": "gopher://example.org/"}, 422, "not-https"),
        ({"url": "https://user:pw@example.org/"}, 422, "bad-url"),
        ({"more": 1}, 422, "invalid-request"),
    ],
)
async def test_a_list_that_cannot_be_registered(
    directory: Directory, body: dict[str, object], status: int, kind: str
) -> None:
    whole = {"name": "bad-one", "kind": "AA", "zone": ZONE} | body

    answer = await directory.caller.post(f"{INTAKE}/meeting-feeds", whole)

    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")


async def test_a_name_is_taken_once_and_a_list_can_be_pointed_elsewhere(directory: Directory) -> None:
    name = f"list-{uuid4().hex[:12]}"
    feed_id = await directory.register(name=name)

    again = await directory.caller.post(f"{INTAKE}/meeting-feeds", {"name": name, "kind": "AA", "zone": ZONE})
    terms = {"kind": "NA", "zone": "America/Denver"}
    changed = await directory.caller.put(f"{INTAKE}/meeting-feeds/{feed_id}", terms, 1)
    stale = await directory.caller.put(f"{INTAKE}/meeting-feeds/{feed_id}", terms, 1)

    assert again.json()["type"] == "/problems/feed-known"
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert stale.status_code == 412
    assert (await directory.feed(feed_id))["kind"] == "NA"
    refresh = await directory.caller.post(f"{INTAKE}/meeting-feeds/{feed_id}/refreshments", {})
    assert refresh.json()["type"] == "/problems/feed-without-url"


async def test_a_list_is_fetched_and_asked_for_only_if_changed(directory: Directory, feed_server: FeedServer) -> None:
    word = f"fetched{uuid4().hex[:8]}"
    feed_server.content = json.dumps([MEETING | {"name": word}]).encode()
    feed_id = await directory.register(url=feed_server.url)
    good = "select last_good_at is not null from intake.meeting_feed where id = :id"
    await directory.clinic.platform.eventually(good, True, id=feed_id)
    due = "update intake.meeting_feed set due_at = now(), checked_at = null where id = :id returning etag"
    async with directory.clinic.platform.admin.begin() as connection:
        etag = await connection.scalar(text(due), {"id": feed_id})
    checked = "select checked_at is not null from intake.meeting_feed where id = :id"
    await directory.clinic.platform.eventually(checked, True, id=feed_id)

    assert len(await directory.found(text=word)) == 1
    assert (etag, feed_server.asked[-1]["if-none-match"]) == ('"1"', '"1"')
    feed = await directory.feed(feed_id)
    assert (feed["last_problem"], feed["meetings"]) == (None, 1)
    hours = (datetime.fromisoformat(feed["due_at"]) - datetime.now(UTC)).total_seconds() / 3600
    assert 5.9 < hours <= 6


async def test_a_list_that_vanishes_keeps_the_last_good_one_and_says_its_age(
    directory: Directory, feed_server: FeedServer
) -> None:
    word = f"vanishing{uuid4().hex[:8]}"
    feed_server.content = json.dumps([MEETING | {"name": word}]).encode()
    feed_id = await directory.register(url=feed_server.url)
    good = "select last_good_at is not null from intake.meeting_feed where id = :id"
    await directory.clinic.platform.eventually(good, True, id=feed_id)
    seen = []

    feed_server.etag = '"2"'
    for trouble in (
        {"status": 404},
        {"status": 200, "content": b"<html>"},
        {"content": b"[]"},
        {"status": 302, "location": "http://other.example/x"},
        {"location": "/meetings.json"},
        {"hangs": True},
    ):
        for name, value in trouble.items():
            setattr(feed_server, name, value)
        seen.append((await directory.fetched(feed_id))["last_problem"])

    assert seen == ["answered-404", "not-json", "no-meeting", "moved-elsewhere", "moved-too-often", "timed-out"]
    feed = await directory.feed(feed_id)
    assert feed["meetings"] == 1
    assert feed["age_seconds"] >= 0
    assert feed["last_good_at"] < feed["last_problem_at"]
    assert len(await directory.found(text=word)) == 1


async def test_a_list_whose_server_is_gone_is_named_unreachable_and_comes_back(directory: Directory) -> None:
    async with serving(FeedServer(content=json.dumps([MEETING]).encode())) as server:
        feed_id = await directory.register(url=server.url)
        good = "select last_good_at is not null from intake.meeting_feed where id = :id"
        await directory.clinic.platform.eventually(good, True, id=feed_id)

    away = await directory.fetched(feed_id)
    async with serving(server):
        back = await directory.fetched(feed_id)

    assert (away["last_problem"], back["last_problem"]) == ("unreachable", None)


@pytest_asyncio.fixture(scope="session")
async def town(clinic: Any) -> str:
    """Return the word that all meetings of one made-up town have in their names."""
    directory, word = Directory(clinic), f"town{uuid4().hex[:8]}"
    feed_id = await directory.register(kind="NA")
    place = {"formatted_address": "1 Main St, Chicago, IL 60601, USA", "latitude": 41.88, "longitude": -87.63}
    away = {"formatted_address": "1 Elm St, Milwaukee, WI 53202, USA", "latitude": 43.04, "longitude": -87.91}
    date_line = {"latitude": 0.5, "longitude": 179.99}
    rows = [
        {"name": f"{word} dawn", "slug": "dawn", "day": 1, "time": "06:00", "types": ["O", "X"], **place},
        {"name": f"{word} noon", "slug": "noon", "day": [1, 3], "time": "noon", "types": ["C"], **away},
        {"name": f"{word} night", "slug": "night", "day": 6, "time": "23:30", "conference_url": "https://zoom.us/j/1"},
        {"name": f"{word} late", "slug": "late", "day": 0, "time": "00:30", **date_line},
        {"name": f"{word} asked", "slug": "asked", "types": None, "location": "Iglesia José"},
        {"name": f"{word} closed", "slug": "closed", "day": 2, "time": "10:00", "types": "TC"},
    ]
    answer = await directory.send(feed_id, rows)
    assert answer.json()["meetings"] == 7, answer.text
    return word


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ({}, ["late 0", "dawn 1", "noon 1", "noon 3", "night 6", "asked None"]),
        ({"inactive": True}, ["late 0", "dawn 1", "noon 1", "closed 2", "noon 3", "night 6", "asked None"]),
        ({"day": 1}, ["dawn 1", "noon 1"]),
        ({"day": "1,6"}, ["dawn 1", "noon 1", "night 6"]),
        ({"after": "11:00", "before": "13:00"}, ["noon 1", "noon 3"]),
        ({"after": "22:00", "before": "02:00"}, ["late 0", "night 6"]),
        ({"day": 6, "after": "22:00", "before": "02:00"}, ["late 0", "night 6"]),
        ({"type": "X"}, ["dawn 1"]),
        ({"type": ["X", "C"]}, []),
        ({"open": True}, ["dawn 1"]),
        ({"open": False}, ["noon 1", "noon 3"]),
        ({"online": True}, ["night 6"]),
        ({"online": False}, ["late 0", "dawn 1", "noon 1", "noon 3", "asked None"]),
        ({"kind": "NA", "day": 3}, ["noon 3"]),
        ({"kind": "AA"}, []),
        ({"near": "41.9,-87.6"}, ["dawn 1"]),
        ({"near": "41.9,-87.6", "within_km": 200}, ["dawn 1", "noon 1", "noon 3"]),
        ({"near": "0.5,-179.99", "within_km": 5}, ["late 0"]),
        ({"near": "90,0", "within_km": 5}, []),
        ({"limit": 2}, ["late 0", "dawn 1", "noon 1", "noon 3", "night 6", "asked None"]),
        ({"near": "41.9,-87.6", "within_km": 200, "limit": 1}, ["dawn 1", "noon 1", "noon 3"]),
    ],
)
async def test_a_search(directory: Directory, town: str, search: dict[str, Any], found: list[str]) -> None:
    items = await directory.found(**{"text": town} | search)

    assert [f"{one['name'].split()[1]} {one['day']}" for one in items] == found


async def test_words_are_found_by_how_they_begin(directory: Directory, town: str) -> None:
    assert len(await directory.found(text=f"{town} JOSE igl")) == 1
    assert await directory.found(text=f"{town} ose") == []
    assert await directory.found(text=f"{town} %") == await directory.found(text=town)


async def test_a_distance_is_shown(directory: Directory, town: str) -> None:
    [dawn, *_] = await directory.found(text=town, near="41.9,-87.63")

    assert dawn["distance_km"] == 2.22  # 0.02 degrees of latitude


async def test_types_are_named_in_english_and_spanish(directory: Directory, town: str) -> None:
    [dawn] = await directory.found(text=town, type="X")

    assert dawn["types"][1] == {"code": "X", "en": "Wheelchair Access", "es": "Acceso en silla de ruedas"}


async def test_what_starts_within_two_hours_in_each_meetings_own_zone(directory: Directory) -> None:
    word, feed_id = f"now{uuid4().hex[:8]}", await directory.register(zone="Pacific/Auckland")
    rows = []
    now = datetime.now(UTC)
    for zone in ("Pacific/Auckland", "America/Chicago", "Asia/Kolkata"):
        for minutes in (-30, 30, 90, 150):
            local = datetime.fromtimestamp(now.timestamp() + minutes * 60, ZoneInfo(zone))
            clock = {"day": local.isoweekday() % 7, "time": f"{local:%H:%M}", "timezone": zone}
            rows.append({"name": f"{word} {minutes}", "slug": f"{zone} {minutes}", **clock})
    await directory.send(feed_id, rows)

    soon = await directory.found(text=word, now=True, limit=2)

    assert [one["name"].split()[1] for one in soon] == ["30"] * 3 + ["90"] * 3


@pytest.mark.parametrize(
    ("search", "kind"),
    [
        ({"day": "7"}, "bad-day"),
        ({"after": "25:00"}, "bad-time"),
        ({"near": "here"}, "bad-place"),
        ({"near": "91,0"}, "bad-place"),
        ({"within_km": 501}, "invalid-request"),
        ({"within_km": "nan"}, "invalid-request"),
        ({"kind": "XX"}, "invalid-request"),
        ({"limit": 101}, "invalid-request"),
        ({"next": "nonsense"}, "bad-cursor"),
        ({"next": "WyJub3BlIiwiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwIl0"}, "bad-cursor"),
        ({"text": "x" * 101}, "invalid-request"),
    ],
)
async def test_a_search_that_makes_no_sense(directory: Directory, search: dict[str, Any], kind: str) -> None:
    answer = await directory.caller.get(f"{INTAKE}/meetings", **search)

    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{kind}")


async def test_a_list_that_lost_most_of_its_meetings_is_not_believed(directory: Directory) -> None:
    feed_id = await directory.register()
    many = [MEETING | {"slug": f"meeting-{number}", "day": number % 7} for number in range(30)]
    assert (await directory.send(feed_id, many)).json()["added"] == 30

    refused = await directory.send(feed_id, many[:14])
    listed = (await directory.clinic.administrator.get(f"{INTAKE}/meeting-feeds/{feed_id}")).json()
    path = f"{INTAKE}/meeting-snapshots?feed_id={feed_id}&may_shrink=true"
    believed = await directory.clinic.administrator.post(path, many[:14])

    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/list-collapsed")
    assert listed["meetings"] == 30
    assert (believed.status_code, believed.json()["gone"]) == (201, 16)
    assert (await directory.send(feed_id, many[:7])).status_code == 201  # of so few any number may end


async def test_a_type_that_nobody_could_write_is_no_type(directory: Directory) -> None:
    answer = await directory.clinic.peer.get(f"{INTAKE}/meetings", type="A\x00B")

    assert answer.status_code == 200
