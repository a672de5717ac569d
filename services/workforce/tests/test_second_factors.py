"""Authenticator apps and recovery codes: enrolling, signing in in two steps, replays, losing and demanding them."""

import asyncio
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx
import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from handrail.testing import PASSWORD, Caller, Platform, add_staff, open_agency
from workforce.rules.totp import (
    RECOVERY_CODES,
    compact,
    enrolment_uri,
    matching_step,
    recovery_code,
    recovery_digest,
)

W = "/api/workforce/v1"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B, SHA-1
ANOTHER = "quite another sentence, and longer"


@pytest.mark.parametrize(("at", "code"), [(59, "287082"), (1111111109, "081804"), (2000000000, "279037")])
def test_the_codes_of_rfc_6238_match(at: int, code: str) -> None:
    assert matching_step(SECRET, code, datetime.fromtimestamp(at, UTC), 0) == at // 30


@pytest.mark.parametrize(("drift", "found"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_one_step_of_drift_is_forgiven(drift: int, found: bool) -> None:
    code = pyotp.TOTP(SECRET).at(1_800_000_015)
    at = datetime.fromtimestamp(1_800_000_015 + drift, UTC)

    assert (matching_step(SECRET, code, at, 0) is not None) is found


def test_a_used_step_and_every_earlier_one_match_no_more() -> None:
    at = datetime.fromtimestamp(1_800_000_015, UTC)
    step = 1_800_000_015 // 30
    codes = pyotp.TOTP(SECRET)

    assert matching_step(SECRET, codes.at(1_800_000_015), at, step) is None
    assert matching_step(SECRET, codes.at(1_799_999_985), at, step) is None
    assert matching_step(SECRET, codes.at(1_800_000_045), at, step) == step + 1


@pytest.mark.parametrize("code", ["", "12345", "1234567", "१२३४५६", "12 456", "-12345", "287082\n"])
def test_what_is_no_six_digits_is_no_code(code: str) -> None:
    assert matching_step(SECRET, code, datetime.fromtimestamp(59, UTC), 0) is None


@given(st.binary(min_size=10, max_size=10), st.uuids())
def test_a_recovery_code_is_the_same_however_it_is_typed(random: bytes, staff_id: uuid.UUID) -> None:
    code = recovery_code(random)

    assert recovery_digest(staff_id, code) == recovery_digest(staff_id, f" {code.lower().replace('-', ' ')} ")
    assert len(compact(code)) * 5 >= 64  # bits
    assert recovery_digest(staff_id, code) != recovery_digest(uuid.uuid4(), code)


def test_the_address_that_apps_scan_names_issuer_and_account() -> None:
    uri = enrolment_uri(SECRET, "ada@riverbend.org")

    assert uri == f"otpauth://totp/Handrail:ada%40riverbend.org?secret={SECRET}&issuer=Handrail"


async def _enrolled(caller: Caller) -> tuple[str, list[str]]:
    """Enrol an authenticator app; return its secret and the recovery codes."""
    made = await caller.post(f"{W}/me/totp", {})
    assert made.status_code == 201, made.text
    secret = made.json()["secret"]
    confirmed = await caller.post(f"{W}/me/totp/confirmations", {"code": pyotp.TOTP(secret).now()})
    assert confirmed.status_code == 200, confirmed.text
    caller.token = confirmed.json()["access_token"]
    return secret, confirmed.json()["recovery_codes"]


def _next(secret: str) -> str:
    """Return the code after the one that was used."""
    return pyotp.TOTP(secret).at(time.time() + 30)


async def _first_step(http: httpx.AsyncClient, email: str | None, **more: str) -> httpx.Response:
    return await http.post(f"{W}/sign-ins", json={"email": email, "password": PASSWORD} | more)


async def _second_step(http: httpx.AsyncClient, challenge: str, code: str) -> httpx.Response:
    return await http.post(f"{W}/sign-in-codes", json={"challenge": challenge, "code": code})


def _types(*answers: httpx.Response) -> list[tuple[int, str]]:
    return [(one.status_code, one.json().get("type", "").removeprefix("/problems/")) for one in answers]


async def test_sign_in_takes_two_steps_and_a_code_works_once(http: httpx.AsyncClient, administrator: Caller) -> None:
    member = await add_staff(administrator, "peer")
    secret, _ = await _enrolled(member)

    first = await _first_step(http, member.email)
    challenge, code = first.json()["challenge"], _next(secret)
    wrong = await _second_step(http, challenge, "000000")
    done = await _second_step(http, challenge, code)
    again = await _second_step(http, challenge, code)
    another = (await _first_step(http, member.email)).json()["challenge"]
    replayed = await _second_step(http, another, code)

    assert _types(first, wrong) == [(403, "second-factor-needed"), (401, "code-refused")]
    assert done.status_code == 200
    assert _types(again, replayed) == [(401, "code-refused"), (401, "code-refused")]
    own = Caller(http, done.json()["access_token"])
    mine = (await own.get(f"{W}/me/sign-ins")).json()["items"]
    assert [(one["method"], one["aal"]) for one in mine if one["this_one"]] == [("password_and_totp", 2)]


async def test_of_two_requests_with_one_code_one_gets_in(http: httpx.AsyncClient, administrator: Caller) -> None:
    member = await add_staff(administrator, "peer")
    secret, _ = await _enrolled(member)
    challenges = [(await _first_step(http, member.email)).json()["challenge"] for _ in range(4)]
    code = _next(secret)

    answers = await asyncio.gather(*(_second_step(http, one, code) for one in challenges))

    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


async def test_a_wrong_password_never_says_that_there_is_a_second_factor(
    http: httpx.AsyncClient, administrator: Caller
) -> None:
    member = await add_staff(administrator, "peer")
    await _enrolled(member)

    with_factor = await _first_step(http, member.email, password="not the password at all")
    without = await _first_step(http, administrator.email, password="not the password at all")

    assert with_factor.json() | {"request_id": ""} == without.json() | {"request_id": ""}


async def test_a_challenge_ends_after_a_few_wrong_codes_or_in_time(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    member = await add_staff(administrator, "peer")
    secret, codes = await _enrolled(member)
    guessed = (await _first_step(http, member.email)).json()["challenge"]

    answers = [await _second_step(http, guessed, "000000") for _ in range(7)]
    await _change(platform, "update workforce.throttle set blocked_until = now() - interval '1 second'")
    after_guesses = await _second_step(http, guessed, codes[0])
    late = (await _first_step(http, member.email)).json()["challenge"]
    await _change(platform, "update workforce.sign_in_challenge set expires_at = now()")
    too_late = await _second_step(http, late, _next(secret))

    assert {answer.status_code for answer in answers} <= {401, 429}
    assert answers[0].json() == answers[1].json() | {"request_id": answers[0].json()["request_id"]}
    assert _types(after_guesses, too_late) == [(401, "code-refused"), (401, "code-refused")]


async def _change(platform: Platform, sql: str, **values: object) -> None:
    async with platform.admin.begin() as connection:
        await connection.execute(text(sql), values)


async def test_what_nobody_finished_in_time_is_kept_no_longer(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    caller = await add_staff(administrator, "peer")
    await _enrolled(caller)
    await _first_step(http, caller.email)
    past = "update workforce.sign_in_challenge set expires_at = now() where staff_id = :id"
    await _change(platform, past, id=caller.staff_id)

    await _first_step(http, caller.email)

    kept = "select count(*) from workforce.sign_in_challenge where staff_id = :id"
    assert await platform.value(kept, id=caller.staff_id) == 1


async def test_recovery_codes_work_once_each_and_new_ones_void_the_old(
    http: httpx.AsyncClient, administrator: Caller
) -> None:
    member = await add_staff(administrator, "peer")
    _, codes = await _enrolled(member)

    async def with_code(code: str) -> httpx.Response:
        challenge = (await _first_step(http, member.email)).json()["challenge"]
        return await _second_step(http, challenge, code)

    first, again = await with_code(codes[0].lower()), await with_code(codes[0])
    left = (await member.get(f"{W}/me/second-factors")).json()["recovery_codes_left"]
    fresh = (await member.post(f"{W}/me/recovery-codes", {})).json()["recovery_codes"]
    void, valid = await with_code(codes[1]), await with_code(fresh[9])

    assert len(set(codes)) == len(fresh) == RECOVERY_CODES
    assert [first.status_code, again.status_code, left] == [200, 401, 9]
    assert [void.status_code, valid.status_code] == [401, 200]


async def test_a_reset_password_does_not_skip_the_second_factor(http: httpx.AsyncClient, administrator: Caller) -> None:
    member = await add_staff(administrator, "peer")
    _, codes = await _enrolled(member)
    path = f"{W}/staff/{member.staff_id}/one-time-passwords"
    once = (await administrator.post(path, {})).json()["one_time_password"]

    first = await _first_step(http, member.email, password=once, new_password=ANOTHER)
    not_yet = await _first_step(http, member.email, password=ANOTHER)
    done = await _second_step(http, first.json()["challenge"], codes[0])
    usual = await _first_step(http, member.email, password=ANOTHER)

    assert _types(first, not_yet) == [(403, "second-factor-needed"), (401, "sign-in-refused")]
    assert done.status_code == 200
    assert _types(usual) == [(403, "second-factor-needed")]


async def test_an_agency_that_demands_a_second_factor_has_it_enrolled_at_sign_in(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    peer = await add_staff(administrator, "peer")
    supervisor = await add_staff(administrator, "supervisor")

    policy = {"second_factor": "roles", "roles": ["supervisor"]}
    set_ = await administrator.put(f"{W}/sign-in-policy", policy, version=0)
    of_peer = await _first_step(http, peer.email)
    first = await _first_step(http, supervisor.email)
    challenge = first.json()["challenge"]
    made = await http.post(f"{W}/sign-in-enrolments", json={"challenge": challenge})
    secret = made.json()["secret"]
    wrong = await _second_step(http, challenge, "000000")
    done = await _second_step(http, challenge, pyotp.TOTP(secret).now())
    later = await _first_step(http, supervisor.email)

    assert [set_.status_code, set_.json()["version"], of_peer.status_code] == [200, 1, 200]
    assert _types(first, wrong) == [(403, "second-factor-enrolment-needed"), (401, "code-refused")]
    assert made.json()["otpauth_uri"].startswith("otpauth://totp/Handrail:")
    assert done.status_code == 200
    assert len(done.json()["recovery_codes"]) == RECOVERY_CODES
    assert _types(later) == [(403, "second-factor-needed")]


async def test_a_challenge_of_an_enrolled_person_enrols_nothing(http: httpx.AsyncClient, administrator: Caller) -> None:
    member = await add_staff(administrator, "peer")
    await _enrolled(member)
    challenge = (await _first_step(http, member.email)).json()["challenge"]

    answer = await http.post(f"{W}/sign-in-enrolments", json={"challenge": challenge})
    nonsense = await http.post(f"{W}/sign-in-enrolments", json={"challenge": f"{uuid.uuid4()}.x"})

    assert _types(answer, nonsense) == [(401, "code-refused"), (401, "code-refused")]


async def test_a_lost_authenticator_is_removed_by_an_administrator_and_ends_the_sign_ins(
    http: httpx.AsyncClient, administrator: Caller
) -> None:
    member = await add_staff(administrator, "peer")
    secret, _ = await _enrolled(member)
    short = await member.post(f"{W}/me/password-changes", {"password": PASSWORD, "new_password": "green hat"})
    body = {"challenge": "", "code": _next(secret)}
    body["challenge"] = (await _first_step(http, member.email, password="green hat")).json()["challenge"]
    token = (await http.post(f"{W}/sign-in-codes", json=body)).json()["refresh_token"]

    by_peer = await member.post(f"{W}/staff/{member.staff_id}/second-factor-removals", {})
    removed = await administrator.post(f"{W}/staff/{member.staff_id}/second-factor-removals", {})

    assert [short.status_code, by_peer.status_code, removed.status_code] == [204, 403, 204]
    assert (await http.post(f"{W}/token-refreshes", json={"refresh_token": token})).status_code == 401
    bare = await _first_step(http, member.email, password="green hat")
    longer = await _first_step(http, member.email, password="green hat", new_password=ANOTHER)
    assert _types(bare) == [(403, "new-password-needed")]
    assert longer.status_code == 200


async def test_removing_ones_own_needs_a_long_password_and_an_agency_that_allows_it(administrator: Caller) -> None:
    member = await add_staff(administrator, "peer")
    await _enrolled(member)
    await member.post(f"{W}/me/password-changes", {"password": PASSWORD, "new_password": "green hat"})

    short = await member.post(f"{W}/me/totp/removals", {})
    await member.post(f"{W}/me/password-changes", {"password": "green hat", "new_password": ANOTHER})
    everybody: dict[str, Any] = {"second_factor": "everybody", "roles": []}
    await administrator.put(f"{W}/sign-in-policy", everybody, version=0)
    demanded = await member.post(f"{W}/me/totp/removals", {})
    await administrator.put(f"{W}/sign-in-policy", {"second_factor": "nobody"}, version=1)
    removed = await member.post(f"{W}/me/totp/removals", {})

    assert _types(short, demanded) == [(409, "password-too-short-alone"), (409, "second-factor-demanded")]
    assert removed.status_code == 204
    assert (await member.get(f"{W}/me/second-factors")).json() == {"totp_since": None, "recovery_codes_left": 0}


async def test_a_stranger_and_a_peer_change_nobodys_factors(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    peer = await add_staff(administrator, "peer")
    stranger = await open_agency(http, platform)

    path = f"{W}/staff/{peer.staff_id}/second-factor-removals"
    theirs = await stranger.post(path, {})
    policy = await peer.put(f"{W}/sign-in-policy", {"second_factor": "nobody"}, version=0)
    stale = await administrator.put(f"{W}/sign-in-policy", {"second_factor": "nobody"}, version=3)

    assert [theirs.status_code, policy.status_code, stale.status_code] == [404, 403, 412]


async def test_no_secret_code_or_challenge_is_kept_in_the_clear(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    member = await add_staff(administrator, "peer")
    secret, codes = await _enrolled(member)
    challenge = (await _first_step(http, member.email)).json()["challenge"]

    tables = await platform.fetch("select tablename from pg_tables where schemaname = 'workforce'")
    for table in [row["tablename"] for row in tables]:
        rows = await platform.fetch(f"select t::text as row from workforce.{table} t")
        seen = "\n".join(row["row"] for row in rows)
        for canary in (secret, codes[3], compact(codes[3]), challenge.partition(".")[2], str(member.email)):
            assert canary not in seen, table
            assert canary.encode().hex() not in seen, table
