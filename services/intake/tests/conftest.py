"""One agency with its people, shared by every test of intake; each test enrols participants of its own."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from handrail.testing import Caller, Platform, add_staff, open_agency

INTAKE = "/api/intake/v1"
TABLES = (
    *("participant", "imported_row", "notice", "episode", "consent", "disclosure"),
    *("assessment", "plan", "goal", "assignment"),
)
CONSENT: dict[str, Any] = {
    "consent_type": "named_recipients",
    "name_as_signed": "Maura Canary-O'Brien",
    "disclosers": ["Riverbend Recovery"],
    "categories": ["substance_use_disorder", "attendance"],
    "recipients": [{"name": "Canary County Housing", "covered_entity": False}],
    "purposes": ["housing"],
    "right_to_revoke_statement": "right-to-revoke-2026-11",
    "how_to_revoke": "In writing to the front desk",
    "expiry": {"kind": "date", "on": "2199-12-31"},
    "signature": {
        "signer": "Maura Canary-O'Brien",
        "capacity": "patient",
        "method": "electronic",
        "evidence_sha256": "ab" * 32,
    },
    "signed_at": "2026-01-05T15:00:00Z",
}
DISCLOSURE = {
    "basis": "consent",
    "recipient": {"name": "Canary County Housing"},
    "purpose": "housing",
    "categories": ["attendance"],
    "notice_statement": "notice-short-2024",
    "scope_attached": "consent_copy",
}
NOTICE_VERSIONS = ("npp-1", "2026-02", "1")  # what the tests give people


@dataclass
class Clinic:
    """An agency with one program, and a caller in each role."""

    platform: Platform
    administrator: Caller
    supervisor: Caller
    peer: Caller
    other_peer: Caller
    privacy_officer: Caller
    program_id: UUID

    async def enrol(self, **identity: object) -> UUID:
        body = {"name": "Maura Canary-O'Brien"} | identity
        return await self.administrator.created(f"{INTAKE}/participants", body)

    async def open(self, participant_id: UUID, opened_on: str = "2026-01-05") -> UUID:
        body = {"participant_id": str(participant_id), "program_id": str(self.program_id), "opened_on": opened_on}
        return await self.administrator.created(f"{INTAKE}/episodes", body)

    async def assign(self, participant_id: UUID, episode_id: UUID, to: Caller | None = None) -> UUID:
        body = {
            "participant_id": str(participant_id),
            "episode_id": str(episode_id),
            "staff_id": str((to or self.peer).staff_id),
            "valid_from": "2026-01-05",
        }
        return await self.administrator.created(f"{INTAKE}/assignments", body)

    async def assigned(self) -> tuple[UUID, UUID]:
        """Return a person in the peer's caseload, and their episode."""
        participant_id = await self.enrol()
        episode_id = await self.open(participant_id)
        await self.assign(participant_id, episode_id)
        return participant_id, episode_id

    async def left_behind(self, peer: Caller, last_day: date) -> None:
        """Let a peer have left without a successor, as a release before this one allowed."""
        sql = "update intake.staff set employed_to = :day, caseload_to = null where id = :s"
        async with self.platform.admin.begin() as connection:
            await connection.execute(text(sql), {"day": last_day, "s": peer.staff_id})

    def consent(self, participant_id: UUID, named: str = "Maura Canary-O'Brien", **terms: object) -> dict[str, Any]:
        own = {"name_as_signed": named, "signature": CONSENT["signature"] | {"signer": named}}
        return CONSENT | own | {"participant_id": str(participant_id)} | terms

    async def sign(self, participant_id: UUID, **terms: object) -> UUID:
        person = (await self.administrator.get(f"{INTAKE}/participants/{participant_id}")).json()
        body = self.consent(participant_id, **{"named": person["name"], **terms})
        return await self.administrator.created(f"{INTAKE}/consents", body)

    def disclosure(self, participant_id: UUID, consent_id: UUID | None, **wish: object) -> dict[str, Any]:
        named = {"consent_id": str(consent_id)} if consent_id else {}
        return DISCLOSURE | {"participant_id": str(participant_id)} | named | wish

    async def rows(self) -> dict[str, int]:
        """Count what the agency has in every table of intake that a refused request must leave alone."""
        counts = {
            table: await self.platform.value(
                f"select count(*) from intake.{table} where agency_id = :a", a=self.administrator.agency_id
            )
            for table in TABLES
        }
        return counts | {"events": await self.told()}

    async def told(self) -> int:
        """Count the events told so far."""
        both = " + ".join(
            f"(select count(*) from intake.{table} where agency_id = :agency)" for table in ("outbox", "ledger")
        )
        return int(await self.platform.value(f"select {both}", agency=self.administrator.agency_id))

    async def refusals(self) -> int:
        """Count the audit entries of what was refused."""
        sql = (
            "select count(*) from (select agency_id, outcome from intake.audit union all "
            "select agency_id, outcome from intake.audit_pending) a where agency_id = :agency and outcome = 'refused'"
        )
        return int(await self.platform.value(sql, agency=self.administrator.agency_id))

    async def events(self, aggregate_id: UUID | None = None) -> list[Any]:
        """Return the events told so far, in order, of one aggregate or of the agency."""
        sql = (
            "select type, aggregate_id, aggregate_seq, payload from (select * from intake.outbox union all "
            "select null, event_id, agency_id, aggregate_id, aggregate_seq, type, payload, traceparent, recorded_at "
            "from intake.ledger) e where agency_id = :agency and (cast(:one as uuid) is null or aggregate_id = :one) "
            "order by aggregate_seq, event_id"
        )
        return await self.platform.fetch(sql, agency=self.administrator.agency_id, one=aggregate_id)


@pytest_asyncio.fixture(scope="session")
async def clinic(platform: Platform, http: httpx.AsyncClient) -> AsyncGenerator[Clinic]:
    administrator = await open_agency(http, platform)
    body = {"name": "Canary Peer Program", "opened_on": "2025-01-01"}
    program_id = await administrator.created("/api/workforce/v1/programs", body)
    supervisor, peer, other, officer = await asyncio.gather(
        add_staff(administrator, "supervisor"),
        add_staff(administrator, "peer"),
        add_staff(administrator, "peer"),
        add_staff(administrator, "privacy_officer"),
    )
    await heard(platform, administrator.agency_id)
    for version in NOTICE_VERSIONS:
        text = {"notice_version": version, "language": "en", "words": "Canary notice", "effective_on": "2020-01-01"}
        await administrator.created(f"{INTAKE}/notice-texts", text)
    yield Clinic(platform, administrator, supervisor, peer, other, officer, program_id)


@pytest_asyncio.fixture(scope="session")
async def stranger(platform: Platform, http: httpx.AsyncClient) -> Caller:
    """The administrator of another agency, which intake knows."""
    administrator = await open_agency(http, platform)
    await platform.eventually("select count(*) from intake.agency where id = :a", 1, a=administrator.agency_id)
    return administrator


async def heard(platform: Platform, agency_id: UUID | None) -> None:
    """Wait until intake knows the agency, its program and its five members of staff."""
    for table, expected in (("agency", 1), ("program", 1), ("staff", 5)):
        await platform.eventually(f"select count(*) from intake.{table} where agency_id = :a", expected, a=agency_id)


@pytest.fixture
def nobody() -> UUID:
    """An id that nothing has."""
    return uuid4()
