"""Sign-ins from start to end: limits, one's own list, stepping up, ended access, and what tokens say."""

import asyncio
import json
import uuid
from base64 import urlsafe_b64decode
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import text

from common.contracts.codes import Role
from handrail.testing import PASSWORD, Caller, Platform, add_staff, open_agency
from workforce.rules.signing import (
    SecondFactorFor,
    SignInMethod,
    access_until,
    is_idle,
    needs_second_factor,
)
from workforce.tokens import Proof, Tokens

W = "/api/workforce/v1"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEAVE = {"access": "ended", "reason": "leave"}


@pytest.mark.parametrize(
    ("employed_to", "zone", "until"),
    [
        (None, "America/Chicago", "2026-11-24T00:00:00+00:00"),
        (date(2026, 11, 23), "America/Chicago", "2026-11-24T00:00:00+00:00"),
        (date(2026, 11, 22), "America/Chicago", "2026-11-23T06:00:00+00:00"),
        (date(2026, 11, 23), "Pacific/Auckland", "2026-11-23T11:00:00+00:00"),
        (date(2026, 10, 31), "America/Chicago", "2026-11-01T05:00:00+00:00"),
        (date(2026, 11, 1), "America/Chicago", "2026-11-02T06:00:00+00:00"),
    ],
)
def test_no_access_outlives_the_last_day_in_the_agencys_zone(employed_to: date | None, zone: str, until: str) -> None:
    expires_at = datetime.fromisoformat("2026-11-24T00:00:00+00:00")

    assert access_until(expires_at, employed_to, zone) == datetime.fromisoformat(until)


def test_unused_for_exactly_the_limit_is_not_yet_idle() -> None:
    hour = timedelta(hours=1)

    assert not is_idle(NOW - hour, hour, NOW)
    assert is_idle(NOW - hour - timedelta(seconds=1), hour, NOW)


@pytest.mark.parametrize(
    ("demand", "of_roles", "roles", "needed"),
    [
        ("nobody", ["peer"], ["peer"], False),
        ("everybody", [], ["peer"], True),
        ("roles", ["administrator"], ["peer", "administrator"], True),
        ("roles", ["administrator"], ["peer"], False),
        ("roles", [], ["peer"], False),
    ],
)
def test_of_whom_a_second_factor_is_demanded(demand: str, of_roles: list[str], roles: list[str], needed: bool) -> None:
    assert needs_second_factor(SecondFactorFor(demand), of_roles, roles) is needed


def test_each_method_says_its_assurance() -> None:
    assert {method.value: method.aal for method in SignInMethod} == {
        "password": 1,
        "password_and_totp": 2,
        "password_and_recovery_code": 2,
        "passkey": 2,
        "provider": 1,
    }


def test_a_token_ends_with_its_sign_in() -> None:
    tokens = Tokens(b"s" * 32, "handrail", timedelta(minutes=10))
    until = datetime.now(UTC) + timedelta(seconds=90)
    proof = Proof(uuid.uuid4(), 2, datetime.now(UTC), until)

    token, seconds = tokens.issue(uuid.uuid4(), uuid.uuid4(), [Role.PEER], proof)
    claims = jwt.decode(token, KeySet.import_key_set(tokens.public_keys()), algorithms=["Ed25519"]).claims  # type: ignore[arg-type]

    assert 85 <= seconds <= 90
    assert (claims["exp"], claims["sid"], claims["aal"]) == (int(until.timestamp()), str(proof.sign_in_id), 2)


def claims_of(token: str | None) -> dict[str, Any]:
    body = str(token).split(".")[1]
    return dict(json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4))))


async def _change(platform: Platform, sql: str, **values: object) -> None:
    async with platform.admin.begin() as connection:
        await connection.execute(text(sql), values)


