"""The main job against running containers, over HTTP only: from opening an agency to a report that counts sessions.

Usage: smoke.py [the command that reaches the containers, such as: docker compose -p handrail]
HANDRAIL_URL says where the platform answers, HANDRAIL_ENV_FILE which file has its secrets. The command restarts NATS
in the middle of ten writes, and reads the logs, in which nobody may be named.
"""

import asyncio
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import httpx

from handrail.going_live import go_live
from handrail.secrets import read

URL = os.environ.get("HANDRAIL_URL", "http://localhost:8000")
ENV_FILE = Path(os.environ.get("HANDRAIL_ENV_FILE", ".env"))
ZONE = "America/Chicago"
PASSWORD = "a sentence that is long enough"
WAIT_SECONDS = 60.0
PERSON = "Canary O'Brien-Peña"
WORDS = "canary words about the walk to the clinic"
NOTE = {
    "summary": WORDS,
    "progress": "canary progress",
    "response": "canary response",
    "events": "canary events",
}
T = TypeVar("T")
HEARERS = ("intake", "session-logging", "compliance-reporting", "notification")


@dataclass
class Caller:
    """Somebody signed in."""

    http: httpx.Client
    token: str
    id: str

    def post(self, path: str, body: dict[str, Any], key: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key or str(uuid.uuid4())}
        return self.http.post(path, json=body, headers=headers)

    def made(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST, insist on 201 and return the answer."""
        return answered(self.post(path, body), 201)

    def get(self, path: str, **params: str) -> dict[str, Any]:
        return answered(self.http.get(path, params=params, headers={"Authorization": f"Bearer {self.token}"}), 200)

    def put(self, path: str, version: int) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "If-Match": f'"{version}"'}
        return answered(self.http.put(path, headers=headers), 200)


@dataclass
class Enrolled:
    """Somebody who agreed to a plan and has a peer."""

    participant_id: str
    episode_id: str
    goal_id: str


def main(compose: list[str]) -> None:
    with httpx.Client(base_url=URL, timeout=30) as http:
        step("the edge refuses what is not for outside", lambda: check_edge(http))
        administrator = step("an agency is opened", lambda: open_agency(http))
        step("it goes live", lambda: asyncio.run(start_serving(administrator)))
        peer, program_id = step("a program and its staff are there", lambda: staff_program(administrator))
        step("every service has heard of them", lambda: wait_until_heard(administrator))
        person = step(
            "a person is enrolled, with notice, consent, plan and peer", lambda: enrol(administrator, peer, program_id)
        )
        step("every service has heard of the person", lambda: wait_until_heard(administrator))
        first = step("a session is recorded and signed", lambda: record_and_sign(peer, person))
        step("the report counts it", lambda: check_report(administrator, {first}))
        rest = step("ten writes succeed while NATS restarts", lambda: write_through_restart(peer, person, compose))
        step("the report counts each of them once", lambda: check_report(administrator, {first, *rest}))
        step("the peer was told of the assignment once", lambda: check_message(administrator, peer))
        step("no log names anybody", lambda: check_logs(compose))
    print("The containers do the main job.")


def step(what: str, work: Callable[[], T]) -> T:
    started = time.monotonic()
    result = work()
    print(f"  {time.monotonic() - started:6.1f} s  {what}", flush=True)
    return result


def answered(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Insist on a status and return the body."""
    assert answer.status_code == status, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return dict(answer.json())


def eventually(what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"not within {WAIT_SECONDS:.0f} s: {what}"
        time.sleep(0.25)


def check_edge(http: httpx.Client) -> None:
    for path, status in (
        ("/api/workforce/v1/service-tokens", 404),
        ("/api/nothing/v1/things", 404),
        ("/", 404),
        ("/api/intake/v1/caseload", 401),
    ):
        answer = http.get(path)
        assert answer.status_code == status, f"{path}: {answer.status_code}"
        assert answer.headers["content-type"] == "application/problem+json", path
        for name in ("content-security-policy", "x-content-type-options", "referrer-policy", "x-frame-options"):
            assert name in answer.headers, f"{path}: no {name}"
        assert "server" not in answer.headers, path
    for service in ("workforce", *HEARERS):
        answered(http.get(f"/api/{service}/health"), 200)


def open_agency(http: httpx.Client) -> Caller:
    email = f"admin-{uuid.uuid4().hex}@agency.example"
    body = {
        "agency_id": str(uuid.uuid4()),
        "name": "Riverbend",
        "zone": ZONE,
        "administrator_name": "Ada Okafor",
        "administrator_email": email,
    }
    headers = {"Authorization": f"Bearer {read(ENV_FILE)['OPERATOR_TOKEN']}"}
    opened = answered(http.post("/api/workforce/v1/agencies", json=body, headers=headers), 201)
    return sign_in(http, opened["administrator_id"], email, opened["one_time_password"])


def sign_in(http: httpx.Client, staff_id: str, email: str, one_time: str) -> Caller:
    body = {"email": email, "password": one_time, "new_password": PASSWORD}
    tokens = answered(http.post("/api/workforce/v1/sign-ins", json=body), 200)
    return Caller(http, tokens["access_token"], staff_id)


async def start_serving(administrator: Caller) -> None:
    async with httpx.AsyncClient(base_url=URL, timeout=30) as http:
        await go_live(http, administrator.token)


def staff_program(administrator: Caller) -> tuple[Caller, str]:
    """Open a program; add a peer with a credential and a supervisor. Return the peer, signed in, and the program."""
    program = administrator.made("/api/workforce/v1/programs", {"name": "Outreach", "opened_on": "2020-01-01"})
    supervisor, peer = add_staff(administrator, "supervisor"), add_staff(administrator, "peer")
    credential = {
        "staff_id": peer.id,
        "credential_type": "certified_peer_specialist",
        "specialty": "substance_use",
        "issuer": "State board",
        "valid_from": "2020-01-01",
        "valid_to": "2099-12-31",
    }
    administrator.made("/api/workforce/v1/credentials", credential)
    supervision = {"staff_id": peer.id, "supervisor_id": supervisor.id, "valid_from": "2020-01-01"}
    administrator.made("/api/workforce/v1/supervisor-assignments", supervision)
    return peer, str(program["id"])


def add_staff(administrator: Caller, role: str) -> Caller:
    email = f"{role}-{uuid.uuid4().hex}@agency.example"
    body = {"name": "Sam Rivera", "email": email, "roles": [role], "employed_from": "2020-01-01"}
    staff_id = administrator.made("/api/workforce/v1/staff", body)["id"]
    given = administrator.made(f"/api/workforce/v1/staff/{staff_id}/one-time-passwords", {})
    return sign_in(administrator.http, staff_id, email, given["one_time_password"])


def wait_until_heard(administrator: Caller) -> None:
    """Wait until every service has applied whatever was recorded before this moment."""
    now = datetime.now(UTC)

    def has_heard(service: str) -> bool:
        heard = administrator.get(f"/api/{service}/v1/freshness")["heard"]
        return bool(heard) and all(datetime.fromisoformat(one["as_of"]) > now for one in heard)

    for service in HEARERS:
        eventually(f"{service} has heard everything", lambda service=service: has_heard(service))


def today() -> date:
    return datetime.now(ZoneInfo(ZONE)).date()


def enrol(administrator: Caller, peer: Caller, program_id: str) -> Enrolled:
    yesterday = str(today() - timedelta(days=1))
    participant_id = administrator.made("/api/intake/v1/participants", {"name": PERSON})["id"]
    notice = {"version": "2026-02", "language": "en", "channel": "paper"}
    administrator.made(f"/api/intake/v1/participants/{participant_id}/notices", notice)
    consent = CONSENT | {"participant_id": participant_id, "signed_at": datetime.now(UTC).isoformat()}
    administrator.made("/api/intake/v1/consents", consent)
    episode = {"participant_id": participant_id, "program_id": program_id, "opened_on": yesterday}
    episode_id = administrator.made("/api/intake/v1/episodes", episode)["id"]
    administrator.made(f"/api/intake/v1/episodes/{episode_id}/acknowledgement", {})
    goal = {"dimension": "home", "stated_by": "participant", "words": "A canary flat", "active_from": yesterday}
    plan = administrator.made("/api/intake/v1/plans", {"episode_id": episode_id, "goals": [goal]})
    assignment = {"participant_id": participant_id, "episode_id": episode_id, "staff_id": peer.id}
    administrator.made("/api/intake/v1/assignments", assignment | {"valid_from": yesterday})
    return Enrolled(participant_id, episode_id, plan["goal_ids"][0])


CONSENT: dict[str, Any] = {
    "consent_type": "named_recipients",
    "name_as_signed": PERSON,
    "disclosers": ["Riverbend"],
    "categories": ["substance_use_disorder", "attendance"],
    "recipients": [{"name": "County Housing", "covered_entity": False}],
    "purposes": ["housing"],
    "right_to_revoke_statement": "right-to-revoke-2026-11",
    "how_to_revoke": "In writing to the front desk",
    "expiry": {"kind": "date", "on": "2199-12-31"},
    "signature": {"signer": PERSON, "capacity": "patient", "method": "electronic", "evidence_sha256": "ab" * 32},
}


def a_session(person: Enrolled, minutes_ago: int, **more: object) -> dict[str, Any]:
    """Return a complete session of ten minutes that began some minutes ago."""
    started_at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return {
        "participant_id": person.participant_id,
        "episode_id": person.episode_id,
        "modality": "one_on_one_mentoring",
        "delivery_method": "in_person",
        "location": "recovery_center",
        "service_code": "H0038",
        "activities": ["coaching_mentoring"],
        "started_at": started_at.isoformat(),
        "ended_at": (started_at + timedelta(minutes=10)).isoformat(),
        "goal_ids": [person.goal_id],
        "outcome": "completed",
        "note": NOTE,
    } | more


def record_and_sign(peer: Caller, person: Enrolled) -> str:
    body, key = a_session(person, 200), str(uuid.uuid4())
    first, repeat = (peer.post("/api/session-logging/v1/sessions", body, key) for _ in range(2))
    session = answered(first, 201)
    assert repeat.content == first.content, "a repeated key answers otherwise"
    peer.put(f"/api/session-logging/v1/sessions/{session['id']}/signature", session["version"])
    return str(session["id"])


def write_through_restart(peer: Caller, person: Enrolled, compose: list[str]) -> set[str]:
    """Record ten signed sessions; from the third on, NATS is being restarted."""
    made, restart = [], None
    for number in range(10):
        if number == 3:
            restart = subprocess.Popen([*compose, "restart", "nats"], stderr=subprocess.DEVNULL)
            time.sleep(0.3)
        body = a_session(person, 180 - 12 * number, sign=True)
        made.append(peer.made("/api/session-logging/v1/sessions", body)["id"])
    assert restart is not None
    assert restart.wait(60) == 0, "NATS did not restart"
    assert len(set(made)) == 10
    return set(made)


def check_report(administrator: Caller, sessions: set[str]) -> None:
    """Ask for a report when all was heard; M01 and M16 count exactly these sessions, all of them met."""
    wait_until_heard(administrator)
    base = "/api/compliance-reporting/v1/reports"
    period = {"period_start": str(today() - timedelta(days=1)), "period_end": str(today())}
    report_id = administrator.made(base, period)["id"]
    report = administrator.get(f"{base}/{report_id}")
    figures = {one["measure_id"]: (one["numerator"], one["denominator"]) for one in report["results"]["measures"]}
    for measure in ("M01", "M16"):
        assert figures[measure] == (len(sessions), len(sessions)), f"{measure}: {figures[measure]}"
        units = administrator.get(f"{base}/{report_id}/measures/{measure}/units")["items"]
        assert sorted(units) == sorted(sessions), measure
    assert report["missing_events"] == 0


def check_message(administrator: Caller, peer: Caller) -> None:
    """Exactly one message about the assignment; it is sent where a mail server is set, and waits where none is."""

    def messages() -> list[dict[str, Any]]:
        found = administrator.get("/api/notification/v1/messages")["items"]
        return [one for one in found if one["template"] == "assignment" and one["recipient_id"] == peer.id]

    if os.environ.get("HANDRAIL_MAIL_CAUGHT"):
        eventually("the message is sent", lambda: [one["state"] for one in messages()] == ["sent"])
    assert len(messages()) == 1


def check_logs(compose: list[str]) -> None:
    logs = subprocess.run([*compose, "logs", "--no-color"], check=True, capture_output=True, text=True).stdout
    found = [line for line in logs.splitlines() if "canary" in line.lower() or "Okafor" in line or "Rivera" in line]
    assert not found, found[:3]


if __name__ == "__main__":
    main(sys.argv[1:] or ["docker", "compose"])
