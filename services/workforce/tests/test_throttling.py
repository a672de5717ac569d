"""Guessing slows down and ends nobody's access: names, networks, known devices, and answers that tell nothing."""

import asyncio
import ipaddress
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import httpx
import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from handrail.platform import Mounted, settings_of
from handrail.testing import PASSWORD, Caller, Platform, add_staff
from workforce.rules.throttling import (
    LONGEST,
    Counted,
    client_network,
    delay_after,
    failures_still_counted,
    retry_seconds,
)

W = "/api/workforce/v1"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PROXIES = [ipaddress.ip_network("10.0.0.0/8")]


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 0), (4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (14, 512), (15, 900), (10_000, 900)]
)
def test_the_wait_doubles_up_to_a_quarter_of_an_hour(failures: int, seconds: int) -> None:
    assert delay_after(failures, Counted.NAME) == timedelta(seconds=seconds)


def test_a_network_may_mistype_more_often_than_a_person() -> None:
    assert delay_after(49, Counted.NETWORK) == timedelta(0)
    assert delay_after(50, Counted.NETWORK) == timedelta(seconds=1)


@given(st.integers(min_value=0, max_value=10**6), st.sampled_from(Counted))
def test_no_wait_is_for_good(failures: int, counted: Counted) -> None:
    assert timedelta(0) <= delay_after(failures, counted) <= LONGEST
    assert delay_after(failures, counted) <= delay_after(failures + 1, counted)


def test_a_day_without_a_failure_forgets_all() -> None:
    assert failures_still_counted(7, NOW - timedelta(hours=23), NOW) == 7
    assert failures_still_counted(7, NOW - timedelta(hours=25), NOW) == 0


@pytest.mark.parametrize(("left", "seconds"), [(0.0, 1), (0.2, 1), (1.0, 1), (1.1, 2), (900.0, 900)])
def test_the_wait_is_told_in_whole_seconds(left: float, seconds: int) -> None:
    assert retry_seconds(NOW + timedelta(seconds=left), NOW) == seconds


@pytest.mark.parametrize(
    ("peer", "forwarded", "network"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.2", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.2", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.2", "1.2.3.4, 198.51.100.1, 10.0.0.9", "198.51.100.1"),
        ("10.0.0.2", None, "10.0.0.2"),
        ("10.0.0.2", "not an address", None),
        ("2001:db8:1:2:3::4", None, "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", None, "203.0.113.7"),
        ("127.0.0.1", "203.0.113.7", None),
        ("::1", None, None),
        (None, "203.0.113.7", None),
    ],
)
def test_who_forwards_is_believed_only_if_trusted(peer: str | None, forwarded: str | None, network: str | None) -> None:
    assert client_network(peer, forwarded, PROXIES) == network


