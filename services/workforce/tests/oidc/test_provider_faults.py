"""What a hostile, slow or broken provider can do: a small issuer of the tests' own that answers as it is told."""

import asyncio
import json
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI, Request
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import text
from starlette.responses import JSONResponse, RedirectResponse, Response

from common.embedded import free_port
from handrail.local import serving
from handrail.testing import Caller, Platform, add_staff

W = "/api/workforce/v1"
SECRET = "canary-client-secret-of-forty-characters"
KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})
ANOTHER = RSAKey.generate_key(2048, {"kid": "second", "use": "sig", "alg": "RS256"})
Claims = dict[str, Any]


@dataclass
class Issuer:
    """An issuer whose answers a test decides; it counts how often its keys are asked for."""

    port: int
    keys: list[Any] = field(default_factory=lambda: [KEY])
    document: dict[str, Any] = field(default_factory=dict)
    answer: Callable[[], Any] | None = None
    asked_for_keys: int = 0
    forms: list[dict[str, list[str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        async def discovery() -> Any:
            usual = {"issuer": self.url, "authorization_endpoint": f"{self.url}/auth"}
            return usual | {"token_endpoint": f"{self.url}/token", "jwks_uri": f"{self.url}/jwks"} | self.document

        @app.get("/jwks")
        async def jwks() -> Any:
            self.asked_for_keys += 1
            return {"keys": [key.as_dict(private=False) for key in self.keys]}

        @app.post("/token")
        async def token(request: Request) -> Any:
            self.forms.append(parse_qs((await request.body()).decode()))
            assert self.answer is not None
            said = self.answer()
            return await said if asyncio.iscoroutine(said) else said

        return app


@dataclass
class Agency:
    """An agency whose provider is the tests' own issuer."""

    http: httpx.AsyncClient
    administrator: Caller
    issuer: Issuer
    provider_id: UUID
    domain: str
    email: str

    async def begun(self) -> dict[str, Any]:
        answer = await self.http.post(f"{W}/provider-sign-in-attempts", json={"email": self.email})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def claims(self, begun: dict[str, Any], **more: Any) -> Claims:
        """Return what a right ID token says."""
        now = int(time.time())
        usual = {
            "iss": self.issuer.url,
            "aud": "handrail",
            "sub": "somebody",
            "nonce": asked(begun)["nonce"],
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "email": self.email,
            "email_verified": True,
        }
        return usual | more

    async def back(self, begun: dict[str, Any], answer: Callable[[], Any], **more: str) -> httpx.Response:
        """Come back from the issuer, which answers the code as told."""
        self.issuer.answer = answer
        body = {"attempt": begun["attempt"], "state": asked(begun)["state"], "code": "a code"} | more
        return await self.http.post(f"{W}/provider-sign-ins", json=body)

    async def with_token(self, **more: Any) -> httpx.Response:
        """Sign in with an ID token that says something else than the right one."""
        begun = await self.begun()
        said = signed(self.claims(begun, **more))
        return await self.back(begun, lambda: {"id_token": said, "token_type": "Bearer"})


def asked(begun: dict[str, Any]) -> dict[str, str]:
    query = parse_qs(urlsplit(begun["authorization_url"]).query)
    return {name: values[0] for name, values in query.items()}


def signed(claims: Claims, key: Any = KEY, alg: str = "RS256") -> str:
    return jwt.encode({"alg": alg, "kid": key.kid}, claims, key, algorithms=[alg])


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


@pytest_asyncio.fixture
async def issuer() -> AsyncGenerator[Issuer]:
    made = Issuer(free_port())
    async with serving(made.app(), made.port):
        yield made


@pytest_asyncio.fixture
async def agency(platform: Platform, http: httpx.AsyncClient, administrator: Caller, issuer: Issuer) -> Agency:
    domain = f"d{uuid.uuid4().hex}.test"
    grant = {"agency_id": str(administrator.agency_id), "domain": domain}
    headers = {"Authorization": f"Bearer {platform.secrets['OPERATOR_TOKEN']}"}
    assert (await http.post(f"{W}/email-domains", json=grant, headers=headers)).status_code == 204
    body = {
        "name": "Agency account",
        "issuer": issuer.url,
        "client_id": "handrail",
        "client_secret": SECRET,
        "email_domains": [domain],
        "link_by_email": True,
    }
    provider_id = await administrator.created(f"{W}/providers", body)
    email = f"sam@{domain}"
    member = {"name": "Sam Rivera", "email": email, "roles": ["peer"], "employed_from": "2020-01-01"}
    await administrator.created(f"{W}/staff", member)
    return Agency(http, administrator, issuer, provider_id, domain, email)


async def test_the_right_token_signs_in_and_the_code_is_shown_with_its_verifier(agency: Agency) -> None:
    answer = await agency.with_token()

    assert answer.status_code == 200, answer.text
    (form,) = agency.issuer.forms
    assert form["code"] == ["a code"]
    assert len(form["code_verifier"][0]) >= 43
    assert SECRET not in json.dumps(form)


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://evil.test"},
        {"aud": "another-client"},
        {"aud": ["handrail", "another-client"], "azp": "another-client"},
        {"nonce": "of another sign-in"},
        {"exp": 1_700_000_000},
        {"iat": 1_700_000_000},
        {"sub": ""},
    ],
    ids=str,
)
async def test_a_token_made_for_something_else_signs_nobody_in(agency: Agency, wrong: dict[str, Any]) -> None:
    answer = await agency.with_token(**wrong)

    assert kind(answer) == (401, "provider-answer-refused")


async def test_no_token_without_a_published_keys_signature_signs_in(agency: Agency) -> None:
    begun = [await agency.begun() for _ in range(5)]
    right = [agency.claims(one) for one in begun]
    secret = OctKey.import_key({"kty": "oct", "k": urlsafe_b64encode(SECRET.encode()).decode().rstrip("=")})
    unsigned = [
        urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, right[0])
    ]
    tokens = [
        ".".join([*unsigned, ""]),
        jwt.encode({"alg": "HS256"}, right[1], secret, algorithms=["HS256"]),
        signed(right[2], ANOTHER),
        signed(right[3])[:-8] + "AAAAAAAA",
        "nonsense",
    ]

    answers = [
        await agency.back(one, lambda token=token: {"id_token": token})
        for one, token in zip(begun, tokens, strict=True)
    ]

    assert {kind(answer) for answer in answers} == {(401, "provider-answer-refused")}
    assert len({json.dumps(answer.json() | {"request_id": ""}) for answer in answers}) == 1


