"""Who stands behind a figure: labelled for the agency's own staff, released to an auditor only on a live agreement."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from common.contracts import intake
from common.contracts.codes import AgreementKind, ConsentStatus, ConsentType, RecordOrigin
from compliance_reporting.commands.releases import OF_STAFF
from compliance_reporting.guidelines.measure import Unit
from handrail.testing import Caller, Platform, add_staff

REPORTS = "/api/compliance-reporting/v1/reports"
QUARTER = {"period_start": "2026-01-01", "period_end": "2026-03-31"}
TODAY = datetime.now(ZoneInfo("America/Chicago")).date()


@pytest_asyncio.fixture
async def auditor(administrator: Caller) -> Caller:
    return await add_staff(administrator, "auditor")


def agree(books: Any, seq: int = 1, **more: Any) -> UUID:
    values: dict[str, Any] = {
        "agreement_id": uuid4(),
        "kind": AgreementKind.AUDIT_EVALUATION,
        "valid_from": TODAY - timedelta(days=30),
        "valid_to": TODAY + timedelta(days=30),
    }
    facts = intake.AgreementFacts(**(values | more))
    fact = intake.AGREEMENT_RECORDED if seq == 1 else intake.AGREEMENT_CHANGED
    return UUID(str(books.say(fact, facts, facts.agreement_id, seq)))


async def report_of(administrator: Caller, books: Any) -> str:
    await books.apply()
    return f"{REPORTS}/{await administrator.created(REPORTS, QUARTER)}"


async def releases(platform: Platform, agency_id: UUID | None) -> list[Any]:
    return await platform.fetch(
        "select * from compliance_reporting.identity_release where agency_id = :a order by id", a=agency_id
    )


async def told(platform: Platform, agency_id: UUID | None, fact: str) -> list[dict[str, Any]]:
    """Return the data of this agency's events of one kind, wherever the relay has put them."""
    rows = await platform.fetch(
        "select payload::jsonb -> 'data' as data from (select payload, type, agency_id, event_id from "
        "compliance_reporting.outbox union all select payload, type, agency_id, event_id from "
        "compliance_reporting.ledger) e where agency_id = :a and type like :kind order by event_id",
        a=agency_id, kind=f"%.{fact}.%",
    )  # fmt: skip
    return [row["data"] for row in rows]


async def test_an_auditor_sees_ids_on_a_live_agreement_and_each_reading_is_told_of(
    platform: Platform, administrator: Caller, auditor: Caller, own_books: Any
) -> None:
    own_books.setting()
    people = sorted(uuid4() for _ in range(3))
    sessions = [own_books.session("2026-02-01T10:00", participant_id=person) for person in people]
    agreement_id = agree(own_books)
    report = await report_of(administrator, own_books)

    first = await auditor.get(f"{report}/measures/M16/units", limit=2)
    second = await auditor.get(f"{report}/measures/M16/units", limit=2, next=first.json()["next"])
    await auditor.get(f"{report}/measures/M16/units", limit=2)

    assert sorted(first.json()["items"] + second.json()["items"]) == sorted(str(one) for one in sessions)
    rows = await releases(platform, administrator.agency_id)
    assert [len(row["participant_ids"]) for row in rows] == [2, 1, 2]
    assert sorted(rows[0]["participant_ids"] + rows[1]["participant_ids"]) == people
    assert {(row["agreement_id"], row["staff_id"], row["measure_id"]) for row in rows} == {
        (agreement_id, auditor.staff_id, "M16")
    }
    facts = await told(platform, administrator.agency_id, "identities-released")
    assert [one["release_id"] for one in facts] == [str(row["id"]) for row in rows]
    assert [one["participant_ids"] for one in facts] == [[str(who) for who in row["participant_ids"]] for row in rows]
    await platform.eventually(
        "select count(*) from compliance_reporting.audit where agency_id = :a and action = 'identities.release'",
        3,
        a=administrator.agency_id,
    )


@pytest.mark.parametrize(
    "changed",
    [
        None,
        {"kind": AgreementKind.QUALIFIED_SERVICE},
        {"kind": AgreementKind.RESEARCH},
        {"valid_from": TODAY + timedelta(days=2)},
        {"valid_to": TODAY - timedelta(days=2)},
        {"ended_on": TODAY - timedelta(days=1)},
    ],
)
async def test_without_a_live_audit_agreement_an_auditor_sees_nobody(
    platform: Platform, administrator: Caller, auditor: Caller, own_books: Any, changed: dict[str, Any] | None
) -> None:
    own_books.setting()
    own_books.session("2026-02-01T10:00")
    if changed is not None:
        agree(own_books, **changed)
    report = await report_of(administrator, own_books)

    refused = await auditor.get(f"{report}/measures/M16/units")

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/agreement-not-live")
    assert await releases(platform, administrator.agency_id) == []
    assert await told(platform, administrator.agency_id, "identities-released") == []
    assert (await auditor.get(report)).status_code == 200  # figures without anybody behind them stay free
    assert (await auditor.get(f"{report}/csv")).status_code == 200
    await platform.eventually(
        "select count(*) from compliance_reporting.audit where agency_id = :a and outcome = 'refused'",
        1,
        a=administrator.agency_id,
    )


