"""Lists of meetings as bytes, and which addresses they may be fetched from."""

import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson

from intake.rules.meetings import SENTENCES, Listing, RowRefused, meetings_of

MOST_ROWS = 20_000
FEW = 20  # meetings; of so few any number may end at once
MOST_MEETINGS = 40_000  # a row may name up to seven days


class FeedRefused(ValueError):
    """A list that cannot be taken in at all; `sentence` says what to do, without a value from it."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that is no meeting."""

    row: int
    slug: str | None
    code: str
    detail: str


def has_collapsed(listed: int, going: int) -> bool:
    """Tell whether so many of the listed meetings would go at once that the list is more likely broken."""
    return listed > FEW and going * 2 > listed


def meetings_in(content: bytes, zone: str) -> tuple[int, Sequence[Listing], Sequence[Refusal]]:
    """Return the number of rows of a list, its meetings, and the rows that are none.

    Raises `FeedRefused` for what is not a list of objects, or has not one meeting in it.
    """
    rows = _rows(content)
    listings: list[Listing] = []
    refusals: list[Refusal] = []
    for place, row in enumerate(rows):
        try:
            listings += meetings_of(row, zone)
        except RowRefused as refused:
            problem = refused.problem
            refusals.append(Refusal(place, refused.slug, problem, f"Row {place} {SENTENCES[problem]}."))
    if not listings:
        raise FeedRefused("no-meeting", "Not one row of the list is a meeting, so the last good list stays.")
    if len(listings) > MOST_MEETINGS:
        raise FeedRefused("too-many-meetings", f"Send at most {MOST_MEETINGS:,} meetings at once; split the list.")
    return len(rows), listings, refusals


def _rows(content: bytes) -> Sequence[object]:
    rows = _decoded(content)
    if not isinstance(rows, list):
        raise FeedRefused("not-a-list", "A list of meetings is one JSON array of objects. The last good list stays.")
    if len(rows) > MOST_ROWS:
        raise FeedRefused("too-many-rows", f"Send at most {MOST_ROWS:,} rows at once; split the list.")
    return rows


def _decoded(content: bytes) -> object:
    """Read JSON as lists hold it: with a byte-order mark, NaN, halves of characters or Windows letters too."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(_text(content))
    except (ValueError, RecursionError):
        raise FeedRefused("not-json", "The list is not JSON. The last good list stays.") from None


def _text(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


@dataclass(frozen=True, slots=True)
class FetchTerms:
    """How lists may be fetched here. `allow_private`: over http and from private addresses too."""

    allow_private: bool
    seconds: float
    most_bytes: int


@dataclass(frozen=True, slots=True)
class Address:
    """An address to fetch from, in the parts that a request needs."""

    scheme: str
    host: str
    port: int


def require_address(url: str, *, allow_private: bool) -> Address:
    """Return the parts of a URL that may be fetched. Raises `FeedRefused`.

    `allow_private`: allows http and private addresses, for a list that is served beside this platform.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise FeedRefused("bad-url", "Give a URL such as https://example.org/meetings.json.") from None
    if not host or parts.username is not None or parts.password is not None or not url.isascii():
        raise FeedRefused("bad-url", "Give a URL such as https://example.org/meetings.json.")
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise FeedRefused("not-https", "Lists are fetched over https only.")
    literal = _literal(host)
    if literal is not None and not allow_private and not is_public(literal):
        raise FeedRefused("private-address", "This address is not on the public internet.")
    return Address(parts.scheme, host, port or (443 if parts.scheme == "https" else 80))


def _literal(host: str) -> str | None:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def is_public(address: str) -> bool:
    """Tell whether an IP address is on the public internet, and no disguise of one that is not."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return is_public(str(inner)) and ip.ipv4_mapped is not None
        if ip in ipaddress.ip_network("64:ff9b::/96") or ip in ipaddress.ip_network("64:ff9b:1::/48"):
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved
