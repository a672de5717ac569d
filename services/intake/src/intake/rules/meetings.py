"""What a row of a Meeting Guide list says: clean meetings or a named refusal, and which known meeting each one is.

What listings hold beside the meeting (the contact persons' names, telephone numbers and addresses, and where to send
money) is not read at all: only the fields that are named here are.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from functools import cache
from uuid import UUID
from zoneinfo import available_timezones

from intake.rules.meeting_text import plain_line, plain_text, point, public_phone, search_words, web_address
from intake.rules.meeting_times import DAY, NotATime, days_of, minute_of
from intake.rules.meeting_types import TYPES

INFERRED_MINUTES = 60
SPECIFIC_PARTS = 4  # street, town, state, country: an address of fewer parts is somewhere in a town
MOST_TYPES = 60
FALSE = frozenset({"", "no", "false", "0", "n"})
CODES = {name.casefold(): code for code, names in TYPES.items() for name in reversed(names)}
Row = Mapping[str, object]


class Attendance(StrEnum):
    IN_PERSON = "in_person"
    ONLINE = "online"
    HYBRID = "hybrid"
    INACTIVE = "inactive"  # closed for now: neither at its place nor online


SPELLINGS: Mapping[str, Attendance] = {
    **{option.value: option for option in Attendance},
    **dict.fromkeys(("inperson", "person", "physical", "presencial"), Attendance.IN_PERSON),
    **dict.fromkeys(("virtual", "online_only", "remote", "en_linea", "telephone"), Attendance.ONLINE),
    **dict.fromkeys(("both", "in_person_and_online", "hibrida", "hibrido", "mixed"), Attendance.HYBRID),
    **dict.fromkeys(("closed", "temporarily_closed", "suspended"), Attendance.INACTIVE),
}


class RowProblem(StrEnum):
    NOT_AN_OBJECT = "not-an-object"
    NO_NAME = "no-name"
    BAD_DAY = "bad-day"
    BAD_TIME = "bad-time"


SENTENCES: Mapping[RowProblem, str] = {
    RowProblem.NOT_AN_OBJECT: "must be an object with the meeting's fields",
    RowProblem.NO_NAME: "needs a name",
    RowProblem.BAD_DAY: "has a day outside 0 (Sunday) to 6 (Saturday)",
    RowProblem.BAD_TIME: "has a time that is not on the clock, such as 20:30",
}


class RowRefused(ValueError):
    """A row that is no meeting; `slug` only where it is one that can be shown."""

    def __init__(self, problem: RowProblem, slug: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.slug = slug


@dataclass(frozen=True, slots=True)
class Listing:
    """One meeting a week (or by appointment), clean. `minute`, `end_minute`: after midnight, in `zone`."""

    slug: str
    name: str
    day: int | None
    minute: int | None
    end_minute: int | None
    end_time_inferred: bool
    zone: str
    types: list[str]
    attendance: Attendance
    approximate: bool
    location_closed: bool
    latitude: float | None
    longitude: float | None
    words: dict[str, str] = field(default_factory=dict)
    regions: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)

    def digest(self) -> bytes:
        """Return what changes if anything changes."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).digest()

    def search(self) -> str:
        return search_words(self.name, *self.words.values(), *self.regions)[:4000]


LINES = {"location": 255, "group": 255, "formatted_address": 500}
TEXTS = {
    "notes": 4000,
    "location_notes": 2000,
    "group_notes": 2000,
    "conference_url_notes": 1000,
    "conference_phone_notes": 1000,
}
LINKS = ("conference_url", "url", "website", "location_url")


def meetings_of(raw: object, zone: str) -> list[Listing]:
    """Return the meetings of a row, one for each day that it names. Raises `RowRefused`."""
    if not isinstance(raw, dict):
        raise RowRefused(RowProblem.NOT_AN_OBJECT)
    row = {str(key)[:100].strip().lower().replace(" ", "_"): value for key, value in raw.items()}
    name = plain_line(row.get("name"), 255)
    slug = plain_line(row.get("slug"), 200) or plain_line(row.get("id"), 200)
    if not name:
        raise RowRefused(RowProblem.NO_NAME, shown_slug(slug))
    days, minute = _when(row, slug)
    listing = _listing(row, slug or _slug_of(name), minute, zone)
    return [replace(listing, day=day) for day in days] or [listing]


