"""Who and what the gate lets in; every refusal answers its problem, leaves one audit row and nothing else."""

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey, RSAKey

from common.contracts.codes import Role
from common.errors import Refused
from common.identity import NOBODY, Verifier
from workforce.tokens import Tokens

SOME_ID = "0190a8c0-5d1e-7000-8000-000000000000"
NOTHING = {"thing": 0, "outbox": 0, "ledger": 0, "idempotency": 0, "audit": 0}


async def assert_refused(echo: Any, answer: httpx.Response, status: int, code: str, agency_id: UUID) -> None:
    """One problem, one audit row of `agency_id` with the same request id, nothing else."""
    body = answer.json()
    assert (answer.status_code, body["type"]) == (status, f"/problems/{code}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"] == body["request_id"]
    assert await echo.left() == NOTHING | {"audit_pending": 1}
    (row,) = await echo.ground.fetch("select * from echo.audit_pending")
    assert (row["agency_id"], row["outcome"], row["reason_code"]) == (agency_id, "refused", code)
    assert (str(row["request_id"]), row["detail"]) == (body["request_id"], {"status": status})


def claims(echo: Any, **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {"iss": "handrail", "aud": "handrail", "sub": str(echo.staff_id), "agency": str(echo.agency_id)}
    usual |= {"sid": str(uuid.uuid4())}
    proof = {"roles": ["administrator"], "iat": now, "exp": now + 60, "aal": 1, "auth_time": now}
    everything = usual | proof | changed
    return {name: value for name, value in everything.items() if value is not None}


def signed(echo: Any, header: dict[str, Any] | None = None, key: OKPKey | None = None, **changed: Any) -> str:
    own = echo.tokens._key
    usual = {"alg": "Ed25519", "typ": "at+jwt", "kid": own.kid}
    return jwt.encode(usual | (header or {}), claims(echo, **changed), key or own, algorithms=["Ed25519"])


def part(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def hs256_with_the_public_key(echo: Any) -> str:
    public = echo.tokens.public_keys()["keys"][0]
    head = {"alg": "HS256", "typ": "at+jwt", "kid": public["kid"]}
    said = f"{part(json.dumps(head).encode())}.{part(json.dumps(claims(echo)).encode())}"
    secret = b64decode(public["x"] + "=", altchars=b"-_")
    return f"{said}.{part(hmac.digest(secret, said.encode(), hashlib.sha256))}"


def rs256_with_a_key_of_its_own(echo: Any) -> str:
    key = RSAKey.generate_key(2048)
    head = {"alg": "RS256", "typ": "at+jwt", "kid": echo.tokens._key.kid}
    return jwt.encode(head, claims(echo), key, algorithms=["RS256"])


def unsigned(echo: Any) -> str:
    head = {"alg": "none", "typ": "at+jwt"}
    return f"{part(json.dumps(head).encode())}.{part(json.dumps(claims(echo)).encode())}."


def tampered(echo: Any) -> str:
    head, _, signature = signed(echo).split(".")
    return f"{head}.{part(json.dumps(claims(echo, agency=str(uuid.uuid4()))).encode())}.{signature}"


FORGED = {
    "expired": lambda echo: signed(echo, exp=int(time.time()) - 60),
    "without an end": lambda echo: signed(echo, exp=None),
    "another audience": lambda echo: signed(echo, aud="elsewhere"),
    "another issuer": lambda echo: signed(echo, iss="elsewhere"),
    "another type": lambda echo: signed(echo, {"typ": "JWT"}),
    "unknown key id": lambda echo: signed(echo, {"kid": "unknown"}),
    "a stranger's key under our key id": lambda echo: signed(echo, key=OKPKey.generate_key("Ed25519")),
    "HS256 with the public key": hs256_with_the_public_key,
    "RS256 with a key of its own": rs256_with_a_key_of_its_own,
    "not signed": unsigned,
    "issued in the future": lambda echo: signed(echo, iat=int(time.time()) + 60),
    "without a sign-in": lambda echo: signed(echo, sid=None),
    "a sign-in that is no id": lambda echo: signed(echo, sid="mine"),
    "without assurance": lambda echo: signed(echo, aal=None),
    "an assurance that does not exist": lambda echo: signed(echo, aal=3),
    "without the time of the proof": lambda echo: signed(echo, auth_time=None),
    "roles that are one text": lambda echo: signed(echo, roles="administrator"),
    "an id token": lambda echo: signed(echo, {"typ": "JWT"}, nonce="n"),
    "a refresh token": lambda echo: f"{echo.agency_id}.{part(b'a secret of thirty-two bytes 1234')}",
    "tampered": tampered,
    "an agency that is no id": lambda echo: signed(echo, agency="riverbend"),
    "an agency that is no text": lambda echo: signed(echo, agency=7),
    "no roles": lambda echo: signed(echo, roles=None),
    "not a token": lambda _: "abc",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
async def test_a_forged_token_is_refused(echo: Any, forge: Any) -> None:
    headers = {"Authorization": f"Bearer {forge(echo)}"}
    answer = await echo.http.get(f"/v1/things/{uuid.uuid4()}", headers=headers)
    await assert_refused(echo, answer, 401, "sign-in-needed", NOBODY)
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic YTpi"}], ids=["none", "basic"])
async def test_without_a_token_even_unknown_paths_are_refused(echo: Any, headers: dict[str, str]) -> None:
    answer = await echo.http.post("/v1/nowhere", content=b"{", headers=headers)
    await assert_refused(echo, answer, 401, "sign-in-needed", NOBODY)


async def test_a_token_that_expired_after_it_was_seen_is_refused(echo: Any) -> None:
    token = signed(echo, exp=int(time.time()) - 4)  # within the leeway of five seconds for clocks that differ
    path = f"/v1/things/{uuid.uuid4()}"
    assert (await echo.http.get(path, headers=echo.headers(token=token))).status_code == 404

    await asyncio.sleep(1.2)

    assert (await echo.http.get(path, headers=echo.headers(token=token))).status_code == 401


BODIES = {
    "malformed JSON": (b'{"title": ', 400, "malformed-json"),
    "not UTF-8": (b'{"title": "\xff"}', 400, "malformed-request"),
    "too deep": (b"[" * 4000, 400, "malformed-request"),
    "a number too long to read": (b'{"title": ' + b"9" * 4000 + b"}", 422, "invalid-request"),
    "nothing": (b"", 422, "invalid-request"),
    "no object": (b"[]", 422, "invalid-request"),
    "an unknown field": (b'{"title": "Walk", "agency_id": "x"}', 422, "invalid-request"),
    "an unknown field that is no text": (b'{"title": "Walk", "\\ud800": 1}', 422, "invalid-request"),
    "NUL": (b'{"title": "Wa\\u0000lk"}', 422, "invalid-request"),
    "bidi": ('{"title": "Wa\u202elk"}'.encode(), 422, "invalid-request"),
    "half a character": (b'{"title": "\\ud800"}', 422, "invalid-request"),
    "blank": (b'{"title": " \\t "}', 422, "invalid-request"),
    "too long": (orjson.dumps({"title": "x" * 201}), 422, "invalid-request"),
    "too large": (orjson.dumps({"title": "x" * 1_000_000}), 413, "body-too-large"),
}


@pytest.mark.parametrize(("body", "status", "code"), BODIES.values(), ids=BODIES.keys())
async def test_a_bad_body_is_refused(echo: Any, body: bytes, status: int, code: str) -> None:
    answer = await echo.http.post("/v1/things", content=body, headers=echo.headers(Content_Type="application/json"))
    await assert_refused(echo, answer, status, code, echo.agency_id)


async def test_field_pointers_say_where_and_never_what(echo: Any) -> None:
    body = {"title": "Maria\u202eGonzales", "x/y~" + "z" * 900: "Gonzales"}

    answer = await echo.http.post("/v1/things", json=body, headers=echo.headers())

    pointers = [one["pointer"] for one in answer.json()["errors"]]
    assert pointers[0] == "/title"
    assert pointers[1].startswith("/x~1y~0zzz")
    assert len(pointers[1]) == 200
    assert "Gonzales" not in answer.text


@pytest.mark.parametrize("name", ["O'Brien", "O’Brien", "ñ", "李", "Björk", "X Æ A-12", "אברהם", "a\u0308"])
async def test_real_names_are_accepted(echo: Any, name: str) -> None:
    answer = await echo.make(name)
    assert answer.status_code == 201
    assert await echo.ground.value("select title from echo.thing where id = :id", id=answer.json()["id"]) == name


async def test_a_chunked_body_that_grows_too_large_is_refused(echo: Any) -> None:
    async def endless() -> AsyncGenerator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    answer = await echo.http.post(
        "/v1/things", content=endless(), headers=echo.headers(Content_Type="application/json")
    )
    await assert_refused(echo, answer, 413, "body-too-large", echo.agency_id)


async def test_imports_have_the_larger_limit(echo: Any) -> None:
    body = orjson.dumps({"title": "Walk"}) + b" " * 20_000
    json_type = {"Content_Type": "application/json"}

    imported = await echo.http.post("/v1/imports", content=body, headers=echo.headers(**json_type))
    usual = await echo.http.post("/v1/things", content=body, headers=echo.headers(**json_type))

    assert (imported.status_code, usual.status_code) == (201, 413)


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", ""])
async def test_another_content_type_is_refused(echo: Any, kind: str) -> None:
    answer = await echo.http.post("/v1/things", content=b'{"title": "x"}', headers=echo.headers(Content_Type=kind))
    await assert_refused(echo, answer, 415, "unsupported-content-type", echo.agency_id)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nowhere", 404, "not-found"),
        ("GET", f"/v1/things/{SOME_ID}/", 404, "not-found"),
        ("DELETE", f"/v1/things/{SOME_ID}", 405, "method-not-allowed"),
        ("GET", "/v1/things/not-an-id", 422, "invalid-request"),
        ("GET", "/openapi.json", 404, "not-found"),
    ],
)
async def test_a_wrong_address_is_refused(echo: Any, method: str, path: str, status: int, code: str) -> None:
    answer = await echo.http.request(method, path, headers=echo.headers())
    await assert_refused(echo, answer, status, code, echo.agency_id)


async def test_a_wrong_method_names_the_right_ones(echo: Any) -> None:
    answer = await echo.http.delete(f"/v1/things/{uuid.uuid4()}", headers=echo.headers())
    assert answer.headers["allow"] in ("GET", "PUT", "GET, PUT")


async def test_a_role_that_may_not_is_refused_with_one_audit_row(echo: Any) -> None:
    answer = await echo.make("Walk", token=echo.token(Role.AUDITOR))
    await assert_refused(echo, answer, 403, "not-allowed", echo.agency_id)


async def test_health_needs_no_token(echo: Any) -> None:
    assert (await echo.http.get("/health")).json() == {"status": "ok"}


async def test_an_accident_tells_the_caller_nothing_of_its_text(echo: Any) -> None:
    answer = await echo.http.post("/v1/accidents", headers=echo.headers())
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal-error")
    assert "Maria" not in answer.text


async def test_a_caller_who_hangs_up_in_mid_body_leaves_no_trace_but_a_refusal(echo: Any) -> None:
    url = echo.http.base_url
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = "".join(f"{name}: {value}\r\n" for name, value in echo.headers(Content_Type="application/json").items())
    writer.write(f"POST /v1/things HTTP/1.1\r\nHost: x\r\n{head}Content-Length: 100\r\n\r\n{{".encode())
    await writer.drain()
    writer.close()

    await echo.ground.eventually("select count(*) from echo.audit_pending where agency_id = :a", 1, a=echo.agency_id)

    assert await echo.left() == NOTHING | {"audit_pending": 1}
    assert (await echo.make("Walk")).status_code == 201
    reader.feed_eof()


async def test_without_the_issuers_keys_nobody_is_told_to_sign_in_again(tokens: Tokens) -> None:
    token, _ = tokens.issue(uuid.uuid4(), uuid.uuid4(), [Role.PEER])
    verifier = Verifier(issuer="handrail", jwks_url="http://127.0.0.1:9/jwks")

    with pytest.raises(Refused) as refused:
        await verifier.actor(f"Bearer {token}")

    assert (refused.value.status, refused.value.code) == (503, "unavailable")


async def test_only_an_unknown_key_id_asks_the_issuer_again(tokens: Tokens, echo: Any) -> None:
    asked: list[str] = []

    async def on_connection(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append("asked")
        writer.close()

    server = await asyncio.start_server(on_connection, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        verifier = Verifier(issuer="handrail", jwks_url=f"http://127.0.0.1:{port}/jwks")
        verifier.trust(tokens.public_keys())
        for bad in (signed(echo, exp=1), tampered(echo), "abc", signed(echo, aud="x")):
            with pytest.raises(Refused):
                await verifier.actor(f"Bearer {bad}")
        assert asked == []

        for _ in range(3):  # and of many at once, one
            with pytest.raises(Refused):
                await verifier.actor(f"Bearer {signed(echo, {'kid': 'rotated'})}")
        assert asked == ["asked"]


async def test_good_tokens_are_kept_in_bounded_memory(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.identity.CACHE_TOKENS", 8)
    verifier = Verifier(issuer="handrail", jwks_url="http://127.0.0.1:9/jwks")
    verifier.trust(tokens.public_keys())

    for _ in range(40):
        await verifier.actor(f"Bearer {tokens.issue(uuid.uuid4(), uuid.uuid4(), [Role.PEER])[0]}")

    assert len(verifier._seen) <= 8


async def test_a_token_of_another_seed_is_refused(echo: Any) -> None:
    stranger = Tokens(b"s" * 32, "handrail", timedelta(minutes=5))
    token, _ = stranger.issue(echo.staff_id, echo.agency_id, [Role.ADMINISTRATOR])
    assert (await echo.make("Walk", token=token)).status_code == 401
