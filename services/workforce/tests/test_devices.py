"""Phones set up for work offline: what opens them, for whom, and that a lost one opens nothing."""

import base64
import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from common.contracts.codes import Role
from handrail.testing import PASSWORD, Caller, Platform, add_staff, open_agency
from workforce.rules.devices import UNLOCKS_A_MINUTE, may_keep_offline, unlocks_counted, wait_seconds

W = "/api/workforce/v1"
LABEL = "canary-phone-of-sam"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def set_up(caller: Caller) -> dict[str, str]:
    answer = await caller.post(f"{W}/me/devices", {"label": LABEL})
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


async def signed_in_again(caller: Caller) -> Caller:
    answer = await caller.http.post(f"{W}/sign-ins", json={"email": caller.email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return replace(caller, token=answer.json()["access_token"])


async def bind(caller: Caller, device: dict[str, str]) -> Any:
    body = {"device_id": device["id"], "device_token": device["device_token"]}
    return await caller.post(f"{W}/me/device-bindings", body)


async def unlock(caller: Caller, device: dict[str, str]) -> Any:
    return await caller.post(f"{W}/me/devices/{device['id']}/unlocks", {})


async def end(caller: Caller, device: dict[str, str], reason: str = "lost", **more: Any) -> Any:
    return await caller.post(f"{W}/devices/{device['id']}/endings", {"reason": reason}, **more)


@pytest.fixture
async def peer(administrator: Caller) -> Caller:
    return await add_staff(administrator, "peer")


# --- rules


@pytest.mark.parametrize(
    ("roles", "may"),
    [
        ({"peer"}, True),
        ({"supervisor"}, True),
        ({"peer", "privacy_officer"}, True),
        ({"administrator"}, False),
        ({"auditor"}, False),
        ({"peer", "administrator"}, False),
    ],
)
def test_who_reaches_the_whole_agency_keeps_nothing_on_a_phone(roles: set[str], may: bool) -> None:
    assert {Role(one) for one in roles}

    assert may_keep_offline(roles) is may


@given(st.lists(st.integers(0, 130), min_size=1, max_size=200))
def test_no_minute_has_more_unlocks_than_allowed(pauses: list[int]) -> None:
    count, since, now, opened = 0, None, NOON, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        counted, began = unlocks_counted(count, since, now)
        wait = wait_seconds(counted, began, now)
        assert 0 <= wait <= 60
        if wait == 0:
            count, since = counted, began
            opened.append((began, now))

    for start in {began for began, _ in opened}:
        assert sum(began == start for began, _ in opened) <= UNLOCKS_A_MINUTE


@pytest.mark.parametrize(("passed", "wait"), [(0, 60), (1, 59), (59.5, 1), (59.999, 1)])
def test_who_asked_too_often_waits_until_the_minute_is_over(passed: float, wait: int) -> None:
    now = NOON + timedelta(seconds=passed)

    assert wait_seconds(UNLOCKS_A_MINUTE + 1, NOON, now) == wait
    assert wait_seconds(UNLOCKS_A_MINUTE, NOON, now) == 0


# --- setting up, signing in on it, opening it


async def test_a_phone_is_set_up_and_opens_for_its_own_sign_in(peer: Caller) -> None:
    device = await set_up(peer)

    first = await unlock(peer, device)
    another = await signed_in_again(peer)
    unbound = await unlock(another, device)
    bound = await bind(another, device)
    later = await unlock(another, device)

    assert len(base64.b64decode(device["unlock_secret"])) == 32
    assert first.json() == later.json() == {"unlock_secret": device["unlock_secret"]}
    assert kind(unbound) == (404, "device-not-set-up")
    assert bound.status_code == 204
    assert first.headers["cache-control"] == "no-store"


async def test_two_people_on_one_phone_have_a_key_each(administrator: Caller, peer: Caller) -> None:
    colleague = await add_staff(administrator, "peer")
    mine, theirs = await set_up(peer), await set_up(colleague)

    assert mine["unlock_secret"] != theirs["unlock_secret"]
    for answer in (await bind(colleague, mine), await unlock(colleague, mine), await unlock(peer, theirs)):
        assert kind(answer) == (404, "device-not-set-up")


@pytest.mark.parametrize("wrong", ["", "x", "x" * 200, "\ud800"])
async def test_only_the_phones_own_token_binds(peer: Caller, wrong: str) -> None:
    device = await set_up(peer)
    another = await signed_in_again(peer)

    body = json.dumps({"device_id": device["id"], "device_token": wrong}).encode()
    headers = another.headers() | {"Content-Type": "application/json"}
    answer = await another.http.post(f"{W}/me/device-bindings", content=body, headers=headers)

    assert answer.status_code in (404, 422)
    assert kind(await unlock(another, device)) == (404, "device-not-set-up")


@pytest.mark.parametrize("role", ["administrator", "auditor"])
async def test_no_phone_for_who_reaches_the_whole_agency(administrator: Caller, role: str) -> None:
    caller = await add_staff(administrator, role)

    answer = await caller.post(f"{W}/me/devices", {"label": LABEL})

    assert kind(answer) == (403, "device-not-for-this-role")


async def test_a_phone_of_somebody_made_administrator_opens_no_more(administrator: Caller, peer: Caller) -> None:
    device = await set_up(peer)
    body = {"name": "Sam", "email": peer.email, "roles": ["peer", "administrator"], "language": "en"}
    assert (await administrator.put(f"{W}/staff/{peer.staff_id}", body, 1)).status_code == 200
    another = await signed_in_again(peer)

    assert kind(await bind(another, device)) == (403, "device-not-for-this-role")


async def test_five_phones_are_enough(peer: Caller) -> None:
    made = [await set_up(peer) for _ in range(5)]

    sixth = await peer.post(f"{W}/me/devices", {"label": LABEL})
    await end(await signed_in_again(peer), made[0], "replaced")
    instead = await peer.post(f"{W}/me/devices", {"label": LABEL})

    assert kind(sixth) == (409, "devices-enough")
    assert instead.status_code == 201


async def test_a_phone_that_asks_too_often_waits(platform: Platform, peer: Caller) -> None:
    device = await set_up(peer)
    async with platform.admin.begin() as connection:
        sql = "update workforce.device set unlocks = 60, unlocks_since = now() where id = :id"
        await connection.execute(text(sql), {"id": device["id"]})

    refused = await unlock(peer, device)

    assert kind(refused) == (429, "unlocked-too-often")
    assert 1 <= int(refused.headers["retry-after"]) <= 60


# --- lost


async def test_a_lost_phone_opens_nothing_and_is_out(platform: Platform, peer: Caller) -> None:
    device, elsewhere = await set_up(peer), await signed_in_again(peer)

    lost = await end(elsewhere, device)

    assert lost.status_code == 200, lost.text
    assert kind(await unlock(peer, device))[0] in (401, 404)
    back = await signed_in_again(peer)
    assert kind(await bind(back, device)) == kind(await unlock(back, device)) == (404, "device-not-set-up")
    gone = "select unlock_secret is null and end_reason = 'lost' from workforce.device where id = :id"
    assert await platform.value(gone, id=device["id"]) is True
    mine = (await elsewhere.get(f"{W}/me/sign-ins")).json()["items"]
    assert [one["end_reason"] for one in mine if one["device_id"] == device["id"]] == ["device_revoked"]


async def test_ending_twice_changes_nothing(peer: Caller) -> None:
    device, elsewhere = await set_up(peer), await signed_in_again(peer)
    await end(elsewhere, device, "lost")

    again = await end(elsewhere, device, "given_back")

    assert again.status_code == 200
    (shown,) = (await elsewhere.get(f"{W}/me/devices")).json()["items"]
    assert (shown["end_reason"], shown["label"]) == ("lost", LABEL)


async def test_who_answers_for_somebody_sees_and_ends_their_phones(
    platform: Platform, administrator: Caller, peer: Caller
) -> None:
    supervisor, colleague = await add_staff(administrator, "supervisor"), await add_staff(administrator, "supervisor")
    body = {"staff_id": str(peer.staff_id), "supervisor_id": str(supervisor.staff_id), "valid_from": "2026-01-01"}
    await administrator.created(f"{W}/supervisor-assignments", body | {"fte": "0.5"})
    stranger = await open_agency(peer.http, platform)
    device = await set_up(peer)
    report = {"waiting": 3, "waiting_since": "2026-03-02T12:00:00Z"}
    assert (await peer.put(f"{W}/me/devices/{device['id']}/waiting", report, None)).status_code == 204
    path = f"{W}/staff/{peer.staff_id}/devices"

    shown = [(await caller.get(path)).json()["items"] for caller in (supervisor, administrator)]
    hidden = [await caller.get(path) for caller in (colleague, stranger, peer)]
    not_theirs = [await end(caller, device) for caller in (colleague, stranger)]
    ended = await end(supervisor, device)

    assert shown[0] == shown[1]
    assert [(one["id"], one["label"], one["waiting"]) for one in shown[0]] == [(device["id"], LABEL, 3)]
    assert [answer.status_code for answer in hidden] == [404, 404, 403]
    assert [answer.status_code for answer in not_theirs] == [404, 404]
    assert ended.status_code == 200


async def test_a_phone_of_who_has_left_is_ended_and_of_who_leaves_later_is_not(
    administrator: Caller, peer: Caller
) -> None:
    leaver = await add_staff(administrator, "peer")
    devices = [(peer, await set_up(peer)), (leaver, await set_up(leaver))]
    last_days = ("2026-01-31", (datetime.now(UTC) + timedelta(days=30)).date().isoformat())

    for (caller, _), last_day in zip(devices, last_days, strict=True):
        path = f"{W}/staff/{caller.staff_id}/departure"
        assert (await administrator.put(path, {"last_day": last_day}, 1)).status_code == 200

    ended = [
        (await administrator.get(f"{W}/staff/{caller.staff_id}/devices")).json()["items"][0]["end_reason"]
        for caller, _ in devices
    ]
    assert ended == ["left", None]


@pytest.mark.parametrize(("reason", "end_reason"), [("lost_device", "lost"), ("leave", None)])
async def test_ended_access_ends_phones_that_are_gone_and_keeps_those_of_who_returns(
    administrator: Caller, peer: Caller, reason: str, end_reason: str | None
) -> None:
    device = await set_up(peer)
    path = f"{W}/staff/{peer.staff_id}/access"
    assert (await administrator.put(path, {"access": "ended", "reason": reason}, 0)).status_code == 200

    out = await unlock(peer, device)
    (shown,) = (await administrator.get(f"{W}/staff/{peer.staff_id}/devices")).json()["items"]

    assert out.status_code == 401
    assert shown["end_reason"] == end_reason


async def test_who_has_left_has_a_departure_before_their_access_ends_for_it(
    administrator: Caller, peer: Caller
) -> None:
    place = f"{W}/staff/{peer.staff_id}"
    body = {"access": "ended", "reason": "left"}

    early = await administrator.put(f"{place}/access", body, 0)
    later = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    assert (await administrator.put(f"{place}/departure", {"last_day": later}, 1)).status_code == 200
    after = await administrator.put(f"{place}/access", body, 0)

    assert (early.status_code, early.json()["type"]) == (409, "/problems/departure-needed")
    assert after.status_code == 200


# --- waiting, bad input, secrets


@pytest.mark.parametrize(
    "body",
    [
        {"waiting": -1},
        {"waiting": 1},
        {"waiting": 0, "waiting_since": "2026-03-02T12:00:00Z"},
        {"waiting": 100_001, "waiting_since": "2026-03-02T12:00:00Z"},
        {"waiting": 2, "waiting_since": "yesterday"},
        {"waiting": 2, "waiting_since": "2026-03-02T12:00:00Z", "of": "Ada"},
    ],
)
async def test_a_count_that_makes_no_sense_is_not_kept(peer: Caller, body: dict[str, object]) -> None:
    device = await set_up(peer)

    answer = await peer.put(f"{W}/me/devices/{device['id']}/waiting", body, None)

    assert answer.status_code == 422
    (shown,) = (await peer.get(f"{W}/me/devices")).json()["items"]
    assert (shown["waiting"], shown["waiting_since"]) == (0, None)


@pytest.mark.parametrize("body", [{}, {"label": ""}, {"label": "x" * 61}, {"label": "a", "secret": "b"}])
async def test_a_phone_needs_a_label_and_no_more(peer: Caller, body: dict[str, str]) -> None:
    assert (await peer.post(f"{W}/me/devices", body)).status_code == 422
    assert (await peer.get(f"{W}/me/devices")).json()["items"] == []


async def test_what_never_was_answers_like_anothers(peer: Caller) -> None:
    nothing = {"id": str(uuid.uuid4()), "device_token": "x"}

    answers = [await bind(peer, nothing), await unlock(peer, nothing), await end(peer, nothing)]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


async def test_secrets_and_labels_stand_nowhere_in_the_clear(platform: Platform, peer: Caller) -> None:
    device = await set_up(peer)
    await unlock(peer, device)
    raw = base64.b64decode(device["unlock_secret"])

    for table in ("device", "ledger", "outbox", "audit", "idempotency"):
        sql = f"select coalesce(string_agg(t::text, ' '), '') from workforce.{table} t"
        rows = str(await platform.value(sql))
        for canary in (LABEL, device["unlock_secret"], raw.hex(), device["device_token"]):
            assert canary not in rows, table
