"""Setting an OpenID Connect provider up: who may, for which addresses, and what is refused."""

import uuid
from typing import Any

import httpx

from common.embedded import free_port
from handrail.testing import Caller, Platform, add_staff, open_agency

W = "/api/workforce/v1"


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def test_beginning_tells_nothing_of_persons(agency: Any, oidc: Any, administrator: Caller) -> None:
    _, known = await agency.add("peer")
    http = agency.http

    answers = [await agency.begun(known), await agency.begun(f"nobody@{agency.domain}")]
    named = {"agency_id": str(agency.administrator.agency_id), "provider_id": str(agency.provider_id)}
    by_id = await http.post(f"{W}/provider-sign-in-attempts", json=named)
    strange = await http.post(f"{W}/provider-sign-in-attempts", json=named | {"agency_id": str(uuid.uuid4())})
    no_domain = await http.post(f"{W}/provider-sign-in-attempts", json={"email": "a@nowhere.test"})
    both = await http.post(f"{W}/provider-sign-in-attempts", json=named | {"email": known})

    assert {tuple(sorted(answer)) for answer in answers} == {("attempt", "authorization_url", "expires_in")}
    assert len({len(answer["authorization_url"]) for answer in answers}) == 1
    assert by_id.status_code == 200
    assert kind(strange) == kind(no_domain) == (404, "no-provider")
    assert both.status_code == 422


async def test_only_administrators_set_providers_up_and_the_secret_is_never_shown(
    platform: Platform, agency: Any, oidc: Any
) -> None:
    peer = await add_staff(agency.administrator, "peer")
    stranger = await open_agency(agency.http, platform)
    path = f"{W}/providers/{agency.provider_id}"
    body = agency.terms()
    changed = {"name": "New name", "email_domains": [agency.domain], "enabled": True}

    shown = await agency.administrator.get(path)
    listed = await agency.administrator.get(f"{W}/providers")
    refused = [
        await peer.post(f"{W}/providers", body),
        await peer.get(f"{W}/providers"),
        await peer.put(path, changed, version=1),
    ]
    foreign = [await stranger.get(path), await stranger.put(path, changed, version=1)]
    stale = await agency.administrator.put(path, changed, version=7)
    put = await agency.administrator.put(path, changed, version=1)

    assert "client_secret" not in shown.text + listed.text
    assert oidc.secret not in shown.text + listed.text + put.text
    assert shown.json()["redirect_uri"] == oidc.redirect_uri
    assert listed.json()["granted_domains"] == [agency.domain]
    assert {answer.status_code for answer in refused} == {403}
    assert {answer.status_code for answer in foreign} == {404}
    assert [stale.status_code, put.status_code, put.json()["version"]] == [412, 200, 2]


async def test_a_provider_that_cannot_be_is_not_set_up(platform: Platform, agency: Any, oidc: Any) -> None:
    other = await open_agency(agency.http, platform)
    administrator, path = agency.administrator, f"{W}/providers"
    good = agency.terms(client_id="another")

    again = await administrator.post(path, agency.terms())
    in_use = await administrator.post(path, good)
    not_granted = await other.post(path, good)
    plain = await administrator.post(path, good | {"issuer": "http://example.org"})
    nowhere = await administrator.post(path, good | {"issuer": f"http://127.0.0.1:{free_port()}"})
    otherwise = await administrator.post(path, good | {"issuer": f"{oidc.issuer}/"})
    inwards = await administrator.post(path, good | {"issuer": "https://10.0.0.1"})

    assert kind(again) == (409, "provider-known")
    assert kind(in_use) == (422, "domain-in-use")
    assert kind(not_granted) == (422, "domain-not-granted")
    assert kind(plain) == (422, "issuer-not-accepted")
    assert kind(nowhere) == kind(inwards) == (503, "provider-unavailable")
    assert kind(otherwise) == (503, "provider-unusable")
    count = "select count(*) from workforce.provider where agency_id = :a"
    assert await platform.value(count, a=administrator.agency_id) == 1


async def test_a_repeat_with_another_secret_is_no_repeat(agency: Any, granted: Any) -> None:
    domain = await granted(agency.administrator)
    body = agency.terms(client_id="another", email_domains=[domain])

    path, key = f"{W}/providers", "one and the same"
    first = await agency.administrator.post(path, body, key=key)
    again = await agency.administrator.post(path, body, key=key)
    other = await agency.administrator.post(path, body | {"client_secret": "x" * 40}, key=key)

    assert first.status_code == 201, first.text
    assert again.json() == first.json()
    assert kind(other)[1] == "idempotency-key-reused"


async def test_only_the_operator_grants_domains_and_to_one_agency_at_a_time(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller, granted: Any, operator: dict[str, str]
) -> None:
    other = await open_agency(http, platform)
    domain = await granted(administrator)
    mine = {"agency_id": str(administrator.agency_id), "domain": domain}
    theirs = mine | {"agency_id": str(other.agency_id)}
    grant, withdraw, token = (
        f"{W}/email-domains",
        f"{W}/email-domain-withdrawals",
        operator,
    )

    by_nobody = await http.post(grant, json=mine)
    by_administrator = await http.post(grant, json=mine, headers=administrator.headers())
    again = await http.post(grant, json=mine, headers=token)
    elsewhere = await http.post(grant, json=theirs, headers=token)
    not_theirs = await http.post(withdraw, json=theirs, headers=token)
    nowhere = await http.post(grant, json=mine | {"agency_id": str(uuid.uuid4())}, headers=token)
    capitals = await http.post(grant, json=mine | {"domain": "Agency.org"}, headers=token)
    withdrawn = await http.post(withdraw, json=mine, headers=token)
    free_now = await http.post(grant, json=theirs, headers=token)

    assert [by_nobody.status_code, by_administrator.status_code] == [401, 401]
    assert [again.status_code, withdrawn.status_code, free_now.status_code] == [204, 204, 204]
    assert kind(elsewhere) == (409, "domain-granted-elsewhere")
    assert [not_theirs.status_code, nowhere.status_code, capitals.status_code] == [404, 404, 422]
