"""The pull loop and the inbox against a real server: each effect once, poison alone, nothing stranded."""

# ruff: noqa: ASYNC110 - what is waited for happens in a server

import asyncio
import json
import random
import time
from collections.abc import AsyncGenerator, Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
import sqlalchemy.exc
from faststream.nats.subscriber import factory
from faststream.nats.subscriber.usecases import BatchPullStreamSubscriber
from nats.aio.client import Client
from uuid_utils.compat import uuid7

from common import pull, redelivery
from common.errors import Refused

JOINED, CHANGED = "handrail.workforce.staff-joined.v1", "handrail.workforce.staff-changed.v1"
CONSUMER = "workforce.echo--workforce"


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redelivery, "DELAYS_SECONDS", (0.05, 0.05, 0.05, 0.05))


@pytest_asyncio.fixture
async def admin(ground: Any) -> AsyncGenerator[Client]:
    """A fresh stream and consumer, nothing applied; and the administrator's connection."""
    await ground.run("truncate echo.inbox, echo.dead_letter, echo.arrival, echo.colleague")
    async with ground.bus_admin() as client:
        await client.request("$JS.API.STREAM.DELETE.workforce", b"")
        await ground.provide()
        yield client


def event(agency_id: UUID, staff_id: UUID, seq: int = 1, kind: str = JOINED, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(uuid7()),
        "source": "/workforce",
        "type": kind,
        "subject": str(staff_id),
        "time": "2026-11-22T18:00:00Z",
        "agencyid": str(agency_id),
        "aggregateseq": seq,
        "data": {"staff_id": str(staff_id), "roles": ["peer"], "employed_from": "2026-01-05"} | data,
    }


async def put(client: Client, bodies: Sequence[Any], subject: str = JOINED) -> None:
    """Put bodies into the stream as they are; return when all are stored."""
    before = (await client.jetstream().stream_info("workforce")).state.last_seq
    for body in bodies:
        await client.publish(subject, body if isinstance(body, bytes) else json.dumps(body).encode())
    async with asyncio.timeout(20):
        while (await client.jetstream().stream_info("workforce")).state.last_seq < before + len(bodies):
            await asyncio.sleep(0.01)


async def pending(client: Client) -> int:
    info = await client.jetstream().consumer_info("workforce", "echo--workforce")
    return int((info.num_pending or 0) + (info.num_ack_pending or 0))


