"""Schemas, roles, migrations and row-level security, run by the operator's role and never by a service.

`secure` derives policies and grants from the tables themselves, so that no table can be forgotten.
"""

import hashlib
import importlib.resources
import re
from collections.abc import Mapping
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from common.database import UNPROTECTED
from common.tables import KEY_DAYS

KEEP_DAYS = 90
AHEAD_DAYS = 3
LOCK_TIMEOUT = "5s"
STEWARD = "handrail_steward"  # reconciles ledgers with inboxes: ids and types only, no payload
AGENCY = "nullif(current_setting('app.agency_id', true), '')::uuid"

STEWARD_READS = {
    "outbox": "event_id, agency_id, type, recorded_at",
    "ledger": "event_id, agency_id, type, recorded_at, published_at",
    "inbox": "subscriber, event_id",
    "dead_letter": "id, subscriber, event_id, replayed_at",
    "refill": "event_id",
    "freshness": "publisher, as_of, missing, dead_letters, checked_at",
}
# Day partitions by the time inside the UUIDv7 key. Owned by the operator and run with its rights, because a service
# may create and drop nothing; it takes no argument and names nothing from outside. Old idempotency keys go too: a
# client that repeats itself does so within days, and their table would only grow.
KEEP_DAYS_FUNCTION = """
create or replace function {schema}.keep_days() returns void language plpgsql security definer
set search_path = pg_catalog as $f$
declare parent text; day date; part text; low text; high text; old record;
begin
  foreach parent in array array['ledger', 'inbox'] loop
    for day in select d::date from generate_series(now() at time zone 'utc' - interval '1 day',
        now() at time zone 'utc' + interval '{ahead} days', interval '1 day') d loop
      part := parent || '_' || to_char(day, 'YYYYMMDD');
      continue when to_regclass(format('{schema}.%I', part)) is not null;
      low := lpad(to_hex((extract(epoch from day) * 1000)::bigint), 12, '0');
      high := lpad(to_hex((extract(epoch from day + 1) * 1000)::bigint), 12, '0');
      begin
        execute format('create table {schema}.%I partition of {schema}.%I for values from (%L) to (%L)', part, parent,
          rpad(low, 32, '0')::uuid, rpad(high, 32, '0')::uuid);
      exception when check_violation or duplicate_table then null; -- its rows are in the default partition already
      end;
    end loop;
    for old in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = format('{schema}.%I', parent)::regclass and c.relname ~ '_[0-9]{{8}}$'
          and to_date(right(c.relname, 8), 'YYYYMMDD') < (now() at time zone 'utc')::date - {keep} loop
      execute format('drop table {schema}.%I', old.relname);
    end loop;
  end loop;
  delete from {schema}.idempotency where created_at < now() - interval '{keys} days';
end $f$
"""


def role_names(schema: str) -> tuple[str, str]:
    """Return the names of a schema's API role and worker role."""
    return f"{schema}_api", f"{schema}_worker"


async def provision_steward(admin_url: str, password: str) -> None:
    """Make the role of the reconciler; `secure` grants it ids, types and instants in every schema."""
    engine = create_async_engine(admin_url, poolclass=pool.NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await _make_role(connection, STEWARD, password)
    await engine.dispose()


async def _make_role(connection: AsyncConnection, role: str, password: str) -> None:
    exists = await connection.scalar(text("select 1 from pg_roles where rolname = :role"), {"role": role})
    verb, secret = "alter" if exists else "create", password.replace("'", "''")
    await connection.execute(
        text(f"{verb} role {role} login nosuperuser nobypassrls nocreatedb nocreaterole password '{secret}'")
    )


async def provision_roles(admin_url: str, schema: str, passwords: Mapping[str, str]) -> None:
    """Make the schema and its two roles, which own nothing; `passwords` by role name."""
    engine = create_async_engine(admin_url, poolclass=pool.NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f'create schema if not exists "{schema}"'))
        for role in role_names(schema):
            await _make_role(connection, role, passwords[role])
            await connection.execute(text(f'grant usage on schema "{schema}" to {role}'))
            await connection.execute(text(f'alter role {role} set search_path to "{schema}"'))
    await engine.dispose()


def config(package: str) -> Config:
    """Return Alembic's configuration for the migrations inside a service's package."""
    alembic = Config()
    alembic.set_main_option("script_location", str(importlib.resources.files(package) / "migrations"))
    return alembic


async def migrate(admin_url: str, package: str, metadata: MetaData) -> None:
    """Bring a service's schema to the newest version, then its policies and grants, in one transaction."""
    engine = create_async_engine(admin_url, poolclass=pool.NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade, package, metadata)
    await engine.dispose()


