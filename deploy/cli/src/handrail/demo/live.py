"""The demo's last act: today, through the live endpoints, on the server's clock."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from handrail.demo.agency import Agency, Caller, DemoFailed, consent, sign_in_staff
from handrail.demo.people import ZONE

WAIT_SECONDS = 20.0


async def live_day(console: Console, agency: Agency) -> None:
    """Enrol one person, plan, assign, meet, sign: seven requests, as a peer and a supervisor would make them."""
    peer_id = agency.peers[0]
    peer, supervisor = await sign_in_staff(agency, peer_id), await sign_in_staff(agency, agency.supervisor)
    participant_id, episode_id = await _intake(agency, peer, supervisor, peer_id)
    plan = await _plan(peer, episode_id)
    started = time.monotonic()
    session_id = await _session(peer, participant_id, episode_id, plan["goal_ids"][:1])
    seconds = time.monotonic() - started
    console.print(
        f"Live: one person enrolled, consented and assigned; session {session_id} recorded and signed "
        f"in {seconds * 1000:.0f} ms."
    )


def _day() -> str:
    """The day on which the session began that is recorded: just after midnight it is yesterday's."""
    return (datetime.now(ZoneInfo(ZONE)) - timedelta(minutes=40)).date().isoformat()


async def _intake(agency: Agency, peer: Caller, supervisor: Caller, peer_id: str) -> tuple[str, str]:
    today = _day()
    person = {"name": "李 O'Brien-Muñoz", "sex": "unknown"}
    participant_id = (await peer.post("/api/intake/v1/participants", person))["id"]
    program = {"participant_id": participant_id, "program_id": agency.programs[0], "opened_on": today}
    episode_id = (await supervisor.post("/api/intake/v1/episodes", program))["id"]
    assignment = {
        "participant_id": participant_id,
        "episode_id": episode_id,
        "staff_id": peer_id,
        "valid_from": today,
    }
    await supervisor.post("/api/intake/v1/assignments", assignment)
    notice = {"version": "2026-02", "language": "en", "channel": "paper"}
    await peer.post(f"/api/intake/v1/participants/{participant_id}/notices", notice)
    await peer.post(f"/api/intake/v1/episodes/{episode_id}/acknowledgement", {})
    signed_at = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    terms = {"participant_id": participant_id} | consent(person["name"], signed_at)
    await peer.post("/api/intake/v1/consents", terms)
    return participant_id, episode_id


async def _plan(peer: Caller, episode_id: str) -> dict[str, Any]:
    today = _day()
    goal = {"dimension": "community", "stated_by": "participant", "words": "Meet people who get it"}
    body = {
        "episode_id": episode_id,
        "goals": [goal | {"active_from": today}],
        "declined_dimensions": ["health", "home", "purpose"],
    }
    return await peer.post("/api/intake/v1/plans", body)


async def _session(peer: Caller, participant_id: str, episode_id: str, goal_ids: list[str]) -> str:
    now = datetime.now(UTC)
    body = {
        "participant_id": participant_id,
        "episode_id": episode_id,
        "modality": "one_on_one_mentoring",
        "delivery_method": "in_person",
        "location": "recovery_center",
        "service_code": "H0038",
        "activities": ["coaching_mentoring"],
        "started_at": (now - timedelta(minutes=35)).isoformat(),
        "ended_at": (now - timedelta(minutes=5)).isoformat(),
        "goal_ids": goal_ids,
        "outcome": "completed",
        "note": {"summary": "First talk; tea; what brought us here.", "next_step": "Walk to a meeting together."},
        "sign": True,
    }
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return str((await peer.post("/api/session-logging/v1/sessions", body))["id"])
        except DemoFailed:
            # The assignment is an event on its way from intake: it arrives within a moment.
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
