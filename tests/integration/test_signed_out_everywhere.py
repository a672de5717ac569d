"""Who is put out is out of every service within a minute, and nobody else is, whatever happens to workforce."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from common.embedded import LOOPBACK, free_port
from handrail.local import serving
from handrail.platform import Mounted, settings_of
from handrail.testing import PASSWORD, Caller, Platform, add_staff

W = "/api/workforce/v1"
SOMETHING = "/api/intake/v1/freshness"  # anything that a supervisor may read
LEAVE = {"access": "ended", "reason": "suspended"}


async def _until_out(ask: Any, seconds: float) -> float:
    """Ask until refused; return how long it took."""
    before = time.monotonic()
    while (status := (await ask()).status_code) != 401:
        assert status == 200
        assert time.monotonic() - before < seconds, "still let in"
        await asyncio.sleep(0.25)
    return time.monotonic() - before


async def test_whose_access_ended_is_out_of_another_service_within_a_minute(
    http: httpx.AsyncClient, administrator: Caller
) -> None:
    member = await add_staff(administrator, "supervisor")
    other = await add_staff(administrator, "supervisor")
    out = Caller(http, member.token)  # who does not sign in again by themselves
    assert (await out.get(SOMETHING)).status_code == 200

    ended = await administrator.put(f"{W}/staff/{member.staff_id}/access", LEAVE, version=0)
    took = await _until_out(lambda: out.get(SOMETHING), 60)

    assert ended.status_code == 200
    assert took < 60
    assert (await Caller(http, other.token).get(SOMETHING)).status_code == 200


def _app(platform: Platform, service: str, **settings: Any) -> FastAPI:
    entry = next(entry for entry in platform.services if entry.service.name == service)
    return entry.create_api(settings_of(entry, "api", platform.addresses, platform.secrets, **settings))


@asynccontextmanager
async def _asked(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    mounted = Mounted(app)
    async with app.router.lifespan_context(app) as state:
        mounted.state = dict(state or {})
        transport = httpx.ASGITransport(mounted)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            yield client


async def test_while_workforce_is_stopped_who_was_out_stays_out_and_the_others_work_on(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    member, other = await add_staff(administrator, "supervisor"), await add_staff(administrator, "supervisor")
    port = free_port()
    jwks = f"http://{LOOPBACK}:{port}/v1/jwks"

    async with _asked(_app(platform, "intake", jwks_url=jwks, ended_sign_ins_seconds=0.2)) as intake:

        async def ask(caller: Caller) -> httpx.Response:
            return await intake.get("/v1/freshness", headers=caller.headers())

        async with serving(_app(platform, "workforce"), port):
            assert [(await ask(one)).status_code for one in (member, other)] == [200, 200]
            await administrator.put(f"{W}/staff/{member.staff_id}/access", LEAVE, version=0)
            await _until_out(lambda: ask(member), 10)
        await asyncio.sleep(1)  # several rounds of asking a workforce that is gone
        before = time.monotonic()
        stopped = [(await ask(one)).status_code for one in (member, other)]
        took = time.monotonic() - before

    assert stopped == [401, 200]
    assert took < 5


async def test_signing_out_elsewhere_is_signing_out_everywhere(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    member = await add_staff(administrator, "supervisor")
    body = {"email": member.email, "password": PASSWORD}
    second = Caller(http, (await http.post(f"{W}/sign-ins", json=body)).json()["access_token"])

    async with _asked(_app(platform, "intake", ended_sign_ins_seconds=0.2)) as intake:

        async def ask() -> httpx.Response:
            return await intake.get("/v1/freshness", headers=second.headers())

        assert (await ask()).status_code == 200
        assert (await member.post(f"{W}/me/sign-outs", {})).json()["ended"] == 2
        await _until_out(ask, 10)
