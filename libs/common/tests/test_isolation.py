"""Row-level security and privileges, as Postgres has them: read from its catalogue, and tried."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from common.database import NoTenantIsolation, make_engine, refuse_without_isolation
from common.migrations import _is_partition, privileges, role_names, secure

AGENCY = "nullif(current_setting('app.agency_id', true), '')::uuid"
BACKSTAGE = ("outbox", "ledger", "inbox", "dead_letter", "audit_pending", "audit_head", "refill")


def metadatas(ground: Any) -> list[Any]:
    return [entry.metadata for entry in ground.services]


async def test_every_table_forces_row_level_security_with_the_policies_it_asks_for(ground: Any) -> None:
    for metadata in metadatas(ground):
        schema, found = metadata.schema, await policies(ground, metadata.schema)
        api, worker = role_names(schema)
        for table in metadata.sorted_tables:
            reach = privileges(table.info)["reach"]
            bound = {"tenant": {api, worker}, "platform": {api}, "shared": set()}[reach]
            flags = await ground.fetch(
                "select relrowsecurity, relforcerowsecurity from pg_class where oid = cast(:t as regclass)",
                t=f"{schema}.{table.name}",
            )

            assert tuple(flags[0].values()) == ((False, False) if reach == "shared" else (True, True)), table
            restrictive = [
                one for one in found if one["tablename"] == table.name and one["permissive"] == "RESTRICTIVE"
            ]
            assert {role for one in restrictive for role in one["roles"]} == bound, table
            for one in restrictive:
                assert normal(one["qual"]) == normal(one["with_check"]) == normal(f"(agency_id = ({AGENCY}))")


async def policies(ground: Any, schema: str) -> list[Any]:
    return list(
        await ground.fetch(
            "select tablename, permissive, roles::text[] as roles, qual, with_check from pg_policies "
            "where schemaname = :s",
            s=schema,
        )
    )


def normal(sql: str) -> str:
    return "".join(sql.replace("::text", "").replace("(", "").replace(")", "").lower().split())


async def test_the_database_holds_no_table_that_the_models_do_not_know(ground: Any) -> None:
    for metadata in metadatas(ground):
        rows = await ground.fetch(
            "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
            "where n.nspname = :s and c.relkind in ('r', 'p') and not c.relispartition",
            s=metadata.schema,
        )
        assert {row["relname"] for row in rows} - {"alembic_version"} == {t.name for t in metadata.sorted_tables}


async def test_the_services_roles_have_exactly_the_privileges_that_the_tables_ask_for(ground: Any) -> None:
    for metadata in metadatas(ground):
        wanted = set()
        for table in metadata.sorted_tables:
            asked = privileges(table.info)
            for role, key in zip(role_names(metadata.schema), ("api", "worker"), strict=True):
                wanted |= {(role, table.name, word.strip().upper()) for word in asked[key].split(",") if word}

        granted = await ground.fetch(
            "select r.rolname, c.relname, a.privilege_type from pg_class c "
            "join pg_namespace n on n.oid = c.relnamespace cross join lateral aclexplode(c.relacl) a "
            "join pg_roles r on r.oid = a.grantee where n.nspname = :s and r.rolname like :mine and c.relkind <> 'S'",
            s=metadata.schema,
            mine=f"{metadata.schema}\\_%",
        )

        assert {tuple(row.values()) for row in granted} == wanted


async def test_the_services_roles_own_nothing_and_bypass_nothing(ground: Any) -> None:
    for metadata in metadatas(ground):
        for role in role_names(metadata.schema):
            flags = await ground.fetch(
                "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, "
                "(select count(*) from pg_auth_members m where m.member = r.oid) as memberships, "
                "(select count(*) from pg_class c where c.relowner = r.oid) as owned "
                "from pg_roles r where rolname = :role",
                role=role,
            )
            assert tuple(flags[0].values()) == (False, False, False, False, 0, 0)


async def test_a_role_reaches_no_other_services_schema(ground: Any) -> None:
    async with ground.engine("echo_api").connect() as connection:
        with pytest.raises(DBAPIError, match="permission denied for schema workforce"):
            await connection.execute(text("select 1 from workforce.staff"))


async def test_without_an_agency_there_are_no_rows(ground: Any, echo: Any) -> None:
    assert (await echo.make("Walk")).status_code == 201

    for role in ("echo_api", "echo_worker"):
        async with ground.engine(role).connect() as connection:
            assert await connection.scalar(text("select count(*) from echo.thing")) == 0


async def test_an_agency_sees_only_its_own_rows_and_the_context_ends_with_the_transaction(
    ground: Any, echo: Any
) -> None:
    await echo.make("Walk")

    async with ground.engine("echo_api").connect() as connection:
        async with connection.begin():
            await connection.execute(text("select set_config('app.agency_id', :a, true)"), {"a": str(echo.agency_id)})
            mine = await connection.scalar(text("select count(*) from echo.thing"))
        async with connection.begin():
            later = await connection.scalar(text("select count(*) from echo.thing"))
            await connection.execute(text("select set_config('app.agency_id', :a, true)"), {"a": str(uuid4())})
            theirs = await connection.scalar(text("select count(*) from echo.thing"))

    assert (mine, later, theirs) == (1, 0, 0)


@pytest.mark.parametrize("context", [None, "another"])
async def test_a_row_of_another_agency_cannot_be_written(ground: Any, context: str | None) -> None:
    async with ground.engine("echo_api").connect() as connection, connection.begin():
        if context:
            await connection.execute(text("select set_config('app.agency_id', :a, true)"), {"a": str(uuid4())})
        with pytest.raises(DBAPIError, match="row-level security"):
            await connection.execute(
                text("insert into echo.thing (agency_id, id, title, version) values (:a, :i, 'x', 1)"),
                {"a": uuid4(), "i": uuid7()},
            )


async def test_a_row_cannot_be_moved_to_another_agency(ground: Any, echo: Any) -> None:
    await echo.make("Walk")
    async with ground.engine("echo_api").connect() as connection, connection.begin():
        await connection.execute(text("select set_config('app.agency_id', :a, true)"), {"a": str(echo.agency_id)})
        with pytest.raises(DBAPIError, match="row-level security"):
            await connection.execute(text("update echo.thing set agency_id = :b"), {"b": uuid4()})


@pytest.mark.parametrize("table", BACKSTAGE)
async def test_the_api_cannot_read_backstage(ground: Any, table: str) -> None:
    async with ground.engine("echo_api").connect() as connection:
        with pytest.raises(DBAPIError, match="permission denied"):
            await connection.execute(text(f"select 1 from echo.{table}"))


@pytest.mark.parametrize(
    "statement", ["delete from echo.audit", "update echo.audit set action = 'x'", "truncate echo.audit"]
)
@pytest.mark.parametrize("role", ["echo_api", "echo_worker"])
async def test_nobody_changes_sealed_audit_rows(ground: Any, role: str, statement: str) -> None:
    async with ground.engine(role).connect() as connection:
        with pytest.raises(DBAPIError, match="permission denied"):
            await connection.execute(text(statement))


async def test_only_the_worker_keeps_the_days(ground: Any) -> None:
    async with ground.engine("echo_worker").begin() as connection:
        await connection.execute(text("select echo.keep_days()"))
    async with ground.engine("echo_api").connect() as connection:
        with pytest.raises(DBAPIError, match="permission denied"):
            await connection.execute(text("select echo.keep_days()"))


async def test_days_are_made_ahead_and_dropped_after_ninety(ground: Any) -> None:
    await ground.run(
        "create table echo.ledger_20200101 partition of echo.ledger for values from "
        "('016f5e66-e800-0000-0000-000000000000') to ('016f638d-4400-0000-0000-000000000000')"
    )

    async with ground.engine("echo_worker").begin() as connection:
        await connection.execute(text("select echo.keep_days()"))

    days = (
        "select count(*) from pg_class where relnamespace = cast('echo' as regnamespace) "
        "and relname ~ '^(ledger|inbox)_[0-9]{8}$'"
    )
    assert await ground.value(days) == 10  # yesterday, today and three more, of both
    assert await ground.value("select to_regclass('echo.ledger_20200101')") is None


async def test_old_idempotency_keys_are_dropped_and_young_ones_stay(ground: Any, echo: Any) -> None:
    await echo.make("Walk", key="an-old-key")
    await ground.run("update echo.idempotency set created_at = now() - interval '8 days'")
    await echo.make("Talk", key="a-young-key")

    async with ground.engine("echo_worker").begin() as connection:
        await connection.execute(text("select echo.keep_days()"))

    assert [row["key"] for row in await ground.fetch("select key from echo.idempotency")] == ["a-young-key"]


async def test_start_up_refuses_a_superuser(ground: Any) -> None:
    engine = make_engine(ground.url("postgres"), pool_size=1, name="test")
    with pytest.raises(NoTenantIsolation, match="superuser"):
        await refuse_without_isolation(engine, "echo")
    await engine.dispose()


@pytest.mark.parametrize(
    ("break_it", "mend_it", "said"),
    [
        ("table echo.thing no force row level security", "table echo.thing force row level security", "not forced"),
        ("table echo.thing disable row level security", "table echo.thing enable row level security", "not forced"),
        ("table echo.thing owner to echo_api", "table echo.thing owner to postgres", "owns tables"),
        ("role echo_api bypassrls", "role echo_api nobypassrls", "bypasses"),
    ],
)  # fmt: skip
async def test_start_up_refuses_a_broken_wall(ground: Any, break_it: str, mend_it: str, said: str) -> None:
    await ground.run(f"alter {break_it}")
    engine = make_engine(ground.url("echo_api"), pool_size=1, name="test")
    try:
        with pytest.raises(NoTenantIsolation, match=said):
            await refuse_without_isolation(engine, "echo")
    finally:
        await ground.run(f"alter {mend_it}")
        await ground.run("comment on schema echo is null")  # forget what was set, so that all is set again
        async with ground.admin.begin() as connection:
            await connection.run_sync(secure, ground.model.metadata)  # as after every migration
        await engine.dispose()


async def test_a_wall_that_is_down_is_put_up_again_by_the_next_migration(ground: Any) -> None:
    await ground.run("alter table echo.thing no force row level security")

    async with ground.admin.begin() as connection:
        await connection.run_sync(secure, ground.model.metadata)

    await refuse_without_isolation(ground.engine("echo_api"), "echo")


async def test_start_up_accepts_a_whole_wall(ground: Any) -> None:
    for role in ("echo_api", "echo_worker"):
        await refuse_without_isolation(ground.engine(role), "echo")


async def test_the_steward_sees_ids_and_no_payload(ground: Any) -> None:
    columns = await ground.fetch(
        "select table_schema, table_name, column_name from information_schema.role_column_grants "
        "where grantee = 'handrail_steward' and privilege_type = 'SELECT'"
    )
    assert {(row["table_schema"]) for row in columns} == {"workforce", "echo"}
    assert not {row["column_name"] for row in columns} & {"payload", "detail", "error", "aggregate_id", "traceparent"}


async def test_errors_never_quote_what_was_being_written(ground: Any) -> None:
    engine = make_engine(ground.url("echo_api"), pool_size=1, name="test")
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError) as failed:
            await connection.execute(text("select cast(:name as uuid) from nowhere"), {"name": "Maria Gonzales"})
    await engine.dispose()
    assert "Maria" not in str(failed.value)


async def test_a_services_own_table_beside_inbox_is_not_taken_for_a_partition() -> None:
    assert _is_partition("inbox_20261122")
    assert _is_partition("ledger_default")
    assert not _is_partition("inbox_message")
