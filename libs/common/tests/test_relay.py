"""The relay against a real server: in order, whole batches, each event once, whatever dies in between."""

# ruff: noqa: ASYNC110 - what is waited for happens in a server

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import nats
import pytest
import pytest_asyncio
from nats.aio.client import Client
from sqlalchemy import event, text
from uuid_utils.compat import uuid7

from common.relay import Bell, NotStored, Relay
from common.telemetry import Telemetry

HELD = (
    "select count(*) from pg_locks l join pg_database d on d.oid = l.database "
    "where l.locktype = 'advisory' and l.granted and d.datname = 'ground'"
)


@pytest_asyncio.fixture
async def bus(ground: Any) -> AsyncGenerator[Client]:
    """The bus as workforce's relay sees it, and a clean outbox."""
    await ground.provide()
    await ground.run("truncate workforce.outbox, workforce.ledger, workforce.refill")
    client = await nats.connect(ground.bus.url("workforce"), inbox_prefix="_INBOX_workforce")
    yield client
    await client.close()


def relay(ground: Any, client: Client, bell: Bell | None = None, idle: float = 0.05) -> Relay:
    engine = ground.engine("workforce_worker")
    return Relay(engine, "workforce", client, Telemetry("workforce"), bell or Bell(), idle=idle)


@asynccontextmanager
async def autocommit(ground: Any) -> AsyncGenerator[Any]:
    async with ground.engine("workforce_worker").connect() as connection:
        yield await connection.execution_options(isolation_level="AUTOCOMMIT")


async def outbox_ids(ground: Any) -> list[UUID]:
    return [row["event_id"] for row in await ground.fetch("select event_id from workforce.outbox order by id")]


async def stored(ground: Any, *, last: int) -> list[dict[str, str]]:
    """Return the headers of the stream's last messages."""
    async with ground.bus_admin() as client:
        js = client.jetstream()
        end = (await js.stream_info("workforce")).state.last_seq
        messages = [await js.get_msg("workforce", seq) for seq in range(end - last + 1, end + 1)]
    return [dict(message.headers or {}) for message in messages]


async def last_seq(ground: Any) -> int:
    async with ground.bus_admin() as client:
        return int((await client.jetstream().stream_info("workforce")).state.last_seq)


async def test_a_batch_arrives_whole_and_in_commit_order(ground: Any, bus: Client) -> None:
    agency_id, before = uuid4(), await last_seq(ground)
    await ground.publish(agency_id, [uuid4() for _ in range(70)])
    wanted = await outbox_ids(ground)

    async with autocommit(ground) as connection:
        assert await relay(ground, bus).publish_next(connection) == 70

    headers = await stored(ground, last=70)
    assert await last_seq(ground) == before + 70
    assert [UUID(one["Nats-Msg-Id"]) for one in headers] == wanted
    assert len({one["Nats-Batch-Id"] for one in headers}) == 1
    assert (await ground.value("select count(*) from workforce.outbox")) == 0
    moved = await ground.fetch("select event_id from workforce.ledger where agency_id = :a", a=agency_id)
    assert {row["event_id"] for row in moved} == set(wanted)


async def test_a_batch_with_an_event_that_is_there_already_ends_with_each_once(ground: Any, bus: Client) -> None:
    before = await last_seq(ground)
    await ground.publish(uuid4(), [uuid4() for _ in range(5)])
    row = (await ground.fetch("select * from workforce.outbox order by id limit 1 offset 2"))[0]
    await bus.request(row["type"], row["payload"].encode(), headers={"Nats-Msg-Id": str(row["event_id"])})
    wanted = await outbox_ids(ground)

    async with autocommit(ground) as connection:
        await relay(ground, bus).publish_next(connection)

    headers = await stored(ground, last=5)
    assert await last_seq(ground) == before + 5
    assert sorted(UUID(one["Nats-Msg-Id"]) for one in headers) == sorted(wanted)
    assert await outbox_ids(ground) == []


async def test_a_row_that_commits_late_is_not_missed(ground: Any, bus: Client) -> None:
    early, late = uuid4(), uuid4()
    slow = ground.admin.connect()
    async with slow as connection, connection.begin() as transaction:
        values = {"e": uuid7(), "a": late}
        await connection.execute(
            text(
                "insert into workforce.outbox (event_id, agency_id, aggregate_id, aggregate_seq, type, payload) "
                "values (:e, :a, :a, 1, 'handrail.workforce.staff-joined.v1', '{}')"
            ),
            values,
        )
        await ground.publish(early, [uuid4()])  # takes a higher id, commits first
        async with autocommit(ground) as relaying:
            await relay(ground, bus).publish_next(relaying)
            await transaction.commit()
            await relay(ground, bus).publish_next(relaying)

    agencies = await ground.fetch("select agency_id from workforce.ledger")
    assert {row["agency_id"] for row in agencies} == {early, late}


async def test_a_relay_killed_between_publishing_and_moving_publishes_nothing_twice(ground: Any, bus: Client) -> None:
    before = await last_seq(ground)
    await ground.publish(uuid4(), [uuid4() for _ in range(7)])
    async with ground.admin.connect() as blocker, blocker.begin() as transaction:
        await blocker.execute(text("select 1 from workforce.outbox for update"))  # the move has to wait here
        running = asyncio.create_task(relay(ground, bus).run())
        while await last_seq(ground) < before + 7:
            await asyncio.sleep(0.01)
        await ground.run(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where usename = 'workforce_worker' and datname = 'ground'"
        )
        with pytest.raises(Exception, match=r"terminat|closed"):  # it ends, so that a supervisor starts it again
            await asyncio.wait_for(running, 10)
        await transaction.rollback()
    assert len(await outbox_ids(ground)) == 7

    async with asyncio.timeout(10):
        again = asyncio.create_task(relay(ground, bus).run())
        await ground.eventually("select count(*) from workforce.outbox", 0)
        again.cancel()

    assert await last_seq(ground) == before + 7
    assert await ground.value("select count(*) from workforce.ledger") == 7


