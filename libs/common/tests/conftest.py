"""A small service of its own, `echo`, that has every part a real one has: an API, reactions to workforce's facts.

It lives in a database of its own beside the platform's, with a bus of its own that a test may stop, wipe and start.
"""

import asyncio
import secrets
import shutil
import time
import uuid
from base64 import b64decode, b64encode
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import httpx
import nats
import pytest
import pytest_asyncio
from fastapi import APIRouter, FastAPI
from nats.aio.client import Client
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import CheckConstraint, UniqueConstraint, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.responses import Response
from uuid_utils.compat import uuid7

from common.contracts import workforce as facts
from common.contracts.codes import Role
from common.contracts.envelope import Fact
from common.database import Db, Scope, transaction
from common.embedded import LOOPBACK, Server, free_port, start_nats
from common.errors import NotThere
from common.http import Created, CurrentCall, allow, answer, create_app, require_version
from common.inbox import Events, Reaction, project
from common.migrations import provision_roles, secure
from common.runtime import Runtime, Service, running
from common.settings import ServiceSettings
from common.streams import provision
from common.tables import COLUMN_TYPES, foundation, schema_metadata
from common.text import Asked, Line
from common.worker import create_worker, started
from handrail.catalog import Entry, entries
from handrail.provision import nats_config, prepare_database
from handrail.testing import Platform, serving
from workforce.tokens import Tokens


class Model(DeclarativeBase):
    metadata = schema_metadata("echo")
    type_annotation_map: ClassVar = COLUMN_TYPES


TABLES = foundation(Model.metadata)


class Colleague(Model):
    """A member of staff as echo heard of them."""

    __tablename__ = "colleague"

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    roles: Mapped[list[str]]


class Arrival(Model):
    """One row for each event applied, so that a second application shows as a second row."""

    __tablename__ = "arrival"

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID]


class Thing(Model):
    """`title` is unique when the transaction commits, not before: the commit itself can fail."""

    __tablename__ = "thing"
    __table_args__ = (
        UniqueConstraint("agency_id", "title", deferrable=True, initially="DEFERRED"),
        CheckConstraint("version > 0", name="version"),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)


class MakeThing(Asked):
    title: Line


async def make_thing(db: Db, body: MakeThing) -> Created:
    thing = Thing(agency_id=db.scope.agency_id, id=uuid7(), title=body.title, version=1)
    db.add(thing)
    db.publish(facts.STAFF_JOINED, staff_facts(thing.id), about=thing.id, seq=1)
    db.audit("thing.make", thing.id)
    return Created(id=thing.id, version=1)


async def rename_thing(db: Db, thing_id: UUID, body: MakeThing, expected: int) -> Created:
    thing = await db.get(Thing, (db.scope.agency_id, thing_id), with_for_update=True)
    if thing is None:
        raise NotThere
    require_version(thing.version, expected)
    thing.title, thing.version = body.title, thing.version + 1
    db.audit("thing.rename", thing.id)
    return Created(id=thing.id, version=thing.version)


router = APIRouter(prefix="/v1")
EVERYBODY = allow(Role.ADMINISTRATOR, Role.PEER)


@router.post("/things", status_code=201, response_model=Created, dependencies=[EVERYBODY])
async def post_thing(call: CurrentCall, body: MakeThing) -> Response:
    return await call.once(body, lambda db: make_thing(db, body), location="/v1/things/{id}")


@router.put("/things/{thing_id}", response_model=Created, dependencies=[EVERYBODY])
async def put_thing(call: CurrentCall, thing_id: UUID, body: MakeThing) -> Response:
    return await call.change(lambda db, expected: rename_thing(db, thing_id, body, expected))


@router.get("/things/{thing_id}", response_model=Created, dependencies=[EVERYBODY])
async def get_thing(call: CurrentCall, thing_id: UUID) -> Response:
    async with call.reading("thing.read", thing_id) as db:
        thing = await db.get(Thing, (db.scope.agency_id, thing_id))
        if thing is None:
            raise NotThere
    return answer(Created(id=thing.id, version=thing.version).model_dump_json().encode(), etag=thing.version)


