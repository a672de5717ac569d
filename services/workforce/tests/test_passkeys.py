"""Passkeys in a real browser: a virtual authenticator makes and uses them, and strangers' answers are refused."""

import base64
import json
import shutil
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import CDPSession, Page, async_playwright

from handrail.testing import PASSWORD, Caller, Platform, add_staff
from workforce.rules.passkeys import (
    Ceremony,
    NotAcceptable,
    challenge_in,
    count_went_back,
    is_open,
    new_challenge,
    relying_party,
    site_for,
)

W = "/api/workforce/v1"
KEY, NOW, SOMEBODY = b"k" * 32, datetime(2026, 11, 2, 12, tzinfo=UTC), uuid.UUID(int=7)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: passkeys need a browser")
CREATE = """async options => (await navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options)})).toJSON()"""
USE = """async options => (await navigator.credentials.get({
    publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options)})).toJSON()"""


# --- rules


@given(st.sampled_from(Ceremony), st.sampled_from([None, SOMEBODY]))
def test_a_challenge_is_good_for_what_and_whom_it_was_given(ceremony: Ceremony, of: uuid.UUID | None) -> None:
    challenge = new_challenge(KEY, ceremony, of, NOW)

    assert is_open(challenge, KEY, ceremony, of, NOW)
    assert not any(is_open(challenge, KEY, other, of, NOW) for other in set(Ceremony) - {ceremony})
    assert not is_open(challenge, KEY, ceremony, uuid.UUID(int=8), NOW)
    assert not is_open(challenge, b"x" * 32, ceremony, of, NOW)
    assert not is_open(challenge, KEY, ceremony, of, NOW + timedelta(minutes=5))
    assert not is_open(challenge[:-1] + bytes([challenge[-1] ^ 1]), KEY, ceremony, of, NOW)


@pytest.mark.parametrize(
    ("stored", "given_now", "back"),
    [(0, 0, False), (0, 1, False), (5, 6, False), (5, 5, True), (5, 4, True), (5, 0, True)],
)
def test_a_count_that_does_not_grow_tells_of_a_copy(stored: int, given_now: int, back: bool) -> None:
    assert count_went_back(stored, given_now) is back


@pytest.mark.parametrize(
    ("url", "domain", "party"),
    [
        ("https://peers.agency.org", None, "peers.agency.org"),
        ("https://peers.agency.org", "agency.org", "agency.org"),
        ("http://localhost:8000", None, "localhost"),
        ("https://peers.agency.org", "other.org", None),
        ("http://peers.agency.org", None, None),
        ("http://192.168.1.20:8000", None, None),
        ("https://[::1]", None, None),
    ],
)
def test_passkeys_are_made_where_browsers_would_make_them(url: str, domain: str | None, party: str | None) -> None:
    site = site_for(url, domain)

    assert (site and site.id) == party


@pytest.mark.parametrize("said", [{}, {"challenge": "AAAA"}, {"challenge": 7}, [], {"crossOrigin": True}, "x"])
def test_what_names_no_challenge_of_ours_proves_nothing(said: Any) -> None:
    client_data = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")

    with pytest.raises(NotAcceptable):
        challenge_in(client_data)


# --- in the browser


@dataclass
class Browser:
    """A page of the platform's own site, with one authenticator that says its owner was verified."""

    page: Page
    devtools: CDPSession
    authenticator: str

    async def create(self, options: Any) -> dict[str, Any]:
        made: dict[str, Any] = await self.page.evaluate(CREATE, options)
        return made

    async def use(self, options: Any) -> dict[str, Any]:
        used: dict[str, Any] = await self.page.evaluate(USE, options)
        return used

    async def plug_in_another(self) -> None:
        await self.unplug()
        self.authenticator = await plugged_in(self.devtools)

    async def unplug(self) -> None:
        await self.devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.authenticator})

    async def credentials(self) -> list[dict[str, Any]]:
        asked = {"authenticatorId": self.authenticator}
        found: list[dict[str, Any]] = (await self.devtools.send("WebAuthn.getCredentials", asked))["credentials"]
        return found

    async def put_back(self, credential: dict[str, Any]) -> None:
        """Copy a key as it was before, count and all."""
        which = {"authenticatorId": self.authenticator, "credentialId": credential["credentialId"]}
        await self.devtools.send("WebAuthn.removeCredential", which)
        added = {"authenticatorId": self.authenticator, "credential": credential}
        await self.devtools.send("WebAuthn.addCredential", added)


async def plugged_in(devtools: CDPSession) -> str:
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    more = {"isUserVerified": True, "automaticPresenceSimulation": True}
    made = await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options | more})
    return str(made["authenticatorId"])


