"""Parties, relations, agreements, court orders and demands of the law: their rules, and how they are asked for."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.codes import AgreementKind
from intake.rules.agreements import (
    AgreementTerms,
    Promise,
    agreement_is_live,
    agreement_lacks,
    ends_soon,
)
from intake.rules.bases import (
    CONFIDENTIAL,
    FINDINGS,
    JUSTICE,
    CourtSection,
    Finding,
    OrderAtHand,
    OrderLack,
    PartyKind,
    RelationKind,
    lacks_but_signature,
    may_be_medical,
    may_stand,
    order_lacks,
    relation_holds,
)
from intake.rules.consents import InformationCategory, RecipientClass

INTAKE = "/api/intake/v1"
DAY = date(2026, 3, 10)
TODAY = datetime.now(UTC).date()
LATER = (TODAY + timedelta(days=2)).isoformat()
MERCY = {"name": "Mercy Clínica Canary", "kind": "treatment_provider", "covered_entity": True}
QSOA = {
    "kind": "qualified_service",
    "services": "Sends text messages",
    "categories": ["contact"],
    "valid_from": "2026-01-01",
    "valid_to": "2199-12-31",
    "promises": ["bound_by_part2", "resists_in_court"],
    "evidence_sha256": "ab" * 32,
}
AUDIT = QSOA | {"kind": "audit_evaluation", "promises": ["agrees_to_limits"], "agreed_by": "The county auditor"}
RESEARCH = QSOA | {"kind": "research", "promises": [], "approving_body": "Canary University review board"}
CONTRACTOR = QSOA | {
    "kind": "contractor",
    "promises": ["bound_by_part2", "received_notice", "safeguards", "reports_breaches"],
}
ORDER = {
    "section": "2.64",
    "court": "Canary County Superior Court",
    "order_reference": "CV-26-CANARY",
    "recipient_name": "Attorney Canary Lopez",
    "findings": ["other_ways_unavailable", "public_interest_outweighs"],
    "notice_given": True,
    "categories": ["attendance"],
    "against_patient": False,
    "issued_on": "2026-02-01",
}
SUBPOENA = {"reference": "SUB-CANARY-9", "issued_on": "2026-02-03"}


# What the rules say


@pytest.mark.parametrize(
    ("kind", "relation", "fits"),
    [
        (PartyKind.HOSPITAL, RelationKind.TREATING_PROVIDER, True),
        (PartyKind.HEALTH_PLAN, RelationKind.TREATING_PROVIDER, False),
        (PartyKind.HEALTH_PLAN, RelationKind.HEALTH_PLAN, True),
        (PartyKind.EMPLOYER, RelationKind.HEALTH_PLAN, False),
        (PartyKind.FUNDER, RelationKind.THIRD_PARTY_PAYER, True),
        (PartyKind.HOUSING, RelationKind.THIRD_PARTY_PAYER, False),
        (PartyKind.VENDOR, RelationKind.PROGRAM_OPERATIONS, True),
        (PartyKind.COMMUNITY_ORGANIZATION, RelationKind.INTERMEDIARY_PARTICIPANT, True),
    ],
)
def test_a_party_stands_only_in_a_relation_of_its_kind(kind: PartyKind, relation: RelationKind, fits: bool) -> None:
    assert may_stand(kind, relation) is fits


@given(st.sampled_from(sorted(JUSTICE | {PartyKind.CHILD_PROTECTION})), st.sampled_from(RelationKind))
def test_courts_police_and_child_protection_stand_in_no_relation(kind: PartyKind, relation: RelationKind) -> None:
    assert not may_stand(kind, relation)
    assert not may_be_medical(kind)


def test_every_class_that_a_consent_may_name_can_be_a_relation() -> None:
    assert {one.value for one in RecipientClass} <= {one.value for one in RelationKind}


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "party_ended_on", "holds"),
    [
        (DAY, None, None, True),
        (DAY, DAY, None, True),
        (DAY + timedelta(days=1), None, None, False),
        (date(2026, 1, 1), DAY - timedelta(days=1), None, False),
        (DAY, DAY - timedelta(days=1), None, False),
        (date(2026, 1, 1), None, DAY, False),
        (date(2026, 1, 1), None, DAY + timedelta(days=1), True),
    ],
)
def test_a_relation_holds_on_its_days_and_while_its_party_lasts(
    valid_from: date, valid_to: date | None, party_ended_on: date | None, holds: bool
) -> None:
    assert relation_holds(valid_from, valid_to, party_ended_on, on=DAY) is holds


@pytest.mark.parametrize(
    ("ended_on", "on", "live"),
    [
        (None, date(2026, 1, 1), True),
        (None, date(2025, 12, 31), False),
        (None, date(2026, 6, 30), True),
        (None, date(2026, 7, 1), False),
        (DAY, DAY, False),
        (DAY, DAY - timedelta(days=1), True),
    ],
)
def test_an_agreement_is_live_up_to_its_last_day_and_not_on_the_day_it_is_ended(
    ended_on: date | None, on: date, live: bool
) -> None:
    assert agreement_is_live(date(2026, 1, 1), date(2026, 6, 30), ended_on, on=on) is live


def test_an_agreement_ends_soon_sixty_days_before_its_last_day() -> None:
    last = DAY + timedelta(days=60)

    assert ends_soon(date(2026, 1, 1), last, None, on=DAY)
    assert not ends_soon(date(2026, 1, 1), last + timedelta(days=1), None, on=DAY)
    assert not ends_soon(date(2026, 1, 1), last, DAY, on=DAY)


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (QSOA | {"services": None}, "services-not-named"),
        (QSOA | {"categories": []}, "categories-not-named"),
        (QSOA | {"valid_from": None}, "first-day-missing"),
        (QSOA | {"valid_to": None}, "last-day-missing"),
        (QSOA | {"evidence_sha256": None}, "not-in-writing"),
        (QSOA | {"promises": ["resists_in_court"]}, "not-bound-by-part2"),
        (QSOA | {"promises": ["bound_by_part2"]}, "no-promise-to-resist"),
        (QSOA | {"valid_to": "2025-12-31"}, "ends-before-it-starts"),
        (QSOA | {"copies_allowed": True, "destroy_by": "2027-01-01"}, "copies-are-for-audits"),
        (AUDIT | {"promises": []}, "limits-not-agreed"),
        (AUDIT | {"agreed_by": None}, "nobody-agreed"),
        (AUDIT | {"copies_allowed": True}, "no-day-of-destruction"),
        (AUDIT | {"destroy_by": "2027-01-01"}, "no-copies-to-destroy"),
        (AUDIT | {"copies_allowed": True, "destroy_by": "2025-01-01"}, "destroyed-before-it-starts"),
        (RESEARCH | {"approving_body": None}, "not-approved"),
        (CONTRACTOR | {"promises": ["received_notice", "safeguards", "reports_breaches"]}, "not-bound-by-part2"),
        (CONTRACTOR | {"promises": ["bound_by_part2", "safeguards", "reports_breaches"]}, "contractor-not-notified"),
        (
            CONTRACTOR | {"promises": ["bound_by_part2", "received_notice", "reports_breaches"]},
            "no-safeguards-promised",
        ),
        (CONTRACTOR | {"promises": ["bound_by_part2", "received_notice", "safeguards"]}, "no-breach-reports-promised"),
    ],
)
def test_each_element_that_an_agreement_lacks_has_its_own_code(terms: dict[str, Any], code: str) -> None:
    assert [lack.code for lack in agreement_lacks(AgreementTerms.model_validate(terms))] == [code]


@pytest.mark.parametrize(
    "terms", [QSOA, AUDIT, AUDIT | {"copies_allowed": True, "destroy_by": "2026-12-31"}, RESEARCH, CONTRACTOR]
)
def test_an_agreement_with_everything_lacks_nothing(terms: dict[str, Any]) -> None:
    assert agreement_lacks(AgreementTerms.model_validate(terms)) == []


@given(st.sampled_from(AgreementKind), st.sets(st.sampled_from(Promise)))
def test_more_promises_never_make_an_agreement_lack_more(kind: AgreementKind, promises: set[Promise]) -> None:
    said = AgreementTerms(kind=kind, promises=sorted(promises))
    everything = AgreementTerms(kind=kind, promises=list(Promise))

    assert {one.code for one in agreement_lacks(everything)} <= {one.code for one in agreement_lacks(said)}


@st.composite
def usable_orders(draw: st.DrawFn) -> OrderAtHand:
    """Return an order that lacks nothing on `DAY`."""
    section = draw(st.sampled_from(CourtSection))
    confidential = draw(st.booleans())
    extra = {draw(st.sampled_from(sorted(CONFIDENTIAL)))} if confidential else set()
    against = section in (CourtSection.NONCRIMINAL, CourtSection.CRIMINAL_AGAINST_PATIENT) and draw(st.booleans())
    return OrderAtHand(
        section=section,
        findings=FINDINGS[section] | extra,
        notice_given=True,
        categories=draw(st.sets(st.sampled_from(InformationCategory), min_size=1)),
        names_counseling_notes=confidential and draw(st.booleans()),
        confidential_communications=confidential,
        against_patient=against,
        issued_on=draw(st.dates(date(2025, 1, 1), DAY)),
        expires_on=draw(st.none() | st.dates(DAY, date(2030, 1, 1))),
        subpoena_on=draw(st.dates(date(2025, 1, 1), DAY)),
        counsel_signed=True,
        ended_on=draw(st.none() | st.dates(DAY + timedelta(days=1), date(2030, 1, 1))),
    )


REMOVALS: list[tuple[dict[str, Any], OrderLack]] = [
    ({"issued_on": None}, OrderLack.NO_ORDER),
    ({"issued_on": DAY + timedelta(days=1)}, OrderLack.NOT_YET_ISSUED),
    ({"subpoena_on": None}, OrderLack.NO_SUBPOENA),
    ({"findings": CONFIDENTIAL}, OrderLack.FINDINGS_MISSING),
    ({"notice_given": False}, OrderLack.NOTICE_NOT_GIVEN),
    ({"categories": [], "names_counseling_notes": False}, OrderLack.NO_CATEGORIES),
    ({"counsel_signed": False}, OrderLack.NO_COUNSEL_SIGNATURE),
    ({"expires_on": DAY - timedelta(days=1)}, OrderLack.EXPIRED),
    ({"ended_on": DAY}, OrderLack.ENDED),
]


@given(usable_orders())
def test_an_order_with_everything_and_a_subpoena_is_usable(order: OrderAtHand) -> None:
    assert order_lacks(order, on=DAY) == []


@given(usable_orders(), st.sampled_from(REMOVALS))
def test_removing_any_one_element_makes_an_order_unusable(
    order: OrderAtHand, removal: tuple[dict[str, Any], OrderLack]
) -> None:
    gone, lack = removal

    assert order_lacks(replace(order, **gone), on=DAY) == [lack]


@given(usable_orders(), st.data())
def test_removing_any_one_finding_of_its_section_makes_an_order_unusable(
    order: OrderAtHand, data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(sorted(FINDINGS[order.section])))
    rest = [one for one in order.findings if one is not gone]

    assert order_lacks(replace(order, findings=rest), on=DAY) == [OrderLack.FINDINGS_MISSING]


@given(usable_orders(), st.booleans())
def test_what_was_said_in_confidence_needs_its_own_finding(order: OrderAtHand, notes: bool) -> None:
    plain = replace(order, findings=FINDINGS[order.section])
    reaching = replace(plain, names_counseling_notes=notes, confidential_communications=not notes)

    assert order_lacks(reaching, on=DAY) == [OrderLack.CONFIDENTIAL_FINDING_MISSING]


@given(usable_orders())
def test_an_order_against_the_program_opens_nothing_against_the_person(order: OrderAtHand) -> None:
    against = replace(order, section=CourtSection.AGAINST_PROGRAM, against_patient=True)

    assert order_lacks(against, on=DAY) == [OrderLack.NOT_AGAINST_PATIENT]


def test_counsel_signs_what_lacks_nothing_but_the_signature() -> None:
    unsigned = OrderAtHand(
        section=CourtSection.NONCRIMINAL,
        findings=[Finding.OTHER_WAYS_UNAVAILABLE, Finding.PUBLIC_INTEREST_OUTWEIGHS],
        notice_given=True,
        categories=[InformationCategory.ATTENDANCE],
        names_counseling_notes=False,
        confidential_communications=False,
        against_patient=False,
        issued_on=DAY,
        expires_on=None,
        subpoena_on=DAY,
        counsel_signed=False,
        ended_on=None,
    )

    assert order_lacks(unsigned, on=DAY) == [OrderLack.NO_COUNSEL_SIGNATURE]
    assert lacks_but_signature(unsigned, on=DAY) == []


# Parties and relations through HTTP


async def party(clinic: Any, **terms: object) -> UUID:
    found: UUID = await clinic.supervisor.created(f"{INTAKE}/parties", MERCY | terms)
    return found


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def count(clinic: Any, table: str) -> int:
    sql = f"select count(*) from intake.{table} where agency_id = :a"
    return int(await clinic.platform.value(sql, a=clinic.administrator.agency_id))


async def test_a_party_is_recorded_changed_found_and_ended(clinic: Any) -> None:
    party_id = await party(clinic, name="Canary Bay Clínica")
    path = f"{INTAKE}/parties/{party_id}"

    seen = await clinic.peer.get(path)
    changed = await clinic.supervisor.put(path, MERCY | {"name": "Canary Cove Clínica", "address": "1 Bay"}, version=1)
    found = await clinic.peer.post(f"{INTAKE}/party-searches", {"words": "CLINICA cove", "kind": "treatment_provider"})
    ended = await clinic.privacy_officer.put(f"{path}/end", {}, version=2)
    gone = await clinic.peer.post(f"{INTAKE}/party-searches", {"words": "canary cove"})
    kept = await clinic.peer.post(f"{INTAKE}/party-searches", {"words": "canary cove", "ended": True})

    assert (seen.json()["name"], seen.headers["etag"]) == ("Canary Bay Clínica", '"1"')
    assert (changed.status_code, ended.status_code) == (200, 200)
    assert [one["id"] for one in found.json()["items"]] == [str(party_id)]
    assert (gone.json()["items"], len(kept.json()["items"])) == ([], 1)


async def test_a_search_finds_words_not_patterns_and_goes_on_by_pages(clinic: Any) -> None:
    for number in range(3):
        await party(clinic, name=f"Sandpiper {number} 100% House")

    body = {"words": "sandpiper 100%", "limit": 2}
    first = (await clinic.peer.post(f"{INTAKE}/party-searches", body)).json()
    second = (await clinic.peer.post(f"{INTAKE}/party-searches", body | {"next": first["next"]})).json()
    nothing = await clinic.peer.post(f"{INTAKE}/party-searches", {"words": "sandp_per"})

    assert [one["name"][10] for one in first["items"] + second["items"]] == ["0", "1", "2"]
    assert (second["next"], nothing.json()["items"]) == (None, [])


async def test_peers_read_parties_and_do_not_manage_them(clinic: Any, stranger: Any, nobody: UUID) -> None:
    party_id = await party(clinic)
    path = f"{INTAKE}/parties/{party_id}"

    refused = [
        await clinic.peer.post(f"{INTAKE}/parties", MERCY),
        await clinic.peer.put(path, MERCY, version=1),
        await clinic.peer.put(f"{path}/end", {}, version=1),
    ]
    foreign = [await stranger.get(path), await stranger.put(path, MERCY, version=1)]
    unknown = await stranger.get(f"{INTAKE}/parties/{nobody}")

    assert [one.status_code for one in refused] == [403, 403, 403]
    assert {problem(one) for one in foreign} == {problem(unknown)} == {(404, "not-found")}


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"kind": "family_or_friend"}, (422, "invalid-request")),
        ({"name": " "}, (422, "invalid-request")),
        ({"participant_id": "x"}, (422, "invalid-request")),
        ({"kind": "law_enforcement", "medical_personnel": True}, (422, "not-medical-personnel")),
    ],
)
async def test_what_is_no_party_leaves_nothing_but_an_audit_entry(
    clinic: Any, terms: dict[str, Any], expected: tuple[int, str]
) -> None:
    before, audited = await count(clinic, "party"), await clinic.refusals()

    answer = await clinic.supervisor.post(f"{INTAKE}/parties", MERCY | terms)

    assert problem(answer) == expected
    assert (await count(clinic, "party"), await clinic.refusals()) == (before, audited + 1)


async def test_a_party_ends_after_its_agreements_and_takes_nothing_new(clinic: Any) -> None:
    party_id = await party(clinic, kind="vendor")
    body = QSOA | {"party_id": str(party_id)}
    agreement_id = await clinic.administrator.created(f"{INTAKE}/agreements", body)
    path = f"{INTAKE}/parties/{party_id}"

    early = await clinic.supervisor.put(f"{path}/end", {}, version=1)
    future = await clinic.supervisor.put(f"{path}/end", {"ended_on": LATER}, version=1)
    await clinic.administrator.put(f"{INTAKE}/agreements/{agreement_id}/end", {"reason": "service_over"}, version=1)
    ended = await clinic.supervisor.put(f"{path}/end", {}, version=1)
    again = await clinic.supervisor.put(f"{path}/end", {}, version=2)
    late = await clinic.administrator.post(f"{INTAKE}/agreements", body)

    assert problem(early) == (409, "party-has-agreements")
    assert problem(future) == (422, "in-the-future")
    assert ended.status_code == 200
    assert problem(again) == problem(late) == (409, "party-ended")


def relation(party_id: UUID, **terms: object) -> dict[str, Any]:
    return {"party_id": str(party_id), "relation": "treating_provider", "valid_from": "2026-01-05"} | terms


async def test_a_relation_holds_from_its_first_day_until_it_is_ended(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = f"{INTAKE}/participants/{participant_id}/relations"
    party_id = await party(clinic)

    relation_id = await clinic.peer.created(path, relation(party_id))
    during = (await clinic.peer.get(path)).json()["items"]
    twice = await clinic.peer.post(path, relation(party_id))
    ended = await clinic.peer.put(f"{INTAKE}/relations/{relation_id}/end", {}, version=1)
    after = (await clinic.peer.get(path)).json()["items"]
    again = await clinic.peer.put(f"{INTAKE}/relations/{relation_id}/end", {}, version=2)

    assert [(one["party_name"], one["relation"], one["holds"]) for one in during] == [
        ("Mercy Clínica Canary", "treating_provider", True)
    ]
    assert problem(twice) == (409, "related-already")
    assert (ended.status_code, [one["holds"] for one in after]) == (200, [False])
    assert problem(again) == (409, "relation-ended-already")
    assert await clinic.events(relation_id) == []


async def test_a_relation_that_never_held_ends_before_it_began(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    path = f"{INTAKE}/participants/{participant_id}/relations"
    begun = (TODAY - timedelta(days=1)).isoformat()  # today or yesterday, in the agency's zone
    relation_id = await clinic.supervisor.created(path, relation(await party(clinic), valid_from=begun))
    end = f"{INTAKE}/relations/{relation_id}/end"

    earlier = await clinic.supervisor.put(end, {"last_day": "2026-01-01"}, version=1)
    before = (TODAY - timedelta(days=2)).isoformat()
    ended = await clinic.supervisor.put(end, {"last_day": before}, version=1)

    assert problem(earlier) == (422, "ends-before-it-starts")
    assert ended.status_code == 200
    assert [one["holds"] for one in (await clinic.supervisor.get(path)).json()["items"]] == [False]


async def test_a_relation_ends_with_its_party(clinic: Any) -> None:
    participant_id, party_id = await clinic.enrol(), await party(clinic)
    path = f"{INTAKE}/participants/{participant_id}/relations"
    await clinic.supervisor.created(path, relation(party_id))

    await clinic.supervisor.put(f"{INTAKE}/parties/{party_id}/end", {}, version=1)

    assert [one["holds"] for one in (await clinic.supervisor.get(path)).json()["items"]] == [False]


async def test_a_party_keeps_a_kind_that_its_relations_fit(clinic: Any) -> None:
    participant_id, party_id = await clinic.enrol(), await party(clinic)
    path = f"{INTAKE}/participants/{participant_id}/relations"
    relation_id = await clinic.supervisor.created(path, relation(party_id))
    changed = MERCY | {"kind": "probation"}

    early = await clinic.supervisor.put(f"{INTAKE}/parties/{party_id}", changed, version=1)
    await clinic.supervisor.put(f"{INTAKE}/relations/{relation_id}/end", {}, version=1)
    late = await clinic.supervisor.put(f"{INTAKE}/parties/{party_id}", changed, version=1)

    assert problem(early) == (409, "party-has-relations")
    assert late.status_code == 200


async def test_two_at_once_record_one_relation(clinic: Any) -> None:
    participant_id, party_id = await clinic.enrol(), await party(clinic)
    path = f"{INTAKE}/participants/{participant_id}/relations"

    answers = await asyncio.gather(*(clinic.supervisor.post(path, relation(party_id)) for _ in range(4)))

    assert sorted(one.status_code for one in answers) == [201, 409, 409, 409]


async def test_only_who_reaches_a_person_sees_or_makes_their_relations(
    clinic: Any, stranger: Any, nobody: UUID
) -> None:
    participant_id, _ = await clinic.assigned()
    party_id = await party(clinic)
    path = f"{INTAKE}/participants/{participant_id}/relations"
    relation_id = await clinic.peer.created(path, relation(party_id))

    answers = [
        await clinic.other_peer.get(path),
        await clinic.other_peer.post(path, relation(party_id)),
        await clinic.other_peer.put(f"{INTAKE}/relations/{relation_id}/end", {}, version=1),
        await stranger.get(path),
        await stranger.put(f"{INTAKE}/relations/{relation_id}/end", {}, version=1),
        await clinic.peer.post(path, relation(nobody)),
        await clinic.supervisor.get(f"{INTAKE}/participants/{nobody}/relations"),
    ]

    assert {problem(one) for one in answers} == {(404, "not-found")}


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"relation": "health_plan"}, (422, "relation-does-not-fit")),
        ({"relation": "friend"}, (422, "invalid-request")),
        ({"valid_from": LATER}, (422, "in-the-future")),
    ],
)
async def test_a_relation_that_cannot_be_is_not_recorded(
    clinic: Any, terms: dict[str, Any], expected: tuple[int, str]
) -> None:
    participant_id, party_id = await clinic.enrol(), await party(clinic)
    before, audited = await count(clinic, "care_relation"), await clinic.refusals()

    answer = await clinic.supervisor.post(
        f"{INTAKE}/participants/{participant_id}/relations", relation(party_id, **terms)
    )

    assert problem(answer) == expected
    assert (await count(clinic, "care_relation"), await clinic.refusals()) == (before, audited + 1)


# Agreements through HTTP


async def agreement(clinic: Any, **terms: object) -> UUID:
    body = QSOA | {"party_id": str(await party(clinic, kind="vendor"))} | terms
    found: UUID = await clinic.privacy_officer.created(f"{INTAKE}/agreements", body)
    return found


async def test_an_agreement_is_told_recorded_and_told_ended(clinic: Any) -> None:
    agreement_id = await agreement(clinic)
    path = f"{INTAKE}/agreements/{agreement_id}"

    live = await clinic.peer.get(path)
    ended = await clinic.administrator.put(f"{path}/end", {"reason": "breach"}, version=1)
    over = await clinic.peer.get(path)
    again = await clinic.administrator.put(f"{path}/end", {"reason": "breach"}, version=2)

    assert (live.json()["live"], live.headers["etag"]) == (True, '"1"')
    assert ended.status_code == 200
    assert (over.json()["live"], over.json()["end_reason"]) == (False, "breach")
    assert problem(again) == (409, "agreement-ended-already")
    events = await clinic.events(agreement_id)
    assert [(event["type"], event["aggregate_seq"]) for event in events] == [
        ("handrail.intake.agreement-recorded.v1", 1),
        ("handrail.intake.agreement-changed.v1", 2),
    ]
    assert "Sends text messages" not in events[0]["payload"]


async def test_agreements_are_listed_by_whether_they_are_live_or_end_soon(clinic: Any) -> None:
    vendor = await party(clinic, kind="vendor")
    body = QSOA | {"party_id": str(vendor)}
    soon = (TODAY + timedelta(days=30)).isoformat()
    over = await clinic.privacy_officer.created(f"{INTAKE}/agreements", body | {"valid_to": "2026-01-31"})
    ending = await clinic.privacy_officer.created(f"{INTAKE}/agreements", body | {"valid_to": soon})
    lasting = await clinic.privacy_officer.created(f"{INTAKE}/agreements", body)

    async def listed(**asked: object) -> list[str]:
        answer = await clinic.peer.get(f"{INTAKE}/agreements", party_id=str(vendor), **asked)
        return [one["id"] for one in answer.json()["items"]]

    assert await listed() == [str(over), str(ending), str(lasting)]
    assert await listed(live="true") == [str(ending), str(lasting)]
    assert await listed(live="false") == [str(over)]
    assert await listed(ending="true") == [str(ending)]
    assert await listed(kind="research") == []


async def test_an_agreement_that_lacks_something_leaves_nothing(clinic: Any) -> None:
    body = {"kind": "contractor", "party_id": str(await party(clinic, kind="vendor"))}
    before, audited = (await count(clinic, "agreement"), await clinic.rows()), await clinic.refusals()

    answer = await clinic.privacy_officer.post(f"{INTAKE}/agreements", body)

    assert problem(answer) == (422, "services-not-named")
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "/services",
        "/categories",
        "/valid_from",
        "/valid_to",
        "/evidence_sha256",
        "/promises",
        "/promises",
        "/promises",
        "/promises",
    ]
    assert (await count(clinic, "agreement"), await clinic.rows()) == before
    assert await clinic.refusals() == audited + 1


async def test_only_officers_and_administrators_make_and_end_agreements(
    clinic: Any, stranger: Any, nobody: UUID
) -> None:
    agreement_id = await agreement(clinic)
    path = f"{INTAKE}/agreements/{agreement_id}"
    body = QSOA | {"party_id": str(nobody)}

    refused = [
        await clinic.supervisor.post(f"{INTAKE}/agreements", body),
        await clinic.peer.put(f"{path}/end", {"reason": "breach"}, version=1),
    ]
    foreign = [
        await stranger.get(path),
        await stranger.put(f"{path}/end", {"reason": "breach"}, version=1),
        await clinic.administrator.post(f"{INTAKE}/agreements", body),
    ]
    stale = await clinic.administrator.put(f"{path}/end", {"reason": "breach"}, version=7)
    early = await clinic.administrator.put(f"{path}/end", {"reason": "breach", "ended_on": "2025-12-31"}, version=1)

    assert [one.status_code for one in refused] == [403, 403]
    assert {problem(one) for one in foreign} == {(404, "not-found")}
    assert problem(stale) == (412, "stale-version")
    assert problem(early) == (422, "ends-before-it-starts")


# Court orders through HTTP


async def order(clinic: Any, participant_id: UUID, **terms: object) -> UUID:
    path = f"{INTAKE}/participants/{participant_id}/court-orders"
    found: UUID = await clinic.administrator.created(path, ORDER | terms)
    return found


async def lacking(clinic: Any, order_id: UUID) -> list[str]:
    record = (await clinic.privacy_officer.get(f"{INTAKE}/court-orders/{order_id}")).json()
    assert record["usable"] == (not record["lacking"])
    found: list[str] = record["lacking"]
    return found


async def test_an_order_is_usable_with_its_subpoena_and_counsels_signature_only(clinic: Any) -> None:
    order_id = await order(clinic, await clinic.enrol())
    path = f"{INTAKE}/court-orders/{order_id}"

    alone = await lacking(clinic, order_id)
    early = await clinic.privacy_officer.put(f"{path}/counsel-signature", {}, version=1)
    await clinic.administrator.put(f"{path}/subpoena", SUBPOENA, version=1)
    unsigned = await lacking(clinic, order_id)
    signed = await clinic.privacy_officer.put(f"{path}/counsel-signature", {}, version=2)
    complete = await lacking(clinic, order_id)
    twice = await clinic.privacy_officer.put(f"{path}/counsel-signature", {}, version=3)

    assert alone == ["no_subpoena", "no_counsel_signature"]
    assert problem(early) == (409, "order-incomplete")
    assert early.json()["errors"] == [{"pointer": "/lacking/0", "detail": "no_subpoena"}]
    assert (unsigned, signed.status_code, complete) == (["no_counsel_signature"], 200, [])
    assert problem(twice) == (409, "order-signed-already")


async def test_another_subpoena_takes_counsels_signature_away(clinic: Any) -> None:
    order_id = await order(clinic, await clinic.enrol())
    path = f"{INTAKE}/court-orders/{order_id}"
    await clinic.administrator.put(f"{path}/subpoena", SUBPOENA, version=1)
    await clinic.privacy_officer.put(f"{path}/counsel-signature", {}, version=2)

    await clinic.administrator.put(f"{path}/subpoena", SUBPOENA | {"reference": "SUB-2"}, version=3)

    assert await lacking(clinic, order_id) == ["no_counsel_signature"]


@pytest.mark.parametrize(
    ("terms", "codes"),
    [
        ({"findings": []}, ["findings_missing"]),
        ({"findings": ["other_ways_unavailable"]}, ["findings_missing"]),
        ({"notice_given": False}, ["notice_not_given"]),
        ({"categories": []}, ["no_categories"]),
        ({"expires_on": "2026-02-28"}, ["expired"]),
        ({"names_counseling_notes": True}, ["confidential_finding_missing"]),
        ({"confidential_communications": True}, ["confidential_finding_missing"]),
        ({"section": "2.65", "against_patient": True}, ["findings_missing"]),
    ],
)
async def test_an_order_that_lacks_anything_is_recorded_and_never_signed(
    clinic: Any, terms: dict[str, Any], codes: list[str]
) -> None:
    order_id = await order(clinic, await clinic.enrol(), **terms)
    path = f"{INTAKE}/court-orders/{order_id}"
    await clinic.administrator.put(f"{path}/subpoena", SUBPOENA, version=1)

    signed = await clinic.privacy_officer.put(f"{path}/counsel-signature", {}, version=2)

    assert problem(signed) == (409, "order-incomplete")
    assert set(await lacking(clinic, order_id)) == {*codes, "no_counsel_signature"}


async def test_the_notice_may_be_given_after_the_order_was_recorded(clinic: Any) -> None:
    order_id = await order(clinic, await clinic.enrol(), notice_given=False)
    path = f"{INTAKE}/court-orders/{order_id}/notice"

    given = await clinic.administrator.put(path, {}, version=1)
    again = await clinic.administrator.put(path, {}, version=2)

    assert given.status_code == 200
    assert problem(again) == (409, "notice-recorded-already")
    assert "notice_not_given" not in await lacking(clinic, order_id)


async def test_nobody_signs_for_counsel_what_they_recorded(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    path = f"{INTAKE}/participants/{participant_id}/court-orders"
    own = await clinic.privacy_officer.created(path, ORDER)
    await clinic.administrator.put(f"{INTAKE}/court-orders/{own}/subpoena", SUBPOENA, version=1)
    other = await clinic.administrator.created(path, ORDER)
    await clinic.privacy_officer.put(f"{INTAKE}/court-orders/{other}/subpoena", SUBPOENA, version=1)

    answers = [
        await clinic.privacy_officer.put(f"{INTAKE}/court-orders/{one}/counsel-signature", {}, version=2)
        for one in (own, other)
    ]
    administrator = await clinic.administrator.put(f"{INTAKE}/court-orders/{other}/counsel-signature", {}, version=2)

    assert {problem(one) for one in answers} == {(409, "signed-by-recorder")}
    assert administrator.status_code == 403


async def test_an_ended_order_is_neither_usable_nor_changed(clinic: Any) -> None:
    order_id = await order(clinic, await clinic.enrol())
    path = f"{INTAKE}/court-orders/{order_id}"
    await clinic.administrator.put(f"{path}/subpoena", SUBPOENA, version=1)
    await clinic.privacy_officer.put(f"{path}/counsel-signature", {}, version=2)

    ended = await clinic.administrator.put(f"{path}/end", {"reason": "set_aside"}, version=3)
    late = await clinic.administrator.put(f"{path}/subpoena", SUBPOENA, version=4)

    assert ended.status_code == 200
    assert await lacking(clinic, order_id) == ["ended"]
    assert problem(late) == (409, "order-ended")


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"recipient_name": None}, (422, "one-recipient")),
        ({"section": "2.66", "against_patient": True}, (422, "not-against-the-person")),
        ({"findings": ["extremely_serious_crime"]}, (422, "finding-not-of-its-section")),
        ({"issued_on": LATER}, (422, "in-the-future")),
        ({"expires_on": "2026-01-31"}, (422, "ends-before-it-starts")),
        ({"section": "2.62"}, (422, "invalid-request")),
        ({"categories": ["everything"]}, (422, "invalid-request")),
    ],
)
async def test_an_order_that_makes_no_sense_is_not_recorded(
    clinic: Any, terms: dict[str, Any], expected: tuple[int, str]
) -> None:
    participant_id = await clinic.enrol()
    before, audited = await count(clinic, "court_order"), await clinic.refusals()

    answer = await clinic.administrator.post(f"{INTAKE}/participants/{participant_id}/court-orders", ORDER | terms)

    assert problem(answer) == expected
    assert (await count(clinic, "court_order"), await clinic.refusals()) == (before, audited + 1)


async def test_an_orders_words_are_sealed_and_its_list_shows_them(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    order_id = await order(clinic, participant_id)
    await clinic.administrator.put(f"{INTAKE}/court-orders/{order_id}/subpoena", SUBPOENA, version=1)

    (row,) = await clinic.platform.fetch("select * from intake.court_order where id = :id", id=order_id)
    listed = await clinic.administrator.get(f"{INTAKE}/participants/{participant_id}/court-orders")
    audited = await clinic.platform.fetch(
        "select action, detail::text as detail from intake.audit where subject_id = :p union all "
        "select action, detail::text from intake.audit_pending where subject_id = :p",
        p=participant_id,
    )

    assert "CANARY" not in str(dict(row)).upper()
    assert await clinic.events(order_id) == []
    assert {"court-order.record", "court-order.subpoena", "court-order.list"} <= {one["action"] for one in audited}
    assert "CANARY" not in str([one["detail"] for one in audited]).upper()
    (shown,) = listed.json()["items"]
    assert (shown["order_reference"], shown["subpoena_reference"]) == ("CV-26-CANARY", "SUB-CANARY-9")
    assert (shown["usable"], shown["lacking"]) == (False, ["no_counsel_signature"])


async def test_only_officials_of_the_agency_see_orders(clinic: Any, stranger: Any) -> None:
    participant_id, _ = await clinic.assigned()
    order_id = await order(clinic, participant_id)
    listed = f"{INTAKE}/participants/{participant_id}/court-orders"

    inside = [
        await clinic.peer.get(listed),
        await clinic.supervisor.get(f"{INTAKE}/court-orders/{order_id}"),
        await clinic.peer.post(listed, ORDER),
    ]
    outside = [
        await stranger.get(listed),
        await stranger.get(f"{INTAKE}/court-orders/{order_id}"),
        await stranger.post(listed, ORDER),
        await stranger.put(f"{INTAKE}/court-orders/{order_id}/end", {"reason": "withdrawn"}, version=1),
    ]

    assert [one.status_code for one in inside] == [403, 403, 403]
    assert {problem(one) for one in outside} == {(404, "not-found")}


# Demands of the law through HTTP


def demand(name: str, **terms: object) -> dict[str, Any]:
    return {"kind": "subpoena", "words": f"A deputy asks for the file of {name}"} | terms


async def test_a_demand_gets_the_same_reply_about_anybody(clinic: Any) -> None:
    await clinic.enrol(name="Known Canary Person")

    known = await clinic.peer.post(f"{INTAKE}/legal-demands", demand("Known Canary Person"))
    unknown = await clinic.peer.post(f"{INTAKE}/legal-demands", demand("Nobody Canary At All"))
    reply = (await clinic.peer.get(f"{INTAKE}/neutral-reply")).json()

    assert (known.status_code, unknown.status_code) == (201, 201)
    assert known.json()["reply"] == unknown.json()["reply"] == reply
    assert set(known.json()) == set(unknown.json()) == {"id", "version", "reply"}
    assert set(reply) == {"en", "es"}


@pytest.mark.parametrize("word", ["recovery", "treatment", "substance", "42 CFR", "tratamiento", "recuperación"])
async def test_the_neutral_reply_names_no_kind_of_service(clinic: Any, word: str) -> None:
    reply = (await clinic.peer.get(f"{INTAKE}/neutral-reply")).json()

    assert word.casefold() not in f"{reply['en']} {reply['es']}".casefold()


async def test_a_demand_waits_for_counsel_and_is_closed_with_an_outcome(clinic: Any) -> None:
    body = demand("Canary Doe", received_from="Deputy Canary", answer_due_on=LATER)
    demand_id = await clinic.peer.created(f"{INTAKE}/legal-demands", body)
    path = f"{INTAKE}/legal-demands/{demand_id}"

    waiting = (await clinic.privacy_officer.get(f"{INTAKE}/legal-demands", limit=100)).json()["items"]
    opened = await clinic.privacy_officer.get(path)
    closing = {"outcome": "replied_neutrally", "words": "Sent by mail"}
    closed = await clinic.privacy_officer.put(f"{path}/closure", closing, version=1)
    again = await clinic.privacy_officer.put(f"{path}/closure", closing, version=2)
    after = (await clinic.privacy_officer.get(path)).json()

    (entry,) = [one for one in waiting if one["id"] == str(demand_id)]
    assert "words" not in entry
    assert (opened.json()["received_from"], opened.headers["etag"]) == ("Deputy Canary", '"1"')
    assert closed.status_code == 200
    assert problem(again) == (409, "demand-closed-already")
    assert (after["state"], after["outcome"], after["closing_words"]) == ("closed", "replied_neutrally", "Sent by mail")


async def test_a_demand_is_sealed_and_tells_nothing_on(clinic: Any) -> None:
    events = await clinic.told()

    demand_id = await clinic.peer.created(f"{INTAKE}/legal-demands", demand("Canary Sealed Doe"))

    (row,) = await clinic.platform.fetch("select * from intake.legal_demand where id = :id", id=demand_id)
    (kept,) = await clinic.platform.fetch(
        "select body from intake.idempotency where agency_id = :a and convert_from(body, 'UTF8') like :id",
        a=clinic.peer.agency_id,
        id=f"%{demand_id}%",
    )
    assert b"Canary" not in bytes(row["words"])
    assert b"Canary" not in bytes(kept["body"])
    assert await clinic.told() == events


async def test_who_took_a_demand_down_does_not_read_the_queue(clinic: Any, stranger: Any) -> None:
    demand_id = await clinic.peer.created(f"{INTAKE}/legal-demands", demand("Canary Doe"))
    path = f"{INTAKE}/legal-demands/{demand_id}"

    inside = [await clinic.peer.get(f"{INTAKE}/legal-demands"), await clinic.supervisor.get(path)]
    outside = [
        await stranger.get(path),
        await stranger.put(f"{path}/closure", {"outcome": "withdrawn"}, version=1),
    ]

    assert [one.status_code for one in inside] == [403, 403]
    assert {problem(one) for one in outside} == {(404, "not-found")}
    assert str(demand_id) not in (await stranger.get(f"{INTAKE}/legal-demands")).text


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"kind": "letter"}, (422, "invalid-request")),
        ({"words": " "}, (422, "invalid-request")),
        ({"participant_id": "x"}, (422, "invalid-request")),
        ({"received_at": f"{LATER}T10:00:00Z"}, (422, "in-the-future")),
    ],
)
async def test_a_demand_that_cannot_be_leaves_nothing_but_an_audit_entry(
    clinic: Any, terms: dict[str, Any], expected: tuple[int, str]
) -> None:
    before, audited = await count(clinic, "legal_demand"), await clinic.refusals()

    answer = await clinic.peer.post(f"{INTAKE}/legal-demands", demand("Canary Doe", **terms))

    assert problem(answer) == expected
    assert (await count(clinic, "legal_demand"), await clinic.refusals()) == (before, audited + 1)