async def test_an_agreement_that_is_ended_shows_nobody_from_then_on(
    administrator: Caller, auditor: Caller, own_books: Any
) -> None:
    own_books.setting()
    own_books.session("2026-02-01T10:00")
    agreement_id = agree(own_books)
    report = await report_of(administrator, own_books)
    before = await auditor.get(f"{report}/measures/M16/units")

    agree(own_books, 2, agreement_id=agreement_id, ended_on=TODAY - timedelta(days=1))
    await own_books.apply()
    agree(own_books, 1, agreement_id=agreement_id)  # the older state, once more
    await own_books.apply()

    assert before.status_code == 200
    assert (await auditor.get(f"{report}/measures/M16/units")).status_code == 409


async def test_the_agencys_own_staff_use_what_they_see(
    platform: Platform, administrator: Caller, own_books: Any
) -> None:
    own_books.setting()
    own_books.session("2026-02-01T10:00")
    report = await report_of(administrator, own_books)

    assert (await administrator.get(f"{report}/measures/M16/units")).status_code == 200
    assert await releases(platform, administrator.agency_id) == []


async def test_an_empty_page_releases_nobody(
    platform: Platform, administrator: Caller, auditor: Caller, own_books: Any
) -> None:
    own_books.setting()
    agree(own_books)
    report = await report_of(administrator, own_books)

    page = await auditor.get(f"{report}/measures/M16/units")

    assert (page.status_code, page.json()["items"], page.json()["origins"]) == (200, [], {})
    assert await releases(platform, administrator.agency_id) == []


async def test_everybody_in_a_group_is_released_in_parts_that_one_fact_can_carry(
    platform: Platform, administrator: Caller, auditor: Caller, own_books: Any
) -> None:
    own_books.setting()
    agree(own_books)
    for number in range(6):
        group = own_books.group(f"2026-02-0{number + 1}T10:00", 90)
        for _ in range(90):
            own_books.session(f"2026-02-0{number + 1}T10:00", 60, group_id=group, format="group")
    report = await report_of(administrator, own_books)

    assert (await auditor.get(f"{report}/measures/M21/units")).status_code == 200

    rows = await releases(platform, administrator.agency_id)
    assert [len(row["participant_ids"]) for row in rows] == [500, 40]
    assert len({one for row in rows for one in row["participant_ids"]}) == 540


async def test_every_kind_of_unit_leads_to_its_people(
    platform: Platform, administrator: Caller, auditor: Caller, own_books: Any
) -> None:
    own_books.setting()
    agree(own_books)
    person = own_books.participant(origin=RecordOrigin.RECEIVED_PART2)
    episode = own_books.episode(date(2026, 1, 5), participant_id=person)
    own_books.plan(episode, own_books.at("2026-01-06T10:00"), [own_books.goal()], participant_id=person)
    own_books.session("2026-02-01T10:00", participant_id=person, episode_id=episode)
    own_books.disclosure(own_books.at("2026-02-01T10:00"), participant_id=person)
    report = await report_of(administrator, own_books)

    seen = set()
    for measure in (await auditor.get(report)).json()["results"]["measures"]:
        page = (await auditor.get(f"{report}/measures/{measure['measure_id']}/units")).json()
        if page["items"] and Unit(measure["unit"]) not in OF_STAFF:
            seen.add(measure["measure_id"])
            assert page["origins"] == dict.fromkeys(page["items"], "received_part2"), measure["measure_id"]

    assert {"M11", "M12", "M14", "M16"} <= seen
    rows = await releases(platform, administrator.agency_id)
    assert {tuple(row["participant_ids"]) for row in rows} == {(person,)}
    assert {row["measure_id"] for row in rows} == seen