@pytest_asyncio.fixture
async def browser(platform: Platform) -> AsyncGenerator[Browser]:
    site = platform.addresses.public_url.replace("127.0.0.1", "localhost")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await (await chromium.new_context()).new_page()
        await page.route("**/*", lambda route: route.fulfill(body="<title>Handrail</title>", content_type="text/html"))
        await page.goto(f"{site}/sign-in")
        devtools = await page.context.new_cdp_session(page)
        await devtools.send("WebAuthn.enable")
        yield Browser(page, devtools, await plugged_in(devtools))
        await chromium.close()


async def registered(browser: Browser, caller: Caller, label: str = "canary work phone") -> tuple[str, list[str]]:
    """Register a passkey of this browser's; return its id and the recovery codes."""
    options = await caller.post(f"{W}/me/passkey-options", {})
    assert options.status_code == 200, options.text
    body = {"label": label, "credential": await browser.create(options.json())}
    made = await caller.post(f"{W}/me/passkeys", body)
    assert made.status_code == 201, made.text
    return made.json()["id"], made.json()["recovery_codes"]


async def offered(http: httpx.AsyncClient) -> Any:
    return (await http.post(f"{W}/passkey-options")).json()


async def sign_in(http: httpx.AsyncClient, credential: dict[str, Any]) -> httpx.Response:
    return await http.post(f"{W}/passkey-sign-ins", json={"credential": credential})


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


@needs_chromium
async def test_a_passkey_registers_and_signs_in_without_naming_anybody(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller, browser: Browser
) -> None:
    member = await add_staff(administrator, "peer")
    passkey_id, codes = await registered(browser, member)

    answer = await sign_in(http, await browser.use(await offered(http)))

    assert answer.status_code == 200, answer.text
    owner = Caller(http, answer.json()["access_token"])
    assert (await owner.get(f"{W}/me")).json()["id"] == str(member.staff_id)
    mine = (await owner.get(f"{W}/me/sign-ins")).json()["items"]
    assert [(one["method"], one["aal"]) for one in mine if one["this_one"]] == [("passkey", 2)]
    (shown,) = (await owner.get(f"{W}/me/passkeys")).json()["items"]
    assert (shown["id"], shown["label"], shown["perhaps_copied"]) == (passkey_id, "canary work phone", False)
    assert len(codes) == 10
    assert (await http.post(f"{W}/token-refreshes", json={"refresh_token": answer.json()["refresh_token"]})).is_success


@needs_chromium
async def test_an_answer_signs_in_once_and_only_to_the_challenge_it_was_asked_for(
    http: httpx.AsyncClient, administrator: Caller, browser: Browser
) -> None:
    member = await add_staff(administrator, "peer")
    await registered(browser, member)
    used = await browser.use(await offered(http))
    first = await sign_in(http, used)
    again = await sign_in(http, used)
    for_step_up = (await member.post(f"{W}/me/passkey-step-up-options", {})).json()
    elsewhere = await sign_in(http, await browser.use(for_step_up))

    assert first.status_code == 200
    assert kind(again) == kind(elsewhere) == (401, "passkey-refused")


@needs_chromium
async def test_what_was_tampered_with_or_is_not_known_looks_alike(
    http: httpx.AsyncClient, administrator: Caller, browser: Browser
) -> None:
    member = await add_staff(administrator, "peer")
    await registered(browser, member)
    used = await browser.use(await offered(http))
    stranger = base64.urlsafe_b64encode(administrator.agency_id.bytes + uuid.UUID(int=3).bytes).decode().rstrip("=")
    broken = [
        used | {"response": used["response"] | {"signature": used["response"]["signature"][::-1]}},
        used | {"response": used["response"] | {"userHandle": stranger}},
        used | {"response": used["response"] | {"userHandle": "AAAA"}},
        used | {"rawId": "AAAA", "id": "AAAA"},
        used | {"response": {}},
    ]

    answers = [await sign_in(http, one) for one in broken]

    assert {kind(answer) for answer in answers} == {(401, "passkey-refused")}
    assert len({json.dumps(answer.json() | {"request_id": ""}) for answer in answers}) == 1
    assert (await sign_in(http, used)).status_code == 200, "what failed has not used it up"


@needs_chromium
async def test_an_answer_from_another_site_is_worth_nothing(
    http: httpx.AsyncClient, administrator: Caller, browser: Browser
) -> None:
    member = await add_staff(administrator, "peer")
    await registered(browser, member)

    await browser.page.goto("http://localhost:9/elsewhere")
    answer = await sign_in(http, await browser.use(await offered(http)))

    assert kind(answer) == (401, "passkey-refused")


@needs_chromium
async def test_a_key_that_is_not_registered_signs_nobody_in(
    http: httpx.AsyncClient, administrator: Caller, browser: Browser
) -> None:
    member = await add_staff(administrator, "peer")
    await registered(browser, member)
    await browser.plug_in_another()
    options = (await member.post(f"{W}/me/passkey-options", {})).json()
    await browser.create(options | {"excludeCredentials": []})  # made, and never sent here

    answer = await sign_in(http, await browser.use(await offered(http)))

    assert kind(answer) == (401, "passkey-refused")


