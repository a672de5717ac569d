"""An agency as the public HTTP API sees it: sign-in, setting up, and the bodies that history is imported with."""

import hashlib
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from handrail.demo.people import QUARTER, ZONE, Person
from handrail.demo.quarter import HOLIDAYS, KINDS, PROGRESS, RESPONSES, SUMMARIES, Group, Line
from handrail.going_live import go_live

SOURCE = "teds-d-2023"
PROGRAMS = ("Recovery center", "Telephone support", "Street outreach")
PEERS_OF_PROGRAM = [[0, 1, 2], [3, 4], [5]]
DIMENSIONS = ("health", "home", "purpose", "community")
GOALS = (
    "Sleep through the night without using",
    "A place of my own where it is quiet",
    "Work I can be proud of",
    "People to call on a bad day",
)


class DemoFailed(Exception):
    """The platform refused something that the demo asked for."""


@dataclass
class Caller:
    """Somebody signed in over HTTP."""

    http: httpx.AsyncClient
    token: str = ""

    async def post(self, path: str, body: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": str(uuid.uuid4())}
        return _checked(await self.http.post(path, json=body, headers=headers), path)

    async def put(self, path: str, body: Any, version: int) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "If-Match": f'"{version}"'}
        return _checked(await self.http.put(path, json=body, headers=headers), path)

    async def get(self, path: str) -> dict[str, Any]:
        return _checked(await self.http.get(path, headers={"Authorization": f"Bearer {self.token}"}), path)

    async def text(self, path: str) -> str:
        answer = await self.http.get(path, headers={"Authorization": f"Bearer {self.token}"})
        if answer.status_code != 200:
            raise DemoFailed(f"{path} answered {answer.status_code}")
        return answer.text


def _checked(answer: httpx.Response, path: str) -> dict[str, Any]:
    if answer.status_code >= 400:
        raise DemoFailed(f"{path} answered {answer.status_code}: {answer.text[:500]}")
    found: dict[str, Any] = answer.json()
    return found


@dataclass
class Agency:
    """The demo's agency: its administrator, programs and staff."""

    http: httpx.AsyncClient
    administrator: Caller
    programs: list[str] = field(default_factory=list)
    peers: list[str] = field(default_factory=list)
    supervisor: str = ""
    emails: dict[str, str] = field(default_factory=dict)
    episodes: dict[str, dict[str, Any]] = field(default_factory=dict)  # by external id


async def open_agency(http: httpx.AsyncClient, operator_token: str) -> Agency:
    """Open the agency as the operator, sign its administrator in, and go live."""
    email = f"administrator-{uuid.uuid4().hex[:8]}@riverbend.example"
    body = {
        "agency_id": str(uuid.uuid4()),
        "name": "Riverbend Recovery Community",
        "zone": ZONE,
        "holidays": [day.isoformat() for day in HOLIDAYS],
        "administrator_name": "Ada Okafor",
        "administrator_email": email,
    }
    headers = {"Authorization": f"Bearer {operator_token}"}
    opened = _checked(await http.post("/api/workforce/v1/agencies", json=body, headers=headers), "agencies")
    administrator = await sign_in(http, email, opened["one_time_password"])
    await go_live(http, administrator.token, names=["Riverbend Recovery Community"])
    return Agency(http, administrator)


async def sign_in(http: httpx.AsyncClient, email: str, one_time_password: str) -> Caller:
    body = {"email": email, "password": one_time_password, "new_password": f"a long sentence {uuid.uuid4()}"}
    pair = _checked(await http.post("/api/workforce/v1/sign-ins", json=body), "sign-ins")
    return Caller(http, pair["access_token"])


async def sign_in_staff(agency: Agency, staff_id: str) -> Caller:
    given = await agency.administrator.post(f"/api/workforce/v1/staff/{staff_id}/one-time-passwords", {})
    return await sign_in(agency.http, agency.emails[staff_id], given["one_time_password"])


def _at(day: date, hour: int, minute: int = 0) -> str:
    return datetime.combine(day, time(hour, minute), ZoneInfo(ZONE)).isoformat()


def intake_row(person: Person, agency: Agency) -> dict[str, Any]:
    """Return one person's history for intake's import: TEDS admission and discharge values as assessments."""
    number = int(hashlib.sha256(person.external_id.encode()).hexdigest()[:8], 16)
    row: dict[str, Any] = {
        "external_id": person.external_id,
        "name": person.name,
        "birth_date": person.birth_date.isoformat(),
        "sex": person.sex,
        "enrolled_at": _at(person.opened_on, 9),
        "notice": {"version": "2026-02", "language": "en", "channel": "paper", "given_at": _at(person.opened_on, 9, 5)},
        "episode": _episode(person, agency, number),
        "consent": consent(person.name, _at(person.opened_on, 9, 10)) if number % 10 < 7 else None,
        "disclosures": _disclosures(person, number),
        "assessments": _assessments(person),
        "plan": _plan(person, number),
        "assignment": {
            "staff_id": agency.peers[person.peer],
            "valid_from": person.opened_on.isoformat(),
            "valid_to": person.closed_on.isoformat() if person.closed_on else None,
        },
    }
    return {name: value for name, value in row.items() if value is not None}