async def test_an_invented_key_makes_us_ask_once_more_and_no_oftener(agency: Agency) -> None:
    assert (await agency.with_token()).status_code == 200
    before = agency.issuer.asked_for_keys

    for _ in range(4):
        begun = await agency.begun()
        token = signed(agency.claims(begun), ANOTHER)
        assert kind(await agency.back(begun, lambda token=token: {"id_token": token}))[0] == 401

    assert (before, agency.issuer.asked_for_keys) == (1, 2)
    assert (await agency.with_token()).status_code == 200


async def test_rotated_keys_are_fetched_when_the_first_token_names_one(agency: Agency) -> None:
    assert (await agency.with_token()).status_code == 200

    agency.issuer.keys = [ANOTHER]
    begun = await agency.begun()
    token = signed(agency.claims(begun), ANOTHER)
    rotated = await agency.back(begun, lambda: {"id_token": token})
    withdrawn = await agency.with_token()

    assert rotated.status_code == 200
    assert kind(withdrawn) == (401, "provider-answer-refused")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (lambda: JSONResponse({"error": "invalid_grant"}, 400), (401, "provider-answer-refused")),
        (lambda: JSONResponse({"error": "invalid_client"}, 401), (503, "provider-unusable")),
        (lambda: JSONResponse({}, 200), (503, "provider-unusable")),
        (lambda: JSONResponse([1], 200), (503, "provider-unusable")),
        (lambda: Response(b"<html>", 200), (503, "provider-unusable")),
        (lambda: Response(b"[" * 100_000, 200), (503, "provider-unusable")),
        (lambda: RedirectResponse("http://127.0.0.1:9/token", 307), (503, "provider-unusable")),
        (lambda: Response(b"busy", 502), (503, "provider-unavailable")),
        (lambda: Response(b"x" * 300_000, 200), (503, "provider-unavailable")),
    ],
    ids=["code", "client", "empty", "list", "page", "deep", "redirect", "ill", "endless"],
)
async def test_every_other_answer_has_its_own_problem(
    agency: Agency, said: Callable[[], Any], expected: tuple[int, str]
) -> None:
    answer = await agency.back(await agency.begun(), said)

    assert kind(answer) == expected


