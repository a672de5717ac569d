"""A consent on its way through every service, and what left elsewhere in the accounting."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest_asyncio

from handrail.demo.agency import consent
from handrail.testing import Caller, Platform, add_staff

INTAKE, REPORTS = "/api/intake/v1", "/api/compliance-reporting/v1/reports"
CONTACTS = "/api/session-logging/v1/collateral-contacts"
AUDIT = {
    "kind": "audit_evaluation",
    "services": "Looks at the quarter's figures",
    "categories": ["demographics"],
    "valid_from": "2026-01-01",
    "valid_to": "2199-12-31",
    "promises": ["agrees_to_limits"],
    "agreed_by": "The county auditor",
    "evidence_sha256": "ab" * 32,
}


class Served:
    """Somebody whom a peer serves, with a consent that names a clinic."""

    def __init__(self, administrator: Caller, supervisor: Caller, peer: Caller) -> None:
        self.administrator, self.supervisor, self.peer = administrator, supervisor, peer
        self.participant_id = self.episode_id = self.consent_id = UUID(int=0)

    def contact(self, at: datetime) -> dict[str, Any]:
        return {
            "participant_id": str(self.participant_id),
            "consent_id": str(self.consent_id),
            "recipient_place": 0,
            "role": "treatment_provider",
            "contacted_at": at.isoformat(),
            "method": "telephone",
            "minutes": 5,
            "note": "Canary: asked for a place.",
        }


@pytest_asyncio.fixture
async def served(platform: Platform, http: httpx.AsyncClient, administrator: Caller) -> Served:
    peer, supervisor = await add_staff(administrator, "peer"), await add_staff(administrator, "supervisor")
    made = Served(administrator, supervisor, peer)
    program_id = await administrator.created("/api/workforce/v1/programs", {"name": "C", "opened_on": "2025-01-01"})
    for table, one in (("program", program_id), ("staff", peer.staff_id), ("staff", supervisor.staff_id)):
        await platform.eventually(f"select count(*) from intake.{table} where id = :id", 1, id=one)
    today = datetime.now(ZoneInfo("America/Chicago")).date().isoformat()
    made.participant_id = await supervisor.created(f"{INTAKE}/participants", {"name": "李 O'Brien"})
    person = {"participant_id": str(made.participant_id)}
    episode = person | {"program_id": str(program_id), "opened_on": today}
    made.episode_id = await supervisor.created(f"{INTAKE}/episodes", episode)
    assignment = person | {"episode_id": str(made.episode_id), "staff_id": str(peer.staff_id), "valid_from": today}
    await supervisor.created(f"{INTAKE}/assignments", assignment)
    signed_at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    made.consent_id = await supervisor.created(f"{INTAKE}/consents", person | consent("李 O'Brien", signed_at))
    heard = "select count(*) from session_logging.consent where id = :id"
    await platform.eventually(heard, 1, id=made.consent_id)
    return made


async def told(platform: Platform, by: str, count: int, participant_id: UUID) -> list[Any]:
    where = "from intake.disclosure where participant_id = :who and told_by = :by"
    await platform.eventually(f"select count(*) {where}", count, who=participant_id, by=by)
    return await platform.fetch(f"select * {where} order by made_at", who=participant_id, by=by)


async def test_a_revocation_is_applied_everywhere_and_nothing_outside_follows_it(
    platform: Platform, served: Served
) -> None:
    contact_id = await served.peer.created(CONTACTS, served.contact(datetime.now(UTC) - timedelta(seconds=1)))
    [line] = await told(platform, "session-logging", 1, served.participant_id)
    assert (line["told_id"], line["consent_id"], line["basis_valid"]) == (contact_id, served.consent_id, True)

    path = f"{INTAKE}/consents/{served.consent_id}"
    read = await served.supervisor.get(path)
    revocation = {"method": "paper", "evidence_sha256": "cd" * 32}
    revoked = await served.supervisor.put(f"{path}/revocation", revocation, read.json()["version"])
    assert revoked.status_code == 200, revoked.text

    applied = (
        "select string_agg(service, ' ' order by service) from intake.consent_applied where id = :id and seq = :seq"
    )
    seq = revoked.json()["version"]
    services = "compliance-reporting notification session-logging"
    await platform.eventually(applied, services, id=served.consent_id, seq=seq)
    late = await served.peer.post(CONTACTS, served.contact(datetime.now(UTC)))
    assert (late.status_code, late.json()["type"]) == (409, "/problems/consent-revoked")


async def test_what_an_auditor_is_shown_stands_in_the_persons_accounting(platform: Platform, served: Served) -> None:
    auditor = await add_staff(served.administrator, "auditor")
    today = datetime.now(ZoneInfo("America/Chicago")).date().isoformat()
    episode = "select count(*) from compliance_reporting.fact_episode where id = :id"
    await platform.eventually(episode, 1, id=served.episode_id)
    report_id = await served.administrator.created(REPORTS, {"period_start": today, "period_end": today})
    units = f"{REPORTS}/{report_id}/measures/M11/units"
    assert (await auditor.get(units)).json()["type"] == "/problems/agreement-not-live"

    party = {"name": "County Auditor", "kind": "regulator", "covered_entity": False}
    party_id = await served.supervisor.created(f"{INTAKE}/parties", party)
    agreement_id = await served.administrator.created(f"{INTAKE}/agreements", AUDIT | {"party_id": str(party_id)})
    heard = "select count(*) from compliance_reporting.fact_agreement where id = :id"
    await platform.eventually(heard, 1, id=agreement_id)
    page = await auditor.get(units)

    assert page.json()["origins"] == {str(served.episode_id): "own_part2"}
    [line] = await told(platform, "compliance-reporting", 1, served.participant_id)
    assert (line["basis"], line["agreement_id"], line["made_by"]) == (
        "audit_evaluation", agreement_id, auditor.staff_id,
    )  # fmt: skip
