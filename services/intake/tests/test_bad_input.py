"""What no endpoint takes: each answers with its problem, leaves no row and no event, and one audit entry."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

INTAKE = "/api/intake/v1"
TOMORROW = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
SOON = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
ID = str(UUID(int=1))
INVALID = "/problems/invalid-request"
GOAL = {"dimension": "home", "stated_by": "staff", "words": "A key", "active_from": "2026-01-05"}
NOTICE = {"version": "npp-1", "language": "en", "channel": "paper"}
BASELINE = {"episode_id": "{episode}", "point": "baseline", "collected_on": "2026-01-05"}
EPISODE = {"participant_id": "{participant}", "program_id": "{program}", "opened_on": "2026-01-05"}
ASSIGNMENT = {
    "participant_id": "{participant}",
    "episode_id": "{episode}",
    "staff_id": "{peer}",
    "valid_from": "2026-01-05",
}

POSTS: list[tuple[str, dict[str, Any], int, str]] = [
    ("participants", {}, 422, INVALID),
    ("participants", {"name": " \t "}, 422, INVALID),
    ("participants", {"name": "Ana\u0000"}, 422, INVALID),
    ("participants", {"name": "Ana\u202egnp.exe"}, 422, INVALID),
    ("participants", {"name": "x" * 201}, 422, INVALID),
    ("participants", {"name": "x" * 1_048_577}, 413, "/problems/body-too-large"),
    ("participants", {"name": "Ana", "nickname": "A"}, 422, INVALID),
    ("participants", {"name": "Ana", "enrolled_at": "2020-01-01T00:00:00Z"}, 422, INVALID),
    ("participants", {"name": "Ana", "birth_date": "1990-02-30"}, 422, INVALID),
    ("participants", {"name": "Ana", "birth_date": "1899-12-31"}, 422, INVALID),
    ("participants", {"name": "Ana", "birth_date": TOMORROW}, 422, "/problems/born-after-enrolment"),
    ("participants", {"name": "Ana", "email": "not an address"}, 422, INVALID),
    ("participants", {"name": "Ana", "sex": "X"}, 422, INVALID),
    ("participants", {"name": ["Ana"]}, 422, INVALID),
    ("participant-searches", {}, 422, INVALID),
    ("participant-searches", {"name": "Ana", "next": "nonsense"}, 422, "/problems/bad-cursor"),
    ("participants/{participant}/notices", NOTICE | {"given_at": SOON}, 422, "/problems/in-the-future"),
    ("participants/{participant}/notices", NOTICE | {"given_at": "2026-01-05T10:00:00"}, 422, INVALID),
    ("participants/{participant}/notices", NOTICE | {"version": "two words"}, 422, INVALID),
    ("participants/{participant}/notices", NOTICE | {"channel": "fax"}, 422, INVALID),
    (f"participants/{ID}/notices", NOTICE, 404, "/problems/not-found"),
    ("participants/not-an-id/notices", NOTICE, 422, INVALID),
    ("episodes", EPISODE | {"opened_on": TOMORROW}, 422, "/problems/in-the-future"),
    ("episodes", EPISODE | {"opened_on": "2025-02-29"}, 422, INVALID),
    ("episodes", EPISODE | {"program_id": ID}, 404, "/problems/not-found"),
    ("episodes", EPISODE | {"participant_id": ID}, 404, "/problems/not-found"),
    ("episodes/{episode}/acknowledgement", {"acknowledged_at": SOON}, 422, "/problems/in-the-future"),
    ("episodes/{episode}/acknowledgement", {"acknowledged_at": "0001-01-01T00:00:00Z"}, 422, INVALID),
    ("assessments", BASELINE, 422, INVALID),
    ("assessments", BASELINE | {"arrests_30": -1}, 422, INVALID),
    ("assessments", BASELINE | {"use_days": {"alcohol": 31}}, 422, INVALID),
    ("assessments", BASELINE | {"use_days": {"rum \u0000": 1}}, 422, INVALID),
    ("assessments", BASELINE | {"arrests_30": 0, "collected_on": TOMORROW}, 422, "/problems/in-the-future"),
    ("assessments", BASELINE | {"arrests_30": 0, "episode_id": ID}, 404, "/problems/not-found"),
    ("plans", {"episode_id": "{episode}"}, 422, INVALID),
    ("plans", {"episode_id": "{episode}", "goals": [GOAL | {"words": ""}]}, 422, INVALID),
    ("plans", {"episode_id": "{episode}", "goals": [GOAL], "agreed_at": SOON}, 422, "/problems/in-the-future"),
    (
        "plans",
        {"episode_id": "{episode}", "goals": [GOAL | {"active_to": "2026-01-04"}]},
        422,
        "/problems/ends-before-it-starts",
    ),
    ("plans", {"episode_id": ID, "goals": [GOAL]}, 404, "/problems/not-found"),
    (f"plans/{ID}/goals", GOAL, 404, "/problems/not-found"),
    ("assignments", ASSIGNMENT | {"valid_from": TOMORROW}, 422, "/problems/in-the-future"),
    ("assignments", ASSIGNMENT | {"valid_from": "2026-01-04"}, 422, "/problems/before-the-episode"),
    ("assignments", ASSIGNMENT | {"staff_id": ID}, 404, "/problems/not-found"),
    ("assignments", ASSIGNMENT | {"episode_id": ID}, 404, "/problems/not-found"),
    ("assignments", ASSIGNMENT | {"participant_id": ID}, 404, "/problems/not-found"),
    ("imports", {"source_system": "x", "participants": []}, 422, INVALID),
]
PUTS: list[tuple[str, dict[str, Any], int | None, int, str]] = [
    ("participants/{participant}", {"name": "Ana"}, None, 428, "/problems/if-match-missing"),
    ("participants/{participant}", {"name": "Ana"}, 9, 412, "/problems/stale-version"),
    ("participants/{participant}", {"name": "Ana\u2066"}, 1, 422, INVALID),
    (f"participants/{ID}", {"name": "Ana"}, 1, 404, "/problems/not-found"),
    (
        "episodes/{episode}/closure",
        {"closed_on": "2026-01-04", "reason": "other"},
        1,
        422,
        "/problems/ends-before-it-starts",
    ),
    ("episodes/{episode}/closure", {"closed_on": TOMORROW, "reason": "other"}, 1, 422, "/problems/in-the-future"),
    ("episodes/{episode}/closure", {"closed_on": "2026-02-01"}, 1, 422, INVALID),
    (
        "episodes/{episode}/closure",
        {"closed_on": "2026-02-01", "reason": "other", "deceased_on": "2026-02-01"},
        1,
        422,
        "/problems/not-deceased",
    ),
    ("episodes/{episode}/closure", {"closed_on": "2026-02-01", "reason": "other"}, 9, 412, "/problems/stale-version"),
    ("assignments/{assignment}/end", {"valid_to": "2026-01-04"}, 1, 422, "/problems/ends-before-it-starts"),
    ("assignments/{assignment}/end", {"valid_to": TOMORROW}, 1, 422, "/problems/in-the-future"),
    ("assignments/{assignment}/end", {"valid_to": "2026-02-01"}, None, 428, "/problems/if-match-missing"),
    (f"consents/{ID}/revocation", {}, 1, 404, "/problems/not-found"),
]


@pytest_asyncio.fixture(scope="session")
async def ids(clinic: Any) -> dict[str, str]:
    """Return a person, and what is theirs, that every bad request aims at."""
    participant_id = await clinic.enrol()
    episode_id = await clinic.open(participant_id)
    return {
        "participant": str(participant_id),
        "episode": str(episode_id),
        "assignment": str(await clinic.assign(participant_id, episode_id)),
        "program": str(clinic.program_id),
        "peer": str(clinic.peer.staff_id),
    }


def filled(body: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    return {
        name: value.format(**ids) if isinstance(value, str) and value.startswith("{") else value
        for name, value in body.items()
    }


@pytest.mark.parametrize(("path", "body", "status", "kind"), POSTS)
async def test_a_bad_post_leaves_nothing_but_its_audit_entry(
    clinic: Any, ids: dict[str, str], path: str, body: dict[str, Any], status: int, kind: str
) -> None:
    before, audited = await asyncio.gather(clinic.rows(), clinic.refusals())

    answer = await clinic.administrator.post(f"{INTAKE}/{path.format(**ids)}", filled(body, ids))

    assert (answer.status_code, answer.json()["type"]) == (status, kind), answer.text
    assert await asyncio.gather(clinic.rows(), clinic.refusals()) == [before, audited + 1]


@pytest.mark.parametrize(("path", "body", "version", "status", "kind"), PUTS)
async def test_a_bad_put_leaves_nothing_but_its_audit_entry(
    clinic: Any, ids: dict[str, str], path: str, body: dict[str, Any], version: int | None, status: int, kind: str
) -> None:
    before, audited = await asyncio.gather(clinic.rows(), clinic.refusals())

    answer = await clinic.administrator.put(f"{INTAKE}/{path.format(**ids)}", body, version)

    assert (answer.status_code, answer.json()["type"]) == (status, kind), answer.text
    assert await asyncio.gather(clinic.rows(), clinic.refusals()) == [before, audited + 1]


async def test_a_key_stands_for_one_body(clinic: Any) -> None:
    key = str(uuid4())

    first = await clinic.administrator.post(f"{INTAKE}/participants", {"name": "Ana"}, key=key)
    again = await clinic.administrator.post(f"{INTAKE}/participants", {"name": "Ana"}, key=key)
    other = await clinic.administrator.post(f"{INTAKE}/participants", {"name": "Eva"}, key=key)

    assert (first.status_code, again.content) == (201, first.content)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")


async def test_another_content_type_is_refused(clinic: Any) -> None:
    headers = clinic.administrator.headers({"Content-Type": "text/plain", "Idempotency-Key": str(uuid4())})
    answer = await clinic.administrator.http.post(f"{INTAKE}/participants", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/unsupported-content-type")


async def test_without_a_token_nothing_answers(clinic: Any) -> None:
    for path in ("participants/x", "caseload", "nothing"):
        assert (await clinic.administrator.http.get(f"{INTAKE}/{path}")).status_code == 401
