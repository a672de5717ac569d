"""Pytest fixtures: a real platform in this process, and callers who ask it over HTTP."""

import asyncio
import os
import uuid
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from common.embedded import LOOPBACK, free_port
from common.migrations import STEWARD
from common.telemetry import configure_logs
from handrail.catalog import Entry, entries
from handrail.local import serving
from handrail.platform import Addresses, embed, servers
from handrail.provision import prepare_bus, prepare_database
from handrail.steward import Steward
from workforce.commands import passwords as password_commands

PASSWORD = "a sentence that is long enough"  # noqa: S105 - for tests
WAIT_SECONDS = 20.0


@dataclass
class Platform:
    """A running platform: its app, its secrets, and an engine that sees everything (tests look at raw tables)."""

    app: Any
    services: list[Entry]
    secrets: dict[str, str]
    addresses: Addresses
    admin: AsyncEngine
    spans: InMemorySpanExporter
    folder: Path

    async def fetch(self, sql: str, **values: object) -> list[Any]:
        """Return rows as the superuser sees them."""
        async with self.admin.connect() as connection:
            return list((await connection.execute(text(sql), values)).mappings())

    async def value(self, sql: str, **values: object) -> Any:
        async with self.admin.connect() as connection:
            return await connection.scalar(text(sql), values)

    async def eventually(self, sql: str, expected: object, seconds: float = WAIT_SECONDS, **values: object) -> None:
        """Wait until a query's value is `expected`; fail with what it was."""
        deadline = asyncio.get_running_loop().time() + seconds
        while (got := await self.value(sql, **values)) != expected:
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"still {got!r}, not {expected!r}: {sql}")
            await asyncio.sleep(0.02)


@dataclass
class Caller:
    """Somebody signed in; every POST carries a fresh Idempotency-Key unless one is given."""

    http: httpx.AsyncClient
    token: str | None = None
    agency_id: UUID | None = None
    staff_id: UUID | None = None
    email: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def headers(self, more: dict[str, str] | None = None) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return headers | (more or {})

    async def post(self, path: str, body: Any, key: str | None = None, **headers: str) -> httpx.Response:
        more = {"Idempotency-Key": key or str(uuid.uuid4())} | headers
        return await self._ask("POST", path, more, json=body)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self._ask("GET", path, None, params=params)

    async def put(self, path: str, body: Any, version: int | None = None) -> httpx.Response:
        more = {"If-Match": f'"{version}"'} if version is not None else {}
        return await self._ask("PUT", path, more, json=body)

    async def delete(self, path: str) -> httpx.Response:
        return await self._ask("DELETE", path, None)

    async def _ask(self, method: str, path: str, more: dict[str, str] | None, **what: Any) -> httpx.Response:
        """Ask, and once more after signing in again: a suite takes longer than a token lives."""
        answer = await self.http.request(method, path, headers=self.headers(more), **what)
        if answer.status_code != 401 or self.email is None:
            return answer
        body = {"email": self.email, "password": PASSWORD}
        again = await self.http.post("/api/workforce/v1/sign-ins", json=body)
        if again.status_code != 200:
            return answer
        self.token = again.json()["access_token"]
        return await self.http.request(method, path, headers=self.headers(more), **what)

    async def created(self, path: str, body: Any) -> UUID:
        """POST, insist on 201 and return the new id."""
        answer = await self.post(path, body)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    configure_logs("ERROR")


@pytest.fixture(scope="session", autouse=True)
def _light_hashes() -> None:
    """Hash passwords as before, in a tenth of the time: hundreds of people sign in, and hashing is made to be slow."""
    password_commands.HASHER = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1)


@pytest.fixture(scope="session")
def server_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reachable(tmp_path_factory.mktemp("handrail"))


def reachable(folder: Path) -> Path:
    """Let an unprivileged Postgres reach its data below a folder of pytest's, whose parents keep others out."""
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid == os.getuid() and "pytest-" in str(parent):
            parent.chmod(parent.stat().st_mode | 0o011)
    return folder


@dataclass(frozen=True)
class Servers:
    """Where a Postgres and a NATS of the tests listen, and the secrets they were started with."""

    postgres: str  # host:port
    nats: str  # host:port
    secrets: dict[str, str]


StartServers = Callable[[Path, list[Entry]], AbstractContextManager[Servers]]


@contextmanager
def embedded_servers(folder: Path, services: list[Entry]) -> Iterator[Servers]:
    """Start the servers from their wheels."""
    postgres_port, nats_port = free_port(), free_port()
    with servers(folder, services, postgres_port, nats_port) as secrets:
        yield Servers(f"{LOOPBACK}:{postgres_port}", f"{LOOPBACK}:{nats_port}", secrets)