@router.post("/imports", status_code=201, response_model=Created, dependencies=[allow(Role.ADMINISTRATOR)])
async def post_import(call: CurrentCall, body: MakeThing) -> Response:
    return await call.once(body, lambda db: make_thing(db, body))


@router.post("/accidents", dependencies=[EVERYBODY])
async def post_accident(call: CurrentCall) -> None:
    async with call.transaction() as db:
        await db.execute(text("select 'Maria Gonzales'::int"))  # the server's error text quotes the value


async def on_staff(db: Db, events: Events) -> None:
    """Raises on the ids that a test named: a bug, a refusal or a fault of the surroundings."""
    await _keep_arrivals(db, events)
    for event in events:
        if fault := FAULTS.get(event.subject):
            raise fault
    rows = [
        {"agency_id": event.agencyid, "id": event.subject, "seq": event.aggregateseq, "roles": event.data.roles}
        for event in sorted(events, key=lambda event: event.aggregateseq)
    ]
    await project(db, Colleague.__table__, rows)
    if HOLD:
        await asyncio.sleep(HOLD[0])


async def _keep_arrivals(db: Db, events: Events) -> None:
    for event in events:
        db.add(Arrival(agency_id=event.agencyid, id=uuid7(), event_id=event.id))
    await db.flush()


FAULTS: dict[UUID, Exception] = {}  # aggregate → what its reaction raises
HOLD: list[float] = []  # seconds that each batch takes
REACTIONS: dict[Fact, Reaction] = {facts.STAFF_JOINED: on_staff, facts.STAFF_CHANGED: on_staff}
SERVICE = Service("echo", TABLES, hears=tuple(REACTIONS))


def staff_facts(staff_id: UUID, *roles: Role) -> facts.StaffFacts:
    return facts.StaffFacts(staff_id=staff_id, roles=list(roles or (Role.PEER,)), employed_from=date(2026, 1, 5))


@dataclass
class Bus:
    """A nats-server that a test may stop, wipe and start again on the same port."""

    folder: Path
    port: int
    environment: dict[str, str]
    server: Server | None = None

    def start(self) -> None:
        self.server = start_nats(self.folder / "nats.conf", self.port, self.folder / "nats.log", self.environment)

    def stop(self) -> None:
        if self.server:
            self.server.stop()
            self.server = None

    def kill(self) -> None:
        assert self.server is not None
        self.server.process.kill()
        self.server.process.wait()
        self.server = None

    def wipe(self) -> None:
        shutil.rmtree(self.folder / "store")

    def url(self, user: str) -> str:
        name = {"admin": "NATS_ADMIN_PASSWORD"}.get(user, f"{user.upper()}_NATS_PASSWORD")
        return f"nats://{user}:{self.environment[name]}@{LOOPBACK}:{self.port}"


