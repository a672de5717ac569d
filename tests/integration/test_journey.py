"""From a referral to a plan: what the demo's second act leaves behind in intake, and what the others hear of it."""

import io
import json
from typing import Any

import httpx
import pytest_asyncio
from rich.console import Console

from handrail.demo.agency import Agency, open_agency
from handrail.demo.journey import bundles, journey
from handrail.demo.run import heard
from handrail.demo.setting_up import set_up
from handrail.testing import Platform, client

INTAKE = "/api/intake/v1"


@pytest_asyncio.fixture(scope="session")
async def gone(platform: Platform) -> Any:
    """An agency in which the journey was made, and what it printed."""
    async with client(platform) as http:
        http.timeout = httpx.Timeout(120)
        agency = await open_agency(http, platform.secrets["OPERATOR_TOKEN"])
        await set_up(agency)
        await heard(agency.administrator, "intake")
        printed = io.StringIO()
        await journey(Console(file=printed, width=200), agency)
        yield agency, printed.getvalue()


async def test_the_journey_says_what_came_of_it(gone: Any) -> None:
    _, printed = gone

    assert "6 FHIR bundles taken in" in printed
    assert "70 of 70 points" in printed
    assert "BARC-10: 32 at first, 48 now" in printed
    assert "missing: nothing" in printed
    assert "693 of 693 rows" in printed
    assert "360 of 360 rows" in printed
    assert "for an employer's purpose refused (purpose-not-covered)" in printed
    assert "Package: handed_over" in printed
    assert "by the person's own code (revoked); the package that waited is cancelled" in printed
    assert "applied by compliance-reporting, notification, session-logging" in printed
    assert "1 disclosure in three years" in printed


async def test_six_referrals_wait_or_are_connected(gone: Any) -> None:
    agency, _ = gone

    queue = (await agency.administrator.get(f"{INTAKE}/referrals?limit=100"))["items"]

    assert sorted(one["status"] for one in queue) == ["connected", *["received"] * 5]


async def test_the_matched_peer_is_known_to_session_logging(platform: Platform, gone: Any) -> None:
    agency: Agency = gone[0]
    question = "select a.participant_id, a.staff_id from intake.assignment a where a.staff_id = any(:peers)"
    [assigned] = await platform.fetch(question, peers=[*agency.peers])

    await platform.eventually(
        "select count(*) from session_logging.assignment where participant_id = :who and staff_id = :peer",
        1,
        who=assigned["participant_id"],
        peer=assigned["staff_id"],
    )
    assert str(assigned["staff_id"]) == agency.peers[1]  # who speaks Spanish and lives by medication


async def test_nobody_is_named_outside_the_sealed_columns(platform: Platform, gone: Any) -> None:
    patients = [
        entry["resource"]
        for bundle in bundles()
        for entry in json.loads(bundle)["entry"]
        if entry["resource"]["resourceType"] == "Patient"
    ]
    canaries = {name["family"] for patient in patients for name in patient["name"]}
    canaries |= {line for patient in patients for address in patient["address"] for line in address["line"]}
    canaries |= {"the library", "I show up", "Yes, that is my plan"}
    assert len(patients) == 6

    for entry in platform.services:
        for table in ("outbox", "ledger", "audit", "audit_pending", "idempotency", "inbox", "dead_letter"):
            rows = await platform.fetch(f"select t::text as row from {entry.service.schema}.{table} t")
            text = "\n".join(row["row"] for row in rows)
            assert [one for one in canaries if one in text] == [], (entry.service.name, table)
    for table in ("referral", "referral_step", "participant", "safe_contact", "plan", "goal", "plan_agreement"):
        rows = await platform.fetch(f"select t::text as row from intake.{table} t")
        assert [one for one in canaries if one in "\n".join(row["row"] for row in rows)] == [], table