async def test_a_slow_provider_is_waited_for_briefly_and_holds_up_nobody(agency: Agency) -> None:
    never = asyncio.Event()
    running = await agency.with_token()
    begun, later = await agency.begun(), await agency.begun()

    waiting = asyncio.create_task(agency.back(begun, never.wait))
    started = time.monotonic()
    meanwhile = await agency.http.post(f"{W}/token-refreshes", json={"refresh_token": running.json()["refresh_token"]})
    refreshed_after = time.monotonic() - started
    slow = await waiting
    gave_up_after = time.monotonic() - started
    at_once = await agency.back(later, never.wait)
    never.set()

    assert meanwhile.status_code == 200
    assert refreshed_after < 2
    assert kind(slow) == kind(at_once) == (503, "provider-unavailable")
    assert 4 < gave_up_after < 8
    assert time.monotonic() - started < gave_up_after + 2


async def test_the_redirect_of_another_issuer_is_not_taken(agency: Agency) -> None:
    begun = await agency.begun()
    token = signed(agency.claims(begun))

    answer = await agency.back(begun, lambda: {"id_token": token}, iss="https://evil.test")

    assert kind(answer) == (401, "provider-answer-refused")
    assert agency.issuer.forms == [], "the code was shown to nobody"


async def test_an_old_or_untold_proof_signs_in_and_does_no_sensitive_act(agency: Agency) -> None:
    fresh, old, untold = (
        await agency.with_token(),
        await agency.with_token(auth_time=int(time.time()) - 3600),
        await agency.with_token(auth_time=None),
    )
    path = f"{W}/me/providers/{agency.provider_id}/link-attempts"

    answers = [await Caller(agency.http, one.json()["access_token"]).post(path, {}) for one in (fresh, old, untold)]

    assert answers[0].status_code == 200
    assert {kind(answer) for answer in answers[1:]} == {(403, "step-up-needed")}


async def test_who_only_remembers_somebody_confirms_nothing(agency: Agency) -> None:
    person = Caller(agency.http, (await agency.with_token()).json()["access_token"])
    answers = []

    for auth_time in (None, int(time.time()) - 3600, int(time.time())):
        begun = (await person.post(f"{W}/me/providers/{agency.provider_id}/step-up-attempts", {})).json()
        token = signed(agency.claims(begun, auth_time=auth_time))
        agency.issuer.answer = lambda token=token: {"id_token": token}
        body = {"attempt": begun["attempt"], "state": asked(begun)["state"], "code": "a code"}
        answers.append(await person.post(f"{W}/provider-step-ups", body))

    assert {kind(answer) for answer in answers[:2]} == {(403, "provider-proof-refused")}
    assert answers[2].status_code == 200, answers[2].text


