"""Batches cut in the middle, sent twice, at once, in any order or with a broken item: nothing lost, nothing double."""

import asyncio
import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handrail.testing import Caller, add_staff

SYNC = "/api/session-logging/v1/sync"
SESSIONS = "/api/session-logging/v1/sessions"
RUNNING = "select count(*) from session_logging.peer_session where agency_id = :agency"
END = """select count(*) from (select pg_terminate_backend(pid) from pg_stat_activity
         where usename = 'session_logging_api' and state <> 'idle') ended"""
BREAK = """create function session_logging.break_it() returns trigger language plpgsql as
           $f$ begin raise exception 'Maria Gonzales'; end $f$"""
BREAKS = """create trigger breaks before insert on session_logging.peer_session
            for each row when ({}) execute function session_logging.break_it()"""
ITEMS = 6


def item(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    made_at = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    return {"id": str(uuid.uuid4()), "kind": "session", "v": 1, "recorded_at": made_at, "body": body} | more


def ids(items: list[dict[str, Any]]) -> list[UUID]:
    return [UUID(one["id"]) for one in items]


def shuffled(items: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    return random.Random(seed).sample(items, len(items))


async def send(caller: Caller, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answer = await caller.post(SYNC, {"items": items})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def statuses(answered: list[dict[str, Any]]) -> set[str]:
    return {one["status"] for one in answered}


async def whole(practice: Any, items: list[dict[str, Any]]) -> None:
    """Insist that each item is there once: as a row, an event, an audit entry, an answer and a remembered item."""
    there = "select id from session_logging.peer_session where agency_id = :agency"
    rows = await practice.platform.fetch(there, agency=practice.peer.agency_id)
    assert sorted(row["id"] for row in rows) == sorted(ids(items))
    count = len(items)
    assert await practice.rows_left() == {"sessions": count, "answers": count, "events": count, "audited": count}
    remembered = "select count(*) from session_logging.synced where agency_id = :agency"
    assert await practice.platform.value(remembered, agency=practice.peer.agency_id) == count


def request(practice: Any, items: list[dict[str, Any]]) -> bytes:
    """Return the bytes of a request as they go over the wire."""
    body = json.dumps({"items": items}).encode()
    head = (
        f"POST {SYNC} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {practice.peer.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def hang_up_after(practice: Any, sent: bytes) -> None:
    """Write to the server and cut the connection without waiting for an answer."""
    address = urlsplit(practice.platform.addresses.public_url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(sent)
    await writer.drain()
    writer.transport.abort()


async def test_a_connection_cut_in_mid_batch_loses_and_doubles_nothing(practice: Any) -> None:
    person = await practice.enrol()
    items = [item(practice.session(person)) for _ in range(80)]
    await hang_up_after(practice, request(practice, items))
    await practice.platform.eventually(  # it is at work, and nobody listens
        f"select ({RUNNING}) > 0", True, agency=practice.peer.agency_id
    )

    again = await send(practice.peer, shuffled(items, seed=1))

    assert statuses(again) <= {"done", "duplicate"}
    await whole(practice, items)


async def test_a_body_cut_in_the_middle_leaves_nothing_and_may_be_sent_again(practice: Any) -> None:
    person = await practice.enrol()
    items = [item(practice.session(person)) for _ in range(5)]
    sent = request(practice, items)

    await hang_up_after(practice, sent[: len(sent) // 2])
    again = await send(practice.peer, items)

    assert statuses(again) == {"done"}
    await whole(practice, items)


async def test_a_database_that_hangs_up_in_mid_batch_costs_only_time(practice: Any) -> None:
    person = await practice.enrol()
    items = [item(practice.session(person)) for _ in range(120)]
    sending = asyncio.create_task(practice.peer.post(SYNC, {"items": items}))
    await practice.platform.eventually(f"select ({RUNNING}) > 0", True, agency=practice.peer.agency_id)

    await practice.platform.value(END)

    answer = await sending
    assert answer.status_code == 200
    assert statuses(answer.json()["items"]) <= {"done", "later"}
    was_done = {one["id"] for one in answer.json()["items"] if one["status"] == "done"}
    again = await send(practice.peer, shuffled(items, seed=2))
    assert was_done <= {one["id"] for one in again if one["status"] == "duplicate"}
    assert statuses(again) <= {"done", "duplicate"}
    await whole(practice, items)


async def test_what_breaks_here_waits_while_its_neighbours_are_done(practice: Any) -> None:
    person = await practice.enrol()
    items = [item(practice.session(person)) for _ in range(6)]
    items[2]["body"]["outcome"] = "no_show"
    broken = f"NEW.agency_id = '{practice.peer.agency_id}' and NEW.outcome = 'no_show'"
    async with practice.platform.admin.begin() as connection:
        await connection.exec_driver_sql(BREAK)
        await connection.exec_driver_sql(BREAKS.format(broken))
    try:
        first = await send(practice.peer, items)
    finally:
        async with practice.platform.admin.begin() as connection:
            await connection.exec_driver_sql("drop trigger breaks on session_logging.peer_session")
            await connection.exec_driver_sql("drop function session_logging.break_it")
    again = await send(practice.peer, items)

    assert [one["status"] for one in first] == ["done", "done", "later", "done", "done", "done"]
    assert first[2]["problem"]["type"] == "/problems/internal-error"
    assert "Gonzales" not in str(first)
    assert [one["status"] for one in again] == [*["duplicate"] * 2, "done", *["duplicate"] * 3]
    await whole(practice, items)


async def test_when_time_is_up_the_rest_waits_and_what_was_done_is_known(
    practice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await practice.enrol()
    done, rest = ([item(practice.session(person)) for _ in range(3)] for _ in range(2))
    await send(practice.peer, done)
    with monkeypatch.context() as slow:
        slow.setattr("common.syncing.SECONDS_MOST", -1.0)

        answered = await send(practice.peer, [*done, *rest])

    assert [one["status"] for one in answered] == [*["duplicate"] * 3, *["later"] * 3]
    assert {one["problem"]["type"] for one in answered[3:]} == {"/problems/unavailable"}
    await whole(practice, done)
    assert statuses(await send(practice.peer, rest)) == {"done"}


async def test_two_tabs_at_once_with_other_orders_do_everything_once(practice: Any) -> None:
    people = await practice.enrol_many(3)
    items = [item(practice.session(people[place % 3])) for place in range(60)]

    answered = await asyncio.gather(*(send(practice.peer, shuffled(items, seed)) for seed in range(4)))

    assert statuses([one for answers in answered for one in answers]) <= {"done", "duplicate"}
    done = [one["id"] for answers in answered for one in answers if one["status"] == "done"]
    assert sorted(done) == sorted(one["id"] for one in items)  # each was done in one of them
    await whole(practice, items)


async def test_the_ordinary_route_and_a_batch_at_once_do_it_once(practice: Any) -> None:
    person = await practice.enrol()
    items = [item(practice.session(person, id=str(uuid.uuid4()))) for _ in range(20)]

    posts = [practice.peer.post(SESSIONS, one["body"], key=one["id"]) for one in items]
    batch, *posted = await asyncio.gather(send(practice.peer, items), *posts)

    assert statuses(batch) <= {"done", "duplicate"}
    assert {answer.status_code for answer in posted} == {201}
    assert [one["record_id"] for one in batch] == [answer.json()["id"] for answer in posted]
    left = await practice.rows_left()
    assert (left["sessions"], left["answers"], left["events"]) == (20, 20, 20)


async def test_a_key_that_two_workers_made_alike_is_two_items(practice: Any) -> None:
    person = await practice.enrol()
    one = item(practice.session(person, id=str(uuid.uuid4())))
    other = one | {"body": practice.session(person, id=str(uuid.uuid4()))}
    supervisor = await add_staff(practice.administrator, "supervisor")
    await practice.heard("staff", [supervisor.staff_id])

    answered = [*(await send(practice.peer, [one])), *(await send(supervisor, [other]))]

    assert statuses(answered) == {"done"}
    assert len({answer["record_id"] for answer in answered}) == 2


@pytest_asyncio.fixture(scope="session")
async def someone(shared: Any) -> Any:
    return await shared.enrol()


orders = st.lists(
    st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=2 * ITEMS), min_size=1, max_size=4
)  # batches of places, in any order, with repeats
dependencies = st.dictionaries(st.integers(0, ITEMS - 1), st.integers(0, ITEMS - 1), max_size=ITEMS)


@given(orders, st.permutations(range(ITEMS)), dependencies, st.none() | st.integers(0, ITEMS - 1))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_what_is_there_is_what_was_answered_whatever_is_sent_how_often(
    shared: Any, someone: Any, batches: list[list[int]], last: list[int], needs: dict[int, int], bad: int | None
) -> None:
    items = [item(shared.session(someone)) for _ in range(ITEMS)]
    for place, needed in needs.items():
        if needed < place:
            items[place]["depends_on"] = [items[needed]["id"]]
    if bad is not None:
        items[bad]["body"]["outcome"] = "cured"

    answers = [await send(shared.peer, [items[place] for place in places]) for places in [*batches, last]]

    rows = await shared.platform.fetch("select id from session_logging.peer_session where id = any(:i)", i=ids(items))
    there = sorted(str(row["id"]) for row in rows)
    told = {one["id"] for answered in answers for one in answered if one["status"] in ("done", "duplicate")}
    assert there == sorted(told)
    done = [one["id"] for answered in answers for one in answered if one["status"] == "done"]
    assert len(done) == len(set(done))
    wanted = {one["id"] for place, one in enumerate(items) if not _waits_for(place, bad, needs)}
    assert wanted <= set(there)
    assert bad is None or items[bad]["id"] not in there


def _waits_for(place: int, bad: int | None, needs: dict[int, int]) -> bool:
    """Tell whether an item is the bad one, or depends on it however indirectly."""
    if bad is None:
        return False
    while place != bad:
        needed = needs.get(place, place)
        if needed >= place:
            return False
        place = needed
    return True
