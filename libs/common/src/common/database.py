"""The way to Postgres: engines, one agency's transaction with its events and audit rows, and hot statements.

A request's transaction is opened and committed in one place, before the response leaves. Code that receives `db`
never commits, rolls back or closes it.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import ColumnElement, Select, Table, bindparam, cast, func, insert, literal_column, select, text, true
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.sql.selectable import CTE
from sqlalchemy.types import Text, Uuid
from uuid_utils.compat import uuid7

from common.contracts.envelope import Fact, Facts
from common.tables import Foundation

# What a dead or dying connection raises; such a connection must leave the pool, or every later use of it fails.
BROKEN = (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.exceptions.AdminShutdownError)
LOCK_SECONDS = 1.0
P = ParamSpec("P")
R = TypeVar("R")


class NoTenantIsolation(Exception):
    """The database role could see other agencies' rows; the process must not start."""


def make_engine(url: str, *, pool_size: int, name: str) -> AsyncEngine:
    """Return an engine whose connections are checked when used, not pinged before."""
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        hide_parameters=True,  # an error's text must not quote what was being written
        json_serializer=lambda value: orjson.dumps(value, default=str).decode(),
        json_deserializer=orjson.loads,
        connect_args={"server_settings": {"application_name": name, "lock_timeout": "5s", "jit": "off"}},
    )


@dataclass(frozen=True, slots=True)
class Scope:
    """On whose behalf a transaction runs, and what to write beside its audit rows."""

    agency_id: UUID
    actor_id: UUID | None
    request_id: UUID
    traceparent: str | None = None


@dataclass(slots=True)
class Pending:
    """What waits for the end of the transaction."""

    events: list[dict[str, object]] = field(default_factory=list)
    audit: list[dict[str, object]] = field(default_factory=list)


class Db(AsyncSession):
    """A SQLAlchemy session of one agency that also publishes facts and writes audit rows, all or nothing."""

    scope: Scope
    tables: Foundation
    now: datetime
    pending: Pending
    after_commit: list[Callable[[], None]]
    reading = False  # set where nothing is asked for but a look

    def publish(self, fact: Fact, facts: Facts, *, about: UUID, seq: int, recorded_at: datetime | None = None) -> None:
        """Publish `facts` about the aggregate `about`, whose version is `seq`, when the transaction commits."""
        self.pending.events.append(
            event_row(fact, facts, about=about, seq=seq, scope=self.scope, now=recorded_at or self.now)
        )

    def audit(self, action: str, subject_id: UUID | None = None, **detail: object) -> None:
        """Write one audit row (`detail`: ids and codes only) when the transaction commits."""
        self.pending.audit.append(audit_row(self.scope, action, subject_id, detail=detail))

    async def write_pending(self) -> None:
        """Write the events and audit rows gathered so far; called once, before the commit."""
        await self.flush()
        # inline: no RETURNING, for the API may insert where it may not read.
        if self.pending.events:
            await self.execute(insert(self.tables.outbox).inline(), self.pending.events)
        if self.pending.audit:
            await self.execute(insert(self.tables.audit_pending).inline(), self.pending.audit)
        self.pending = Pending()


def event_row(fact: Fact, facts: Facts, *, about: UUID, seq: int, scope: Scope, now: datetime) -> dict[str, object]:
    """Return the outbox row of one fact: the CloudEvent as it will travel, and what the relay needs beside it."""
    event_id = uuid7()
    envelope = fact.envelope.model_construct(
        id=event_id,
        source=f"/{fact.service}",
        type=fact.type,
        subject=about,
        time=now,
        dataschema=f"handrail:{fact.type}",
        agencyid=scope.agency_id,
        aggregateseq=seq,
        traceparent=scope.traceparent,
        data=facts,
    )
    return {
        "event_id": event_id,
        "agency_id": scope.agency_id,
        "aggregate_id": about,
        "aggregate_seq": seq,
        "type": fact.type,
        "payload": envelope.model_dump_json(exclude_none=True),
        "traceparent": scope.traceparent,
    }


