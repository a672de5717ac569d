"""A safety concern reaches whoever is on call, also while the bus is away."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest_asyncio
from aiosmtpd.controller import Controller
from sqlalchemy import text

from handrail.testing import Caller, Platform, add_staff, open_agency

CONCERNS = "/api/intake/v1/safety-concerns"
ALWAYS = {"weekdays": [0, 1, 2, 3, 4, 5, 6], "begins": "00:00", "ends": "00:00", "valid_from": "2026-01-01"}
LONGEST = 20  # seconds; the benchmark measures, this only proves that nothing waits for the bus


class Post:
    """A mail server that keeps when each letter came."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, str, float]] = []

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:
        content = envelope.content.decode()
        self.letters += [(to, content, time.monotonic()) for to in envelope.rcpt_tos]
        return "250 kept"

    async def to(self, address: str) -> str:
        """Return the first letter to an address, waiting for it."""
        async with asyncio.timeout(LONGEST):
            while True:
                for to, content, _ in self.letters:
                    if to == address:
                        return content
                await asyncio.sleep(0.02)


@pytest_asyncio.fixture
async def post(platform: Platform) -> AsyncGenerator[Post]:
    host, _, port = platform.addresses.smtp.partition(":")
    post = Post()
    server = Controller(post, hostname=host, port=int(port))
    server.start()
    yield post
    server.stop()


@dataclass
class Place:
    """An agency with somebody served, and a supervisor on call."""

    administrator: Caller
    supervisor: Caller
    participant_id: UUID

    async def raise_concern(self) -> dict[str, Any]:
        body = {"participant_id": str(self.participant_id), "source": "disclosed", "note": "words that stay at home"}
        answer = await self.supervisor.post(CONCERNS, body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def concern(self, concern_id: str) -> dict[str, Any]:
        return dict((await self.supervisor.get(f"{CONCERNS}/{concern_id}")).json())


@pytest_asyncio.fixture
async def place(http: httpx.AsyncClient, platform: Platform) -> Place:
    administrator = await open_agency(http, platform)
    supervisor = await add_staff(administrator, "supervisor")
    for schema in ("intake", "notification"):
        await platform.eventually(f"select count(*) from {schema}.staff where id = :id", 1, id=supervisor.staff_id)
    participant_id = await supervisor.created("/api/intake/v1/participants", {"name": "Ana Canary"})
    return Place(administrator, supervisor, participant_id)


async def put_on_call(platform: Platform, place: Place) -> None:
    await place.administrator.created(
        "/api/notification/v1/duties", ALWAYS | {"staff_id": str(place.supervisor.staff_id)}
    )
    await platform.eventually("select count(*) from intake.duty where staff_id = :id", 1, id=place.supervisor.staff_id)


@contextmanager
def bus_away(platform: Platform) -> Iterator[None]:
    """Let the bus answer nobody; what it holds it keeps."""
    process = int((platform.folder / "nats.pid").read_text())
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


async def test_a_concern_is_paged_and_intake_hears_of_it(platform: Platform, place: Place, post: Post) -> None:
    await put_on_call(platform, place)

    opened = await place.raise_concern()
    letter = await post.to(str(place.supervisor.email))
    await platform.eventually(
        "select status from intake.safety_concern where id = cast(:id as uuid)", "notified", id=opened["id"]
    )

    assert (opened["safety"]["on_call"], opened["safety"]["say"]) == (1, {})
    assert "A safety alert needs you" in letter
    assert not [
        word for word in ("Canary", "words that stay", opened["id"], str(place.participant_id)) if word in letter
    ]
    concern = await place.concern(opened["id"])
    assert [step["step"] for step in concern["actions"]] == ["notification"]
    assert concern["version"] == 1  # who acknowledges it at this moment is not refused because our page left


async def test_with_the_bus_away_it_is_paged_all_the_same_and_acknowledged(
    platform: Platform, place: Place, post: Post
) -> None:
    await put_on_call(platform, place)

    with bus_away(platform):
        opened = await place.raise_concern()
        await post.to(str(place.supervisor.email))
        taken = await place.supervisor.put(f"{CONCERNS}/{opened['id']}/acknowledgement", {}, version=1)
        await platform.eventually(
            "select status from notification.escalation where id = cast(:id as uuid)", "acknowledged", id=opened["id"]
        )

    assert taken.status_code == 200
    await platform.eventually(
        "select notified_at is not null from intake.safety_concern where id = cast(:id as uuid)", True, id=opened["id"]
    )


async def test_with_nobody_on_call_the_answer_itself_says_what_to_do(place: Place) -> None:
    opened = await place.raise_concern()

    assert opened["safety"]["on_call"] == 0
    assert "988" in opened["safety"]["say"]["en"]
    assert "911" in opened["safety"]["say"]["es"]


async def test_a_page_that_notification_cannot_take_is_told_again_until_it_does(
    platform: Platform, place: Place, post: Post
) -> None:
    await put_on_call(platform, place)
    async with platform.admin.begin() as connection:
        await connection.execute(text("revoke insert on notification.escalation from notification_api"))
    try:
        with bus_away(platform):
            opened = await place.raise_concern()
            await asyncio.sleep(0.5)
            waiting = await platform.value(
                "select count(*) from intake.safety_call where concern_id = cast(:id as uuid)", id=opened["id"]
            )
            async with platform.admin.begin() as connection:
                await connection.execute(text("grant insert on notification.escalation to notification_api"))
            letter = await post.to(str(place.supervisor.email))
    finally:
        async with platform.admin.begin() as connection:
            await connection.execute(text("grant insert on notification.escalation to notification_api"))

    assert waiting == 1
    assert "safety alert" in letter
