"""One accounting for what any service tells outside, and what was told before a revocation."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest_asyncio

from handrail.demo.agency import consent
from handrail.testing import Caller, Platform, add_staff

INTAKE, SESSIONS = "/api/intake/v1", "/api/session-logging/v1"
CLINIC = "County Health Clinic"


class Spoken:
    """One person with a consent that names a clinic, and the peer who serves them."""

    def __init__(self, administrator: Caller, peer: Caller) -> None:
        self.administrator, self.peer = administrator, peer
        self.participant_id = self.consent_id = UUID(int=0)

    def contact(self, at: datetime | None = None) -> dict[str, Any]:
        return {
            "participant_id": str(self.participant_id),
            "consent_id": str(self.consent_id),
            "recipient_place": 0,
            "role": "treatment_provider",
            "contacted_at": (at or datetime.now(UTC)).isoformat(),
            "method": "telephone",
            "minutes": 5,
            "note": "Asked for the next appointment.",
        }

    def telling(self) -> dict[str, Any]:
        return {
            "participant_id": str(self.participant_id),
            "consent_id": str(self.consent_id),
            "basis": "consent",
            "recipient": {"name": CLINIC},
            "purpose": "treatment",
            "categories": ["attendance"],
            "notice_statement": "notice-short-2024",
            "scope_attached": "explanation",
        }


@pytest_asyncio.fixture
async def spoken(platform: Platform, administrator: Caller) -> Spoken:
    peer = await add_staff(administrator, "peer")
    it = Spoken(administrator, peer)
    program = {"name": "Center", "opened_on": "2025-01-01"}
    program_id = await administrator.created("/api/workforce/v1/programs", program)
    await platform.eventually("select count(*) from intake.program where id = :id", 1, id=program_id)
    await platform.eventually("select count(*) from intake.staff where id = :id", 1, id=peer.staff_id)
    it.participant_id = await administrator.created(f"{INTAKE}/participants", {"name": "Ana Canary"})
    episode = {"participant_id": str(it.participant_id), "program_id": str(program_id), "opened_on": "2026-01-05"}
    episode_id = await administrator.created(f"{INTAKE}/episodes", episode)
    assignment = {
        "participant_id": str(it.participant_id),
        "episode_id": str(episode_id),
        "staff_id": str(peer.staff_id),
        "valid_from": "2026-01-05",
    }
    await administrator.created(f"{INTAKE}/assignments", assignment)
    signed_at = (datetime.now(UTC) - timedelta(minutes=30)).isoformat()
    terms = {"participant_id": str(it.participant_id)} | consent("Ana Canary", signed_at)
    it.consent_id = await peer.created(f"{INTAKE}/consents", terms)
    heard = "select count(*) from session_logging.consent where id = :id"
    await platform.eventually(heard, 1, id=it.consent_id)
    return it


async def test_what_is_told_in_any_service_is_a_line_of_one_accounting(platform: Platform, spoken: Spoken) -> None:
    """Compared with a count over the tables of every way out, which knows nothing of the ledger."""
    await spoken.peer.created(f"{SESSIONS}/collateral-contacts", spoken.contact())
    await spoken.peer.created(f"{INTAKE}/disclosures", spoken.telling())
    wish = spoken.telling() | {"view": "attendance_only", "channel": "fax"}
    package = (await spoken.peer.post(f"{INTAKE}/packages", wish)).json()
    await spoken.peer.put(f"{INTAKE}/packages/{package['id']}/handover", {}, package["version"])
    lines = "select count(*) from intake.disclosure where participant_id = :p"
    await platform.eventually(lines, 3, p=spoken.participant_id)

    accounting = (await spoken.peer.get(f"{INTAKE}/participants/{spoken.participant_id}/accounting", years=3)).json()
    ways_out = await platform.value(
        """
        select (select count(*) from session_logging.collateral_contact where participant_id = :p)
            + (select count(*) from intake.package where participant_id = :p and state = 'handed_over')
            + (select count(*) from (select action, subject_id, detail from intake.audit union all
                  select action, subject_id, detail from intake.audit_pending) a
               where action = 'disclosure.make' and subject_id = :p and detail ->> 'path' = 'recorded')
        """,
        p=spoken.participant_id,
    )

    assert len(accounting["entries"]) == ways_out == 3
    assert {entry["recipient"]["name"] for entry in accounting["entries"]} == {CLINIC}
    counted = "select count(*) from compliance_reporting.fact_disclosure where consent_id = :c and basis_valid"
    await platform.eventually(counted, 3, c=spoken.consent_id)


async def test_a_contact_of_before_the_revocation_is_still_recorded(platform: Platform, spoken: Spoken) -> None:
    spoken_at = datetime.now(UTC)
    await spoken.peer.put(f"{INTAKE}/consents/{spoken.consent_id}/revocation", {}, 1)
    heard = "select count(*) from session_logging.consent where id = :id and status = 'revoked'"
    await platform.eventually(heard, 1, id=spoken.consent_id)

    earlier = await spoken.peer.post(f"{SESSIONS}/collateral-contacts", spoken.contact(spoken_at))

    assert earlier.status_code == 201, earlier.text
    valid = "select count(*) from intake.disclosure where participant_id = :p and basis_valid"
    await platform.eventually(valid, 1, p=spoken.participant_id)