def audit_row(
    scope: Scope,
    action: str,
    subject_id: UUID | None = None,
    *,
    outcome: str = "done",
    reason_code: str | None = None,
    detail: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Return one audit row of ids and codes."""
    return {
        "agency_id": scope.agency_id,
        "actor_id": scope.actor_id,
        "action": action,
        "subject_id": subject_id,
        "outcome": outcome,
        "reason_code": reason_code,
        "request_id": scope.request_id,
        "detail": dict(detail or {}),
    }


def _set_agency(agency: object) -> ColumnElement[str]:
    return func.set_config(literal_column("'app.agency_id'"), agency, true())


ENTER = select(_set_agency(bindparam("agency", type_=Text())), func.clock_timestamp())


def once_per_transaction(
    read: Callable[Concatenate[Db, P], Awaitable[R]],
) -> Callable[Concatenate[Db, P], Awaitable[R]]:
    """Let a read be asked once in a transaction with the same arguments; who gets its result must leave it as it is.

    For what no transaction of this process changes while it goes on, such as facts of another service.
    """

    @wraps(read)
    async def kept(db: Db, /, *args: P.args, **options: P.kwargs) -> R:
        known: dict[object, R] = db.info.setdefault(read, {})
        key = (*args, *options.items())
        if key not in known:
            known[key] = await read(db, *args, **options)
        return known[key]

    return kept


async def enter(db: Db, agency_id: UUID) -> None:
    """Make `agency_id` the transaction's agency and note the database's clock."""
    row = (await db.execute(ENTER, {"agency": str(agency_id)})).one()
    db.now = row[1]


@asynccontextmanager
async def transaction(engine: AsyncEngine, tables: Foundation, scope: Scope) -> AsyncGenerator[Db]:
    """Open one agency's transaction; commit on leaving, with its events and audit rows, or roll all back."""
    async with Db(engine, expire_on_commit=False) as db:
        db.scope, db.tables, db.pending, db.after_commit = scope, tables, Pending(), []
        async with db.begin():
            await enter(db, scope.agency_id)
            yield db
            await db.write_pending()
        for callback in db.after_commit:
            callback()


@asynccontextmanager
async def only_one(engine: AsyncEngine, name: str) -> AsyncGenerator[AsyncConnection]:
    """Wait for the advisory lock `name` and yield the autocommitting connection that holds it.

    The connection is closed on leaving: in the pool, the lock would live on in it and keep everybody out.
    """
    take = text("select pg_try_advisory_lock(hashtext(:name))")
    async with engine.connect() as connection:
        connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        while not await connection.scalar(take, {"name": name}):  # noqa: ASYNC110 - the event is in the database
            await asyncio.sleep(LOCK_SECONDS)
        try:
            yield connection
        finally:
            await connection.invalidate()


UNPROTECTED = """
select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attname = 'agency_id'
where n.nspname = :schema and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)
  and not c.relispartition  -- reached through their parent only: nobody has a right on a partition itself
"""


async def refuse_without_isolation(engine: AsyncEngine, schema: str) -> None:
    """Raise `NoTenantIsolation` unless the role is bound by row-level security and sees nothing without an agency."""
    async with engine.connect() as connection:
        role = (
            await connection.execute(text("select rolsuper, rolbypassrls from pg_roles where rolname = current_user"))
        ).one()
        if role.rolsuper or role.rolbypassrls:
            raise NoTenantIsolation("the role is a superuser or bypasses row-level security")
        owned = await connection.scalar(
            text("select count(*) from pg_tables where schemaname = :schema and tableowner = current_user"),
            {"schema": schema},
        )
        if owned:
            raise NoTenantIsolation("the role owns tables, so policies would not bind it")
        open_tables = await connection.scalar(text(UNPROTECTED), {"schema": schema})
        if open_tables:
            raise NoTenantIsolation(f"row-level security is not forced on {open_tables} tables")
        seen = await connection.scalar(text(f'select count(*) from "{schema}".idempotency'))
        if seen:
            raise NoTenantIsolation("rows are visible without an agency")


class Hot:
    """A Core statement compiled once: one round trip on the driver's connection, about half the cost of `execute`."""

    def __init__(self, statement: Any) -> None:
        compiled = statement.compile(dialect=asyncpg_dialect.dialect())  # type: ignore[no-untyped-call]  # untyped there
        self.sql = str(compiled)
        self.names = list(compiled.positiontup or ())


async def run_hot(engine: AsyncEngine, hot: Hot, values: Mapping[str, object]) -> Any:
    """Run a single autocommit statement and return its one row; on disk when this returns.

    Must never open a transaction: nothing would roll it back.
    """
    pooled = await engine.raw_connection()
    try:
        return await pooled.driver_connection.fetchrow(hot.sql, *[values[name] for name in hot.names])  # type: ignore[union-attr]  # asyncpg's own connection
    except BROKEN as error:
        pooled.invalidate(error)
        raise
    finally:
        pooled.close()


def agency_context() -> CTE:
    """Return the first step of a hot statement: it sets the agency, and hands it on, so that it runs first."""
    agency = _set_agency(bindparam("agency", type_=Text()))
    return select(cast(agency, Uuid()).label("agency_id")).cte("ctx")


def insert_from(table: Table, source: Any, **values: Any) -> Any:
    """Return `INSERT … SELECT` from `source`; bind parameters take the types of their columns."""
    typed = [
        cast(v, table.c[k].type) if getattr(v, "__visit_name__", "") == "bindparam" else v for k, v in values.items()
    ]
    picked: Select[Any] = select(*typed).select_from(source)
    return upsert(table).from_select(list(values), picked)