async def test_another_agencys_provider_vouches_for_nobody_here(
    platform: Platform, agency: Agency, administrator: Caller
) -> None:
    stranger = await add_staff(administrator, "peer")

    answer = await agency.with_token(email=stranger.email)
    unknown = f"{W}/me/providers/{uuid.uuid4()}/link-attempts"

    assert kind(answer) == (401, "provider-account-refused")
    assert kind(await stranger.post(unknown, {})) == (404, "no-provider")


async def test_what_was_refused_leaves_one_audit_entry_and_no_name(platform: Platform, agency: Agency) -> None:
    answer = await agency.with_token(sub="canary subject", email=f"nobody@{agency.domain}")

    path = "POST /v1/provider-sign-ins"
    question = (
        "select reason_code, detail::text as detail from workforce.audit where action = :a and detail::text like :p"
    )
    await platform.eventually(
        "select count(*) from workforce.audit where action = :a and detail::text like :p",
        1,
        a=path,
        p=f"%{agency.provider_id}%",
    )
    (entry,) = await platform.fetch(question, a=path, p=f"%{agency.provider_id}%")
    assert kind(answer) == (401, entry["reason_code"]) == (401, "provider-account-refused")
    assert "canary" not in entry["detail"]
    assert agency.domain not in entry["detail"]
    links = "select count(*) from workforce.provider_link where provider_id = :p"
    assert await platform.value(links, p=agency.provider_id) == 0


async def test_an_address_that_differs_by_an_accent_is_somebody_else(platform: Platform, agency: Agency) -> None:
    answer = await agency.with_token(email=f"sám@{agency.domain}")

    assert kind(answer) == (401, "provider-account-refused")
    links = "select count(*) from workforce.provider_link where provider_id = :p"
    assert await platform.value(links, p=agency.provider_id) == 0


async def test_who_is_unlinked_on_the_way_back_is_refused_like_anybody(platform: Platform, agency: Agency) -> None:
    person = Caller(agency.http, (await agency.with_token()).json()["access_token"])
    staff_id = (await person.get(f"{W}/me")).json()["id"]
    setup = await agency.administrator.get(f"{W}/providers/{agency.provider_id}")
    no_more = {name: setup.json()[name] for name in ("name", "email_domains", "aal2_acr_values", "aal2_amr_values")}
    changed = no_more | {"link_by_email": False, "enabled": True}
    answer = await agency.administrator.put(f"{W}/providers/{agency.provider_id}", changed, version=1)
    assert answer.status_code == 200, answer.text

    async with platform.admin.begin() as connection:
        held = "delete from workforce.provider_link where staff_id = cast(:id as uuid)"
        await connection.execute(text(held), {"id": staff_id})
        arriving = asyncio.create_task(agency.with_token())
        blocked = (
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ilike '%provider_link%'"
        )
        await platform.eventually(blocked, 1, seconds=4)

    assert kind(await arriving) == (401, "provider-account-refused")


async def test_a_sign_in_that_ended_links_no_account(platform: Platform, agency: Agency) -> None:
    person = await add_staff(agency.administrator, "peer")
    stolen = Caller(agency.http, person.token)
    begun = (await stolen.post(f"{W}/me/providers/{agency.provider_id}/link-attempts", {})).json()
    token = signed(agency.claims(begun, sub="a thief", email=None))
    body = {"attempt": begun["attempt"], "state": asked(begun)["state"], "code": "a code"}

    async def ended_meanwhile() -> dict[str, str]:
        sql = "update workforce.sign_in set ended_at = now(), end_reason = 'ended_elsewhere' where staff_id = :id"
        async with platform.admin.begin() as connection:
            await connection.execute(text(sql), {"id": person.staff_id})
        return {"id_token": token}

    agency.issuer.answer = ended_meanwhile
    answer = await stolen.post(f"{W}/me/provider-links", body)

    assert kind(answer) == (401, "sign-in-needed")
    links = "select count(*) from workforce.provider_link where provider_id = :p"
    assert await platform.value(links, p=agency.provider_id) == 0