def _when(row: Row, slug: str) -> tuple[tuple[int, ...], int | None]:
    try:
        days = days_of(row.get("day"))
    except NotATime:
        raise RowRefused(RowProblem.BAD_DAY, shown_slug(slug)) from None
    try:
        return days, minute_of(row.get("time"))
    except NotATime:
        raise RowRefused(RowProblem.BAD_TIME, shown_slug(slug)) from None


def shown_slug(slug: str) -> str | None:
    return slug if re.fullmatch(r"[\w.-]{1,200}", slug) else None


def _slug_of(name: str) -> str:
    return search_words(name).strip().replace(" ", "-")[:200] or "meeting"


def _listing(row: Row, slug: str, minute: int | None, zone: str) -> Listing:
    """Return the meeting without its day."""
    end_minute, inferred = _end(row.get("end_time"), minute)
    types, links = _types(row.get("types")), _links(row)
    words = {key: text for key, most in LINES.items() if (text := plain_line(row.get(key), most))}
    words |= {key: text for key, most in TEXTS.items() if (text := plain_text(row.get(key), most))}
    if "formatted_address" not in words and (address := _address(row)):
        words["formatted_address"] = address
    approximate = _is_approximate(row, words.get("formatted_address", ""))
    closed = "TC" in types or _is_true(row.get("location_closed"))
    north, east = point(row.get("latitude"), row.get("longitude")) or (None, None)
    return Listing(
        slug=slug,
        name=plain_line(row.get("name"), 255),
        day=None,
        minute=minute,
        end_minute=end_minute,
        end_time_inferred=inferred,
        zone=_zone(row.get("timezone"), zone),
        types=types,
        attendance=_attendance(
            row,
            types,
            online="conference_url" in links or "conference_phone" in links,
            closed=closed,
            somewhere=not approximate,
        ),
        approximate=approximate,
        location_closed=closed,
        latitude=north,
        longitude=east,
        words=words,
        regions=_regions(row),
        links=links,
    )


def _end(value: object, minute: int | None) -> tuple[int | None, bool]:
    """Return when a meeting ends: as stated, or an hour after its start and marked so."""
    if minute is None:
        return None, False
    try:
        stated = minute_of(value)
    except NotATime:
        stated = None
    if stated is not None and stated != minute:
        return stated, False
    return (minute + INFERRED_MINUTES) % DAY, True


def _types(value: object) -> list[str]:
    """Return the type codes in the order listed; a name of the specification becomes its code."""
    listed = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    codes = (plain_line(one, 80) for one in listed[:MOST_TYPES] if isinstance(one, str | int))
    return list(dict.fromkeys(CODES.get(code.casefold(), code) for code in codes if code))


def _links(row: Row) -> dict[str, str]:
    links = {key: address for key in LINKS if (address := web_address(row.get(key)))}
    if phone := public_phone(row.get("conference_phone")):
        links["conference_phone"] = phone
    return links


def _address(row: Row) -> str:
    """Return the address of a list that gives it in parts."""
    state = " ".join(filter(None, (plain_line(row.get("state"), 50), plain_line(row.get("postal_code"), 20))))
    parts = (plain_line(row.get("address"), 255), plain_line(row.get("city"), 100), state)
    return ", ".join(filter(None, (*parts, plain_line(row.get("country"), 60))))


def _is_approximate(row: Row, address: str) -> bool:
    """Tell whether the address is only a town: as the list says, else by how many parts it has."""
    said = plain_line(row.get("approximate"), 10).lower()
    if said:
        return said not in FALSE
    if plain_line(row.get("address"), 255):
        return False
    return len(address.split(",")) < SPECIFIC_PARTS and not any(letter.isdigit() for letter in address)


def _is_true(value: object) -> bool:
    return value is True or plain_line(value, 10).lower() not in FALSE


