"""Devices over HTTP: a browser, a number that a code confirms, and that nobody else sees or keeps them."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from handrail.testing import Caller, Platform, add_staff, open_agency
from notification.commands.devices import gone, values_at_send
from notification.queries.devices import address_of, channels_of
from notification.rules.messages import Channel

DEVICES = "/api/notification/v1/devices"
NUMBER = "+12025550143"
PUSH = {
    "endpoint": "https://push.example.com/subscriptions/a1b2c3",
    "keys": {"p256dh": "B" * 87, "auth": "A" * 22},
}


async def code_of(worker: Any, agency_id: UUID, device_id: UUID) -> str:
    """Return the code that the newest message to a device says."""
    async with worker.transaction(agency_id) as db:
        found = await db.execute(
            text(
                "select template, values from notification.message where values ->> 'device_id' = :id order by id desc"
            ),
            {"id": str(device_id)},
        )
        row = found.first()
        return str((await values_at_send(db, worker.keys, row.template, row.values))["code"])


@pytest.fixture
def worker(other_worker: Any) -> Any:
    other_worker.keys = other_worker._runtime.keys
    return other_worker


async def add_number(caller: Caller, number: str = NUMBER) -> UUID:
    return await caller.created(f"{DEVICES}/numbers", {"number": number})


async def test_a_number_is_told_something_only_after_its_code_came_back(workplace: Any, worker: Any) -> None:
    peer = await add_staff(workplace.administrator, "peer")
    device_id = await add_number(peer)
    async with worker.transaction(workplace.agency_id) as db:
        before = await address_of(db, worker.keys, peer.staff_id, Channel.SMS)
        to_confirm = await address_of(db, worker.keys, peer.staff_id, Channel.SMS, device_id=device_id)

    code = await code_of(worker, workplace.agency_id, device_id)
    answer = await peer.put(f"{DEVICES}/{device_id}/confirmation", {"code": code})
    again = await peer.put(f"{DEVICES}/{device_id}/confirmation", {"code": code})

    assert (answer.status_code, again.status_code, again.json()) == (200, 200, answer.json())
    async with worker.transaction(workplace.agency_id) as db:
        after = await address_of(db, worker.keys, peer.staff_id, Channel.SMS)
        channels = await channels_of(db, [peer.staff_id])
    assert (before, to_confirm, after) == (None, NUMBER, NUMBER)
    assert channels == {peer.staff_id: {Channel.SMS}}
    [read] = (await peer.get(DEVICES)).json()["items"]
    assert (read["kind"], read["ending"], bool(read["confirmed_at"])) == ("sms", "0143", True)


async def test_five_wrong_codes_end_the_code_and_another_begins_anew(workplace: Any, worker: Any) -> None:
    peer = await add_staff(workplace.administrator, "peer")
    device_id = await add_number(peer)
    path = f"{DEVICES}/{device_id}/confirmation"
    right = await code_of(worker, workplace.agency_id, device_id)
    wrong = str((int(right) + 1) % 1_000_000).zfill(6)

    refused = [(await peer.put(path, {"code": wrong})).json()["type"] for _ in range(5)]
    too_late = await peer.put(path, {"code": right})
    await peer.created(f"{DEVICES}/{device_id}/codes", {})
    old = await peer.put(path, {"code": right})
    fresh = await peer.put(path, {"code": await code_of(worker, workplace.agency_id, device_id)})

    assert {one.rpartition("/")[2] for one in refused} == {"code-wrong"}
    assert (too_late.status_code, too_late.json()["type"].rpartition("/")[2]) == (409, "code-over")
    assert old.status_code == 422
    assert fresh.status_code == 200


async def test_a_code_is_over_after_ten_minutes(workplace: Any, worker: Any, platform: Platform) -> None:
    peer = await add_staff(workplace.administrator, "peer")
    device_id = await add_number(peer)
    async with platform.admin.begin() as connection:
        await connection.execute(
            text("update notification.device set code_sent_at = now() - interval '11 minutes' where id = :id"),
            {"id": device_id},
        )

    code = await code_of(worker, workplace.agency_id, device_id)
    answer = await peer.put(f"{DEVICES}/{device_id}/confirmation", {"code": code})

    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (409, "code-over")


async def test_no_more_than_five_codes_a_day(workplace: Any) -> None:
    peer = await add_staff(workplace.administrator, "peer")
    device_id = await add_number(peer)
    answers = [await peer.post(f"{DEVICES}/{device_id}/codes", {}) for _ in range(5)]

    assert [one.status_code for one in answers] == [201, 201, 201, 201, 429]


async def test_a_browser_is_added_once_and_replaced_in_place(workplace: Any, worker: Any) -> None:
    peer = await add_staff(workplace.administrator, "peer")

    first = await peer.created(f"{DEVICES}/pushes", PUSH)
    second = await peer.created(f"{DEVICES}/pushes", PUSH | {"keys": {"p256dh": "C" * 87, "auth": "A" * 22}})

    assert first == second
    async with worker.transaction(workplace.agency_id) as db:
        address = await address_of(db, worker.keys, peer.staff_id, Channel.PUSH)
    assert address is not None
    assert '"' + "C" * 87 + '"' in address


async def test_a_withdrawn_device_and_one_that_is_gone_keep_no_address(
    workplace: Any, worker: Any, platform: Platform
) -> None:
    peer = await add_staff(workplace.administrator, "peer")
    push, number = await peer.created(f"{DEVICES}/pushes", PUSH), await add_number(peer)
    assert await platform.value("select count(*) from notification.device where id = :id", id=push) == 1

    async with worker.transaction(workplace.agency_id) as db:
        address = await address_of(db, worker.keys, peer.staff_id, Channel.PUSH)
        assert address is not None
        await gone(db, worker.keys, peer.staff_id, Channel.PUSH, address)
    first = await peer.put(f"{DEVICES}/{number}/withdrawal", None, version=1)
    again = await peer.put(f"{DEVICES}/{number}/withdrawal", None, version=1)

    assert (first.status_code, again.status_code) == (200, 200)
    assert (await peer.get(DEVICES)).json() == {"items": []}
    kept = await platform.value(
        "select count(*) from notification.device where staff_id = :id and address is not null", id=peer.staff_id
    )
    assert kept == 0


async def test_nobody_sees_or_changes_the_devices_of_others(workplace: Any, platform: Platform, http: Any) -> None:
    peer = await add_staff(workplace.administrator, "peer")
    device_id = await add_number(peer)
    stranger = await open_agency(http, platform)

    for caller in (workplace.administrator, stranger):
        assert (await caller.put(f"{DEVICES}/{device_id}/confirmation", {"code": "000000"})).status_code == 404
        assert (await caller.post(f"{DEVICES}/{device_id}/codes", {})).status_code == 404
        assert (await caller.put(f"{DEVICES}/{device_id}/withdrawal", None, version=1)).status_code == 404
        assert str(device_id) not in (await caller.get(DEVICES)).text


async def test_auditors_have_no_devices(workplace: Any) -> None:
    auditor = await add_staff(workplace.administrator, "auditor")

    assert (await auditor.get(DEVICES)).status_code == 403


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("numbers", {"number": "+442079460000"}),
        ("numbers", {"number": NUMBER, "name": "x"}),
        ("numbers", {}),
        ("pushes", PUSH | {"endpoint": "http://push.example.com/a"}),
        ("pushes", PUSH | {"endpoint": "https://10.0.0.1/a"}),
        ("pushes", PUSH | {"keys": {"p256dh": "B", "auth": "A" * 22}}),
        ("pushes", PUSH | {"keys": {"p256dh": "B" * 87}}),
    ],
)
async def test_bad_devices_leave_nothing_behind(
    workplace: Any, platform: Platform, path: str, body: dict[str, Any]
) -> None:
    peer = await add_staff(workplace.administrator, "peer")

    answer = await peer.post(f"{DEVICES}/{path}", body)

    assert answer.status_code == 422
    assert "442079460000" not in answer.text
    count = await platform.value("select count(*) from notification.device where staff_id = :id", id=peer.staff_id)
    assert count == 0


async def test_numbers_and_codes_stand_in_no_table_in_the_clear(
    workplace: Any, worker: Any, platform: Platform
) -> None:
    peer = await add_staff(workplace.administrator, "peer")
    device_id = await add_number(peer, "+12025550199")
    code = await code_of(worker, workplace.agency_id, device_id)
    await peer.put(f"{DEVICES}/{device_id}/confirmation", {"code": code})

    tables = ("device", "message", "idempotency", "audit_pending", "audit", "outbox", "ledger")
    kept = ""
    for table in tables:
        rows = await platform.fetch(f"select t::text as said from notification.{table} t")
        kept += "".join(row["said"] for row in rows)

    assert "2025550199" not in kept
    assert f'"{code}"' not in kept


async def test_a_device_of_somebody_else_can_have_the_same_address(workplace: Any) -> None:
    first, second = [await add_staff(workplace.administrator, "peer") for _ in range(2)]

    assert await add_number(first, "+12025550111") != await add_number(second, "+12025550111")
    assert (await first.put(f"{DEVICES}/{uuid4()}/confirmation", {"code": "000000"})).status_code == 404