def _episode(person: Person, agency: Agency, number: int) -> dict[str, Any]:
    episode: dict[str, Any] = {
        "program_id": agency.programs[person.program],
        "opened_on": person.opened_on.isoformat(),
    }
    if number % 25:  # a few never acknowledged that taking part is voluntary
        episode["acknowledged_at"] = _at(person.opened_on, 8, 55)
    if person.closed_on:
        episode |= {"closed_on": person.closed_on.isoformat(), "reason": person.reason}
        if person.reason == "deceased":
            episode["deceased_on"] = person.closed_on.isoformat()
    return episode


def _disclosures(person: Person, number: int) -> list[dict[str, Any]]:
    """Return what the clinic was told, for some of those who consented; now and then more than the consent covers."""
    if number % 10 >= 7 or number % 4:
        return []
    told = ["attendance", "progress"] if number % 37 else ["attendance", "assessments"]
    disclosure = {
        "basis": "consent",
        "recipient": {"name": "County Health Clinic"},
        "purpose": "care_coordination",
        "categories": told,
        "notice_statement": "notice-short-2024",
        "scope_attached": "consent_copy",
        "made_at": _at(person.opened_on + timedelta(days=number % 9), 15),
    }
    return [disclosure]


def _assessments(person: Person) -> list[dict[str, Any]]:
    points = [("baseline", person.opened_on, person.admission)]
    if person.closed_on and person.reason != "deceased":
        points.append(("closeout", person.closed_on, person.discharge))
    return [
        {"point": point, "collected_on": day.isoformat()} | _answers(answers)
        for point, day, answers in points
        if answers
    ]


def _answers(answers: dict[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in answers.items() if name != "use_days"}
    if "use_days" in answers:
        told["use_days"] = {"primary": answers["use_days"]}
    return told


def _plan(person: Person, number: int) -> dict[str, Any] | None:
    """Return a plan for most people: some late, some without a dimension or a goal in the person's own words."""
    late = number % 17 == 0
    agreed_on = person.opened_on + timedelta(days=40 if late else number % 20)
    if number % 23 == 0 or agreed_on > (person.closed_on or QUARTER[1]):
        return None
    wanted = [place for place in range(4) if (number >> place) % 4 or place == 0]
    left_out = [DIMENSIONS[place] for place in range(4) if place not in wanted]
    return {
        "agreed_at": _at(agreed_on, 10),
        "goals": [
            {
                "dimension": DIMENSIONS[place],
                "stated_by": "staff" if number % 11 == 0 else "participant",
                "words": GOALS[place],
                "active_from": agreed_on.isoformat(),
            }
            for place in wanted
        ],
        "declined_dimensions": left_out if number % 3 else [],
    }


def consent(name: str, signed_at: str) -> dict[str, Any]:
    """Return a consent with every element of 42 CFR 2.31, to one named recipient."""
    return {
        "consent_type": "named_recipients",
        "name_as_signed": name,
        "disclosers": ["Riverbend Recovery Community"],
        "categories": ["substance_use_disorder", "attendance", "progress"],
        "recipients": [{"name": "County Health Clinic", "covered_entity": True}],
        "redisclosure_statement": "redisclosure-2026-11",
        "purposes": ["treatment", "care_coordination"],
        "right_to_revoke_statement": "right-to-revoke-2026-11",
        "how_to_revoke": "In writing, to the front desk",
        "expiry": {"kind": "date", "on": "2027-06-30"},
        "signature": {
            "signer": name,
            "capacity": "patient",
            "method": "electronic",
            "evidence_sha256": hashlib.sha256(name.encode()).hexdigest(),
        },
        "signed_at": signed_at,
    }


def session_row(line: Line, agency: Agency) -> dict[str, Any]:
    """Return one session for session-logging's import."""
    modality, method, location, _, activities = KINDS[line.kind]
    return {
        "external_id": line.external_id,
        "staff_id": agency.peers[line.peer],
        "modality": modality,
        "delivery_method": method,
        "location": location,
        "service_code": "H0038",
        "activities": activities,
        **_when(line),
        **_told(line, agency),
    }


def _when(line: Line | Group) -> dict[str, Any]:
    ended_at = line.started_at + timedelta(minutes=line.minutes)
    return {
        "started_at": line.started_at.isoformat(),
        "ended_at": ended_at.isoformat(),
        "recorded_at": line.recorded_at.isoformat(),
        "signed_at": line.signed_at.isoformat() if line.signed_at else None,
    }


def _told(line: Line, agency: Agency) -> dict[str, Any]:
    known = agency.episodes[line.person.external_id]
    note: dict[str, Any] = {
        "summary": SUMMARIES[line.words % len(SUMMARIES)],
        "progress": PROGRESS[line.words % len(PROGRESS)],
        "events": "None out of the ordinary.",
        "next_step": "Meet again next week.",
    }
    if line.is_complete:
        note["response"] = RESPONSES[line.words % len(RESPONSES)]
    goals = known["goal_ids"] if line.has_goal and known["plan_from"] <= line.started_at.date().isoformat() else []
    return {
        "participant_id": known["participant_id"],
        "episode_id": known["episode_id"],
        "outcome": line.outcome,
        "goal_ids": goals[: 1 + line.words % 2],
        "note": note,
    }


def group_row(group: Group, agency: Agency) -> dict[str, Any]:
    """Return one group with its roster for session-logging's import."""
    return {
        "external_id": group.external_id,
        "program_id": agency.programs[0],
        "staff_id": agency.peers[group.peer],
        "delivery_method": "in_person",
        "location": "recovery_center",
        "service_code": "H0038",
        "activities": ["group_facilitation", "skill_building"],
        **_when(group),
        "attendees": [_told(line, agency) for line in group.lines],
    }
