"""What intake hears: real facts, through the bus; the other services' as their relays would publish them."""

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import nats
import pytest
import pytest_asyncio

from common.contracts import compliance_reporting, notification, session_logging
from common.contracts.codes import CollateralRole, SessionStatus
from common.contracts.envelope import ConsentAppliedFacts, Fact, Facts
from common.database import Scope, event_row
from handrail.testing import Platform, add_staff

INTAKE = "/api/intake/v1"
SIGNED_AT = datetime(2026, 1, 5, 15, tzinfo=UTC)
APPLIED = {fact.service: fact for fact in (one.CONSENT_APPLIED for one in (
    session_logging, compliance_reporting, notification,
))}  # fmt: skip


@pytest_asyncio.fixture(scope="module")
async def tell(platform: Platform, clinic: Any) -> AsyncGenerator[Any]:
    """Publish a fact of another service about this clinic."""
    client = await nats.connect(platform.addresses.nats_url("admin", platform.secrets["NATS_ADMIN_PASSWORD"]))

    async def publish(fact: Fact, facts: Facts, *, about: UUID, seq: int = 1) -> None:
        scope = Scope(clinic.administrator.agency_id, None, uuid4())
        row: Any = event_row(fact, facts, about=about, seq=seq, scope=scope, now=datetime.now(UTC))
        headers = {"Nats-Msg-Id": str(row["event_id"])}
        await client.jetstream().publish(row["type"], row["payload"].encode(), headers=headers)

    yield publish
    await client.close()


async def test_agency_program_and_staff_are_known_as_workforce_tells_them(clinic: Any) -> None:
    (agency,) = await clinic.platform.fetch(
        "select zone from intake.agency where id = :a", a=clinic.administrator.agency_id
    )
    (program,) = await clinic.platform.fetch("select opened_on from intake.program where id = :p", p=clinic.program_id)
    (peer,) = await clinic.platform.fetch(
        "select roles, employed_to from intake.staff where id = :s", s=clinic.peer.staff_id
    )

    assert agency["zone"] == "America/Chicago"
    assert program["opened_on"] == date(2025, 1, 1)
    assert (peer["roles"], peer["employed_to"]) == (["peer"], None)


async def test_who_leaves_is_known_to_have_left(clinic: Any) -> None:
    leaver = await add_staff(clinic.administrator, "peer")

    path = f"/api/workforce/v1/staff/{leaver.staff_id}/departure"
    await clinic.administrator.put(path, {"last_day": "2026-02-28"}, version=1)

    sql = "select employed_to from intake.staff where id = :s"
    await clinic.platform.eventually(sql, date(2026, 2, 28), s=leaver.staff_id)


# --- attendance


def session(session_id: UUID, participant_id: UUID, status: SessionStatus, minutes: int = 45) -> Any:
    started = datetime(2026, 3, 2, 16, tzinfo=UTC)
    return session_logging.SessionFacts.model_validate(
        {
            "session_id": session_id, "participant_id": participant_id, "episode_id": uuid4(), "program_id": uuid4(),
            "staff_id": uuid4(), "modality": "one_on_one_mentoring", "format": "individual",
            "delivery_method": "in_person", "activities": ["coaching_mentoring"], "started_at": started,
            "ended_at": started + timedelta(minutes=minutes), "zone": "America/Chicago",
            "service_date": date(2026, 3, 2), "minutes": minutes, "units": 3, "unit_method": "midpoint_8",
            "outcome": "completed", "status": status, "recorded_at": started,
            "signed_at": started if status is SessionStatus.SIGNED else None,
        }
    )  # fmt: skip


async def test_attendance_is_the_newest_state_of_each_session(clinic: Any, tell: Any) -> None:
    session_id, person = uuid4(), uuid4()
    draft, signed = (session(session_id, person, one) for one in (SessionStatus.DRAFT, SessionStatus.SIGNED))
    voided = session(session_id, person, SessionStatus.VOIDED, 30)
    seq = "select seq from intake.attendance where id = :id"

    await tell(session_logging.SESSION_SIGNED, signed, about=session_id, seq=2)
    await clinic.platform.eventually(seq, 2, id=session_id)
    await tell(session_logging.SESSION_RECORDED, draft, about=session_id, seq=1)
    await tell(session_logging.SESSION_CHANGED, voided, about=session_id, seq=3)
    await clinic.platform.eventually(seq, 3, id=session_id)

    (row,) = await clinic.platform.fetch("select * from intake.attendance where id = :id", id=session_id)
    assert (row["participant_id"], row["service_date"], row["minutes"]) == (person, date(2026, 3, 2), 30)
    assert (row["status"], row["outcome"], row["signed_at"]) == ("voided", "completed", None)