@asynccontextmanager
async def _from(platform: Platform, peer: str, **settings: Any) -> AsyncGenerator[httpx.AsyncClient]:
    """Ask workforce as if from another machine."""
    entry = next(entry for entry in platform.services if entry.service.name == "workforce")
    app = Mounted(entry.create_api(settings_of(entry, "api", platform.addresses, platform.secrets, **settings)))
    async with app.app.router.lifespan_context(app.app) as state:
        app.state = dict(state or {})
        transport = httpx.ASGITransport(app, client=(peer, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://workforce") as client:
            yield client


async def _forgive(platform: Platform) -> None:
    """Let the waits pass."""
    async with platform.admin.begin() as connection:
        await connection.execute(text("update workforce.throttle set blocked_until = now() - interval '1 second'"))


async def _guess(http: httpx.AsyncClient, email: str | None, **more: str) -> httpx.Response:
    body = {"email": email, "password": "a wrong guess, again", **more}
    return await http.post("/v1/sign-ins" if "http://workforce" in str(http.base_url) else f"{W}/sign-ins", json=body)


async def test_fifty_bad_sign_ins_for_a_real_and_an_unknown_name_answer_alike(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    names = [administrator.email, f"{uuid.uuid4().hex}@agency.test"]
    said: dict[str | None, list[Any]] = {name: [] for name in names}
    took: dict[str | None, list[float]] = {name: [] for name in names}

    for _ in range(50):
        for name in names:
            before = time.perf_counter()
            answer = await _guess(http, name)
            took[name].append(time.perf_counter() - before)
            said[name].append((answer.status_code, answer.json() | {"request_id": ""}))
            assert ("retry-after" in answer.headers) == (answer.status_code == 429)

    statuses = [[status for status, _ in said[name]] for name in names]
    assert statuses[0][:5] == statuses[1][:5] == [401] * 5
    assert statuses[0][5] == statuses[1][5] == 429
    assert {str(one) for one in said[names[0]]} == {str(one) for one in said[names[1]]}
    assert 0.5 < median(took[names[0]]) / median(took[names[1]]) < 2


async def test_a_checked_guess_takes_as_long_for_an_unknown_name(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    members = [await add_staff(administrator, "peer") for _ in range(4)]
    took: dict[bool, list[float]] = {True: [], False: []}

    for number in range(16):
        for known in (True, False):
            name = members[number % 4].email if known else f"{uuid.uuid4().hex}@agency.test"
            before = time.perf_counter()
            answer = await _guess(http, name)
            took[known].append(time.perf_counter() - before)
            assert answer.status_code == 401

    assert 0.6 < median(took[True]) / median(took[False]) < 1.7


async def test_many_guesses_at_once_gain_nothing(http: httpx.AsyncClient, administrator: Caller) -> None:
    answers = await asyncio.gather(*(_guess(http, administrator.email) for _ in range(20)))

    assert sum(answer.status_code == 401 for answer in answers) <= 5


async def test_strangers_failures_keep_nobody_out_for_good(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    right = {"email": administrator.email, "password": PASSWORD}
    known = (await http.post(f"{W}/sign-ins", json=right)).json()["known_device"]
    for _ in range(7):
        await _guess(http, administrator.email)

    stranger = await http.post(f"{W}/sign-ins", json=right)
    from_known = await http.post(f"{W}/sign-ins", json=right | {"known_device": known})
    forged = await http.post(f"{W}/sign-ins", json=right | {"known_device": "A" * 64})
    await _forgive(platform)
    later = await http.post(f"{W}/sign-ins", json=right)

    assert [stranger.status_code, forged.status_code] == [429, 429]
    assert 1 <= int(stranger.headers["retry-after"]) <= 900
    assert stranger.json()["type"] == "/problems/too-many-attempts"
    assert [from_known.status_code, later.status_code] == [200, 200]


async def test_a_known_device_is_no_way_to_guess_nor_good_for_another_name(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    member = await add_staff(administrator, "peer")
    right = {"email": member.email, "password": PASSWORD}
    known = (await http.post(f"{W}/sign-ins", json=right)).json()["known_device"]

    guesses = [await _guess(http, member.email, known_device=known) for _ in range(12)]
    for _ in range(6):
        await _guess(http, administrator.email)
    borrowed = await _guess(http, administrator.email, known_device=known)

    assert [answer.status_code for answer in guesses] == [401] * 10 + [429] * 2
    assert borrowed.status_code == 429
    assert (await http.post(f"{W}/sign-ins", json=right)).status_code == 200


async def test_who_found_out_a_password_and_guesses_codes_keeps_its_owner_not_out(
    http: httpx.AsyncClient, administrator: Caller
) -> None:
    member = await add_staff(administrator, "peer")
    right = {"email": member.email, "password": PASSWORD}
    known = (await http.post(f"{W}/sign-ins", json=right)).json()["known_device"]
    secret = (await member.post(f"{W}/me/totp", {})).json()["secret"]
    await member.post(f"{W}/me/totp/confirmations", {"code": pyotp.TOTP(secret).now()})

    async def with_code(code: str, **more: str) -> int:
        challenge = (await http.post(f"{W}/sign-ins", json=right | more)).json()["challenge"]
        return (await http.post(f"{W}/sign-in-codes", json={"challenge": challenge, "code": code} | more)).status_code

    guesses = [await with_code("000000") for _ in range(7)]
    code = pyotp.TOTP(secret).at(time.time() + 30)
    stranger, owner = await with_code(code), await with_code(code, known_device=known)

    assert guesses[0] == 401
    assert [guesses[-1], stranger, owner] == [429, 429, 200]


async def test_one_network_that_tries_many_names_has_to_wait(platform: Platform, administrator: Caller) -> None:
    peer = f"203.0.113.{uuid.uuid4().int % 250 + 1}"
    right = {"email": administrator.email, "password": PASSWORD}
    async with _from(platform, peer) as there, _from(platform, "198.51.100.9") as elsewhere:
        known = (await there.post("/v1/sign-ins", json=right)).json()["known_device"]
        answers = [await _guess(there, f"{uuid.uuid4().hex}@agency.test") for _ in range(52)]
        spoofed = await there.post("/v1/sign-ins", json=right, headers={"X-Forwarded-For": "192.0.2.77"})
        from_known = await there.post("/v1/sign-ins", json=right | {"known_device": known})
        from_elsewhere = await elsewhere.post("/v1/sign-ins", json=right)

    assert [answer.status_code for answer in answers] == [401] * 50 + [429] * 2
    assert spoofed.status_code == 429
    assert [from_known.status_code, from_elsewhere.status_code] == [200, 200]


async def test_behind_a_trusted_proxy_the_client_itself_is_counted(platform: Platform, administrator: Caller) -> None:
    right = {"email": administrator.email, "password": PASSWORD}
    loud, quiet = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.1, 192.0.2.2"}
    async with _from(platform, "10.1.1.1", trusted_proxies=["10.0.0.0/8"]) as proxy:
        for _ in range(51):
            wrong = {"email": f"{uuid.uuid4().hex}@agency.test", "password": "a wrong guess, again"}
            await proxy.post("/v1/sign-ins", json=wrong, headers=loud)
        blocked = await proxy.post("/v1/sign-ins", json=right, headers=loud)
        through = await proxy.post("/v1/sign-ins", json=right, headers=quiet)

    assert [blocked.status_code, through.status_code] == [429, 200]


async def test_what_is_counted_names_nobody(platform: Platform, http: httpx.AsyncClient, administrator: Caller) -> None:
    await _guess(http, administrator.email)

    rows = await platform.fetch("select t::text as row from workforce.throttle t")
    seen = "\n".join(row["row"] for row in rows)

    assert administrator.email is not None
    assert administrator.email not in seen
    assert administrator.email.encode().hex() not in seen
