"""Asking workforce, the real one, how to reach somebody."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from handrail.testing import Platform
from notification.senders.directory import Directory
from notification.senders.outgoing import Rejected, Unreachable


class Watched:
    """A directory's HTTP client that notes what was asked, and can spoil the next token shown."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.spoil_next = False
        self.http = httpx.AsyncClient(event_hooks={"request": [self._on_request]})

    async def _on_request(self, request: httpx.Request) -> None:
        self.asked.append(request.url.path.rsplit("/", 1)[1])
        if self.spoil_next and request.method == "GET":
            self.spoil_next = False
            request.headers["Authorization"] = "Bearer of-another-key"


@pytest_asyncio.fixture
async def watched() -> AsyncGenerator[Watched]:
    watched = Watched()
    yield watched
    await watched.http.aclose()


def directory(platform: Platform, watched: Watched, secret: str | None = None) -> Directory:
    url = f"{platform.addresses.public_url}/api/workforce"
    return Directory(watched.http, url, url, SecretStr(secret or platform.secrets["NOTIFICATION_SECRET"]))


async def test_an_address_is_asked_for_each_time_with_one_token(
    platform: Platform, workplace: Any, watched: Watched
) -> None:
    peer, address = await workplace.hire(language="es")
    asking = directory(platform, watched)

    first = await asking.contact(workplace.agency_id, peer)
    await asking.contact(workplace.agency_id, peer)

    assert (first.email, first.language) == (address, "es")
    assert watched.asked == ["service-tokens", "contact", "contact"]


async def test_a_token_that_is_no_longer_taken_is_replaced(
    platform: Platform, workplace: Any, watched: Watched
) -> None:
    peer, address = await workplace.hire()
    asking = directory(platform, watched)
    watched.spoil_next = True

    contact = await asking.contact(workplace.agency_id, peer)

    assert contact.email == address
    assert watched.asked == ["service-tokens", "contact", "service-tokens", "contact"]


async def test_nobody_by_that_id_is_final(platform: Platform, workplace: Any, watched: Watched) -> None:
    with pytest.raises(Rejected, match="recipient-unknown"):
        await directory(platform, watched).contact(workplace.agency_id, uuid4())


async def test_a_wrong_secret_and_a_workforce_that_is_away_may_pass(
    platform: Platform, workplace: Any, watched: Watched
) -> None:
    away = Directory(watched.http, "http://127.0.0.1:9", "http://127.0.0.1:9", SecretStr("x"))

    for asking in (directory(platform, watched, "wrong"), away):
        with pytest.raises(Unreachable, match="contact-unavailable"):
            await asking.contact(workplace.agency_id, uuid4())