async def _signed_in(http: httpx.AsyncClient, caller: Caller) -> tuple[Caller, str]:
    """Sign a person in once more; return them, who never signs in by themselves, and the refresh token."""
    answer = await http.post(f"{W}/sign-ins", json={"email": caller.email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    pair = answer.json()
    return Caller(http, pair["access_token"], caller.agency_id, caller.staff_id), pair["refresh_token"]


async def _refresh(http: httpx.AsyncClient, token: str) -> httpx.Response:
    return await http.post(f"{W}/token-refreshes", json={"refresh_token": token})


async def test_a_sign_in_is_one_row_that_its_tokens_name(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    caller, refresh_token = await _signed_in(http, administrator)
    refreshed = (await _refresh(http, refresh_token)).json()

    first, second = claims_of(caller.token), claims_of(refreshed["access_token"])
    assert first["sid"] == second["sid"]
    assert (first["aal"], first["auth_time"]) == (1, second["auth_time"])
    assert abs(first["auth_time"] - first["iat"]) <= 2
    (row,) = await platform.fetch(
        "select method, aal, idle_seconds, expires_at - started_at as life, ended_at from workforce.sign_in "
        "where id = cast(:id as uuid)",
        id=first["sid"],
    )
    assert (row["method"], row["aal"], row["idle_seconds"], row["ended_at"]) == ("password", 1, 3600, None)
    assert row["life"] == timedelta(hours=12)


@pytest.mark.parametrize(
    ("passes", "reason"),
    [("last_used_at = last_used_at - interval '61 minutes'", "idle"), ("expires_at = started_at", None)],
)
async def test_an_idle_or_old_sign_in_is_over(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller, passes: str, reason: str | None
) -> None:
    caller, token = await _signed_in(http, administrator)
    sid = claims_of(caller.token)["sid"]
    await _change(platform, f"update workforce.sign_in set {passes} where id = cast(:id as uuid)", id=sid)

    answers = [await _refresh(http, token), await _refresh(http, token)]

    assert [(one.status_code, one.json()["type"]) for one in answers] == [(401, "/problems/sign-in-needed")] * 2
    ended = "select end_reason from workforce.sign_in where id = cast(:id as uuid)"
    assert await platform.value(ended, id=sid) == reason


async def test_a_replayed_refresh_token_ends_the_whole_family_and_says_why(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    caller, first = await _signed_in(http, administrator)
    second = (await _refresh(http, first)).json()["refresh_token"]

    replayed, after = await _refresh(http, first), await _refresh(http, second)

    sid = claims_of(caller.token)["sid"]
    assert [replayed.status_code, after.status_code] == [401, 401]
    ended = "select end_reason from workforce.sign_in where id = cast(:id as uuid)"
    assert await platform.value(ended, id=sid) == "replayed"
    assert sid in (await http.get(f"{W}/ended-sign-ins")).json()["sign_in_ids"]
    audited = "select count(*) from workforce.audit where agency_id = :agency and action = 'sign-in.replayed'"
    await platform.eventually(audited, 1, agency=administrator.agency_id)


async def test_people_see_and_end_their_own_sign_ins_only(
    http: httpx.AsyncClient, platform: Platform, administrator: Caller
) -> None:
    member = await add_staff(administrator, "peer")
    phone, phone_token = await _signed_in(http, member)
    laptop, laptop_token = await _signed_in(http, member)
    _, others_token = await _signed_in(http, administrator)
    others = (await administrator.get(f"{W}/me/sign-ins")).json()["items"][0]["id"]

    items = (await laptop.get(f"{W}/me/sign-ins")).json()["items"]
    not_theirs = await laptop.post(f"{W}/me/sign-outs", {"sign_in_id": others})
    one = await laptop.post(f"{W}/me/sign-outs", {"sign_in_id": claims_of(phone.token)["sid"]})

    assert [(item["this_one"], item["method"], item["device_id"]) for item in items][:2] == [
        (True, "password", None),
        (False, "password", None),
    ]
    assert [not_theirs.json(), one.json()] == [{"ended": 0}, {"ended": 1}]
    assert (await _refresh(http, phone_token)).status_code == 401
    assert (await _refresh(http, others_token)).status_code == 200

    everywhere = await laptop.post(f"{W}/me/sign-outs", {})
    assert everywhere.json() == {"ended": 2}  # this one, and the one that came with joining
    assert (await _refresh(http, laptop_token)).status_code == 401


async def test_who_leaves_today_has_a_token_until_midnight_at_most(
    http: httpx.AsyncClient, administrator: Caller
) -> None:
    zone = ZoneInfo("America/Chicago")
    today = datetime.now(zone).date()
    body = {"name": "Sam", "email": f"{uuid.uuid4().hex}@agency.test", "roles": ["peer"]}
    days = {"employed_from": "2026-01-01", "employed_to": today.isoformat()}
    staff_id = await administrator.created(f"{W}/staff", body | days)
    once = (await administrator.post(f"{W}/staff/{staff_id}/one-time-passwords", {})).json()["one_time_password"]

    asked = {"email": body["email"], "password": once, "new_password": PASSWORD}
    answer = await http.post(f"{W}/sign-ins", json=asked)

    midnight = datetime.combine(today + timedelta(days=1), datetime.min.time(), zone)
    assert answer.status_code == 200
    assert claims_of(answer.json()["access_token"])["exp"] <= midnight.timestamp()


async def test_sensitive_acts_want_a_fresh_proof(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    member = await add_staff(administrator, "peer")
    caller, refresh_token = await _signed_in(http, administrator)
    sid = claims_of(caller.token)["sid"]
    long_ago = (
        "update workforce.sign_in set authenticated_at = now() - interval '11 minutes' where id = cast(:id as uuid)"
    )
    await _change(platform, long_ago, id=sid)
    caller.token = (await _refresh(http, refresh_token)).json()["access_token"]
    path = f"{W}/staff/{member.staff_id}/one-time-passwords"

    stale = [
        await caller.post(path, {}),
        await caller.put(f"{W}/staff/{member.staff_id}/access", LEAVE, version=0),
        await caller.put(f"{W}/sign-in-policy", {"second_factor": "nobody"}, version=0),
        await caller.post(f"{W}/staff/{member.staff_id}/second-factor-removals", {}),
        await caller.post(f"{W}/me/totp", {}),
    ]
    nothing = await caller.post(f"{W}/step-ups", {})
    wrong = await caller.post(f"{W}/step-ups", {"password": "not the password at all"})
    right = await caller.post(f"{W}/step-ups", {"password": PASSWORD})

    assert {(one.status_code, one.json()["type"]) for one in stale} == {(403, "/problems/step-up-needed")}
    assert (nothing.status_code, wrong.status_code, right.status_code) == (422, 403, 200)
    assert claims_of(right.json()["access_token"])["sid"] == sid
    caller.token = right.json()["access_token"]
    assert (await caller.post(path, {})).status_code == 201


async def test_stepping_up_waits_like_signing_in_after_wrong_guesses(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    caller, _ = await _signed_in(http, administrator)

    answers = [await caller.post(f"{W}/step-ups", {"password": "a wrong one"}) for _ in range(7)]

    assert [answer.status_code for answer in answers] == [403] * 5 + [429] * 2
    assert "retry-after" in answers[-1].headers


async def test_ended_access_ends_every_sign_in_and_restored_access_none(
    http: httpx.AsyncClient, administrator: Caller
) -> None:
    member = await add_staff(administrator, "peer")
    _, token = await _signed_in(http, member)
    path = f"{W}/staff/{member.staff_id}/access"

    ended = await administrator.put(path, LEAVE, version=0)
    right = {"email": member.email, "password": PASSWORD}
    out = await http.post(f"{W}/sign-ins", json=right)
    stale = await administrator.put(path, {"access": "restored", "reason": "returned"}, version=0)
    state = await administrator.get(path)
    restored = await administrator.put(path, {"access": "restored", "reason": "returned"}, version=1)

    assert [ended.status_code, out.status_code, stale.status_code, restored.status_code] == [200, 401, 412, 200]
    assert (state.json()["ended"], state.json()["reason"], state.headers["etag"]) == (True, "leave", '"1"')
    assert (await _refresh(http, token)).status_code == 401
    assert (await http.post(f"{W}/sign-ins", json=right)).status_code == 200


async def test_nobody_ends_their_own_access_nor_the_last_administrators(
    http: httpx.AsyncClient, platform: Platform, administrator: Caller
) -> None:
    second = await add_staff(administrator, "administrator")
    peer = await add_staff(administrator, "peer")
    stranger = await open_agency(http, platform)
    first_path, second_path = (f"{W}/staff/{one.staff_id}/access" for one in (administrator, second))

    own = await administrator.put(first_path, LEAVE, version=0)
    unfit = await administrator.put(second_path, {"access": "ended", "reason": "returned"}, version=0)
    by_peer = await peer.put(second_path, LEAVE, version=0)
    by_stranger = await stranger.put(second_path, LEAVE, version=0)
    look = await stranger.get(second_path)
    ended = await administrator.put(second_path, LEAVE, version=0)
    last = await second.put(first_path, LEAVE, version=0)

    assert [own.json()["type"], unfit.json()["type"]] == [
        "/problems/not-ones-own-access",
        "/problems/reason-does-not-fit",
    ]
    assert [by_peer.status_code, by_stranger.status_code, look.status_code, ended.status_code] == [403, 404, 404, 200]
    # The second one's access token may live for seconds; even so nobody is left without an administrator.
    assert last.status_code in (401, 409)
    assert (await administrator.get(first_path)).json()["ended"] is False


async def test_the_list_of_ended_sign_ins_is_public_and_names_nobody(
    http: httpx.AsyncClient, administrator: Caller
) -> None:
    caller, token = await _signed_in(http, administrator)
    await http.post(f"{W}/sign-outs", json={"refresh_token": token})

    answer = await http.get(f"{W}/ended-sign-ins")

    assert answer.status_code == 200
    assert list(answer.json()) == ["sign_in_ids"]
    assert claims_of(caller.token)["sid"] in answer.json()["sign_in_ids"]


async def test_bad_bodies_leave_nothing_but_one_audit_entry(platform: Platform, administrator: Caller) -> None:
    path = f"{W}/staff/{administrator.staff_id}/access"

    answers = [
        await administrator.put(path, {"access": "ended", "reason": "because"}, version=0),
        await administrator.put(path, LEAVE | {"note": "x"}, version=0),
        await administrator.put(f"{W}/sign-in-policy", {"second_factor": "some"}, version=0),
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 422]
    for table in ("staff_access", "sign_in_policy"):
        count = f"select count(*) from workforce.{table} where agency_id = :agency"
        assert await platform.value(count, agency=administrator.agency_id) == 0
    audit = "select count(*) from workforce.audit where agency_id = :agency and outcome = 'refused'"
    await platform.eventually(audit, 3, agency=administrator.agency_id)


async def test_a_departure_ends_every_sign_in(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    member = await add_staff(administrator, "supervisor")
    caller, token = await _signed_in(http, member)

    left = await administrator.put(f"{W}/staff/{member.staff_id}/departure", {"last_day": "2026-01-31"}, version=1)

    assert left.status_code == 200
    assert (await _refresh(http, token)).status_code == 401
    assert claims_of(caller.token)["sid"] in (await http.get(f"{W}/ended-sign-ins")).json()["sign_in_ids"]
    reasons = "select distinct end_reason from workforce.sign_in where staff_id = cast(:id as uuid)"
    assert await platform.value(reasons, id=str(member.staff_id)) == "departure"


async def test_a_sign_in_that_races_the_end_of_access_is_ended_too(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    member = await add_staff(administrator, "peer")
    right = {"email": member.email, "password": PASSWORD}
    known = (await http.post(f"{W}/sign-ins", json=right)).json()
    path = f"{W}/staff/{member.staff_id}/access"

    async def sign_in() -> int:
        asked = right | {"known_device": known["known_device"]}
        return (await http.post(f"{W}/sign-ins", json=asked)).status_code

    async def end() -> int:
        return (await administrator.put(path, LEAVE, version=0)).status_code

    statuses = await asyncio.gather(sign_in(), sign_in(), end(), _refresh_status(http, known), sign_in(), sign_in())

    assert statuses[2] == 200
    assert set(statuses) <= {200, 401}
    still_open = "select count(*) from workforce.sign_in where staff_id = cast(:id as uuid) and ended_at is null"
    assert await platform.value(still_open, id=str(member.staff_id)) == 0


async def _refresh_status(http: httpx.AsyncClient, pair: dict[str, Any]) -> int:
    return (await _refresh(http, pair["refresh_token"])).status_code


async def test_each_sign_in_refusal_and_change_is_audited_by_ids_and_codes(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    caller, token = await _signed_in(http, administrator)
    wrong = await http.post(f"{W}/sign-ins", json={"email": administrator.email, "password": "a wrong one"})
    await caller.post(f"{W}/me/password-changes", {"password": PASSWORD, "new_password": "quite another sentence"})
    await http.post(f"{W}/sign-outs", json={"refresh_token": token})

    done = "select count(*) from workforce.audit where agency_id = :agency and action = :action"
    for action, count in {"sign-in": 2, "password.change": 2, "sign-in.end": 2, "sign-out": 1}.items():
        await platform.eventually(done, count, agency=administrator.agency_id, action=action)
    refused = "select reason_code from workforce.audit where request_id = cast(:id as uuid)"
    await platform.eventually(refused, "sign-in-refused", id=wrong.json()["request_id"])
    for table in ("audit", "outbox", "ledger", "idempotency", "sign_in", "refresh_token", "ended_sign_in"):
        rows = await platform.fetch(f"select t::text as row from workforce.{table} t")
        seen = "\n".join(row["row"] for row in rows)
        for canary in (str(administrator.email), PASSWORD, "quite another sentence", token.partition(".")[2]):
            assert canary not in seen, table
            assert canary.encode().hex() not in seen, table
