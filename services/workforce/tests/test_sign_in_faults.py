"""Hostile and unlucky sign-ins: two requests at once, sign-ins that ended a second ago, and what strangers learn."""

import asyncio
import base64
import hashlib
import json
import struct
import uuid
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

import cbor2
import httpx
import pyotp
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import text

from handrail.testing import PASSWORD, Caller, Platform, add_staff

W = "/api/workforce/v1"
ANOTHER = "quite another sentence, and longer"
Act = Callable[[], Coroutine[Any, Any, httpx.Response]]
BLOCKED = (
    "select count(*) from pg_stat_activity"
    " where wait_event_type = 'Lock' and query not ilike '%delete from workforce.audit_pending%'"
)


class Key:
    """A passkey of the tests' own: an authenticator that says its owner was verified, without a browser."""

    def __init__(self, platform: Platform) -> None:
        self.origin = platform.addresses.public_url.replace("127.0.0.1", "localhost")
        self.id = uuid.uuid4().bytes
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._count = 0
        self._owner = ""

    def made(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return what the browser answers to creation options."""
        self._owner = options["user"]["id"]
        known = self._private.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: known.x.to_bytes(32), -3: known.y.to_bytes(32)})
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self._data(0x45) + attested})
        return self._credential("create", options, attestationObject=_text(attestation))[0]

    def used(self, options: dict[str, Any]) -> dict[str, Any]:
        """Return what the browser answers to request options."""
        self._count += 1
        data = self._data(0x05)
        credential, said = self._credential("get", options, authenticatorData=_text(data), userHandle=self._owner)
        signature = self._private.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        credential["response"]["signature"] = _text(signature)
        return credential

    def _data(self, flags: int) -> bytes:
        party = hashlib.sha256(str(urlsplit(self.origin).hostname).encode()).digest()
        return party + bytes([flags]) + struct.pack(">I", self._count)

    def _credential(self, act: str, options: dict[str, Any], **more: str) -> tuple[dict[str, Any], bytes]:
        said = json.dumps(
            {"type": f"webauthn.{act}", "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        ).encode()
        response = {"clientDataJSON": _text(said)} | more
        usual = {"id": _text(self.id), "rawId": _text(self.id), "type": "public-key", "clientExtensionResults": {}}
        return usual | {"response": response}, said


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def kind(answer: httpx.Response) -> tuple[int, str]:
    said = answer.json() if answer.content else {}
    return answer.status_code, str(said.get("type", "")).removeprefix("/problems/")


async def _first_step(
    http: httpx.AsyncClient, email: str | None, password: str = PASSWORD, **more: str
) -> httpx.Response:
    return await http.post(f"{W}/sign-ins", json={"email": email, "password": password} | more)


async def _member(administrator: Caller) -> Caller:
    """Add a peer who never signs in again by themselves."""
    member = await add_staff(administrator, "peer")
    return Caller(member.http, member.token, member.agency_id, member.staff_id)


async def _registered(platform: Platform, caller: Caller) -> tuple[Key, str]:
    """Register a passkey; return it and its id."""
    key = Key(platform)
    made = await _register(key, caller, await _options(caller))
    assert made.status_code == 201, made.text
    return key, made.json()["id"]


async def _options(caller: Caller) -> dict[str, Any]:
    answer = await caller.post(f"{W}/me/passkey-options", {})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def _register(key: Key, caller: Caller, options: dict[str, Any]) -> httpx.Response:
    return await caller.post(f"{W}/me/passkeys", {"label": "phone", "credential": key.made(options)})


async def _enrolled(caller: Caller) -> str:
    """Enrol an authenticator app; return its secret."""
    secret = str((await caller.post(f"{W}/me/totp", {})).json()["secret"])
    confirmed = await caller.post(f"{W}/me/totp/confirmations", {"code": pyotp.TOTP(secret).now()})
    assert confirmed.status_code == 200, confirmed.text
    caller.token = confirmed.json()["access_token"]
    return secret


async def _change(platform: Platform, sql: str, **values: object) -> None:
    async with platform.admin.begin() as connection:
        await connection.execute(text(sql), values)


async def _at_once(platform: Platform, table: str, *asked: Act) -> list[httpx.Response]:
    """Ask all, hold each where it first writes to `table` or waits for another one, then let them go."""
    async with platform.admin.begin() as connection:
        await connection.execute(text(f"lock table workforce.{table} in exclusive mode"))
        waiting: list[asyncio.Task[httpx.Response]] = []
        for number, one in enumerate(asked, start=1):
            waiting.append(asyncio.create_task(one()))
            await platform.eventually(BLOCKED, number, seconds=4)
    return list(await asyncio.gather(*waiting))


async def _count(platform: Platform, table: str, of: Caller) -> int:
    return int(await platform.value(f"select count(*) from workforce.{table} where staff_id = :id", id=of.staff_id))


# --- two requests at one moment


async def test_of_two_last_passkeys_removed_at_once_one_stays_where_one_is_demanded(
    platform: Platform, administrator: Caller
) -> None:
    member = await _member(administrator)
    _, first = await _registered(platform, member)
    _, second = await _registered(platform, member)
    await administrator.put(f"{W}/sign-in-policy", {"second_factor": "everybody"}, version=0)

    answers = await _at_once(
        platform,
        "audit_pending",
        lambda: member.post(f"{W}/me/passkeys/{first}/removals", {}),
        lambda: member.post(f"{W}/me/passkeys/{second}/removals", {}),
    )

    assert sorted(one.status_code for one in answers) == [204, 409]
    assert await _count(platform, "passkey", member) == 1


async def test_of_a_passkey_and_an_app_removed_at_once_one_stays_where_one_is_demanded(
    platform: Platform, administrator: Caller
) -> None:
    member = await _member(administrator)
    _, passkey_id = await _registered(platform, member)
    await _enrolled(member)
    await administrator.put(f"{W}/sign-in-policy", {"second_factor": "everybody"}, version=0)

    answers = await _at_once(
        platform,
        "audit_pending",
        lambda: member.post(f"{W}/me/passkeys/{passkey_id}/removals", {}),
        lambda: member.post(f"{W}/me/totp/removals", {}),
    )

    assert sorted(one.status_code for one in answers) == [204, 409]


async def test_of_two_sets_of_recovery_codes_made_at_once_one_is_good(
    platform: Platform, administrator: Caller
) -> None:
    member = await _member(administrator)
    await _enrolled(member)

    async def more() -> httpx.Response:
        return await member.post(f"{W}/me/recovery-codes", {})

    answers = await _at_once(platform, "audit_pending", more, more)

    assert [one.status_code for one in answers] == [201, 201]
    assert await _count(platform, "recovery_code", member) == 10


async def test_a_passkey_registered_while_an_administrator_removes_them_all_does_not_stay(
    platform: Platform, administrator: Caller
) -> None:
    member = await _member(administrator)
    await _registered(platform, member)
    key, options = Key(platform), await _options(member)
    removal = f"{W}/staff/{member.staff_id}/second-factor-removals"

    async with platform.admin.begin() as connection:
        await connection.execute(text("lock table workforce.used_passkey_challenge in exclusive mode"))
        registering = asyncio.create_task(_register(key, member, options))
        await platform.eventually(BLOCKED, 1, seconds=4)
        removing = asyncio.create_task(administrator.post(removal, {}))
        await asyncio.wait({removing}, timeout=1)
    answers = [await registering, await removing]

    assert answers[1].status_code == 204
    assert await _count(platform, "passkey", member) == 0


# --- a sign-in that ended a second ago


@pytest.mark.parametrize("act", ["passkey", "recovery codes", "password", "app", "app removal", "passkey removal"])
async def test_an_ended_sign_in_changes_nothing_about_how_its_person_signs_in(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller, act: str
) -> None:
    member = await add_staff(administrator, "peer")
    stolen = Caller(http, member.token)
    _, passkey_id = await _registered(platform, stolen)
    key, options = Key(platform), await _options(stolen)
    before = await _credentials(platform, member)
    await _end(platform, _sign_in_of(stolen.token))
    acts: dict[str, Act] = {
        "passkey": lambda: _register(key, stolen, options),
        "recovery codes": lambda: stolen.post(f"{W}/me/recovery-codes", {}),
        "password": lambda: stolen.post(f"{W}/me/password-changes", {"password": PASSWORD, "new_password": ANOTHER}),
        "app": lambda: stolen.post(f"{W}/me/totp", {}),
        "app removal": lambda: stolen.post(f"{W}/me/totp/removals", {}),
        "passkey removal": lambda: stolen.post(f"{W}/me/passkeys/{passkey_id}/removals", {}),
    }
    answer = await acts[act]()

    assert kind(answer) == (401, "sign-in-needed")
    assert await _credentials(platform, member) == before


async def _end(platform: Platform, sid: str) -> None:
    """End a sign-in as another transaction would have a second ago: no list of ended ones is news yet."""
    sql = "update workforce.sign_in set ended_at = now(), end_reason = 'ended_elsewhere' where id = cast(:id as uuid)"
    await _change(platform, sql, id=sid)


async def _credentials(platform: Platform, of: Caller) -> list[str]:
    found = []
    for table in ("password", "passkey", "recovery_code", "totp"):
        sql = f"select t::text as row from workforce.{table} t where staff_id = cast(:id as uuid) order by 1"
        found += [str(row["row"]) for row in await platform.fetch(sql, id=str(of.staff_id))]
    return found


@pytest.mark.parametrize("act", ["one-time password", "removal", "access", "staff", "policy"])
async def test_an_administrator_whose_sign_in_ended_does_no_sensitive_act(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller, act: str
) -> None:
    member = await add_staff(administrator, "peer")
    stolen = Caller(http, administrator.token)
    record = (await administrator.get(f"{W}/staff/{member.staff_id}/record")).json()
    changed = {"name": "Sam", "email": member.email, "language": "en", "roles": ["peer", "administrator"]}
    await _end(platform, _sign_in_of(stolen.token))

    path = f"{W}/staff/{member.staff_id}"
    acts: dict[str, Act] = {
        "one-time password": lambda: stolen.post(f"{path}/one-time-passwords", {}),
        "removal": lambda: stolen.post(f"{path}/second-factor-removals", {}),
        "access": lambda: stolen.put(f"{path}/access", {"access": "ended", "reason": "leave"}, version=0),
        "staff": lambda: stolen.put(path, changed, version=record["version"]),
        "policy": lambda: stolen.put(f"{W}/sign-in-policy", {"second_factor": "nobody"}, version=0),
    }
    answer = await acts[act]()

    assert kind(answer) == (401, "sign-in-needed")


# --- guesses that were none


async def test_a_right_password_is_no_failed_attempt_though_the_new_one_will_not_do(
    http: httpx.AsyncClient, administrator: Caller
) -> None:
    member = await add_staff(administrator, "peer")
    path = f"{W}/staff/{member.staff_id}/one-time-passwords"
    once = (await administrator.post(path, {})).json()["one_time_password"]

    for _ in range(4):
        bare = await _first_step(http, member.email, once)
        short = await _first_step(http, member.email, once, new_password="too short")
        assert (kind(bare), kind(short)) == ((403, "new-password-needed"), (422, "password-not-accepted"))
    done = await _first_step(http, member.email, once, new_password=ANOTHER)

    assert done.status_code == 200


@pytest.mark.parametrize("gone", ["left", "out"])
async def test_a_right_password_of_who_left_or_is_out_answers_like_a_wrong_one(
    http: httpx.AsyncClient, administrator: Caller, gone: str
) -> None:
    member = await add_staff(administrator, "peer")
    path = f"{W}/staff/{member.staff_id}"
    if gone == "left":
        answer = await administrator.put(f"{path}/departure", {"last_day": "2026-01-01"}, version=1)
    else:
        answer = await administrator.put(f"{path}/access", {"access": "ended", "reason": "suspended"}, version=0)
    assert answer.status_code == 200, answer.text

    right = await _first_step(http, member.email)
    wrong = await _first_step(http, member.email, "not the password at all")
    unknown = await _first_step(http, "nobody@nowhere.test", "not the password at all")

    assert right.json() | {"request_id": ""} == wrong.json() | {"request_id": ""}
    assert right.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}


# --- ways in and ways round


async def test_the_last_way_in_is_no_passkey_to_remove(platform: Platform, administrator: Caller) -> None:
    member = await _member(administrator)
    _, passkey_id = await _registered(platform, member)
    await _change(platform, "delete from workforce.password where staff_id = :id", id=member.staff_id)

    answer = await member.post(f"{W}/me/passkeys/{passkey_id}/removals", {})

    assert kind(answer) == (409, "last-way-in")


async def test_an_enrolment_that_began_with_a_password_alone_ends_where_a_passkey_came_first(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    member = await add_staff(administrator, "peer")
    await administrator.put(f"{W}/sign-in-policy", {"second_factor": "everybody"}, version=0)
    challenge = (await _first_step(http, member.email)).json()["challenge"]
    secret = (await http.post(f"{W}/sign-in-enrolments", json={"challenge": challenge})).json()["secret"]

    await _registered(platform, member)
    body = {"challenge": challenge, "code": pyotp.TOTP(secret).now()}
    answer = await http.post(f"{W}/sign-in-codes", json=body)

    assert kind(answer) == (401, "code-refused")


async def test_a_second_factor_ends_the_sign_ins_that_a_password_alone_started(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    member = await add_staff(administrator, "peer")
    thief = (await _first_step(http, member.email)).json()

    await _enrolled(member)
    refreshed = await http.post(f"{W}/token-refreshes", json={"refresh_token": thief["refresh_token"]})
    removed = await Caller(http, thief["access_token"]).post(f"{W}/me/totp/removals", {})

    assert [kind(refreshed), kind(removed)] == [(401, "sign-in-needed")] * 2


async def test_an_address_may_get_its_accent(administrator: Caller) -> None:
    local = f"renee-{uuid.uuid4().hex}"
    body = {"name": "Renée", "email": f"{local}@agency.test", "roles": ["peer"], "employed_from": "2026-01-01"}
    staff_id = await administrator.created(f"{W}/staff", body)

    accented = {"name": "Renée", "email": f"{local.replace('renee', 'renée')}@agency.test", "language": "en"}
    answer = await administrator.put(f"{W}/staff/{staff_id}", accented | {"roles": ["peer"]}, version=1)

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("role", ["administrator", "privacy_officer", "auditor"])
async def test_nobody_comes_back_or_sees_the_whole_agency_without_a_fresh_proof(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller, role: str
) -> None:
    member = await add_staff(administrator, "peer")
    path = f"{W}/staff/{member.staff_id}/departure"
    assert (await administrator.put(path, {"last_day": "2026-01-01"}, version=1)).status_code == 200
    unproved = await _unproved(platform, http, administrator)
    added = {"name": "Sam", "email": f"{uuid.uuid4().hex}@agency.test", "employed_from": "2026-01-01"}

    back = await unproved.put(path, {"last_day": "2099-01-01"}, version=2)
    wide = await unproved.post(f"{W}/staff", added | {"roles": ["peer", role]})
    usual = await unproved.post(f"{W}/staff", added | {"roles": ["peer", "supervisor"]})

    assert [kind(back), kind(wide)] == [(403, "step-up-needed")] * 2
    assert usual.status_code == 201


async def _unproved(platform: Platform, http: httpx.AsyncClient, caller: Caller) -> Caller:
    """Sign somebody in whose last proof is too old for sensitive acts."""
    pair = (await _first_step(http, caller.email)).json()
    old = "update workforce.sign_in set authenticated_at = now() - interval '11 minutes' where id = cast(:id as uuid)"
    await _change(platform, old, id=_sign_in_of(pair["access_token"]))
    again = await http.post(f"{W}/token-refreshes", json={"refresh_token": pair["refresh_token"]})
    return Caller(http, again.json()["access_token"])


def _sign_in_of(token: str | None) -> str:
    claims = str(token).split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sid"])
