"""Signing in by an independent OpenID Connect provider."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from sqlalchemy import text

from handrail.testing import Caller, Platform, add_staff

W = "/api/workforce/v1"


def same(answers: list[httpx.Response]) -> bool:
    return len({json.dumps(answer.json() | {"request_id": ""}) for answer in answers}) == 1


def kind(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def change(platform: Platform, sql: str, **values: object) -> None:
    async with platform.admin.begin() as connection:
        await connection.execute(text(sql), values)


async def test_an_independent_provider_signs_somebody_in(agency: Any, oidc: Any) -> None:
    staff_id, email = await agency.add("peer")

    answer = await agency.signed_in(email)

    assert answer.status_code == 200, answer.text
    person = Caller(agency.http, answer.json()["access_token"])
    assert (await person.get(f"{W}/me")).json()["id"] == str(staff_id)
    mine = (await person.get(f"{W}/me/sign-ins")).json()["items"]
    assert [(one["method"], one["aal"]) for one in mine] == [("provider", 1)]
    refreshed = await agency.http.post(f"{W}/token-refreshes", json={"refresh_token": answer.json()["refresh_token"]})
    assert refreshed.status_code == 200
    (link,) = (await person.get(f"{W}/me/providers")).json()["items"]
    assert (link["name"], link["linked_by"]) == ("Agency account", "email")


async def test_two_factors_at_the_provider_are_two_here(agency: Any, oidc: Any) -> None:
    _, email = await agency.add("peer")
    policy = {"second_factor": "everybody", "roles": []}
    assert (await agency.administrator.put(f"{W}/sign-in-policy", policy, version=0)).status_code == 200

    one = await agency.signed_in(email, amr="pwd")
    two = await agency.signed_in(email, amr="pwd mfa")

    assert kind(one) == (403, "provider-second-factor-needed")
    assert two.status_code == 200, two.text
    mine = (await Caller(agency.http, two.json()["access_token"]).get(f"{W}/me/sign-ins")).json()["items"]
    assert [(entry["method"], entry["aal"]) for entry in mine] == [("provider", 2)]


async def test_rotated_keys_are_fetched_again(agency: Any, oidc: Any) -> None:
    _, email = await agency.add("peer")
    before = await agency.signed_in(email)

    await oidc.stop()
    await oidc.start()
    after = await agency.signed_in(email)

    assert [before.status_code, after.status_code] == [200, 200]


async def test_a_stopped_provider_says_so_and_running_sessions_go_on(agency: Any, oidc: Any) -> None:
    _, email = await agency.add("peer")
    running = (await agency.signed_in(email)).json()
    body = await agency.returned(await agency.begun(email), email)

    await oidc.stop()
    finished = await agency.finish(body)
    again = await agency.http.post(f"{W}/token-refreshes", json={"refresh_token": running["refresh_token"]})

    assert kind(finished) == (503, "provider-unavailable")
    assert "password" in finished.json()["detail"]
    assert int(finished.headers["retry-after"]) > 0
    assert again.status_code == 200
    assert (await Caller(agency.http, again.json()["access_token"]).get(f"{W}/me")).status_code == 200


async def test_a_way_back_is_good_once_and_only_in_its_own_browser(agency: Any, oidc: Any) -> None:
    _, email = await agency.add("peer")
    here, elsewhere = await agency.begun(email), await agency.begun(email)
    body = await agency.returned(here, email)

    of_another_browser = await agency.finish(body | {"attempt": elsewhere["attempt"]})
    invented = await agency.finish(body | {"state": "x" * 43})
    tampered = await agency.finish(body | {"attempt": body["attempt"][:-8] + "AAAAAAAA"})
    nonsense = await agency.finish(body | {"attempt": "nonsense"})
    first = await agency.finish(body)
    again = await agency.finish(body)
    replayed = {"attempt": elsewhere["attempt"], "state": _state(elsewhere)}
    code_again = await agency.finish(body | replayed)

    refused = [of_another_browser, invented, tampered, nonsense, again]
    assert {kind(answer) for answer in refused} == {(401, "provider-attempt-refused")}
    assert same(refused)
    assert first.status_code == 200, first.text
    assert kind(code_again) == (401, "provider-answer-refused")


def _state(begun: dict[str, Any]) -> str:
    return parse_qs(urlsplit(begun["authorization_url"]).query)["state"][0]


async def test_unknown_left_and_locked_out_people_are_answered_alike(
    platform: Platform, agency: Any, oidc: Any
) -> None:
    gone_id, gone = await agency.add("peer")
    out_id, out = await agency.add("peer")
    assert (await agency.signed_in(gone)).status_code == 200
    await change(platform, "update workforce.staff set employed_to = '2024-01-01' where id = :id", id=gone_id)
    body = {"access": "ended", "reason": "leave"}
    assert (await agency.administrator.put(f"{W}/staff/{out_id}/access", body, version=0)).status_code == 200

    unknown = await agency.signed_in(f"nobody@{agency.domain}")
    left = await agency.signed_in(gone)
    locked_out = await agency.signed_in(out)
    unverified = await agency.signed_in(f"other-{out}", verified="false")

    answers = [unknown, left, locked_out, unverified]
    assert {kind(answer) for answer in answers} == {(401, "provider-account-refused")}
    assert same(answers)


async def test_an_address_given_to_somebody_new_opens_nothing_of_whoever_had_it(agency: Any, oidc: Any) -> None:
    _, email = await agency.add("peer")
    first = await agency.signed_in(email)

    successor = await agency.signed_in(email, subject="another account with the same address")

    assert first.status_code == 200
    assert kind(successor) == (401, "provider-account-refused")


async def test_an_unverified_or_foreign_address_links_nobody(agency: Any, operator: dict[str, str]) -> None:
    _, email = await agency.add("peer")
    elsewhere = await add_staff(agency.administrator, "peer")  # at a domain that this provider may not vouch for
    assert elsewhere.email is not None
    begun = await agency.begun(email)

    unverified = await agency.signed_in(email, verified="false")
    foreign = await agency.finish(await agency.returned(begun, elsewhere.email))
    body = {"agency_id": str(agency.administrator.agency_id), "domain": agency.domain}
    begun = await agency.begun(email)
    withdrawn = await agency.http.post(
        f"{W}/email-domain-withdrawals",
        json=body,
        headers=operator,
    )
    after = await agency.finish(await agency.returned(begun, email))

    assert withdrawn.status_code == 204
    assert {kind(answer) for answer in (unverified, foreign, after)} == {(401, "provider-account-refused")}


async def test_somebody_signed_in_links_their_account_and_unlinks_it(agency: Any, oidc: Any) -> None:
    member, other = await add_staff(agency.administrator, "peer"), await add_staff(agency.administrator, "peer")
    path = f"{W}/me/providers/{agency.provider_id}"
    begun = (await member.post(f"{path}/link-attempts", {})).json()
    body = await agency.returned(begun, "anything@example.test")

    as_sign_in = await agency.finish(body)
    by_another = await other.post(f"{W}/me/provider-links", body)
    linked = await member.post(f"{W}/me/provider-links", body)
    begun_by_other = (await other.post(f"{path}/link-attempts", {})).json()
    taken = await other.post(f"{W}/me/provider-links", await agency.returned(begun_by_other, "anything@example.test"))
    begun = await agency.begun(f"x@{agency.domain}")
    by_link = await agency.finish(await agency.returned(begun, "anything@example.test"))
    unlinked = await member.post(f"{path}/link-removals", {})
    begun = await agency.begun(f"x@{agency.domain}")
    afterwards = await agency.finish(await agency.returned(begun, "anything@example.test"))
    refreshed = {"refresh_token": by_link.json()["refresh_token"]}

    assert kind(as_sign_in) == kind(by_another) == (401, "provider-attempt-refused")
    assert [linked.status_code, by_link.status_code, unlinked.status_code] == [204, 200, 204]
    assert kind(taken) == (409, "provider-linked-otherwise")
    assert kind(afterwards) == (401, "provider-account-refused")
    assert (await agency.http.post(f"{W}/token-refreshes", json=refreshed)).status_code == 401
    assert (await other.post(f"{path}/link-removals", {})).status_code == 404


async def test_the_last_way_in_is_not_unlinked_and_an_administrator_can(agency: Any, oidc: Any) -> None:
    staff_id, email = await agency.add("peer")
    answer = (await agency.signed_in(email)).json()
    person = Caller(agency.http, answer["access_token"])

    own = await person.post(f"{W}/me/providers/{agency.provider_id}/link-removals", {})
    removals = f"{W}/staff/{staff_id}/provider-link-removals"
    by_peer = await person.post(removals, {})
    by_administrator = await agency.administrator.post(removals, {})

    assert kind(own) == (409, "last-way-in")
    assert [by_peer.status_code, by_administrator.status_code] == [403, 204]
    refresh = {"refresh_token": answer["refresh_token"]}
    assert (await agency.http.post(f"{W}/token-refreshes", json=refresh)).status_code == 401


async def test_the_provider_confirms_a_sensitive_act(platform: Platform, agency: Any, oidc: Any) -> None:
    _, email = await agency.add("peer")
    answer = (await agency.signed_in(email)).json()
    person = Caller(agency.http, answer["access_token"])
    path = f"{W}/me/providers/{agency.provider_id}/step-up-attempts"

    begun = (await person.post(path, {})).json()
    confirmed = await person.post(f"{W}/provider-step-ups", await agency.returned(begun, email))
    begun = (await person.post(path, {})).json()
    somebody_else = await person.post(f"{W}/provider-step-ups", await agency.returned(begun, f"x-{email}"))

    asked = parse_qs(urlsplit(begun["authorization_url"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    assert confirmed.status_code == 200, confirmed.text
    assert kind(somebody_else) == (401, "provider-account-refused")


async def test_what_is_asked_of_the_provider_and_what_is_kept(platform: Platform, agency: Any, oidc: Any) -> None:
    _, email = await agency.add("peer")
    begun = await agency.begun(email)
    body = await agency.returned(begun, email)
    answer = await agency.finish(body)
    assert answer.status_code == 200, answer.text

    asked = parse_qs(urlsplit(begun["authorization_url"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    assert email not in begun["authorization_url"]
    tables = await platform.fetch("select tablename from pg_tables where schemaname = 'workforce'")
    for table in [row["tablename"] for row in tables]:
        rows = await platform.fetch(f"select t::text as row from workforce.{table} t")
        seen = "\n".join(row["row"] for row in rows)
        for canary in (oidc.secret, email, f"subject-of-{email}", body["code"], body["state"], asked["nonce"][0]):
            assert canary not in seen, table
            assert canary.encode().hex() not in seen, table


async def test_a_disabled_provider_signs_nobody_in_and_open_sign_ins_go_on(agency: Any, oidc: Any) -> None:
    _, email = await agency.add("peer")
    running = (await agency.signed_in(email)).json()
    on_the_way = await agency.returned(await agency.begun(email), email)
    changed = {"name": "Agency account", "email_domains": [agency.domain], "enabled": False}

    put = await agency.administrator.put(f"{W}/providers/{agency.provider_id}", changed, version=1)
    begun = await agency.http.post(f"{W}/provider-sign-in-attempts", json={"email": email})
    finished = await agency.finish(on_the_way)
    refreshed = await agency.http.post(f"{W}/token-refreshes", json={"refresh_token": running["refresh_token"]})

    assert put.status_code == 200
    assert kind(begun) == (404, "no-provider")
    assert kind(finished) == (401, "provider-attempt-refused")
    assert refreshed.status_code == 200