async def until_quiet(client: Client, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while await pending(client):
            await asyncio.sleep(0.02)


async def dead(ground: Any) -> list[Any]:
    return list(
        await ground.fetch("select event_id, agency_id, type, error, attempts from echo.dead_letter order by id")
    )


async def test_the_seam_in_faststream_is_where_we_expect_it() -> None:
    assert factory.BatchPullStreamSubscriber.__name__ in ("BatchPullStreamSubscriber", "BatchPull")
    assert {"_create_subscription", "_consume_pull", "stop"} <= set(dir(BatchPullStreamSubscriber))
    assert issubclass(pull.BatchPull, BatchPullStreamSubscriber)


async def test_duplicates_are_applied_once_within_a_batch_and_across_batches(ground: Any, admin: Client) -> None:
    agency_id = uuid4()
    events = [event(agency_id, uuid4()) for _ in range(20)]
    shuffled = random.Random(7).sample(events * 3, 60)
    await put(admin, shuffled)

    async with ground.listening():
        await until_quiet(admin)
        await put(admin, events)
        await until_quiet(admin)

    assert sorted(await ground.applied(agency_id)) == sorted(UUID(one["id"]) for one in events)
    assert await dead(ground) == []


async def test_the_newest_state_stands_whatever_order_events_come_in(ground: Any, admin: Client) -> None:
    agency_id, staff_id = uuid4(), uuid4()
    async with ground.listening():
        for seq, role in ((3, "auditor"), (1, "peer"), (2, "supervisor")):
            await put(admin, [event(agency_id, staff_id, seq, CHANGED, roles=[role])], CHANGED)
            await until_quiet(admin)

    (row,) = await ground.fetch("select seq, roles from echo.colleague where agency_id = :a", a=agency_id)
    assert (row["seq"], row["roles"]) == (3, ["auditor"])
    assert len(await ground.applied(agency_id)) == 3


async def test_one_batch_of_many_agencies_stays_apart(ground: Any, admin: Client) -> None:
    agencies = [uuid4() for _ in range(10)]
    await put(admin, [event(agencies[n % 10], uuid4()) for n in range(100)])

    async with ground.listening():
        await until_quiet(admin)

    assert [len(await ground.applied(agency)) for agency in agencies] == [10] * 10
    assert await ground.value("select count(*) from echo.colleague") == 100


async def test_a_poison_event_among_five_hundred_is_buried_alone(ground: Any, admin: Client) -> None:
    agency_id, staff = uuid4(), [uuid4() for _ in range(500)]
    ground.faults[staff[250]] = Refused("too-old", "No.")
    await put(admin, [event(agency_id, one) for one in staff])

    async with ground.listening():
        await until_quiet(admin)

    assert len(set(await ground.applied(agency_id))) == len(await ground.applied(agency_id)) == 499
    (letter,) = await dead(ground)
    assert (letter["agency_id"], letter["type"], letter["error"], letter["attempts"]) == (
        agency_id,
        JOINED,
        "too-old",
        1,
    )


async def test_bodies_that_cannot_be_read_are_buried_and_their_neighbours_applied(ground: Any, admin: Client) -> None:
    agency_id = uuid4()
    bad = [b"", b"{", b"\xff\xfe", b"[]", json.dumps(event(agency_id, uuid4(), seq=0)).encode()]
    wrong = event(agency_id, uuid4(), employed_from="30 February")
    await put(admin, [event(agency_id, uuid4()), *bad, event(agency_id, uuid4()), wrong, event(agency_id, uuid4())])

    async with ground.listening():
        await until_quiet(admin)

    assert len(await ground.applied(agency_id)) == 3
    assert [letter["error"] for letter in await dead(ground)] == ["ValidationError"] * 6
    assert {letter["attempts"] for letter in await dead(ground)} == {1}


async def test_a_type_that_this_release_does_not_know_is_buried(ground: Any, admin: Client) -> None:
    js, strange = admin.jetstream(), "handrail.workforce.staff-knighted.v1"
    config = (await js.consumer_info("workforce", "echo--workforce")).config
    config.filter_subjects = [JOINED, strange]
    await js.add_consumer("workforce", config)
    agency_id = uuid4()
    await put(admin, [event(agency_id, uuid4(), kind=strange)], strange)
    await put(admin, [event(agency_id, uuid4())])

    async with ground.listening():
        await until_quiet(admin)

    assert [(letter["type"], letter["error"]) for letter in await dead(ground)] == [(strange, "UnknownFact")]
    assert len(await ground.applied(agency_id)) == 1


async def test_newer_fields_are_ignored(ground: Any, admin: Client) -> None:
    agency_id = uuid4()
    await put(admin, [event(agency_id, uuid4(), shoe_size=43) | {"tenantcolor": "blue"}])

    async with ground.listening():
        await until_quiet(admin)

    assert len(await ground.applied(agency_id)) == 1


async def test_a_bug_is_tried_five_times_then_buried(ground: Any, admin: Client) -> None:
    agency_id, sick = uuid4(), uuid4()
    ground.faults[sick] = RuntimeError("Maria Gonzales")
    await put(admin, [event(agency_id, uuid4()), event(agency_id, sick), event(agency_id, uuid4())])

    async with ground.listening():
        await until_quiet(admin)

    assert len(await ground.applied(agency_id)) == 2
    assert [(letter["error"], letter["attempts"]) for letter in await dead(ground)] == [("RuntimeError", 5)]


async def test_a_fault_of_the_surroundings_is_tried_until_it_passes(ground: Any, admin: Client) -> None:
    agency_id, unlucky = uuid4(), uuid4()
    away = asyncpg.ConnectionDoesNotExistError("gone")
    ground.faults[unlucky] = sqlalchemy.exc.DBAPIError("select", {}, away)
    await put(admin, [event(agency_id, unlucky)])

    async with ground.listening():
        async with asyncio.timeout(20):
            while not await delivered(admin) > 6:  # more often than a bug may fail
                await asyncio.sleep(0.02)
        assert await dead(ground) == []
        ground.faults.clear()
        await until_quiet(admin)

    assert len(await ground.applied(agency_id)) == 1


async def delivered(client: Client) -> int:
    info = await client.jetstream().consumer_info("workforce", "echo--workforce")
    return int(info.delivered.consumer_seq) if info.delivered else 0


async def test_when_even_the_dead_letter_cannot_be_written_the_message_comes_again(ground: Any, admin: Client) -> None:
    agency_id = uuid4()
    await ground.run("revoke insert on echo.dead_letter from echo_worker")
    await put(admin, [b"{", event(agency_id, uuid4())])
    try:
        async with ground.listening():
            await ground.eventually("select count(*) from echo.arrival where agency_id = :a", 1, a=agency_id)
            async with asyncio.timeout(10):
                while await delivered(admin) < 4:
                    await asyncio.sleep(0.02)
            await ground.run("grant insert on echo.dead_letter to echo_worker")
            await until_quiet(admin)
    finally:
        await ground.run("grant insert on echo.dead_letter to echo_worker")

    assert [letter["error"] for letter in await dead(ground)] == ["ValidationError"]


async def test_dead_letters_hold_the_errors_class_and_never_its_text(ground: Any, admin: Client) -> None:
    sick = uuid4()
    ground.faults[sick] = Refused("not-now", "Maria Gonzales was here.")
    await put(admin, [event(uuid4(), sick)])

    async with ground.listening():
        await until_quiet(admin)

    assert [letter["error"] for letter in await dead(ground)] == ["not-now"]


async def test_killed_database_connections_lose_and_double_nothing(ground: Any, admin: Client) -> None:
    agency_id = uuid4()
    ground.hold.append(0.1)
    async with ground.listening():
        for _ in range(4):
            await put(admin, [event(agency_id, uuid4()) for _ in range(50)])
            await ground.run(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where usename = 'echo_worker' and datname = 'ground'"
            )
        ground.hold.clear()
        await until_quiet(admin, 30)

    applied = await ground.applied(agency_id)
    assert len(applied) == len(set(applied)) == 200
    assert await dead(ground) == []


async def test_a_deleted_consumer_is_used_again_as_soon_as_it_is_provided_again(ground: Any, admin: Client) -> None:
    agency_id = uuid4()
    async with ground.listening():
        await put(admin, [event(agency_id, uuid4())])
        await ground.eventually("select count(*) from echo.arrival", 1)
        await admin.jetstream().delete_consumer("workforce", "echo--workforce")
        await put(admin, [event(agency_id, uuid4())])
        await asyncio.sleep(0.5)

        assert await ground.provide() == ["echo--workforce"]

        await ground.eventually("select count(*) from echo.arrival", 2, seconds=6)  # the longest pause is five
    assert len(set(await ground.applied(agency_id))) == 2


async def test_a_lost_stream_costs_no_cpu_and_work_goes_on_when_it_is_back(ground: Any, admin: Client) -> None:
    agency_id = uuid4()
    async with ground.listening():
        await admin.jetstream().delete_stream("workforce")
        await asyncio.sleep(0.3)
        before = time.process_time()
        await asyncio.sleep(2)
        share = (time.process_time() - before) / 2

        await ground.provide()
        await put(admin, [event(agency_id, uuid4())])

        await ground.eventually("select count(*) from echo.arrival", 1, seconds=6)
    assert share < 0.5, f"{share:.0%} of a core while nobody was there: a loop that spins takes a whole one"


async def test_a_restarted_bus_is_used_again_within_seconds(ground: Any, admin: Client) -> None:
    agency_id = uuid4()
    async with ground.listening():
        await put(admin, [event(agency_id, uuid4())])
        await ground.eventually("select count(*) from echo.arrival", 1)
        ground.bus.kill()
        await asyncio.sleep(0.3)
        ground.bus.start()
        async with ground.bus_admin() as again:
            await put(again, [event(agency_id, uuid4())])

        # A request that stood on the old connection is gone; without waking, silence is noticed after 12.5 s only.
        await ground.eventually("select count(*) from echo.arrival", 2, seconds=4)


async def test_a_worker_that_stops_gives_back_what_it_holds(ground: Any, admin: Client) -> None:
    agency_id = uuid4()
    await put(admin, [event(agency_id, uuid4()) for _ in range(1500)])
    ground.hold.append(0.3)
    async with ground.listening():
        await ground.eventually("select count(*) > 0 from echo.inbox", True)
    done = len(await ground.applied(agency_id))
    ground.hold.clear()

    started = time.monotonic()
    async with ground.listening():
        await ground.eventually("select count(*) from echo.arrival", 1500, seconds=10)
        took = time.monotonic() - started
        await until_quiet(admin, 2)  # the first one's acknowledgements arrived as well

    assert done < 1500
    assert took < 3, "the second worker waited"  # ack_wait is thirty
    assert len(set(await ground.applied(agency_id))) == 1500


async def test_a_worker_that_is_cut_short_gives_back_the_batch_in_hand_too(
    ground: Any, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.worker.GRACE_SECONDS", 0.2)
    agency_id = uuid4()
    await put(admin, [event(agency_id, uuid4()) for _ in range(20)])
    ground.hold.append(60)
    async with ground.listening():
        async with asyncio.timeout(10):
            while not (await admin.jetstream().consumer_info("workforce", "echo--workforce")).num_ack_pending:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
    ground.hold.clear()

    async with ground.listening():
        await ground.eventually("select count(*) from echo.arrival", 20, seconds=3)
    assert len(set(await ground.applied(agency_id))) == 20


async def test_two_workers_share_the_work_without_doubling_it(ground: Any, admin: Client) -> None:
    agency_id = uuid4()
    async with ground.listening(), ground.listening():
        await put(admin, [event(agency_id, uuid4()) for _ in range(1200)])
        await until_quiet(admin)

    applied = await ground.applied(agency_id)
    assert len(applied) == len(set(applied)) == 1200


async def test_an_expired_request_is_followed_by_the_next_without_a_pause(
    ground: Any, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull, "EXPIRES_SECONDS", 0.2)
    monkeypatch.setattr(pull, "HEARTBEAT_SECONDS", 0.1)
    agency_id, late = uuid4(), []
    async with ground.listening():
        for _ in range(30):
            sent = time.monotonic()
            await put(admin, [event(agency_id, uuid4())])
            await until_quiet(admin, 5)
            late.append(time.monotonic() - sent)
    assert max(late) < 1
    info = await admin.jetstream().consumer_info("workforce", "echo--workforce")
    assert (info.num_waiting or 0) <= 1, "requests must not pile up"
    assert info.num_redelivered == 0


async def test_requests_do_not_pile_up_under_traffic(ground: Any, admin: Client) -> None:
    agency_id = uuid4()
    async with ground.listening():
        for _ in range(6):
            await put(admin, [event(agency_id, uuid4()) for _ in range(400)])
        await until_quiet(admin)
        info = await admin.jetstream().consumer_info("workforce", "echo--workforce")
        assert (info.num_waiting or 0) <= 2


async def test_a_service_that_hears_more_is_given_more(ground: Any, admin: Client) -> None:
    js = admin.jetstream()
    config = (await js.consumer_info("workforce", "echo--workforce")).config
    config.filter_subjects, config.filter_subject = None, JOINED
    await js.add_consumer("workforce", config)

    assert await ground.provide() == ["echo--workforce"]
    assert await ground.provide() == []

    found = (await js.consumer_info("workforce", "echo--workforce")).config
    assert sorted(found.filter_subjects or []) == sorted([JOINED, CHANGED])
