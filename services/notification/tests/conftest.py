"""A mail server that records, a bus to tell facts on, and a second worker's delivery."""

import asyncio
import email
import email.policy
from collections.abc import AsyncGenerator, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import UTC, date, datetime
from email.message import EmailMessage
from typing import Any
from uuid import UUID, uuid4

import httpx
import nats
import pytest
import pytest_asyncio
from aiosmtpd.controller import Controller
from sqlalchemy import text
from uuid_utils.compat import uuid7

from common.contracts.envelope import Fact, Facts
from common.contracts.intake import PEER_ASSIGNED, AssignmentFacts
from common.database import Db, Scope, event_row, transaction
from common.runtime import Runtime, running
from common.streams import provision
from handrail.platform import settings_of
from handrail.testing import Caller, Platform, open_agency
from notification.app import SERVICE, delivering
from notification.delivery import Delivery


class Mail:
    """A real SMTP server. `answers`: what it says to RCPT, by address.

    `mute`: whose letters it takes without an answer, for as long as they are in it; `holding`: those it took so.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._letters: list[tuple[str, bytes]] = []
        self._controller: Controller | None = None
        self.answers: dict[str, str] = {}
        self.mute: set[str] = set()
        self.holding: set[str] = set()

    def start(self) -> None:
        self._controller = Controller(self, hostname=self._host, port=self._port, enable_SMTPUTF8=True)
        self._controller.start()

    def stop(self) -> None:
        if self._controller:
            self._controller.stop()
            self._controller = None

    async def handle_RCPT(self, _: Any, __: Any, envelope: Any, address: str, ___: Any) -> str:
        answer = self.answers.get(address, "250 fine")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:
        address = envelope.rcpt_tos[0]
        while address in self.mute:
            self.holding.add(address)
            await asyncio.sleep(0.01)
        self._letters.append((address, envelope.original_content))
        return "250 kept"

    def to(self, address: str) -> list[EmailMessage]:
        """Return what arrived for an address, oldest first."""
        letters = [content for to, content in self._letters if to == address]
        return [email.message_from_bytes(content, policy=email.policy.default) for content in letters]


@pytest.fixture(scope="session")
def mail(platform: Platform) -> Iterator[Mail]:
    host, _, port = platform.addresses.smtp.partition(":")
    server = Mail(host, int(port))
    server.start()
    yield server
    server.stop()


class Bus:
    """Tells facts as their publisher would."""

    def __init__(self, client: nats.NATS) -> None:
        self._stream = client.jetstream()

    async def tell(
        self, fact: Fact, facts: Facts, agency_id: UUID, *, about: UUID, seq: int = 1, at: datetime | None = None
    ) -> dict[str, Any]:
        """Publish a new event; the returned row can be published again with `repeat`."""
        row = event_row(
            fact, facts, about=about, seq=seq, scope=Scope(agency_id, None, uuid7()), now=at or datetime.now(UTC)
        )
        await self._publish(row, str(row["event_id"]))
        return row

    async def assign(
        self,
        agency_id: UUID,
        staff_id: UUID,
        *,
        assignment_id: UUID | None = None,
        imported: bool = False,
        at: datetime | None = None,
    ) -> dict[str, Any]:
        """Tell that somebody was assigned to a peer; a new assignment unless `assignment_id` is given."""
        facts = AssignmentFacts(
            assignment_id=assignment_id or uuid4(),
            participant_id=uuid4(),
            episode_id=uuid4(),
            program_id=uuid4(),
            staff_id=staff_id,
            valid_from=date(2026, 3, 2),
            imported=imported,
        )
        return await self.tell(PEER_ASSIGNED, facts, agency_id, about=facts.assignment_id, at=at)

    async def repeat(self, row: dict[str, Any]) -> None:
        """Publish the same event under another message id, so that the server does not notice."""
        await self._publish(row, str(uuid4()))

    async def _publish(self, row: dict[str, Any], message_id: str) -> None:
        await self._stream.publish(row["type"], row["payload"].encode(), headers={"Nats-Msg-Id": message_id})


@pytest_asyncio.fixture(scope="session")
async def bus(platform: Platform) -> AsyncGenerator[Bus]:
    client = await nats.connect(platform.addresses.nats_url("admin", platform.secrets["NATS_ADMIN_PASSWORD"]))
    await provision(client, [hearing.publisher for hearing in SERVICE.hearings], SERVICE.hearings)
    yield Bus(client)
    await client.close()


class Workplace:
    """One agency seen from a test: who works there, and what notification keeps about them."""

    def __init__(self, platform: Platform, administrator: Caller) -> None:
        self.platform = platform
        self.administrator = administrator
        assert administrator.agency_id is not None
        self.agency_id = administrator.agency_id

    async def hire(self, *roles: str, language: str = "en") -> tuple[UUID, str]:
        """Add a member of staff; return their id and address."""
        address = f"jo.{uuid4().hex}@agency.test"
        body = {
            "name": "Jo O'Brien",
            "email": address,
            "roles": list(roles or ["peer"]),
            "language": language,
            "employed_from": "2020-01-01",
        }
        return await self.administrator.created("/api/workforce/v1/staff", body), address

    async def supervise(self, staff_id: UUID, supervisor_id: UUID) -> None:
        body = {"staff_id": str(staff_id), "supervisor_id": str(supervisor_id), "valid_from": "2020-01-01"}
        await self.administrator.created("/api/workforce/v1/supervisor-assignments", body)
        await self.platform.eventually(
            "select count(*) from notification.supervision where staff_id = :staff and supervisor_id = :supervisor",
            1,
            staff=staff_id,
            supervisor=supervisor_id,
        )

    async def states(self, recipient_id: UUID) -> list[str]:
        """Return the states of somebody's messages, oldest message first."""
        rows = await self.platform.fetch(
            "select state from notification.message where recipient_id = :id order by id", id=recipient_id
        )
        return [row["state"] for row in rows]

    async def until(self, recipient_id: UUID, *states: str) -> None:
        """Wait until somebody's messages are in these states, oldest message first."""
        await self.platform.eventually(
            "select string_agg(state, ' ' order by id) from notification.message where recipient_id = :id",
            " ".join(states) or None,
            id=recipient_id,
        )

    async def message(self, recipient_id: UUID) -> Any:
        """Return somebody's newest message."""
        rows = await self.platform.fetch(
            "select * from notification.message where recipient_id = :id order by id desc limit 1", id=recipient_id
        )
        return rows[0]

    async def attempts(self, recipient_id: UUID) -> list[str | None]:
        """Return the outcomes of every try to tell somebody."""
        rows = await self.platform.fetch(
            "select a.outcome from notification.delivery_attempt a join notification.message m on m.id = a.message_id "
            "where m.recipient_id = :id order by m.id, a.number",
            id=recipient_id,
        )
        return [row["outcome"] for row in rows]

    async def told(self, recipient_id: UUID) -> list[str]:
        """Return the events about somebody's messages, in order of publication, as names of facts."""
        rows = await self.platform.fetch(
            "select type from notification.ledger where payload::jsonb -> 'data' ->> 'recipient_id' = :id "
            "order by event_id",
            id=str(recipient_id),
        )
        return [row["type"].split(".")[2] for row in rows]

    async def let_time_pass(self, recipient_id: UUID) -> None:
        """Make whatever waits for somebody's messages be due now."""
        async with self.platform.admin.begin() as connection:
            await connection.execute(
                text(
                    "update notification.due set at = clock_timestamp() where message_id in "
                    "(select id from notification.message where recipient_id = :id)"
                ),
                {"id": recipient_id},
            )


