"""Workforce through its HTTP API: agencies, sign-in, staff, credentials."""

import httpx

from handrail.testing import Caller, Platform, add_staff


async def test_an_agency_is_opened_and_its_event_reaches_the_ledger(platform: Platform, administrator: Caller) -> None:
    await platform.eventually(
        "select count(*) from workforce.ledger where agency_id = :agency", 2, agency=administrator.agency_id
    )


async def test_an_idempotent_repeat_answers_alike(administrator: Caller) -> None:
    body = {"name": "Outreach", "opened_on": "2026-01-01"}

    first = await administrator.post("/api/workforce/v1/programs", body, key="the-same-key")
    second = await administrator.post("/api/workforce/v1/programs", body, key="the-same-key")
    other = await administrator.post("/api/workforce/v1/programs", body | {"name": "Groups"}, key="the-same-key")

    assert first.status_code == 201
    assert (second.status_code, second.content) == (201, first.content)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")


async def test_a_peer_signs_in_and_may_not_open_programs(administrator: Caller) -> None:
    peer = await add_staff(administrator, "peer")
    answer = await peer.post("/api/workforce/v1/programs", {"name": "X", "opened_on": "2026-01-01"})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed")


async def test_without_a_token_nothing_answers(http: httpx.AsyncClient) -> None:
    answer = await http.get("/api/workforce/v1/staff")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