# --- consents applied elsewhere


async def test_how_far_each_service_has_applied_a_consent_only_ever_grows(clinic: Any, tell: Any) -> None:
    consent_id, now = uuid4(), datetime.now(UTC)

    for service, seqs in (("session-logging", (2, 4, 3)), ("notification", (2, 2)), ("compliance-reporting", (4,))):
        for seq in seqs:
            state = ConsentAppliedFacts(consent_id=consent_id, consent_seq=seq, applied_at=now)
            await tell(APPLIED[service], state, about=consent_id, seq=seq)
        question = "select seq from intake.consent_applied where id = :id and service = :service"
        await clinic.platform.eventually(question, max(seqs), id=consent_id, service=service)

    rows = await clinic.platform.fetch(
        "select service, seq, applied_at from intake.consent_applied where id = :id order by service", id=consent_id
    )
    assert [(row["service"], row["seq"]) for row in rows] == [
        ("compliance-reporting", 4), ("notification", 2), ("session-logging", 4),
    ]  # fmt: skip
    assert {row["applied_at"] for row in rows} == {now}


# --- what left the program elsewhere


def contact(clinic: Any, participant_id: UUID, consent_id: UUID, contacted_at: datetime) -> Any:
    return session_logging.CollateralFacts(
        contact_id=uuid4(), participant_id=participant_id, consent_id=consent_id, recipient_place=0,
        role=CollateralRole.HOUSING, staff_id=clinic.peer.staff_id, contacted_at=contacted_at,
    )  # fmt: skip


async def accounted(clinic: Any, told_id: UUID, expected: int) -> list[Any]:
    """Wait for the lines of the accounting that a fact led to, and return them."""
    count = "select count(*) from intake.disclosure where told_id = :id"
    await clinic.platform.eventually(count, expected, id=told_id)
    return list(
        await clinic.platform.fetch(
            "select * from intake.disclosure where told_id = :id order by participant_id", id=told_id
        )
    )


async def quiet(clinic: Any, tell: Any) -> None:
    """Wait until everything told so far by session-logging and compliance-reporting has been applied."""
    for fact in (session_logging.CONSENT_APPLIED, compliance_reporting.CONSENT_APPLIED):
        marker = uuid4()
        state = ConsentAppliedFacts(consent_id=marker, consent_seq=1, applied_at=datetime.now(UTC))
        await tell(fact, state, about=marker)
        await clinic.platform.eventually("select count(*) from intake.consent_applied where id = :id", 1, id=marker)


async def test_a_contact_outside_is_accounted_for_once_sealed_on_its_consent(clinic: Any, tell: Any) -> None:
    participant_id, _ = await clinic.assigned()
    consent_id = await clinic.sign(participant_id)
    spoken = contact(clinic, participant_id, consent_id, datetime(2026, 3, 2, 16, tzinfo=UTC))

    await tell(session_logging.COLLATERAL_CONTACTED, spoken, about=spoken.contact_id)
    (row,) = await accounted(clinic, spoken.contact_id, 1)
    await tell(session_logging.COLLATERAL_CONTACTED, spoken, about=spoken.contact_id)  # under another event id
    await quiet(clinic, tell)

    assert len(await accounted(clinic, spoken.contact_id, 1)) == 1
    assert (row["basis"], row["consent_id"], row["basis_valid"]) == ("consent", consent_id, True)
    assert (row["told_by"], row["made_by"]) == ("session-logging", clinic.peer.staff_id)
    assert (row["made_at"], row["recipient_place"]) == (spoken.contacted_at, 0)
    assert b"Canary" not in row["details"]
    (event,) = await clinic.events(row["id"])
    assert event["type"] == "handrail.intake.disclosure-made.v2"
    assert "Canary" not in event["payload"]


