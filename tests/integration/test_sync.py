"""A phone that comes back with a new person and their first session: both arrive, whichever is sent first."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from handrail.testing import Caller, Platform, add_staff, open_agency


async def send(caller: Caller, service: str, *items: dict[str, Any]) -> list[str]:
    answer = await caller.post(f"/api/{service}/v1/sync", {"items": list(items)})
    assert answer.status_code == 200, answer.text
    return [one["status"] for one in answer.json()["items"]]


def item(kind: str, body: dict[str, Any], *needs: dict[str, Any]) -> dict[str, Any]:
    made_at = (datetime.now(UTC) - timedelta(hours=5)).isoformat()
    waits = [one["id"] for one in needs]
    return {"id": str(uuid.uuid4()), "kind": kind, "v": 1, "recorded_at": made_at, "depends_on": waits, "body": body}


async def test_a_new_person_and_their_session_arrive_in_either_order(
    platform: Platform, http: httpx.AsyncClient
) -> None:
    administrator = await open_agency(http, platform)
    supervisor = await add_staff(administrator, "supervisor")
    program = {"name": "Recovery center", "opened_on": "2026-01-01"}
    program_id = await administrator.created("/api/workforce/v1/programs", program)
    for service in ("intake", "session_logging"):
        await platform.eventually(f"select count(*) from {service}.program where id = :id", 1, id=program_id)
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    intake = item(
        "brief-intake",
        {
            "id": str(uuid.uuid4()), "episode_id": str(uuid.uuid4()), "person": {"alias": "Blue Jay"},
            "program_id": str(program_id), "opened_on": yesterday, "voluntary": True,
        },
    )  # fmt: skip
    ended_at = datetime.now(UTC) - timedelta(hours=4)
    session = item(
        "session",
        {
            "participant_id": intake["body"]["id"], "episode_id": intake["body"]["episode_id"],
            "modality": "one_on_one_mentoring", "delivery_method": "in_person", "location": "community",
            "activities": ["coaching_mentoring"], "started_at": (ended_at - timedelta(minutes=30)).isoformat(),
            "ended_at": ended_at.isoformat(), "outcome": "completed", "note": {"summary": "met at the library"},
        },
        intake,
    )  # fmt: skip

    too_early = await send(supervisor, "session-logging", session)
    enrolled = await send(supervisor, "intake", intake)
    episode = "select count(*) from session_logging.episode where id = :id"
    await platform.eventually(episode, 1, id=uuid.UUID(intake["body"]["episode_id"]))
    arrived = await send(supervisor, "session-logging", session)

    assert (too_early, enrolled, arrived) == (["later"], ["done"], ["done"])
    assert await send(supervisor, "session-logging", session) == ["duplicate"]
    assert await send(supervisor, "intake", intake) == ["duplicate"]