@needs_chromium
async def test_a_copied_key_is_refused_and_its_owner_told(
    http: httpx.AsyncClient, administrator: Caller, browser: Browser
) -> None:
    member = await add_staff(administrator, "peer")
    await registered(browser, member)
    (before,) = await browser.credentials()
    assert (await sign_in(http, await browser.use(await offered(http)))).status_code == 200
    assert (await sign_in(http, await browser.use(await offered(http)))).status_code == 200

    await browser.put_back(before)
    copied = await sign_in(http, await browser.use(await offered(http)))

    assert kind(copied) == (401, "passkey-refused")
    (shown,) = (await member.get(f"{W}/me/passkeys")).json()["items"]
    assert shown["perhaps_copied"] is True


@needs_chromium
async def test_beside_a_passkey_a_password_alone_is_not_enough(
    http: httpx.AsyncClient, administrator: Caller, browser: Browser
) -> None:
    member = await add_staff(administrator, "peer")
    _, codes = await registered(browser, member)

    halfway = await http.post(f"{W}/sign-ins", json={"email": member.email, "password": PASSWORD})
    challenge = halfway.json()["challenge"]
    enrolment = await http.post(f"{W}/sign-in-enrolments", json={"challenge": challenge})
    with_code = await http.post(f"{W}/sign-in-codes", json={"challenge": challenge, "code": codes[0]})
    stepped = await member.post(f"{W}/step-ups", {"password": PASSWORD})

    assert kind(halfway) == (403, "second-factor-needed")
    assert kind(enrolment) == (401, "code-refused")
    assert with_code.status_code == 200, with_code.text
    assert kind(stepped) == (403, "code-needed")


@needs_chromium
async def test_a_passkey_confirms_a_sensitive_act(administrator: Caller, browser: Browser) -> None:
    member = await add_staff(administrator, "peer")
    await registered(browser, member)
    options = (await member.post(f"{W}/me/passkey-step-up-options", {})).json()

    answer = await member.post(f"{W}/passkey-step-ups", {"credential": await browser.use(options)})

    assert answer.status_code == 200, answer.text
    before, after = claims(member.token), claims(answer.json()["access_token"])
    assert (before["aal"], after["aal"], after["sid"] == before["sid"]) == (1, 2, True)
    assert after["auth_time"] >= before["auth_time"]


@needs_chromium
async def test_one_is_renamed_and_removed_by_its_owner_alone(administrator: Caller, browser: Browser) -> None:
    member, other = await add_staff(administrator, "peer"), await add_staff(administrator, "peer")
    passkey_id, _ = await registered(browser, member)
    path = f"{W}/me/passkeys/{passkey_id}"

    assert (await other.put(path, {"label": "mine"}, 1)).status_code == 404
    assert (await other.post(f"{path}/removals", {})).status_code == 404
    assert (await member.put(path, {"label": "new phone"}, 1)).status_code == 200
    assert (await member.post(f"{path}/removals", {})).status_code == 204
    assert (await member.get(f"{W}/me/passkeys")).json() == {"items": []}
    assert (await member.get(f"{W}/me/second-factors")).json()["recovery_codes_left"] == 0


@needs_chromium
async def test_lost_ones_are_removed_by_an_administrator(
    http: httpx.AsyncClient, administrator: Caller, browser: Browser
) -> None:
    member = await add_staff(administrator, "peer")
    await registered(browser, member)

    removed = await administrator.post(f"{W}/staff/{member.staff_id}/second-factor-removals", {})
    answer = await sign_in(http, await browser.use(await offered(http)))
    by_password = await http.post(f"{W}/sign-ins", json={"email": member.email, "password": PASSWORD})

    assert (removed.status_code, kind(answer), by_password.status_code) == (204, (401, "passkey-refused"), 200)


@needs_chromium
async def test_no_label_or_key_is_kept_in_the_clear_or_told(
    platform: Platform, administrator: Caller, browser: Browser
) -> None:
    member = await add_staff(administrator, "peer")
    await registered(browser, member)

    kept = await platform.value(
        "select string_agg(to_jsonb(p)::text, '') from workforce.passkey p where staff_id = :s", s=member.staff_id
    )
    told = await platform.value(
        "select coalesce(string_agg(detail::text, ''), '') from workforce.audit where subject_id = :s",
        s=member.staff_id,
    )

    assert "canary" not in kept + told
    assert b"canary".hex() not in kept


def test_a_site_has_its_own_origin_first() -> None:
    party = relying_party(
        "https://peers.agency.org", more_origins=["https://peers.agency.org", "android:apk-key-hash:x"]
    )

    assert party.origins == ("https://peers.agency.org", "android:apk-key-hash:x")
