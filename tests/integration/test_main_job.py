"""From enrolment to report: what one service records, the others hear, and the report counts."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest_asyncio

from handrail.demo.agency import consent
from handrail.testing import Caller, Platform, add_staff

INTAKE, SESSIONS, REPORTS = "/api/intake/v1", "/api/session-logging/v1", "/api/compliance-reporting/v1"
ZONE = "America/Chicago"


class Center:
    """An agency with one program, one credentialed peer with a supervisor, and one person enrolled today."""

    def __init__(self, administrator: Caller, peer: Caller, supervisor: Caller) -> None:
        self.administrator, self.peer, self.supervisor = administrator, peer, supervisor
        self.program_id = self.participant_id = self.episode_id = UUID(int=0)
        self.goal_id = ""

    @property
    def today(self) -> str:
        return datetime.now(ZoneInfo(ZONE)).date().isoformat()

    @property
    def day(self) -> str:
        """The day on which the session began: just after midnight it is yesterday's."""
        return (datetime.now(ZoneInfo(ZONE)) - timedelta(minutes=45)).date().isoformat()

    def session(self, **changes: Any) -> dict[str, Any]:
        now = datetime.now(UTC)
        return {
            "participant_id": str(self.participant_id),
            "episode_id": str(self.episode_id),
            "modality": "one_on_one_mentoring",
            "delivery_method": "in_person",
            "location": "recovery_center",
            "service_code": "H0038",
            "activities": ["coaching_mentoring"],
            "started_at": (now - timedelta(minutes=40)).isoformat(),
            "ended_at": (now - timedelta(minutes=10)).isoformat(),
            "goal_ids": [self.goal_id],
            "outcome": "completed",
            "note": {"summary": "Talked.", "progress": "A step.", "response": "Glad.", "events": "None."},
        } | changes


async def eventually_created(caller: Caller, path: str, body: dict[str, Any]) -> UUID:
    """POST until what the body refers to has been heard of; another answer than 404 or 503 is final."""
    for _ in range(200):
        answer = await caller.post(path, body)
        if answer.status_code not in (404, 422, 503):
            break
        await asyncio.sleep(0.05)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


@pytest_asyncio.fixture
async def center(platform: Platform, http: httpx.AsyncClient, administrator: Caller) -> Center:
    peer, supervisor = await add_staff(administrator, "peer"), await add_staff(administrator, "supervisor")
    made = Center(administrator, peer, supervisor)
    program = {"name": "Center", "opened_on": "2025-01-01", "required_specialty": "substance_use"}
    made.program_id = await administrator.created("/api/workforce/v1/programs", program)
    credential = {
        "staff_id": str(peer.staff_id),
        "credential_type": "certified_peer_specialist",
        "specialty": "substance_use",
        "issuer": "Board",
        "valid_from": "2025-01-01",
        "valid_to": "2099-12-31",
    }
    await administrator.created("/api/workforce/v1/credentials", credential)
    made.participant_id = await eventually_created(peer, f"{INTAKE}/participants", {"name": "李 O'Brien"})
    notice = {"version": "2026-02", "language": "en", "channel": "paper"}
    await eventually_created(supervisor, f"{INTAKE}/participants/{made.participant_id}/notices", notice)
    episode = {"participant_id": str(made.participant_id), "program_id": str(made.program_id), "opened_on": made.day}
    made.episode_id = await eventually_created(supervisor, f"{INTAKE}/episodes", episode)
    assignment = {
        "participant_id": str(made.participant_id),
        "episode_id": str(made.episode_id),
        "staff_id": str(peer.staff_id),
        "valid_from": made.day,
    }
    await eventually_created(supervisor, f"{INTAKE}/assignments", assignment)
    goal = {"dimension": "home", "stated_by": "participant", "words": "A quiet room", "active_from": made.day}
    plan = {
        "episode_id": str(made.episode_id),
        "goals": [goal],
        "declined_dimensions": ["health", "purpose", "community"],
    }
    made.goal_id = (await peer.post(f"{INTAKE}/plans", plan)).json()["goal_ids"][0]
    return made