@pytest.mark.parametrize(
    ("contacted_at", "held"), [(SIGNED_AT - timedelta(seconds=1), False), (SIGNED_AT + timedelta(seconds=1), True)]
)
async def test_a_contact_beyond_its_consent_stands_in_the_accounting_as_what_it_was(
    clinic: Any, tell: Any, contacted_at: datetime, held: bool
) -> None:
    participant_id, _ = await clinic.assigned()
    spoken = contact(clinic, participant_id, await clinic.sign(participant_id), contacted_at)

    await tell(session_logging.COLLATERAL_CONTACTED, spoken, about=spoken.contact_id)

    (row,) = await accounted(clinic, spoken.contact_id, 1)
    assert row["basis_valid"] is held


async def audit_agreement(clinic: Any) -> UUID:
    party = {"name": "Canary County Auditor", "kind": "regulator", "covered_entity": False}
    party_id = await clinic.supervisor.created(f"{INTAKE}/parties", party)
    terms = {
        "party_id": str(party_id), "kind": "audit_evaluation", "services": "Looks at the quarter's figures",
        "categories": ["demographics"], "valid_from": "2026-01-01", "valid_to": "2199-12-31",
        "promises": ["agrees_to_limits"], "agreed_by": "The county auditor", "evidence_sha256": "ab" * 32,
    }  # fmt: skip
    found: UUID = await clinic.privacy_officer.created(f"{INTAKE}/agreements", terms)
    return found


@pytest.mark.parametrize("fact", [compliance_reporting.IDENTITIES_RELEASED, session_logging.IDENTITIES_RELEASED])
async def test_everybody_whom_an_auditor_was_shown_has_a_line_of_their_own(clinic: Any, tell: Any, fact: Fact) -> None:
    people = sorted([await clinic.enrol(), await clinic.enrol()])
    agreement_id = await audit_agreement(clinic)
    shown = compliance_reporting.IdentityReleaseFacts(
        release_id=uuid4(), agreement_id=agreement_id, participant_ids=people, staff_id=uuid4(),
        released_at=datetime.now(UTC) - timedelta(seconds=1),
    )  # fmt: skip

    for _ in range(2):
        await tell(fact, shown, about=shown.release_id)
    rows = await accounted(clinic, shown.release_id, 2)
    await quiet(clinic, tell)

    assert len(await accounted(clinic, shown.release_id, 2)) == 2
    assert [row["participant_id"] for row in rows] == people
    assert {(row["basis"], row["agreement_id"], row["told_by"], row["basis_valid"]) for row in rows} == {
        ("audit_evaluation", agreement_id, fact.service, True)
    }


async def test_everybody_on_a_sheet_of_claims_has_a_line_of_their_own(clinic: Any, tell: Any) -> None:
    consented, _ = await clinic.assigned()
    free, _ = await clinic.assigned()
    consent_id = await clinic.sign(consented)
    people = [
        session_logging.ClaimedPersonFacts(participant_id=consented, consent_id=consent_id),
        session_logging.ClaimedPersonFacts(participant_id=free),
    ]
    run_id, later = uuid4(), datetime.now(UTC) - timedelta(seconds=1)

    for _ in range(2):  # the sheet is taken out again
        release = session_logging.ClaimReleaseFacts(
            release_id=uuid4(), run_id=run_id, people=people, staff_id=uuid4(), released_at=later
        )
        await tell(session_logging.CLAIMS_RELEASED, release, about=release.release_id)
    rows = await accounted(clinic, run_id, 2)
    await quiet(clinic, tell)

    assert len(await accounted(clinic, run_id, 2)) == 2
    told = {row["participant_id"]: (row["basis"], row["consent_id"], row["basis_valid"]) for row in rows}
    assert told == {consented: ("consent", consent_id, True), free: ("hipaa_permitted", None, True)}


async def test_what_is_told_of_somebody_unknown_becomes_a_dead_letter_and_no_line(clinic: Any, tell: Any) -> None:
    spoken = contact(clinic, uuid4(), uuid4(), SIGNED_AT)

    await tell(session_logging.COLLATERAL_CONTACTED, spoken, about=spoken.contact_id)

    dead = "select count(*) from intake.dead_letter where convert_from(payload, 'UTF8') like :id"
    await clinic.platform.eventually(dead, 1, id=f"%{spoken.contact_id}%")
    assert await accounted(clinic, spoken.contact_id, 0) == []
