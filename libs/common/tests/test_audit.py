"""The audit chain: sealed by one writer; whatever is changed afterwards is found."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from uuid_utils.compat import uuid7

from common.audit import AuditSealer, ChainBroken, Verified, verify
from common.database import Scope, make_engine, transaction

KEY = b"k" * 32
HELD = (
    "select count(*) from pg_locks l join pg_database d on d.oid = l.database "
    "where l.locktype = 'advisory' and l.granted and d.datname = 'ground'"
)


@pytest_asyncio.fixture(autouse=True)
async def _empty(ground: Any) -> None:
    await ground.run("truncate echo.audit, echo.audit_pending, echo.audit_head")


@asynccontextmanager
async def writer(ground: Any) -> AsyncGenerator[Any]:
    async with ground.engine("echo_worker").connect() as connection:
        yield await connection.execution_options(isolation_level="AUTOCOMMIT")


def sealer(ground: Any) -> AuditSealer:
    return AuditSealer(ground.engine("echo_worker"), "echo", KEY)


async def write(ground: Any, agency_id: UUID, actions: int) -> None:
    scope = Scope(agency_id, uuid4(), uuid7())
    async with transaction(ground.engine("echo_api"), ground.echo.tables, scope) as db:
        for place in range(actions):
            db.audit("thing.read", uuid4(), place=place, code="x", at=None)


async def verified(ground: Any, key: bytes = KEY) -> Verified:
    engine = make_engine(ground.url("echo_worker"), pool_size=1, name="verify")
    try:
        async with engine.connect() as connection:
            return await verify(connection, "echo", key)
    finally:
        await engine.dispose()


async def sealed(ground: Any, *counts: int) -> list[UUID]:
    """Write and seal `counts` rows for as many agencies; return the agencies in the order of their chains."""
    agencies = [uuid4() for _ in counts]
    for agency_id, count in zip(agencies, counts, strict=True):
        await write(ground, agency_id, count)
    async with writer(ground) as connection:
        while await sealer(ground).seal(connection):
            pass
    return agencies


async def test_sealed_rows_verify_and_stand_in_the_order_they_were_written(ground: Any) -> None:
    one, two = await sealed(ground, 5, 3)

    assert await verified(ground) == Verified(rows=8)
    assert await ground.value("select count(*) from echo.audit_pending") == 0
    rows = await ground.fetch(
        "select seq, detail->'place' as place from echo.audit where agency_id = :a order by seq", a=one
    )
    assert [tuple(row.values()) for row in rows] == [(seq, seq - 1) for seq in range(1, 6)]
    assert await ground.value("select seq from echo.audit_head where agency_id = :a", a=two) == 3


async def test_nothing_at_all_verifies(ground: Any) -> None:
    assert await verified(ground) == Verified(rows=0)


async def test_another_key_does_not_verify(ground: Any) -> None:
    (agency_id,) = await sealed(ground, 2)
    assert await verified(ground, b"x" * 32) == Verified(0, agency_id, 1)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ("update echo.audit set action = 'thing.write' where agency_id = :a and seq = 4", 4),
        ("update echo.audit set detail = '{}' where agency_id = :a and seq = 2", 2),
        ("update echo.audit set at = at + interval '1 microsecond' where agency_id = :a and seq = 9", 9),
        ("update echo.audit set actor_id = null where agency_id = :a and seq = 1", 1),
        ("update echo.audit set seq = 90 where agency_id = :a and seq = 9", 9),
        ("delete from echo.audit where agency_id = :a and seq = 4", 4),
        ("delete from echo.audit where agency_id = :a and seq = 1", 1),
        ("delete from echo.audit where agency_id = :a and seq > 6", 7),
        ("delete from echo.audit where agency_id = :a", 1),
        ("update echo.audit_head set mac = :mac where agency_id = :a", 9),
        ("delete from echo.audit_head where agency_id = :a", 9),
        ("insert into echo.audit select agency_id, 10, id, actor_id, action, subject_id, outcome, reason_code, "
         "request_id, at, detail, mac from echo.audit where agency_id = :a and seq = 9", 10),
    ],
)  # fmt: skip
@pytest.mark.parametrize("chain", [0, 1, 2])
async def test_a_change_is_found_and_placed(ground: Any, change: str, place: int, chain: int) -> None:
    await sealed(ground, 9, 9, 9)
    agencies = await ground.fetch("select distinct agency_id from echo.audit order by 1")
    victim = agencies[chain]["agency_id"]
    values: dict[str, Any] = {"a": victim} | ({"mac": b"m" * 32} if ":mac" in change else {})

    await ground.run(change, **values)

    found = await verified(ground)
    assert (found.broken_agency, found.broken_seq) == (victim, place)


async def test_rows_swapped_between_two_agencies_are_found(ground: Any) -> None:
    one, two = await sealed(ground, 3, 3)
    spare = uuid4()
    for source, target in ((one, spare), (two, one), (spare, two)):
        await ground.run("update echo.audit set agency_id = :t where agency_id = :s and seq = 2", s=source, t=target)

    assert (await verified(ground)).broken_seq == 2


async def test_a_head_rolled_back_together_with_its_rows_is_noticed_and_becomes_part_of_the_chain(ground: Any) -> None:
    agency_id = uuid4()
    working = asyncio.create_task(sealer(ground).run())
    await write(ground, agency_id, 5)
    await ground.eventually("select count(*) from echo.audit", 5)
    kept = (await ground.fetch("select mac from echo.audit where seq = 3"))[0]["mac"]
    true_end = (await ground.fetch("select mac from echo.audit where seq = 5"))[0]["mac"]

    await ground.run("delete from echo.audit where seq > 3")
    await ground.run("update echo.audit_head set seq = 3, mac = :mac", mac=kept)
    await write(ground, agency_id, 1)
    with pytest.raises(ChainBroken):
        await asyncio.wait_for(working, 5)
    again = asyncio.create_task(sealer(ground).run())  # as the supervisor does: it knows no head of before
    await ground.eventually("select count(*) from echo.audit_pending", 0)
    again.cancel()
    await asyncio.gather(again, return_exceptions=True)

    (row,) = await ground.fetch("select * from echo.audit where action = 'audit.seal'")
    assert (row["outcome"], row["reason_code"]) == ("failed", "chain-broken")
    assert row["detail"] == {"seq": 5, "mac": bytes(true_end).hex()}


async def test_two_sealers_cannot_both_write_and_the_second_takes_over(ground: Any) -> None:
    first, agency_id = asyncio.create_task(sealer(ground).run()), uuid4()
    await ground.eventually(HELD, 1)
    second = asyncio.create_task(sealer(ground).run())
    for _ in range(5):
        await write(ground, agency_id, 20)
    await ground.eventually("select count(*) from echo.audit", 100)
    assert await ground.value(HELD) == 1

    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await write(ground, agency_id, 20)
    await ground.eventually("select count(*) from echo.audit", 120, seconds=5)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)

    assert await verified(ground) == Verified(rows=120)


async def test_a_sealer_that_wakes_up_late_cannot_turn_a_head_back(ground: Any) -> None:
    (agency_id,) = await sealed(ground, 3)
    (early,) = await ground.fetch("select id, mac from echo.audit where seq = 1")

    async with writer(ground) as connection:  # it had read the first row, then slept while another sealed all three
        await sealer(ground)._move(connection, [(early["id"], 1, early["mac"])], {agency_id: (1, early["mac"])})

    assert await verified(ground) == Verified(rows=3)


async def test_a_lost_connection_ends_the_sealer_so_that_it_can_be_started_again(ground: Any) -> None:
    working = asyncio.create_task(sealer(ground).run())
    await ground.eventually(HELD, 1)

    await ground.run(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'echo_worker' and datname = 'ground'"
    )

    with pytest.raises(Exception, match=r"terminat|closed"):
        await asyncio.wait_for(working, 5)
    await ground.eventually(HELD, 0)


async def test_verifying_while_the_sealer_works_finds_no_break(ground: Any) -> None:
    working, agency_id = asyncio.create_task(sealer(ground).run()), uuid.uuid4()
    for _ in range(8):
        await write(ground, agency_id, 200)
        assert (await verified(ground)).broken_agency is None
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_a_refused_request_is_audited_though_its_transaction_is_gone(ground: Any, echo: Any) -> None:
    await echo.make("Walk")
    answer = await echo.make("Walk")

    rows = await ground.fetch(
        "select outcome, reason_code from echo.audit_pending where agency_id = :a order by id", a=echo.agency_id
    )
    assert answer.status_code == 409
    assert [tuple(row.values()) for row in rows] == [("done", None), ("refused", "conflict")]