def _upgrade(connection: Connection, package: str, metadata: MetaData) -> None:
    connection.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT}'"))
    alembic = config(package)
    alembic.attributes["connection"] = connection
    command.upgrade(alembic, "head")
    secure(connection, metadata)


def environment(context: Any, metadata: MetaData) -> None:
    """Run migrations on the connection that `migrate` opened; the body of every service's `migrations/env.py`."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema=metadata.schema,
        include_schemas=True,
        include_name=lambda name, kind, _: name == metadata.schema if kind == "schema" else True,
        include_object=lambda _, name, kind, *__: not (kind == "table" and _is_partition(name)),
        compare_type=True,
    )
    context.run_migrations()  # inside the transaction of `migrate`


def _is_partition(name: str | None) -> bool:
    return bool(re.fullmatch(r"(ledger|inbox)_(default|\d{8})", name or ""))


def secure(connection: Connection, metadata: MetaData) -> None:
    """Set row-level security, policies, grants, default partitions and `keep_days` for every table of a schema.

    What was set is noted in the schema's comment: taking locks on every table again, for nothing, would hold up or
    deadlock with requests that are under way. A table whose wall is down all the same is never left so.
    """
    schema = str(metadata.schema)
    statements = _walls(metadata)
    mark = "walls " + hashlib.sha256("\n".join(statements).encode()).hexdigest()
    noted = connection.scalar(
        text("select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = :schema"),
        {"schema": schema},
    )
    if noted != mark or connection.scalar(text(UNPROTECTED), {"schema": schema}):
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"comment on schema {schema} is '{mark}'")
    connection.exec_driver_sql(f"select {schema}.keep_days()")


def _walls(metadata: MetaData) -> list[str]:
    """Return the statements that put every table of a schema behind its policies and grants."""
    schema = str(metadata.schema)
    api, worker = role_names(schema)
    statements = [
        KEEP_DAYS_FUNCTION.format(schema=schema, keep=KEEP_DAYS, ahead=AHEAD_DAYS, keys=KEY_DAYS),
        f"revoke all on function {schema}.keep_days() from public",
        f"grant execute on function {schema}.keep_days() to {worker}",
    ]
    for table in metadata.sorted_tables:
        name = f"{schema}.{table.name}"
        info = privileges(table.info)
        statements.append(f"revoke all on {name} from {api}, {worker}")
        grants = ((api, info["api"]), (worker, info["worker"]))
        statements += [f"grant {granted} on {name} to {role}" for role, granted in grants if granted]
        if table.name in ("ledger", "inbox"):
            statements.append(f"create table if not exists {name}_default partition of {name} default")
        if info["reach"] != "shared":
            statements += _isolation(name, api, worker, everyone=info["reach"] == "tenant")
    return statements + _steward_rights(schema)


def _steward_rights(schema: str) -> list[str]:
    statements = [f"grant usage on schema {schema} to {STEWARD}"]
    for table, columns in STEWARD_READS.items():
        statements += [
            f"revoke all on {schema}.{table} from {STEWARD}",
            f"grant select ({columns}) on {schema}.{table} to {STEWARD}",
        ]
    return [
        *statements,
        f"grant insert on {schema}.refill to {STEWARD}",
        f"grant insert, update on {schema}.freshness to {STEWARD}",
    ]


def privileges(info: Mapping[str, Any]) -> dict[str, str]:
    """Return a table's reach and grants; a table that says nothing is one agency's, for reading and writing."""
    usual = "select, insert, update"
    return {
        "reach": info.get("reach", "tenant"),
        "api": info.get("api", usual),
        "worker": info.get("worker", usual),
    }


def _isolation(name: str, api: str, worker: str, *, everyone: bool) -> list[str]:
    bound = f"{api}, {worker}" if everyone else api
    return [
        f"alter table {name} enable row level security",
        f"alter table {name} force row level security",
        f"drop policy if exists reach on {name}",
        f"drop policy if exists agency on {name}",
        f"create policy reach on {name} as permissive for all to public using (true) with check (true)",
        f"create policy agency on {name} as restrictive for all to {bound} "
        f"using (agency_id = {AGENCY}) with check (agency_id = {AGENCY})",
    ]


async def revise(admin_url: str, package: str, message: str) -> None:
    """Write a new migration by comparing the models with a database that is at the newest version (developers)."""
    engine = create_async_engine(admin_url, poolclass=pool.NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_revise, package, message)
    await engine.dispose()


def _revise(connection: Connection, package: str, message: str) -> None:
    alembic = config(package)
    alembic.attributes["connection"] = connection
    command.revision(alembic, message=message, autogenerate=True)