async def _workplace(platform: Platform, administrator: Caller) -> Workplace:
    await platform.eventually(
        "select count(*) from notification.agency where agency_id = :id", 1, id=administrator.agency_id
    )
    return Workplace(platform, administrator)


@pytest_asyncio.fixture(scope="session")
async def workplace(platform: Platform, http: httpx.AsyncClient, mail: Mail, bus: Bus) -> Workplace:
    """An agency that the tests share; each hires its own people."""
    return await _workplace(platform, await open_agency(http, platform))


@pytest_asyncio.fixture
async def own_workplace(platform: Platform, administrator: Caller, mail: Mail, bus: Bus) -> Workplace:
    """An agency that no other test sees."""
    return await _workplace(platform, administrator)


class OtherWorker:
    """A second worker that only sends: it runs, stops or dies as a test says."""

    def __init__(self, runtime: Runtime, delivery: Delivery) -> None:
        self._runtime = runtime
        self.delivery = delivery

    def transaction(self, agency_id: UUID) -> AbstractAsyncContextManager[Db]:
        return transaction(self._runtime.engine, self._runtime.tables, Scope(agency_id, None, uuid7()))


@pytest_asyncio.fixture
async def other_worker(platform: Platform) -> AsyncGenerator[OtherWorker]:
    """A second worker beside the platform's own, with less patience."""
    entry = next(entry for entry in platform.services if entry.service.name == "notification")
    settings: Any = settings_of(entry, "worker", platform.addresses, platform.secrets, smtp_timeout=0.3, pool_size=2)
    async with AsyncExitStack() as stack:
        runtime = await stack.enter_async_context(running(SERVICE, settings))
        yield OtherWorker(runtime, await stack.enter_async_context(delivering(runtime, settings)))