async def report(center: Center) -> dict[str, Any]:
    """Return the measures of today's report by id."""
    body = {"period_start": center.day, "period_end": center.today}
    report_id = await center.administrator.created(f"{REPORTS}/reports", body)
    found = (await center.administrator.get(f"{REPORTS}/reports/{report_id}")).json()
    return {measure["measure_id"]: measure for measure in found["results"]["measures"]}


async def test_a_signed_session_is_counted(platform: Platform, center: Center) -> None:
    before = await report(center)

    session_id = await eventually_created(center.peer, f"{SESSIONS}/sessions", center.session(sign=True))

    fact = "select count(*) from compliance_reporting.fact_session where id = :id and status = 'signed'"
    await platform.eventually(fact, 1, id=session_id)
    after = await report(center)
    for measure in ("M01", "M16", "M17", "M22"):
        assert (before[measure]["numerator"], before[measure]["denominator"]) == (0, 0), measure
        assert (after[measure]["numerator"], after[measure]["denominator"]) == (1, 1), (measure, after[measure])
    assert before["M01"]["verdict"] == "NA"
    assert after["M01"]["verdict"] == "PASS"


async def test_a_disclosure_on_a_consent_is_counted_and_one_beyond_it_is_refused(
    platform: Platform, center: Center
) -> None:
    terms = consent("李 O'Brien", (datetime.now(UTC) - timedelta(minutes=1)).isoformat())
    consent_id = await center.peer.created(f"{INTAKE}/consents", {"participant_id": str(center.participant_id)} | terms)
    wish = {
        "participant_id": str(center.participant_id),
        "basis": "consent",
        "consent_id": str(consent_id),
        "recipient": {"name": "County Health Clinic"},
        "purpose": "treatment",
        "categories": ["attendance"],
        "notice_statement": "notice-short-2024",
        "scope_attached": "consent_copy",
    }

    disclosure_id = await center.peer.created(f"{INTAKE}/disclosures", wish)
    beyond = await center.peer.post(f"{INTAKE}/disclosures", wish | {"purpose": "employment"})

    assert beyond.status_code == 409
    await platform.eventually(
        "select count(*) from compliance_reporting.fact_disclosure where id = :id", 1, id=disclosure_id
    )
    measure = (await report(center))["M12"]
    assert (measure["numerator"], measure["denominator"], measure["verdict"]) == (1, 1, "PASS")


async def test_one_trace_crosses_five_services(platform: Platform, center: Center) -> None:
    """An assignment: intake's request and relay, then everybody who hears of it."""
    question = (
        "select split_part(traceparent, '-', 2) from intake.ledger "
        "where type like '%peer-assigned%' and agency_id = :agency"
    )
    await platform.eventually(
        "select count(*) from intake.ledger where type like '%peer-assigned%' and agency_id = :agency",
        1,
        agency=center.administrator.agency_id,
    )
    trace_id = await platform.value(question, agency=center.administrator.agency_id)

    def services() -> set[str]:
        spans = [span for span in platform.spans.get_finished_spans() if f"{span.context.trace_id:032x}" == trace_id]
        return {str(span.resource.attributes["service.name"]) for span in spans}

    for _ in range(200):
        if len(services()) == 5:
            break
        await asyncio.sleep(0.05)
    assert services() == {"intake", "workforce", "session-logging", "compliance-reporting", "notification"}


async def test_nothing_that_names_anybody_leaves_the_sealed_columns(platform: Platform, center: Center) -> None:
    note = {"summary": "Canary-summary", "next_step": "Canary-step"}
    await eventually_created(center.peer, f"{SESSIONS}/sessions", center.session(note=note))

    for entry in platform.services:
        for table in ("outbox", "ledger", "audit", "audit_pending", "idempotency", "inbox", "dead_letter"):
            rows = await platform.fetch(f"select t::text as row from {entry.service.schema}.{table} t")
            text = "\n".join(row["row"] for row in rows)
            for canary in ("O'Brien", "李", "quiet room", "Canary"):
                assert canary not in text, (entry.service.name, table, canary)
    attributes = [str(span.attributes) + span.name for span in platform.spans.get_finished_spans()]
    assert not [one for one in attributes if "O'Brien" in one or "Canary" in one]
