"""Fetching lists of meetings from where they are published: every six hours, or when somebody asks.

The network is only used between transactions. A server that is away, slow, or answers anything but a list changes
nothing but what is said about it.
"""

import asyncio
import socket
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urljoin, urlsplit
from uuid import UUID

import httpx
import structlog
from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from common.database import Db, Scope, transaction
from common.identity import NOBODY
from common.runtime import Runtime
from common.worker import Chore
from intake.commands.meetings import lock_feed, note_problem, read_list, take_snapshot
from intake.models import MeetingFeed
from intake.rules.meeting_feeds import FeedRefused, FetchTerms, is_public, require_address

log = structlog.get_logger()

EVERY = timedelta(hours=6)
AFTER_PROBLEM = timedelta(hours=1)
CLAIM = timedelta(minutes=10)  # for a worker that dies while fetching
LOOK_SECONDS = 1.0
MOST_HOPS = 3
MOVED = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list that is due, and what its server said of it the last time."""

    agency_id: UUID
    feed_id: UUID
    url: str
    zone: str
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server answered; no content means unchanged."""

    content: bytes | None
    etag: str | None = None
    last_modified: str | None = None


def meeting_feeds_due(terms: FetchTerms) -> Chore:
    """Return the chore that fetches what lists are due, the longest due first; for ever."""

    async def meeting_feeds(runtime: Runtime) -> None:
        while True:
            if not await fetch_one(runtime, terms):
                await asyncio.sleep(LOOK_SECONDS)

    return meeting_feeds


async def fetch_one(runtime: Runtime, terms: FetchTerms) -> bool:
    """Fetch the list that has been due longest; tell whether there was one."""
    async with transaction(runtime.engine, runtime.tables, Scope(NOBODY, None, uuid7())) as db:
        wanted = await _claim(db)
    if wanted is None:
        return False
    scope = Scope(wanted.agency_id, None, uuid7())
    try:
        await _take(runtime, scope, wanted, await _fetched(wanted, terms))
    except FeedRefused as refused:
        log.info("meeting_feed_refused", feed_id=str(wanted.feed_id), code=refused.code)
        async with transaction(runtime.engine, runtime.tables, scope) as db:
            await note_problem(db, wanted.feed_id, refused.code)
            await _put_off(db, wanted, AFTER_PROBLEM)
    return True


async def _take(runtime: Runtime, scope: Scope, wanted: Wanted, fetched: Fetched) -> None:
    """Make what was fetched the list. Raises `FeedRefused`; then nothing of it was written."""
    read = None if fetched.content is None else await read_list(fetched.content, wanted.zone)
    async with transaction(runtime.engine, runtime.tables, scope) as db:
        if read is not None:
            await take_snapshot(db, wanted.feed_id, read)
        await _note_good(db, wanted, fetched)


async def _claim(db: Db) -> Wanted | None:
    feed = await db.scalar(
        select(MeetingFeed)
        .where(MeetingFeed.due_at <= func.now())
        .order_by(MeetingFeed.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if feed is None or feed.url is None:
        return None
    feed.due_at = db.now + CLAIM
    return Wanted(feed.agency_id, feed.id, feed.url, feed.zone, feed.etag, feed.last_modified)


async def _put_off(db: Db, wanted: Wanted, by: timedelta) -> None:
    """Set when to fetch next, unless the list was pointed elsewhere or asked for meanwhile."""
    feed = await lock_feed(db, wanted.feed_id)
    if feed.url == wanted.url and feed.due_at is not None and feed.due_at > db.now:
        feed.due_at = db.now + by


async def _note_good(db: Db, wanted: Wanted, fetched: Fetched) -> None:
    feed = await lock_feed(db, wanted.feed_id)
    feed.last_good_at = feed.checked_at = db.now
    feed.last_problem = feed.last_problem_at = None
    if fetched.content is not None:
        feed.etag, feed.last_modified = fetched.etag, fetched.last_modified
    await _put_off(db, wanted, EVERY)


async def _fetched(wanted: Wanted, terms: FetchTerms) -> Fetched:
    """Ask the server, following it a few times on the same host. Raises `FeedRefused` with what went wrong."""
    try:
        async with asyncio.timeout(terms.seconds):
            return await _asked(wanted, terms)
    except (TimeoutError, httpx.TimeoutException):
        raise FeedRefused("timed-out", "The server took too long.") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        if isinstance(error, FeedRefused):
            raise
        raise FeedRefused("unreachable", "The server cannot be reached.") from None


async def _asked(wanted: Wanted, terms: FetchTerms) -> Fetched:
    url = wanted.url
    async with httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=10.0) as client:
        for _ in range(MOST_HOPS + 1):
            request = await _request(client, wanted, url, terms)
            async with aclosing(await client.send(request, stream=True)) as response:
                if response.status_code not in MOVED:
                    return await _answer(response, terms.most_bytes)
                url = _next_hop(url, response.headers.get("location", ""))
    raise FeedRefused("moved-too-often", "The server sends us on and on.")


async def _request(client: httpx.AsyncClient, wanted: Wanted, url: str, terms: FetchTerms) -> httpx.Request:
    """Return the request to an address that was looked at: the name is not resolved a second time."""
    allow_private = terms.allow_private
    address = require_address(url, allow_private=allow_private)
    ip = await _resolved(address.host, address.port, allow_private=allow_private)
    headers = {"Host": httpx.URL(url).netloc.decode(), "Accept": "application/json", "User-Agent": "Handrail"}
    if wanted.etag:
        headers["If-None-Match"] = wanted.etag
    if wanted.last_modified:
        headers["If-Modified-Since"] = wanted.last_modified
    pinned = httpx.URL(url).copy_with(host=ip)
    return client.build_request("GET", pinned, headers=headers, extensions={"sni_hostname": address.host})


async def _resolved(host: str, port: int, *, allow_private: bool) -> str:
    """Return one of a host's addresses. Raises `FeedRefused` if any of them is not on the public internet."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not (allow_private or all(is_public(address) for address in addresses)):
        raise FeedRefused("private-address", "The name leads to an address that is not on the public internet.")
    return addresses[0]


def _next_hop(url: str, location: str) -> str:
    there = urljoin(url, location)
    if urlsplit(there).hostname != urlsplit(url).hostname:
        raise FeedRefused("moved-elsewhere", "The server sends us to another host. Register the new URL.")
    return there


async def _answer(response: httpx.Response, most_bytes: int) -> Fetched:
    if response.status_code == 304:
        return Fetched(None)
    if response.status_code != 200:
        raise FeedRefused(f"answered-{response.status_code}", "The server has no list there.")
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > most_bytes:
            raise FeedRefused("too-large", "The list is too large.")
    return Fetched(bytes(content), _header(response, "etag"), _header(response, "last-modified"))


def _header(response: httpx.Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value if value and len(value) <= 200 and value.isprintable() else None