async def test_only_one_relay_works_and_the_next_takes_over_when_it_ends(ground: Any, bus: Client) -> None:
    first = asyncio.create_task(relay(ground, bus).run())
    await ground.eventually(HELD, 1)
    second = asyncio.create_task(relay(ground, bus).run())
    await asyncio.sleep(0.2)
    assert await ground.value(HELD) == 1

    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await ground.publish(uuid4(), [uuid4()])

    await ground.eventually("select count(*) from workforce.ledger", 1, seconds=5)
    assert not second.done()
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)


async def test_what_the_server_refuses_stays_in_the_outbox(ground: Any, bus: Client) -> None:
    async with ground.bus_admin() as admin:
        js = admin.jetstream()
        config = (await js.stream_info("workforce")).config
        full = json.dumps(config.as_dict() | {"max_msgs": 1, "allow_atomic": True}).encode()
        async with stream_without(ground, admin), autocommit(ground) as connection:
            await admin.request("$JS.API.STREAM.CREATE.workforce", full)
            for people in (1, 3):
                await ground.publish(uuid4(), [uuid4() for _ in range(people)])
            with pytest.raises(NotStored):
                await relay(ground, bus).publish_next(connection)
    assert len(await outbox_ids(ground)) == 4


@asynccontextmanager
async def stream_without(ground: Any, admin: Client) -> AsyncGenerator[None]:
    """Take the stream away; provide it again afterwards."""
    await admin.jetstream().delete_stream("workforce")
    try:
        yield
    finally:
        await admin.request("$JS.API.STREAM.DELETE.workforce", b"")
        await ground.provide()


async def test_without_a_stream_the_relay_waits_and_goes_on_when_it_is_there(ground: Any, bus: Client) -> None:
    async with ground.bus_admin() as admin, stream_without(ground, admin):
        running = asyncio.create_task(relay(ground, bus).run())
        await ground.publish(uuid4(), [uuid4() for _ in range(3)])
        await asyncio.sleep(0.4)
        assert len(await outbox_ids(ground)) == 3
    await ground.eventually("select count(*) from workforce.ledger", 3, seconds=5)
    assert not running.done()
    running.cancel()


async def test_a_bus_lost_in_mid_request_ends_the_wait_at_once(ground: Any, bus: Client) -> None:
    await ground.publish(uuid4(), [uuid4() for _ in range(3)])
    assert ground.bus.server is not None
    ground.bus.server.process.send_signal(19)  # SIGSTOP: takes the request, answers nothing
    started = time.monotonic()
    async with autocommit(ground) as connection:
        publishing = asyncio.create_task(relay(ground, bus).publish_next(connection))
        await asyncio.sleep(0.3)
        ground.bus.kill()
        with pytest.raises(NotStored):
            await publishing
        assert time.monotonic() - started < 3  # the answer's own time limit is ten seconds
        ground.bus.start()
        while not bus.is_connected:
            await asyncio.sleep(0.02)
        await relay(ground, bus).publish_next(connection)
    assert await outbox_ids(ground) == []


async def test_what_is_asked_for_again_is_published_again(ground: Any, bus: Client) -> None:
    await ground.publish(uuid4(), [uuid4() for _ in range(3)])
    async with autocommit(ground) as connection:
        await relay(ground, bus).publish_next(connection)
        async with ground.bus_admin() as admin, stream_without(ground, admin):
            pass
        await ground.run("insert into workforce.refill select event_id, agency_id from workforce.ledger")
        assert await relay(ground, bus).refill_next(connection) == 3

    assert await last_seq(ground) == 3
    assert await ground.value("select count(*) from workforce.refill") == 0


async def test_the_bell_wakes_a_sleeping_relay(ground: Any, bus: Client) -> None:
    bell = Bell()
    running = asyncio.create_task(relay(ground, bus, bell, idle=30).run())
    await asyncio.sleep(0.5)  # asleep by now: its pauses grow

    await ground.publish(uuid4(), [uuid4()])
    bell.ring()

    await ground.eventually("select count(*) from workforce.ledger", 1, seconds=1)
    running.cancel()


async def test_a_bell_rung_while_nobody_waits_is_heard_by_the_next_who_does() -> None:
    bell = Bell()
    bell.ring()
    async with asyncio.timeout(0.5):
        await bell.wait(30)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await bell.wait(30)


async def test_an_idle_relay_asks_a_few_times_a_second_and_no_more(ground: Any, bus: Client) -> None:
    asked: list[str] = []
    idle = relay(ground, bus, idle=0.1)
    event.listen(idle._engine.sync_engine, "before_cursor_execute", lambda *seen: asked.append(seen[2]))
    running = asyncio.create_task(idle.run())
    await asyncio.sleep(0.5)

    asked.clear()
    started = time.monotonic()
    await asyncio.sleep(2)
    per_second = len(asked) / (time.monotonic() - started)

    running.cancel()
    assert 0 < per_second < 30, f"{per_second:.0f} statements a second for nothing: a loop that spins asks hundreds"