@asynccontextmanager
async def running_platform(
    folder: Path, services: list[Entry] | None = None, start: StartServers = embedded_servers
) -> AsyncGenerator[Platform]:
    """Start servers and services in this process; everything stops on leaving."""
    only = os.environ.get("HANDRAIL_TEST_SERVICES")  # for example workforce,intake: a developer's short cut
    services = services or (entries(tuple(only.split(","))) if only else entries())
    port, spans = free_port(), InMemorySpanExporter()
    with start(folder, services) as started:
        secrets = started.secrets
        addresses = Addresses(
            postgres=started.postgres,
            nats=started.nats,
            public_url=f"http://{LOOPBACK}:{port}",
            smtp=f"{LOOPBACK}:{free_port()}",
        )
        admin_url = addresses.database_url("postgres", secrets["POSTGRES_PASSWORD"])
        await prepare_database(admin_url, services, secrets)
        await prepare_bus(addresses.nats_url("admin", secrets["NATS_ADMIN_PASSWORD"]), services)
        app = embed(services, addresses, secrets, idle=0.1, processor=SimpleSpanProcessor(spans))
        async with AsyncExitStack() as stack:
            admin = create_async_engine(admin_url, pool_size=4)
            stack.push_async_callback(admin.dispose)
            await stack.enter_async_context(serving(app, port))
            await stack.enter_async_context(_stewarded(services, addresses, secrets))
            yield Platform(app, services, secrets, addresses, admin, spans, folder)


@pytest_asyncio.fixture(scope="session")
async def platform(server_folder: Path) -> AsyncGenerator[Platform]:
    async with running_platform(server_folder) as running:
        yield running


@asynccontextmanager
async def _stewarded(services: list[Entry], addresses: Addresses, secrets: dict[str, str]) -> AsyncGenerator[None]:
    database_url = addresses.database_url(STEWARD, secrets["STEWARD_PASSWORD"])
    steward = Steward(services, database_url, addresses.nats_url("admin", secrets["NATS_ADMIN_PASSWORD"]))
    task = asyncio.create_task(steward.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def client(platform: Platform) -> httpx.AsyncClient:
    # Connections are left before the server does it, which a test that computes for seconds would not notice.
    limits = httpx.Limits(keepalive_expiry=2)
    return httpx.AsyncClient(base_url=platform.addresses.public_url, timeout=30, limits=limits)


@pytest_asyncio.fixture(scope="session")
async def http(platform: Platform) -> AsyncGenerator[httpx.AsyncClient]:
    async with client(platform) as opened:
        yield opened


async def sign_in(http: httpx.AsyncClient, agency_id: UUID, staff_id: UUID, email: str, one_time: str) -> Caller:
    body = {"email": email, "password": one_time, "new_password": PASSWORD}
    answer = await http.post("/api/workforce/v1/sign-ins", json=body)
    assert answer.status_code == 200, answer.text
    return Caller(http, answer.json()["access_token"], agency_id, staff_id, email)


async def open_agency(
    http: httpx.AsyncClient, platform: Platform, zone: str = "America/Chicago", *, live: bool = True
) -> Caller:
    """Open a fresh agency as the operator; return its administrator, signed in.

    It is live where intake runs, unless a test asks for one that is not.
    """
    agency_id, email = uuid.uuid4(), f"admin-{uuid.uuid4().hex}@agency.test"
    body = {
        "agency_id": str(agency_id),
        "name": "Riverbend",
        "zone": zone,
        "administrator_name": "Ada Okafor",
        "administrator_email": email,
    }
    headers = {"Authorization": f"Bearer {platform.secrets['OPERATOR_TOKEN']}"}
    answer = await http.post("/api/workforce/v1/agencies", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    opened = answer.json()
    caller = await sign_in(http, agency_id, UUID(opened["administrator_id"]), email, opened["one_time_password"])
    if live and any(entry.service.name == "intake" for entry in platform.services):
        await _be_live(platform, agency_id)
    return caller


async def _be_live(platform: Platform, agency_id: UUID) -> None:
    """Have an agency be live without the dozen requests that it takes; they have tests of their own."""
    made = text(
        "insert into intake.agency_privacy (agency_id, live_at, is_program, version) values (:id, now(), true, 1)"
    )
    async with platform.admin.begin() as connection:
        await connection.execute(made, {"id": agency_id})


async def add_staff(administrator: Caller, *roles: str, employed_from: str = "2020-01-01") -> Caller:
    """Add a member of staff with `roles`; return them, signed in."""
    email = f"staff-{uuid.uuid4().hex}@agency.test"
    body = {"name": "Sam Rivera", "email": email, "roles": list(roles), "employed_from": employed_from}
    staff_id = await administrator.created("/api/workforce/v1/staff", body)
    answer = await administrator.post(f"/api/workforce/v1/staff/{staff_id}/one-time-passwords", {})
    assert answer.status_code == 201, answer.text
    assert administrator.agency_id is not None
    one_time = answer.json()["one_time_password"]
    return await sign_in(administrator.http, administrator.agency_id, staff_id, email, one_time)


@pytest_asyncio.fixture
async def administrator(platform: Platform, http: httpx.AsyncClient) -> Caller:
    """The administrator of an agency that no other test sees."""
    return await open_agency(http, platform)