@dataclass
class Ground:
    """Where common's own tests stand: a database with workforce and echo in it, a bus, and keys to sign with."""

    platform: Platform
    database: str
    bus: Bus
    services: list[Entry]
    passwords: dict[str, str]
    admin: AsyncEngine
    engines: dict[str, AsyncEngine] = field(default_factory=dict)
    faults: dict[UUID, Exception] = field(default_factory=lambda: FAULTS)
    hold: list[float] = field(default_factory=lambda: HOLD)
    echo: Service = SERVICE
    model: type[Model] = Model

    @property
    def workforce(self) -> Service:
        return self.services[0].service

    def url(self, role: str) -> str:
        return f"postgresql+asyncpg://{role}:{self.passwords[role]}@{self.platform.addresses.postgres}/{self.database}"

    def engine(self, role: str) -> AsyncEngine:
        """Return an engine that connects as `role`, as `common.database.make_engine` would."""
        if role not in self.engines:
            self.engines[role] = create_async_engine(self.url(role), pool_size=4, max_overflow=0, hide_parameters=True)
        return self.engines[role]

    def settings(self, schema: str, part: str, **more: Any) -> ServiceSettings:
        key = b64encode(b"k" * 32).decode()
        values: dict[str, Any] = {
            "database_url": self.url(f"{schema}_{part}"),
            "nats_url": self.bus.url(schema),
            "root_key": key,
            "audit_key": key,
            "jwks_url": f"{self.platform.addresses.public_url}/api/workforce/v1/jwks",
        }
        return ServiceSettings(**(values | more))

    @asynccontextmanager
    async def listening(self, **options: Any) -> AsyncGenerator[None]:
        """Run echo's worker."""
        worker = create_worker(SERVICE, self.settings("echo", "worker"), REACTIONS, idle=0.1, **options)
        async with started(worker):
            yield

    @asynccontextmanager
    async def telling(self, **options: Any) -> AsyncGenerator[None]:
        """Run workforce's worker: its relay publishes what `publish` wrote."""
        worker = create_worker(self.workforce, self.settings("workforce", "worker"), {}, idle=0.1, **options)
        async with started(worker):
            yield

    async def publish(self, agency_id: UUID, staff_ids: Sequence[UUID], seq: int = 1, fact: Fact | None = None) -> None:
        """Commit one fact about each of `staff_ids` to workforce's outbox."""
        engine, scope = self.engine("workforce_api"), Scope(agency_id, None, uuid7())
        async with transaction(engine, self.workforce.tables, scope) as db:
            for staff_id in staff_ids:
                db.publish(fact or facts.STAFF_JOINED, staff_facts(staff_id), about=staff_id, seq=seq)

    async def value(self, sql: str, **values: object) -> Any:
        async with self.admin.connect() as connection:
            return await connection.scalar(text(sql), values)

    async def fetch(self, sql: str, **values: object) -> list[Any]:
        async with self.admin.connect() as connection:
            return list((await connection.execute(text(sql), values)).mappings())

    async def run(self, sql: str, **values: object) -> None:
        async with self.admin.begin() as connection:
            await connection.execute(text(sql), values)

    async def eventually(self, sql: str, expected: object, seconds: float = 20.0, **values: object) -> None:
        deadline = time.monotonic() + seconds
        while (got := await self.value(sql, **values)) != expected:
            assert time.monotonic() < deadline, f"still {got!r}, not {expected!r}: {sql}"
            await asyncio.sleep(0.01)

    async def applied(self, agency_id: UUID) -> list[UUID]:
        """Return the ids of the events that echo applied, as often as it applied them."""
        rows = await self.fetch("select event_id from echo.arrival where agency_id = :a", a=agency_id)
        return [row["event_id"] for row in rows]

    @asynccontextmanager
    async def bus_admin(self) -> AsyncGenerator[Client]:
        client = await nats.connect(self.bus.url("admin"), max_reconnect_attempts=5)
        try:
            yield client
        finally:
            await client.close()

    async def provide(self) -> list[str]:
        """Make the streams and consumers that are missing."""
        async with self.bus_admin() as client:
            return await provision(client, ["workforce"], SERVICE.hearings)


@pytest_asyncio.fixture(scope="session")
async def ground(platform: Platform, server_folder: Path) -> AsyncGenerator[Ground]:
    workforce = entries(("workforce",))
    echo = Entry(SERVICE, "echo", Model.metadata, ServiceSettings, lambda: None, lambda: None)  # type: ignore[arg-type,return-value]
    folder = server_folder / "ground"
    folder.mkdir()
    port = free_port()
    services = [*workforce, echo]
    (folder / "nats.conf").write_text(nats_config(services, listen=f"{LOOPBACK}:{port}", store=folder / "store"))
    words = {name: secrets.token_urlsafe(12) for name in ("ECHO_NATS_PASSWORD", "echo_api", "echo_worker")}
    bus = Bus(folder, port, platform.secrets | words)
    passwords = words | {
        "workforce_api": platform.secrets["WORKFORCE_API_PASSWORD"],
        "workforce_worker": platform.secrets["WORKFORCE_WORKER_PASSWORD"],
        "postgres": platform.secrets["POSTGRES_PASSWORD"],
    }
    admin_url = f"postgresql+asyncpg://postgres:{passwords['postgres']}@{platform.addresses.postgres}/ground"
    async with platform.admin.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("create database ground"))
    await prepare_database(admin_url, workforce, platform.secrets)
    await provision_roles(admin_url, "echo", passwords)
    admin = create_async_engine(admin_url, pool_size=4)
    async with admin.begin() as connection:
        await connection.run_sync(Model.metadata.create_all)
        await connection.run_sync(secure, Model.metadata)
    built = Ground(platform, "ground", bus, services, passwords, admin)
    bus.start()
    try:
        await built.provide()
        yield built
    finally:
        bus.stop()
        for engine in (admin, *built.engines.values()):
            await engine.dispose()


