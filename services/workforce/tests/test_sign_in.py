"""Signing in: one-time passwords, rotating refresh tokens, and what strangers learn (nothing)."""

import uuid
from datetime import UTC, datetime, timedelta

import httpx

from handrail.testing import PASSWORD, Caller, Platform, add_staff

W = "/api/workforce/v1"


async def _member(administrator: Caller) -> tuple[str, str, str]:
    """Add a peer; return id, e-mail and one-time password."""
    email = f"{uuid.uuid4().hex}@agency.test"
    body = {"name": "Sam", "email": email, "roles": ["peer"], "employed_from": "2026-01-01"}
    staff_id = str(await administrator.created(f"{W}/staff", body))
    given = await administrator.post(f"{W}/staff/{staff_id}/one-time-passwords", {})
    return staff_id, email, given.json()["one_time_password"]


async def _sign_in(http: httpx.AsyncClient, email: str, password: str, **more: str) -> httpx.Response:
    return await http.post(f"{W}/sign-ins", json={"email": email, "password": password, **more})


async def test_a_one_time_password_must_be_replaced(http: httpx.AsyncClient, administrator: Caller) -> None:
    _, email, once = await _member(administrator)

    bare = await _sign_in(http, email, once)
    short = await _sign_in(http, email, once, new_password="too short")
    same = await _sign_in(http, email, once, new_password=once)
    good = await _sign_in(http, email, once, new_password=PASSWORD)
    again = await _sign_in(http, email, once, new_password=PASSWORD)
    usual = await _sign_in(http, email.upper(), PASSWORD)

    assert [bare.status_code, bare.json()["type"]] == [403, "/problems/new-password-needed"]
    assert [short.status_code, same.status_code] == [422, 422]
    assert [good.status_code, again.status_code, usual.status_code] == [200, 401, 200]


async def test_an_unknown_name_and_a_wrong_password_answer_alike(
    http: httpx.AsyncClient, administrator: Caller
) -> None:
    _, email, _ = await _member(administrator)

    wrong = await _sign_in(http, email, "not the password at all")
    unknown = await _sign_in(http, "nobody@nowhere.test", "not the password at all")

    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json()["type"] == "/problems/sign-in-refused"
    assert wrong.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}


async def test_a_refresh_token_works_once_and_a_replay_ends_its_family(
    http: httpx.AsyncClient, administrator: Caller
) -> None:
    _, email, once = await _member(administrator)
    first = (await _sign_in(http, email, once, new_password=PASSWORD)).json()["refresh_token"]

    async def refresh(token: str) -> httpx.Response:
        return await http.post(f"{W}/token-refreshes", json={"refresh_token": token})

    second = (await refresh(first)).json()["refresh_token"]
    replayed = await refresh(first)
    after = await refresh(second)
    garbage = await refresh("not a token")

    assert [replayed.status_code, after.status_code, garbage.status_code] == [401, 401, 401]


async def test_signing_out_ends_the_tokens(http: httpx.AsyncClient, administrator: Caller) -> None:
    _, email, once = await _member(administrator)
    token = (await _sign_in(http, email, once, new_password=PASSWORD)).json()["refresh_token"]

    out = await http.post(f"{W}/sign-outs", json={"refresh_token": token})
    after = await http.post(f"{W}/token-refreshes", json={"refresh_token": token})

    assert [out.status_code, after.status_code] == [204, 401]


async def test_a_new_one_time_password_ends_what_was_signed_in(http: httpx.AsyncClient, administrator: Caller) -> None:
    staff_id, email, once = await _member(administrator)
    token = (await _sign_in(http, email, once, new_password=PASSWORD)).json()["refresh_token"]

    await administrator.post(f"{W}/staff/{staff_id}/one-time-passwords", {})

    assert (await http.post(f"{W}/token-refreshes", json={"refresh_token": token})).status_code == 401
    assert (await _sign_in(http, email, PASSWORD)).status_code == 401


async def test_who_left_cannot_sign_in(http: httpx.AsyncClient, administrator: Caller) -> None:
    staff_id, email, once = await _member(administrator)
    token = (await _sign_in(http, email, once, new_password=PASSWORD)).json()["refresh_token"]
    yesterday = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()

    left = await administrator.put(f"{W}/staff/{staff_id}/departure", {"last_day": yesterday}, version=1)

    assert left.status_code == 200
    assert (await _sign_in(http, email, PASSWORD)).status_code == 401
    assert (await http.post(f"{W}/token-refreshes", json={"refresh_token": token})).status_code == 401


async def test_only_a_service_reads_contacts(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    staff_id, email, _ = await _member(administrator)
    body = {
        "service": "notification",
        "secret": platform.secrets["NOTIFICATION_SECRET"],
        "agency_id": str(administrator.agency_id),
    }

    token = (await http.post(f"{W}/service-tokens", json=body)).json()["access_token"]
    service = Caller(http, token)

    contact = await service.get(f"{W}/staff/{staff_id}/contact")
    assert contact.json() == {"name": "Sam", "email": email, "language": "en", "zone": "America/Chicago"}
    assert (await administrator.get(f"{W}/staff/{staff_id}/contact")).status_code == 403
    assert (await service.get(f"{W}/staff/{staff_id}")).status_code == 403
    assert (await http.post(f"{W}/service-tokens", json=body | {"secret": "wrong"})).status_code == 401
    assert (await http.post(f"{W}/service-tokens", json=body | {"service": "console"})).status_code == 401


async def test_names_addresses_and_passwords_are_nowhere_in_the_clear(
    platform: Platform, administrator: Caller
) -> None:
    member = await add_staff(administrator, "peer")

    for table in ("staff", "login", "password", "outbox", "ledger", "idempotency", "audit"):
        rows = await platform.fetch(f"select t::text as row from workforce.{table} t")
        text = "\n".join(row["row"] for row in rows)
        for canary in ("Sam Rivera", "@agency.test", PASSWORD):
            assert canary not in text, (table, canary)
            assert canary.encode().hex() not in text, (table, canary)
    assert member.staff_id is not None
