"""A small agency for tests of what its staff learn and practise, and who supervises whom."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
import pytest_asyncio

from handrail.testing import Caller, Platform, add_staff, open_agency

W = "/api/workforce/v1"
OpenHouse = Callable[[], Awaitable["House"]]


@dataclass
class House:
    """`supervisor` supervises `peer` today; `colleague` supervises nobody; `stranger` administers another agency."""

    platform: Platform
    administrator: Caller
    supervisor: Caller
    peer: Caller
    colleague: Caller
    auditor: Caller
    stranger: Caller

    def day(self, offset: int = 0) -> str:
        """Return a day in the agency's zone, so many days from today."""
        today = datetime.now(UTC).astimezone(ZoneInfo("America/Chicago")).date()
        return (today + timedelta(days=offset)).isoformat()

    def dated(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a body with the word `tomorrow` replaced by that day; parameters of tests know no clock."""
        return {name: self.day(1) if value == "tomorrow" else value for name, value in body.items()}

    def problem(self, answer: httpx.Response) -> tuple[int, str]:
        return answer.status_code, answer.json()["type"].removeprefix("/problems/")

    async def told(self, about: UUID | str, kind: str) -> list[dict[str, Any]]:
        """Return the facts published about an aggregate, in order, once they are in the ledger."""
        pending = "select count(*) from workforce.outbox where aggregate_id = cast(:id as uuid)"
        await self.platform.eventually(pending, 0, id=str(about))
        rows = await self.platform.fetch(
            "select type, aggregate_seq, payload from workforce.ledger where aggregate_id = cast(:id as uuid) "
            "order by aggregate_seq",
            id=str(about),
        )
        assert {row["type"].split(".")[2] for row in rows} <= set(kind.split()), rows
        return [parsed(row["payload"])["data"] | {"seq": row["aggregate_seq"]} for row in rows]

    async def kept_anywhere(self, word: str) -> list[str]:
        """Return where `word` is kept in clear: facts, audit, idempotent answers or any column of workforce."""
        found = []
        tables = await self.platform.fetch(
            "select table_name from information_schema.tables where table_schema = 'workforce' "
            "and table_type = 'BASE TABLE'"
        )
        for table in (row["table_name"] for row in tables):
            question = f"select count(*) from workforce.{table} t where t::text ilike :word"
            if await self.platform.value(question, word=f"%{word}%"):
                found.append(table)
        return found

    async def counted(self, table: str) -> int:
        question = f"select count(*) from workforce.{table} where agency_id = :agency"
        return int(await self.platform.value(question, agency=self.administrator.agency_id))

    async def refused_once(self, action: Any) -> httpx.Response:
        """Do a request that is refused, and insist that it left one audit entry more and nothing else."""
        audit = "select count(*) from workforce.audit where agency_id = :agency and outcome = 'refused'"
        pending = "select count(*) from workforce.audit_pending where agency_id = :agency"
        agency = self.administrator.agency_id
        await self.platform.eventually(pending, 0, agency=agency)
        before = await self.platform.value(audit, agency=agency)
        answer: httpx.Response = await action
        await self.platform.eventually(audit, before + 1, agency=agency)
        return answer


def parsed(payload: Any) -> dict[str, Any]:
    """Return an event as JSON, however the driver gave it."""
    loaded = json.loads(payload) if isinstance(payload, str | bytes) else payload
    assert isinstance(loaded, dict)
    return loaded


async def _opened(platform: Platform, http: httpx.AsyncClient, stranger: Caller) -> House:
    administrator = await open_agency(http, platform)
    roles = ("supervisor", "peer", "supervisor", "auditor")
    supervisor, peer, colleague, auditor = [await add_staff(administrator, role) for role in roles]
    await administrator.created(
        f"{W}/supervisor-assignments",
        {"staff_id": str(peer.staff_id), "supervisor_id": str(supervisor.staff_id), "valid_from": "2026-01-01"},
    )
    return House(platform, administrator, supervisor, peer, colleague, auditor, stranger)


@pytest_asyncio.fixture(scope="session")
async def other_house(platform: Platform, http: httpx.AsyncClient) -> Caller:
    """The administrator of an agency that only looks on."""
    return await open_agency(http, platform)


@pytest_asyncio.fixture(scope="session")
async def house(platform: Platform, http: httpx.AsyncClient, other_house: Caller) -> House:
    """An agency that many tests add to."""
    return await _opened(platform, http, other_house)


@pytest.fixture
def open_house(platform: Platform, http: httpx.AsyncClient, other_house: Caller) -> OpenHouse:
    """How to open an agency of a test's own."""

    async def opened() -> House:
        return await _opened(platform, http, other_house)

    return opened