def _attendance(row: Row, types: Sequence[str], *, online: bool, closed: bool, somewhere: bool) -> Attendance:
    """Return how one takes part: as the list says, in whichever spelling, else by its types, links and address."""
    said = search_words(plain_line(row.get("attendance_option"), 30)).strip().replace(" ", "_")
    if said in SPELLINGS:
        return SPELLINGS[said]
    online = online or "ONL" in types
    if closed:
        return Attendance.ONLINE if online else Attendance.INACTIVE
    if online:
        return Attendance.HYBRID if somewhere else Attendance.ONLINE
    return Attendance.IN_PERSON


def _regions(row: Row) -> list[str]:
    listed = row.get("regions")
    if isinstance(listed, str):
        listed = listed.split(">")
    if not isinstance(listed, list) or not listed:
        listed = [row.get("region"), row.get("sub_region")]
    return [text for one in listed[:10] if (text := plain_line(one, 120))]


def _zone(value: object, zone: str) -> str:
    named = plain_line(value, 60)
    return named if named in _zones() else zone


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@dataclass(frozen=True, slots=True)
class Known:
    """A meeting that was listed before."""

    id: UUID
    slug: str
    digest: bytes
    day: int | None
    minute: int | None
    location: str
    gone: bool


@dataclass(slots=True)
class Pairing:
    """What a new list changes; `repeated` counts meetings that it holds twice, alike in everything."""

    added: list[Listing] = field(default_factory=list)
    changed: list[tuple[Known, Listing]] = field(default_factory=list)
    unchanged: int = 0
    gone: list[Known] = field(default_factory=list)
    repeated: int = 0


def paired(known: Iterable[Known], listed: Iterable[Listing]) -> Pairing:
    """Find each listed meeting among those known by its slug; one that was gone comes back under its id.

    Lists use a slug twice, for another day, hour or place: then the most alike are the same, each only once.
    """
    before: dict[str, list[Known]] = defaultdict(list)
    for one in known:
        before[one.slug].append(one)
    now: dict[str, dict[bytes, Listing]] = defaultdict(dict)
    result = Pairing()
    for listing in listed:
        group, digest = now[listing.slug], listing.digest()
        result.repeated += digest in group
        group[digest] = listing
    for slug, group in now.items():
        _pair_group(result, before.pop(slug, []), group)
    result.gone += [one for rest in before.values() for one in rest if not one.gone]
    return result


def _pair_group(result: Pairing, before: list[Known], now: dict[bytes, Listing]) -> None:
    _keep_unchanged(result, before, now)
    alike = LIKENESSES if len(before) * len(now) <= MOST_COMPARED else LIKENESSES[-1:]
    for likeness in alike:
        for digest, listing in list(now.items()):
            match = next((one for one in before if likeness(one, listing)), None)
            if match is not None:
                before.remove(match)
                result.changed.append((match, now.pop(digest)))
    result.added += now.values()
    result.gone += [one for one in before if not one.gone]


def _keep_unchanged(result: Pairing, before: list[Known], now: dict[bytes, Listing]) -> None:
    """Take out of both sides what is listed exactly as it was."""
    rest = []
    for known in before:
        same = now.pop(known.digest, None)
        if same is None:
            rest.append(known)
        elif known.gone:
            result.changed.append((known, same))
        else:
            result.unchanged += 1
    before[:] = rest


Likeness = Callable[[Known, Listing], bool]
# From the most alike to the same slug alone: a group that moved to another hour is still the same meeting.
LIKENESSES: tuple[Likeness, ...] = (
    lambda known, listing: (known.day, known.minute, known.location) == (listing.day, listing.minute, _place(listing)),
    lambda known, listing: (known.day, known.minute) == (listing.day, listing.minute),
    lambda known, listing: (known.day, known.location) == (listing.day, _place(listing)),
    lambda known, listing: known.day == listing.day,
    lambda known, listing: (known.minute, known.location) == (listing.minute, _place(listing)),
    lambda *_: True,
)
MOST_COMPARED = 10_000


def _place(listing: Listing) -> str:
    return listing.words.get("location", "")