async def test_a_record_without_a_label_is_the_programs_own_and_a_group_has_its_strictest(
    administrator: Caller, own_books: Any
) -> None:
    own_books.setting()
    labels = (RecordOrigin.OTHER, RecordOrigin.RECEIVED_PART2, None)
    people = [own_books.participant(origin=label) for label in labels]
    alone = [own_books.session("2026-02-01T10:00", participant_id=one) for one in people]
    group = own_books.group("2026-02-02T10:00", 3)
    for one in people:
        own_books.session("2026-02-02T10:00", 60, participant_id=one, group_id=group, format="group")
    report = await report_of(administrator, own_books)

    sessions = (await administrator.get(f"{report}/measures/M16/units")).json()["origins"]
    groups = (await administrator.get(f"{report}/measures/M21/units")).json()["origins"]

    assert [sessions[str(one)] for one in alone] == ["other", "received_part2", "own_part2"]
    assert groups == {str(group): "received_part2"}


# --- consents


def consent(books: Any, consent_id: UUID, seq: int, **more: Any) -> None:
    values: dict[str, Any] = {
        "consent_id": consent_id,
        "participant_id": uuid4(),
        "consent_type": ConsentType.INTERMEDIARY,
        "status": ConsentStatus.ACTIVE,
        "signed_at": books.at("2026-01-05T10:00"),
    }
    facts = intake.ConsentFacts(**(values | more))
    books.say(intake.CONSENT_SIGNED if seq == 1 else intake.CONSENT_CHANGED, facts, consent_id, seq)


async def stored(platform: Platform, consent_id: UUID) -> Any:
    [row] = await platform.fetch("select * from compliance_reporting.fact_consent where id = :id", id=consent_id)
    return row


async def test_a_consents_newest_state_is_kept_whole_and_each_but_the_first_is_told_once(
    platform: Platform, books: Any
) -> None:
    consent_id = uuid4()
    consent(books, consent_id, 1, starts_on=date(2026, 2, 1), expires_on=date(2026, 12, 31))
    await books.apply()
    assert await told(platform, books.agency_id, "consent-applied") == []

    consent(books, consent_id, 3, revoked_recipients=[0, 2], ended=True)
    await books.apply()
    for late in (2, 3, 1):
        consent(books, consent_id, late, status=ConsentStatus.SUSPENDED)
        await books.apply()

    row = await stored(platform, consent_id)
    assert (row["seq"], row["status"], row["revoked_recipients"], row["ended"]) == (3, "active", [0, 2], True)
    assert row["consent_type"] == "intermediary"
    facts = await told(platform, books.agency_id, "consent-applied")
    assert [(one["consent_id"], one["consent_seq"]) for one in facts] == [(str(consent_id), 3)]


async def test_the_facts_of_earlier_releases_are_kept_beside_the_new(platform: Platform, books: Any) -> None:
    consent_id, disclosure_id = uuid4(), uuid4()
    values = {
        "consent_id": consent_id, "participant_id": uuid4(), "consent_type": "tpo",
        "signed_at": datetime(2026, 1, 5, tzinfo=UTC),
    }  # fmt: skip
    made = intake.EarlierDisclosureFacts(
        disclosure_id=disclosure_id, participant_id=uuid4(), basis="consent", consent_id=consent_id,
        basis_valid=True, made_at=books.at("2026-02-01T10:00"),
    )  # fmt: skip
    books.setting()
    books.say(intake.CONSENT_SIGNED_1, intake.EarlierConsentFacts(**values, status="active"), consent_id)
    books.say(intake.DISCLOSURE_MADE_1, made, disclosure_id)
    newer = books.disclosure(books.at("2026-02-01T11:00"), origin=RecordOrigin.OTHER)
    by_law = books.disclosure(books.at("2026-02-01T12:00"), basis="hipaa_permitted", origin=RecordOrigin.OTHER)
    result, units = await books.ask("M12")
    revoked_at = datetime(2026, 2, 5, tzinfo=UTC)
    revoked = intake.EarlierConsentFacts(**values, status="revoked", revoked_at=revoked_at)
    books.say(intake.CONSENT_REVOKED_1, revoked, consent_id, 2)
    await books.apply()

    row = await stored(platform, consent_id)
    assert (row["status"], row["revoked_at"], row["revoked_recipients"], row["ended"]) == (
        "revoked", revoked_at, [], False,
    )  # fmt: skip
    assert units == {disclosure_id: True, newer: True, by_law: True}
    assert (result.numerator, result.denominator) == (3, 3)
    assert [one["consent_seq"] for one in await told(platform, books.agency_id, "consent-applied")] == [2]


async def test_thousands_of_imported_active_consents_publish_nothing(platform: Platform, books: Any) -> None:
    for _ in range(1000):
        consent(books, uuid4(), 1)
    await books.apply()

    count = "select count(*) from compliance_reporting.fact_consent where agency_id = :a"
    assert await platform.value(count, a=books.agency_id) == 1000
    assert await told(platform, books.agency_id, "consent-applied") == []
