"""Everything that changes how one person signs in, asked at one moment: some of it is refused, nothing breaks."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import httpx
import pyotp
import pytest

from handrail.testing import PASSWORD, Caller, Platform, add_staff

W = "/api/workforce/v1"
ANOTHER = "quite another sentence, and longer"


async def _signed_in(http: httpx.AsyncClient, email: str | None) -> tuple[Caller, str]:
    pair = (await http.post(f"{W}/sign-ins", json={"email": email, "password": PASSWORD})).json()
    return Caller(http, pair["access_token"]), pair["refresh_token"]


@pytest.mark.parametrize("order", range(4))
async def test_no_two_acts_on_one_persons_sign_ins_wait_for_each_other(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller, order: int
) -> None:
    second, member = await add_staff(administrator, "administrator"), await add_staff(administrator, "peer")
    phone, phone_token = await _signed_in(http, member.email)
    laptop, laptop_token = await _signed_in(http, member.email)
    secret = (await phone.post(f"{W}/me/totp", {})).json()["secret"]
    path = f"{W}/staff/{member.staff_id}"
    changed = {"name": "Sam", "email": member.email, "language": "en", "roles": ["peer", "supervisor"]}
    new = {"password": PASSWORD, "new_password": ANOTHER}
    right = {"email": member.email, "password": PASSWORD}

    acts: list[Callable[[], Awaitable[httpx.Response]]] = [
        lambda: phone.post(f"{W}/me/totp/confirmations", {"code": pyotp.TOTP(secret).now()}),
        lambda: phone.post(f"{W}/me/password-changes", new),
        lambda: laptop.post(f"{W}/me/password-changes", new),
        lambda: phone.post(f"{W}/step-ups", {"password": PASSWORD}),
        lambda: laptop.post(f"{W}/step-ups", {"password": PASSWORD}),
        lambda: laptop.post(f"{W}/me/sign-outs", {}),
        lambda: http.post(f"{W}/token-refreshes", json={"refresh_token": phone_token}),
        lambda: http.post(f"{W}/token-refreshes", json={"refresh_token": laptop_token}),
        lambda: http.post(f"{W}/sign-outs", json={"refresh_token": phone_token}),
        lambda: http.post(f"{W}/sign-ins", json=right),
        lambda: http.post(f"{W}/sign-ins", json=right | {"new_password": ANOTHER}),
        lambda: administrator.post(f"{path}/one-time-passwords", {}),
        lambda: second.post(f"{path}/second-factor-removals", {}),
        lambda: second.post(f"{path}/provider-link-removals", {}),
        lambda: second.put(path, changed, version=1),
        lambda: administrator.put(f"{path}/access", {"access": "ended", "reason": "leave"}, version=0),
    ]
    random.Random(order).shuffle(acts)
    answers = await asyncio.gather(*(act() for act in acts))

    assert {one.status_code for one in answers} <= {200, 201, 204, 401, 403, 409, 412}
    still_open = "select count(*) from workforce.sign_in where staff_id = :id and ended_at is null"
    assert await platform.value(still_open, id=member.staff_id) == 0