@pytest.fixture(autouse=True)
def _no_faults_left() -> Any:
    yield
    FAULTS.clear()
    HOLD.clear()


@pytest.fixture(scope="session")
def tokens(platform: Platform) -> Tokens:
    """Signs as workforce does."""
    return Tokens(b64decode(platform.secrets["SIGNING_KEY"]), "handrail", timedelta(minutes=5))


@dataclass
class Echo:
    """Echo's API over real HTTP."""

    ground: Ground
    http: httpx.AsyncClient
    tokens: Tokens
    runtime: Runtime
    spans: InMemorySpanExporter
    agency_id: UUID = field(default_factory=uuid.uuid4)
    staff_id: UUID = field(default_factory=uuid.uuid4)

    def token(self, *roles: Role, agency_id: UUID | None = None, staff_id: UUID | None = None) -> str:
        chosen = roles or (Role.ADMINISTRATOR,)
        return self.tokens.issue(staff_id or self.staff_id, agency_id or self.agency_id, chosen)[0]

    def headers(self, key: str | None = None, token: str | None = None, **more: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {token or self.token()}",
            "Idempotency-Key": key or str(uuid.uuid4()),
            **{name.replace("_", "-"): value for name, value in more.items()},
        }

    async def make(self, title: str, **headers: Any) -> httpx.Response:
        return await self.http.post("/v1/things", json={"title": title}, headers=self.headers(**headers))

    async def left(self) -> dict[str, int]:
        """Count what this agency left in each table."""
        tables = ("thing", "outbox", "ledger", "idempotency", "audit", "audit_pending")
        counts = ", ".join(
            f"(select count(*) from echo.{table} where agency_id in (:a, :nobody)) as {table}" for table in tables
        )
        (row,) = await self.ground.fetch(f"select {counts}", a=self.agency_id, nobody=UUID(int=0))
        return dict(row)


@pytest_asyncio.fixture(scope="session")
async def echo_server(ground: Ground, tokens: Tokens) -> AsyncGenerator[Echo]:
    port, spans, runtimes = free_port(), InMemorySpanExporter(), []
    settings = ground.settings("echo", "api", nats_url=None, max_body_bytes=4096, max_import_bytes=65536)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[dict[str, Any]]:
        async with running(SERVICE, settings, processor=SimpleSpanProcessor(spans)) as runtime:
            runtimes.append(runtime)
            yield {"runtime": runtime}

    app = create_app(
        "echo",
        [router],
        lifespan=lifespan,
        imports=frozenset({"/v1/imports"}),
        max_body=settings.max_body_bytes,
        max_import=settings.max_import_bytes,
    )
    async with serving(app, port), httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", timeout=30) as http:
        yield Echo(ground, http, tokens, runtimes[0], spans)


@pytest_asyncio.fixture
async def echo(echo_server: Echo) -> Echo:
    """Echo's API, asked by an agency that no other test sees; nothing of nobody's is left from before."""
    await echo_server.ground.run(
        "truncate echo.audit_pending, echo.audit, echo.audit_head, echo.outbox, echo.ledger, echo.idempotency"
    )
    shared = echo_server
    return Echo(shared.ground, shared.http, shared.tokens, shared.runtime, shared.spans)
