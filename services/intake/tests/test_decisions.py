"""The decision table row by row, both ways, and what no combination of facts may bring about."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.codes import AgreementKind, ConsentType, DisclosureBasis, RecordOrigin
from intake.rules.bases import CourtSection, Finding, OrderAtHand, PartyKind, RelationKind
from intake.rules.consents import ConsentStanding, ConsentTerms, InformationCategory, Purpose
from intake.rules.decision_facts import (
    AgreementFacts,
    ConsentFacts,
    DecisionFacts,
    Obligation,
    OrderFacts,
    RecipientFacts,
)
from intake.rules.decisions import ROWS, decide
from intake.rules.disclosures import Demand, DisclosureTerms, RecipientKind
from intake.rules.names import office_key
from intake.rules.restrictions import RestrictionAtHand, RestrictionState

TODAY = date(2026, 11, 23)
PARTY = UUID("00000000-0000-7000-8000-000000000001")
OTHER = UUID("00000000-0000-7000-8000-000000000002")
CONSENT_ID = UUID("00000000-0000-7000-8000-000000000003")
CATEGORY = InformationCategory


def consent(**changes: Any) -> ConsentFacts:
    """A consent for housing to one named recipient, in force."""
    terms: dict[str, Any] = {
        "consent_type": "named_recipients",
        "name_as_signed": "Ana",
        "disclosers": ["Riverbend Recovery"],
        "categories": ["substance_use_disorder", "attendance"],
        "recipients": [{"name": "County Housing", "covered_entity": False}],
        "purposes": ["housing"],
        "expiry": {"kind": "date", "on": "2199-12-31"},
    }
    standing = changes.pop("standing", ConsentStanding.ACTIVE)
    inactive = frozenset(changes.pop("inactive", ()))
    said = ConsentTerms.model_validate(terms | changes)
    return ConsentFacts(terms=said, standing=standing, inactive_places=inactive)


TPO = {
    "consent_type": "tpo",
    "recipients": [{"recipient_class": "treating_provider", "covered_entity": True}],
    "purposes": ["treatment", "payment", "health_care_operations"],
    "expiry": {"kind": "none"},
}
JUSTICE = {
    "consent_type": "criminal_justice",
    "recipients": [
        {
            "name": "County Housing",
            "covered_entity": False,
            "monitoring_duty": "supervises the release",
            "justice_role": "probation",
        }
    ],
    "purposes": ["criminal_justice"],
    "legal_matter": {"name": "Case 12"},
}
NOTES = {"consent_type": "counseling_notes", "categories": ["counseling_notes"]}
PROCEEDINGS = {"consent_type": "proceedings", "purposes": ["legal_proceedings"]}
INTERMEDIARY = {
    "consent_type": "intermediary",
    "recipients": [{"name": "County Exchange", "covered_entity": False}],
    "intermediary_participants": ["County Housing"],
}
DESIGNATED = INTERMEDIARY | {"intermediary_participants": [], "general_designation": "treating_participants"}
WISH: dict[str, Any] = {
    "basis": "consent",
    "consent_id": str(CONSENT_ID),
    "recipient": {"name": "County Housing"},
    "purpose": "housing",
    "categories": ["attendance"],
    "notice_statement": "notice-short-2024",
    "scope_attached": "explanation",
}
EMERGENCY = {
    "basis": "medical_emergency",
    "consent_id": None,
    "purpose": "emergency_care",
    "emergency": {
        "personnel": "Dr. Okafor",
        "role": "physician",
        "facility": "Mercy",
        "nature": "Overdose in the yard",
        "justification": "Not responsive",
    },
}
REPORT = {
    "basis": "child_abuse_report",
    "consent_id": None,
    "purpose": "legal_duty",
    "recipient": {"party_id": str(PARTY)},
    "categories": ["demographics"],
    "view": "child_abuse_report",
    "channel": "phone",
    "report": {"authority": "State hotline", "suspected": "Left alone at night"},
}
CRIME = {
    "basis": "crime_on_premises",
    "consent_id": None,
    "purpose": "legal_duty",
    "categories": ["substance_use_disorder", "demographics", "contact"],
    "view": "crime_on_premises",
    "channel": "phone",
    "recipient": {"party_id": str(PARTY)},
    "incident": {"circumstances": "A window was broken"},
}
ORDER = {
    "basis": "court_order",
    "consent_id": None,
    "purpose": "legal_proceedings",
    "recipient": {"party_id": str(PARTY)},
}
SERVICE = {
    "basis": "qualified_service",
    "consent_id": None,
    "purpose": "program_services",
    "recipient": {"party_id": str(PARTY)},
}
AUDIT = SERVICE | {"basis": "audit_evaluation", "purpose": "oversight", "channel": "in_person"}
RESEARCH = SERVICE | {
    "basis": "research",
    "purpose": "research",
    "view": "research_set",
    "channel": "secure_email",
}
NO_PART2: dict[str, Any] = {"is_program": False, "origin": RecordOrigin.OTHER}
HIPAA = {"basis": "hipaa_permitted", "consent_id": None, "purpose": "treatment"}
NOTHING = {"basis": None, "consent_id": None}
POLICE = RecipientFacts(kind=RecipientKind.OUTSIDE, party_id=PARTY, party_kind=PartyKind.LAW_ENFORCEMENT, name="Police")
AUTHORITY = replace(POLICE, party_kind=PartyKind.CHILD_PROTECTION, name="State hotline")
OFFICE = RecipientFacts(kind=RecipientKind.OUTSIDE, party_id=PARTY, party_kind=PartyKind.VENDOR, name="Office")
NAMED = RecipientFacts(kind=RecipientKind.OUTSIDE, name="county  HOUSING")
MERCY = RecipientFacts(
    kind=RecipientKind.OUTSIDE,
    party_id=PARTY,
    party_kind=PartyKind.HOSPITAL,
    name="Mercy",
    relations=frozenset({RelationKind.TREATING_PROVIDER}),
    medical_personnel=True,
)
PERSON = RecipientFacts(kind=RecipientKind.PERSON)
COLLEAGUE = RecipientFacts(kind=RecipientKind.OWN_STAFF, serves_person=True)
FACTS = DecisionFacts(
    caller_admitted=True,
    can_be_recorded=True,
    is_program=True,
    origin=RecordOrigin.OWN_PART2,
    recipient=NAMED,
    today=TODAY,
)
FINDINGS = (
    Finding.OTHER_WAYS_UNAVAILABLE,
    Finding.PUBLIC_INTEREST_OUTWEIGHS,
    Finding.EXTREMELY_SERIOUS_CRIME,
    Finding.SUBSTANTIAL_VALUE,
    Finding.THREAT_TO_LIFE,
)


def order(**changes: Any) -> OrderFacts:
    """An order with its subpoena, signed by counsel."""
    party_id = changes.pop("party_id", PARTY)
    recipient_name = changes.pop("recipient_name", None)
    held: dict[str, Any] = {
        "section": CourtSection.NONCRIMINAL,
        "findings": FINDINGS,
        "notice_given": True,
        "categories": [CATEGORY.ATTENDANCE],
        "names_counseling_notes": False,
        "confidential_communications": False,
        "against_patient": True,
        "issued_on": date(2026, 11, 1),
        "expires_on": None,
        "subpoena_on": date(2026, 11, 2),
        "counsel_signed": True,
        "ended_on": None,
    }
    return OrderFacts(order=OrderAtHand(**(held | changes)), party_id=party_id, recipient_name=recipient_name)


def agreement(kind: AgreementKind, **changes: Any) -> AgreementFacts:
    held: dict[str, Any] = {
        "kind": kind,
        "party_id": PARTY,
        "categories": frozenset({CATEGORY.ATTENDANCE}),
        "live": True,
        "copies_allowed": False,
        "approved": kind is AgreementKind.RESEARCH,
    }
    return AgreementFacts(**(held | changes))


def restriction(**changes: Any) -> RestrictionAtHand:
    held: dict[str, Any] = {
        "state": RestrictionState.AGREED,
        "categories": [],
        "purposes": [],
        "party_id": None,
        "to_health_plan": False,
        "paid_in_full": False,
    }
    return RestrictionAtHand(**(held | changes))


QSO, REVIEW, STUDY = AgreementKind.QUALIFIED_SERVICE, AgreementKind.AUDIT_EVALUATION, AgreementKind.RESEARCH
TREATMENT = {"purpose": "treatment", "recipient": {"party_id": str(PARTY), "recipient_class": "treating_provider"}}
IN_COURT = {"for_proceeding": True, "purpose": "legal_proceedings"}
# Row, what is wished besides WISH, what is there besides FACTS, and the grounds; no grounds mean that it is allowed.
Case = tuple[str, dict[str, Any], dict[str, Any], list[str]]
CASES: list[Case] = [
    ("D0", {}, {"caller_admitted": False, "consent": consent()}, ["not-allowed"]),
    ("D1", {}, {"can_be_recorded": False, "consent": consent()}, ["ledger-not-writable"]),
    ("D2", NOTHING | {"recipient": {"kind": "person", "identity_proof": "known_in_person"}}, {"recipient": PERSON}, []),
    ("D2", NOTHING | {"recipient": {"kind": "person"}}, {"recipient": PERSON}, ["identity-not-proofed"]),
    ("D3", NOTHING | {"recipient": {"kind": "own_staff"}}, {"recipient": COLLEAGUE}, []),
    (
        "D3",
        NOTHING | {"recipient": {"kind": "own_staff"}},
        {"recipient": replace(COLLEAGUE, serves_person=False)},
        ["no-need-to-know"],
    ),
    ("D4", HIPAA, {}, ["part2-record"]),
    ("D4", HIPAA, {"is_program": False, "origin": RecordOrigin.RECEIVED_PART2}, ["part2-record"]),
    ("D4", HIPAA, {"is_program": False}, ["part2-record"]),  # what a program recorded stays under Part 2
    ("D20", HIPAA, NO_PART2, []),
    ("D20", HIPAA | {"purpose": "housing"}, NO_PART2, ["purpose-not-covered"]),
    ("D20", HIPAA | {"purpose": "oversight"}, NO_PART2, ["reason-missing"]),
    (
        "D20",
        HIPAA | {"purpose": "oversight", "reason_code": "state_survey", "reference": "S-7"},
        NO_PART2,
        [],
    ),
    ("D5", HIPAA | {"for_proceeding": True}, NO_PART2, ["proceeding-not-permitted"]),
    ("D5", {"for_proceeding": True}, {"consent": consent()}, ["proceeding-not-permitted"]),
    ("D8", IN_COURT, {"consent": consent(**PROCEEDINGS)}, []),
    (
        "D8",
        {"purpose": "legal_proceedings"},
        {"consent": consent(**PROCEEDINGS)},
        ["consent-for-proceedings-only"],
    ),
    ("D5", ORDER, {"recipient": OFFICE, "order": order()}, []),
    ("D5", ORDER | {"for_proceeding": True}, {"recipient": OFFICE, "order": order()}, []),
    (
        "D5",
        ORDER | {"for_proceeding": True},
        {"recipient": OFFICE, "order": order(against_patient=False)},
        ["order-out-of-scope"],
    ),
    ("D5", ORDER, {"recipient": OFFICE}, ["order-missing"]),
    ("D5", ORDER | {"subpoena_reference": "S-1"}, {"recipient": OFFICE}, ["subpoena-alone"]),
    ("D5", ORDER, {"recipient": OFFICE, "order": order(issued_on=None)}, ["subpoena-alone"]),
    ("D5", ORDER, {"recipient": OFFICE, "order": order(subpoena_on=None)}, ["order-alone"]),
    ("D5", ORDER, {"recipient": OFFICE, "order": order(findings=())}, ["order-findings-missing"]),
    ("D5", ORDER, {"recipient": OFFICE, "order": order(notice_given=False)}, ["order-notice-not-given"]),
    ("D5", ORDER, {"recipient": OFFICE, "order": order(counsel_signed=False)}, ["order-not-signed-by-counsel"]),
    ("D5", ORDER, {"recipient": OFFICE, "order": order(expires_on=date(2026, 11, 22))}, ["order-not-live"]),
    ("D5", ORDER, {"recipient": OFFICE, "order": order(expires_on=TODAY)}, []),
    ("D5", ORDER, {"recipient": OFFICE, "order": order(ended_on=TODAY)}, ["order-not-live"]),
    ("D5", ORDER | {"categories": ["progress"]}, {"recipient": OFFICE, "order": order()}, ["order-out-of-scope"]),
    ("D5", ORDER, {"recipient": OFFICE, "order": order(party_id=OTHER)}, ["order-out-of-scope"]),
    ("D5", ORDER, {"recipient": OFFICE, "order": order(party_id=None, recipient_name="office")}, []),
    ("D6", {"includes_counseling_notes": True}, {"consent": consent()}, ["counseling-notes-not-covered"]),
    ("D6", {"categories": ["counseling_notes"]}, {"consent": consent()}, ["counseling-notes-not-covered"]),
    ("D8", {"categories": ["counseling_notes"]}, {"consent": consent(**NOTES)}, []),
    (
        "D6",
        ORDER | {"includes_counseling_notes": True},
        {"recipient": OFFICE, "order": order()},
        ["counseling-notes-not-covered"],
    ),
    (
        "D5",
        ORDER | {"includes_counseling_notes": True},
        {"recipient": OFFICE, "order": order(names_counseling_notes=True)},
        [],
    ),
    (
        "D7",
        TREATMENT,
        {"recipient": MERCY, "consent": consent(**TPO), "restrictions": (restriction(),)},
        ["restricted"],
    ),
    (
        "D7",
        {},
        {"consent": consent(), "restrictions": (restriction(purposes=[Purpose.HOUSING]),)},
        ["restricted"],
    ),
    ("D7", {}, {"consent": consent(), "restrictions": (restriction(),)}, ["restricted"]),
    ("D8", {}, {"consent": consent(), "restrictions": (restriction(purposes=[Purpose.PAYMENT]),)}, []),
    ("D8", {}, {"consent": consent(), "restrictions": (restriction(categories=[CATEGORY.PROGRESS]),)}, []),
    ("D7", HIPAA, NO_PART2 | {"restrictions": (restriction(),)}, ["restricted"]),
    ("D5", ORDER, {"recipient": OFFICE, "order": order(), "restrictions": (restriction(),)}, []),
    (
        "D8",
        TREATMENT,
        {"recipient": MERCY, "consent": consent(**TPO), "restrictions": (restriction(party_id=OTHER),)},
        [],
    ),
    (
        "D8",
        TREATMENT,
        {"recipient": MERCY, "consent": consent(**TPO), "restrictions": (restriction(to_health_plan=True),)},
        [],
    ),
    (
        "D8",
        TREATMENT,
        {
            "recipient": MERCY,
            "consent": consent(**TPO),
            "restrictions": (restriction(state=RestrictionState.ASKED),),
        },
        [],
    ),
    ("D10", EMERGENCY, {"recipient": MERCY, "restrictions": (restriction(),)}, []),
    ("D8", {}, {"consent": consent()}, []),
    ("D8", {}, {}, ["consent-missing"]),
    *(
        ("D8", {}, {"consent": consent(standing=one)}, ["consent-not-active"])
        for one in ConsentStanding
        if one is not ConsentStanding.ACTIVE
    ),
    ("D8", {}, {"consent": consent(disclosers=[])}, ["discloser-not-named"]),
    (
        "D8",
        {"recipient": {"name": "County Jail"}},
        {"consent": consent(), "recipient": replace(NAMED, name="County Jail")},
        ["recipient-not-covered"],
    ),
    ("D8", {}, {"consent": consent(inactive=[0])}, ["recipient-not-active"]),
    ("D8", {}, {"consent": consent(inactive=[1])}, []),
    ("D8", {"purpose": "employment"}, {"consent": consent()}, ["purpose-not-covered"]),
    ("D8", {"categories": ["attendance", "progress"]}, {"consent": consent()}, ["category-not-covered"]),
    (
        "D8",
        {"purpose": "employment", "categories": ["progress"]},
        {"consent": consent(standing=ConsentStanding.REVOKED)},
        ["consent-not-active", "purpose-not-covered", "category-not-covered"],
    ),
    ("D8", TREATMENT, {"recipient": MERCY, "consent": consent(**TPO)}, []),
    (
        "D8",
        TREATMENT,
        {"recipient": replace(MERCY, relations=frozenset()), "consent": consent(**TPO)},
        ["relation-not-proven"],
    ),
    (
        "D8",
        TREATMENT,
        {
            "recipient": replace(MERCY, relations=frozenset({RelationKind.THIRD_PARTY_PAYER})),
            "consent": consent(**TPO),
        },
        ["relation-not-proven"],
    ),
    (
        "D8",
        TREATMENT | {"recipient": {"party_id": str(PARTY), "recipient_class": "health_plan"}},
        {"recipient": replace(MERCY, relations=frozenset()), "consent": consent(**TPO)},
        ["recipient-not-covered"],
    ),
    ("D8", TREATMENT, {"recipient": MERCY, "consent": consent(**TPO, inactive=[0])}, ["recipient-not-active"]),
    ("D8", {}, {"consent": consent(**INTERMEDIARY)}, []),
    ("D8", {}, {"consent": consent(**DESIGNATED)}, ["relation-not-proven"]),
    ("D8", {}, {"recipient": MERCY, "consent": consent(**DESIGNATED)}, []),
    ("D9", {"purpose": "criminal_justice"}, {"consent": consent(**JUSTICE)}, []),
    ("D9", {}, {"consent": consent(**JUSTICE)}, ["purpose-not-covered"]),
    (
        "D9",
        {"purpose": "criminal_justice"},
        {"consent": consent(**JUSTICE | {"recipients": [{"name": "County Housing", "covered_entity": False}]})},
        ["no-monitoring-duty"],
    ),
    (
        "D9",
        {"purpose": "criminal_justice"},
        {"consent": consent(**JUSTICE | {"legal_matter": None})},
        ["period-missing"],
    ),
    ("D10", EMERGENCY, {}, []),
    ("D10", EMERGENCY, {"recipient": MERCY}, []),
    ("D10", EMERGENCY, {"recipient": POLICE}, ["emergency-not-medical"]),
    *(
        (
            "D10",
            EMERGENCY | {"emergency": EMERGENCY["emergency"] | {"role": role}},  # type: ignore[operator]
            {},
            ["emergency-not-medical"],
        )
        for role in ("law_enforcement", "family", "crisis_line", "other")
    ),
    *(
        (
            "D10",
            EMERGENCY | {"emergency": EMERGENCY["emergency"] | {item: None}},  # type: ignore[operator]
            {},
            ["emergency-items-missing"],
        )
        for item in ("personnel", "role", "facility", "nature", "justification")
    ),
    ("D10", EMERGENCY | {"emergency": None}, {}, ["emergency-items-missing"]),
    ("D10", EMERGENCY | {"purpose": "treatment"}, {}, ["purpose-not-covered"]),
    ("D11", REPORT, {}, ["report-other-recipient"]),
    ("D11", REPORT, {"recipient": replace(AUTHORITY, party_ended=True)}, ["report-other-recipient"]),
    ("D8", {}, {"consent": consent(), "own_names": frozenset({"riverbendrecovery"})}, []),
    ("D8", {}, {"consent": consent(), "own_names": frozenset({"other"})}, ["discloser-not-this-agency"]),
    ("D8", {}, {"consent": consent(), "recipient": replace(NAMED, is_registered=True)}, ["recipient-is-registered"]),
    ("D10", EMERGENCY, {"recipient": replace(NAMED, is_registered=True)}, []),
    ("D10", EMERGENCY, {"recipient": replace(NAMED, not_medical=True)}, ["emergency-not-medical"]),
    (
        "D7",
        {},
        {"consent": consent(), "restrictions": (restriction(party_id=OTHER, party_key="countyhousing"),)},
        ["restricted"],
    ),
    ("D8", {}, {"consent": consent(), "restrictions": (restriction(party_id=OTHER, party_key="county"),)}, []),
    ("D17", {"notice_statement": "banana"}, {"consent": consent()}, ["notice-statement-unknown"]),
    ("D11", REPORT | {"view": None}, {}, ["report-form-only"]),
    ("D11", REPORT | {"view": "progress_summary"}, {}, ["report-form-only"]),
    ("D11", REPORT | {"categories": ["progress"]}, {}, ["report-form-only"]),
    ("D11", REPORT | {"report": None}, {}, ["report-incomplete"]),
    ("D11", REPORT, {"recipient": POLICE}, ["report-other-recipient"]),
    ("D11", REPORT, {"recipient": AUTHORITY}, []),
    ("D12", CRIME, {"recipient": POLICE}, []),
    ("D12", CRIME | {"categories": ["attendance"]}, {"recipient": POLICE}, ["crime-packet-too-large"]),
    ("D12", CRIME | {"view": None}, {"recipient": POLICE}, ["crime-packet-too-large"]),
    ("D12", CRIME | {"incident": None}, {"recipient": POLICE}, ["incident-missing"]),
    ("D12", CRIME, {"recipient": OFFICE}, ["crime-other-recipient"]),
    ("D13", SERVICE, {"recipient": OFFICE, "agreement": agreement(QSO)}, []),
    ("D13", SERVICE, {"recipient": OFFICE}, ["agreement-missing"]),
    ("D13", SERVICE, {"recipient": OFFICE, "agreement": agreement(REVIEW)}, ["agreement-missing"]),
    ("D13", SERVICE, {"recipient": OFFICE, "agreement": agreement(QSO, live=False)}, ["agreement-not-live"]),
    (
        "D13",
        SERVICE,
        {"recipient": replace(OFFICE, party_ended=True), "agreement": agreement(QSO)},
        ["agreement-not-live"],
    ),
    ("D13", SERVICE, {"recipient": OFFICE, "agreement": agreement(QSO, party_id=OTHER)}, ["agreement-other-party"]),
    (
        "D13",
        SERVICE | {"categories": ["progress"]},
        {"recipient": OFFICE, "agreement": agreement(QSO)},
        ["category-not-covered"],
    ),
    (
        "D13",
        SERVICE | {"purpose": "treatment"},
        {"recipient": OFFICE, "agreement": agreement(QSO)},
        ["qualified-service-not-referral"],
    ),
    ("D14", AUDIT, {"recipient": OFFICE, "agreement": agreement(REVIEW)}, []),
    ("D14", AUDIT, {"recipient": OFFICE, "agreement": agreement(REVIEW, live=False)}, ["agreement-not-live"]),
    (
        "D14",
        AUDIT | {"channel": "secure_email"},
        {"recipient": OFFICE, "agreement": agreement(REVIEW)},
        ["copy-not-agreed"],
    ),
    (
        "D14",
        AUDIT | {"channel": "secure_email"},
        {"recipient": OFFICE, "agreement": agreement(REVIEW, copies_allowed=True)},
        [],
    ),
    (
        "D14",
        AUDIT | {"purpose": "treatment"},
        {"recipient": OFFICE, "agreement": agreement(REVIEW)},
        ["purpose-not-covered"],
    ),
    ("D15", RESEARCH, {"recipient": OFFICE, "agreement": agreement(STUDY)}, []),
    ("D15", RESEARCH, {"recipient": OFFICE, "agreement": agreement(STUDY, live=False)}, ["agreement-not-live"]),
    ("D15", RESEARCH, {"recipient": OFFICE, "agreement": agreement(STUDY, approved=False)}, ["research-not-approved"]),
    ("D15", RESEARCH | {"view": None}, {"recipient": OFFICE, "agreement": agreement(STUDY)}, ["research-set-only"]),
    ("D16", NOTHING | {"demand": "public_health"}, {}, ["public-health-identified"]),
    ("D16", NOTHING | {"demand": "public_health", "identifies": False}, {}, []),
    ("D17", {"notice_statement": None}, {"consent": consent()}, ["notice-statement-missing"]),
    ("D17", {"scope_attached": None}, {"consent": consent()}, ["scope-missing"]),
    (
        "D17",
        {"notice_statement": None, "scope_attached": None},
        {"consent": consent()},
        ["notice-statement-missing", "scope-missing"],
    ),
    ("D17", {"view": "attendance_only"}, {"consent": consent()}, ["channel-missing"]),
    ("D8", {"view": "attendance_only", "channel": "fax"}, {"consent": consent()}, []),
    ("D17", {"view": "court_ordered", "channel": "fax"}, {"consent": consent()}, ["view-not-for-basis"]),
    (
        "D17",
        {"view": "billing", "channel": "fax"},
        {"consent": consent()},
        ["view-not-for-purpose"],
    ),
    (
        "D17",
        {"view": "attendance_only", "channel": "fax", "categories": ["substance_use_disorder"]},
        {"consent": consent()},
        ["category-not-in-view"],
    ),
    ("D17", EMERGENCY | {"consent_id": str(CONSENT_ID)}, {}, ["consent-not-the-basis"]),
    *(
        ("D18", NOTHING | {"demand": one}, {}, ["would-identify-patient"])
        for one in ("adult_abuse", "duty_to_warn", "welfare_check")
    ),
    *(
        ("D18", NOTHING | {"demand": one, "identifies": False}, {}, [])
        for one in ("adult_abuse", "duty_to_warn", "welfare_check")
    ),
    ("D19", NOTHING | {"demand": "subpoena"}, {}, ["subpoena-alone"]),
    ("D19", NOTHING | {"demand": "subpoena", "identifies": False}, {}, ["subpoena-alone"]),
    ("D19", NOTHING | {"demand": "warrant"}, {}, ["warrant-alone"]),
    ("D19", NOTHING | {"demand": "police_request"}, {}, ["police-request-alone"]),
    ("D21", NOTHING, {}, ["no-basis"]),
    ("D21", NOTHING | {"identifies": False}, {"consent": consent()}, ["no-basis"]),
]


def wished(changes: dict[str, Any]) -> DisclosureTerms:
    return DisclosureTerms.model_validate(WISH | changes)


@pytest.mark.parametrize(("row", "wish", "there", "grounds"), CASES)
def test_each_row_decides_both_ways(row: str, wish: dict[str, Any], there: dict[str, Any], grounds: list[str]) -> None:
    decision = decide(wished(wish), replace(FACTS, **there))

    assert (decision.row, [fault.code for fault in decision.faults]) == (row, grounds)
    assert decision.allowed == (not grounds)


def test_every_row_of_the_table_is_decided_by_some_case() -> None:
    assert {row for row, *_ in CASES} == set(ROWS)


def test_each_ground_says_what_to_do_next_and_names_nobody() -> None:
    for _, wish, there, _ in CASES:
        for fault in decide(wished(wish), replace(FACTS, **there)).faults:
            assert fault.sentence.endswith("."), fault
            assert not [one for one in ("Ana", "County", "Mercy", "Okafor") if one in fault.sentence], fault


def test_the_first_refusing_row_wins() -> None:
    wish = wished(TREATMENT | {"for_proceeding": True, "notice_statement": None})
    facts = replace(FACTS, recipient=MERCY, restrictions=(restriction(),), consent=consent(**TPO))

    in_court = decide(wish, facts)
    restricted = decide(wish.model_copy(update={"for_proceeding": False}), facts)
    unaccompanied = decide(wish.model_copy(update={"for_proceeding": False}), replace(facts, restrictions=()))

    assert [one.row for one in (in_court, restricted, unaccompanied)] == ["D5", "D7", "D17"]


def test_an_emergency_goes_on_against_a_restriction_with_a_request_not_to_pass_it_on() -> None:
    restricted = decide(wished(EMERGENCY), replace(FACTS, recipient=MERCY, restrictions=(restriction(),)))
    free = decide(wished(EMERGENCY), replace(FACTS, recipient=MERCY))

    assert Obligation.ASK_NOT_TO_PASS_ON in restricted.obligations
    assert Obligation.ASK_NOT_TO_PASS_ON not in free.obligations
    assert {Obligation.ACCOUNT, Obligation.REVIEW, Obligation.NOTIFY_OFFICER} <= set(free.obligations)


def test_a_disclosure_on_consent_goes_with_statement_and_scope_to_one_place_of_the_list() -> None:
    two = [{"name": "Shelter", "covered_entity": False}, {"name": "County Housing", "covered_entity": False}]
    decision = decide(wished({}), replace(FACTS, consent=consent(recipients=two)))

    assert {Obligation.ACCOUNT, Obligation.STATEMENT, Obligation.SCOPE} <= set(decision.obligations)
    assert decision.recipient_place == 1


def test_a_name_that_was_revoked_is_not_reached_again_through_its_class() -> None:
    both = [{"recipient_class": "treating_provider", "covered_entity": True}, {"name": "Mercy", "covered_entity": True}]
    facts = replace(FACTS, recipient=MERCY, consent=consent(**TPO | {"recipients": both}, inactive=[1]))

    decision = decide(wished(TREATMENT), facts)

    assert [fault.code for fault in decision.faults] == ["recipient-not-active"]


def test_a_party_of_the_register_is_not_met_by_its_name_alone() -> None:
    named = consent(recipients=[{"name": "Mercy", "covered_entity": True, "party_id": str(OTHER)}])

    decision = decide(wished({}), replace(FACTS, recipient=MERCY, consent=named))

    assert [fault.code for fault in decision.faults] == ["recipient-not-covered"]


CONSENTS = st.one_of(
    st.none(),
    st.builds(
        lambda standing, terms, inactive: consent(standing=standing, inactive=inactive, **terms),
        st.sampled_from(list(ConsentStanding)),
        st.sampled_from([{}, TPO, JUSTICE, NOTES, PROCEEDINGS, INTERMEDIARY, DESIGNATED]),
        st.sampled_from([[], [0]]),
    ),
)
RECIPIENTS = st.builds(
    RecipientFacts,
    kind=st.sampled_from(list(RecipientKind)),
    serves_person=st.booleans(),
    party_id=st.sampled_from([None, PARTY, OTHER]),
    party_kind=st.one_of(st.none(), st.sampled_from(list(PartyKind))),
    party_ended=st.booleans(),
    name=st.sampled_from(["County Housing", "Mercy", None]),
    relations=st.frozensets(st.sampled_from(list(RelationKind))),
    medical_personnel=st.booleans(),
)
ALL_FACTS = st.builds(
    DecisionFacts,
    caller_admitted=st.booleans(),
    can_be_recorded=st.booleans(),
    is_program=st.booleans(),
    origin=st.sampled_from(list(RecordOrigin)),
    recipient=RECIPIENTS,
    today=st.just(TODAY),
    consent=CONSENTS,
    restrictions=st.sampled_from([(), (restriction(),)]),
    agreement=st.one_of(
        st.none(),
        st.builds(
            lambda kind, live, party_id: agreement(kind, live=live, party_id=party_id),
            st.sampled_from(list(AgreementKind)),
            st.booleans(),
            st.sampled_from([PARTY, OTHER]),
        ),
    ),
    order=st.one_of(
        st.none(),
        st.builds(
            lambda signed, subpoena_on, named: order(
                counsel_signed=signed, subpoena_on=subpoena_on, names_counseling_notes=named
            ),
            st.booleans(),
            st.sampled_from([None, TODAY]),
            st.booleans(),
        ),
    ),
)
WISHES = st.builds(
    lambda named, basis, demand, purpose, categories, identifies: wished(
        named
        | {
            "basis": basis,
            "demand": demand,
            "purpose": purpose,
            "categories": categories,
            "identifies": identifies,
        }
    ),
    st.sampled_from([{}, EMERGENCY, REPORT, CRIME, ORDER, SERVICE, AUDIT, RESEARCH, HIPAA, IN_COURT]),
    st.one_of(st.none(), st.sampled_from([one.value for one in DisclosureBasis])),
    st.one_of(st.none(), st.sampled_from([one.value for one in Demand])),
    st.sampled_from([one.value for one in Purpose]),
    st.lists(st.sampled_from([one.value for one in CATEGORY]), min_size=1, max_size=3, unique=True),
    st.booleans(),
)


@given(WISHES, ALL_FACTS)
def test_nothing_that_identifies_leaves_without_a_basis(wish: DisclosureTerms, facts: DecisionFacts) -> None:
    without = wish.model_copy(update={"basis": None, "identifies": True})
    outside = replace(facts, recipient=replace(facts.recipient, kind=RecipientKind.OUTSIDE))

    assert not decide(without, outside).allowed


@given(WISHES, ALL_FACTS)
def test_a_decision_is_the_same_each_time_and_a_refusal_has_its_grounds(
    wish: DisclosureTerms, facts: DecisionFacts
) -> None:
    decision = decide(wish, facts)

    assert decision == decide(wish, facts)
    assert decision.row in ROWS
    assert decision.allowed == (not decision.faults)


@given(WISHES, ALL_FACTS)
def test_what_is_allowed_rests_on_what_its_basis_needs(wish: DisclosureTerms, facts: DecisionFacts) -> None:
    decision = decide(wish, facts)
    if not decision.allowed or facts.recipient.kind is not RecipientKind.OUTSIDE:
        return

    assert facts.caller_admitted
    assert facts.can_be_recorded
    if wish.basis is DisclosureBasis.CONSENT:
        assert facts.consent is not None
        assert facts.consent.standing is ConsentStanding.ACTIVE
        assert decision.recipient_place not in facts.consent.inactive_places
        assert set(wish.categories) <= set(facts.consent.terms.categories)
        assert wish.purpose in facts.consent.terms.purposes
        assert wish.notice_statement
        assert wish.scope_attached
    if wish.basis is DisclosureBasis.COURT_ORDER:
        assert facts.order is not None
        assert facts.order.order.counsel_signed
        assert facts.order.order.subpoena_on
    if wish.basis is DisclosureBasis.HIPAA_PERMITTED:
        assert not facts.is_program
        assert facts.origin is RecordOrigin.OTHER
    if wish.for_proceeding:
        assert wish.basis is DisclosureBasis.COURT_ORDER or (
            facts.consent is not None and facts.consent.terms.consent_type is ConsentType.PROCEEDINGS
        )
    if Obligation.ACCOUNT not in decision.obligations:
        assert wish.basis is None
        assert not wish.identifies


NEEDED: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, dict[str, Any]], dict[str, dict[str, Any]]]] = {
    "consent": (
        {},
        {"consent": consent()},
        {"notice_statement": {"notice_statement": None}, "scope": {"scope_attached": None}},
        {"consent": {"consent": None}, "admission": {"caller_admitted": False}, "ledger": {"can_be_recorded": False}},
    ),
    "class": (
        TREATMENT,
        {"consent": consent(**TPO), "recipient": MERCY},
        {},
        {"relation": {"recipient": replace(MERCY, relations=frozenset())}},
    ),
    "emergency": (
        EMERGENCY,
        {"recipient": MERCY},
        {"items": {"emergency": None}},
        {"personnel": {"recipient": replace(MERCY, medical_personnel=False)}},
    ),
    "order": (
        ORDER,
        {"recipient": OFFICE, "order": order()},
        {},
        {"order": {"order": None}, "subpoena": {"order": order(subpoena_on=None)}},
    ),
    "service": (
        SERVICE,
        {"recipient": OFFICE, "agreement": agreement(QSO)},
        {},
        {"agreement": {"agreement": None}, "party": {"recipient": replace(OFFICE, party_id=None)}},
    ),
    "report": (REPORT, {"recipient": AUTHORITY}, {"view": {"view": None}, "report": {"report": None}}, {}),
    "crime": (CRIME, {"recipient": POLICE}, {"incident": {"incident": None}}, {"police": {"recipient": NAMED}}),
}


@pytest.mark.parametrize("name", NEEDED)
def test_without_any_one_fact_that_it_needs_it_is_refused(name: str) -> None:
    wish, there, unwished, gone = NEEDED[name]
    facts = replace(FACTS, **there)

    assert decide(wished(wish), facts).allowed
    for what, change in unwished.items():
        assert not decide(wished(wish | change), facts).allowed, what
    for what, change in gone.items():
        assert not decide(wished(wish), replace(facts, **change)).allowed, what


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Mercy Clinic", True),
        ("  MERCY\u00a0 clinic.", True),
        ("M\u00e9rcy-Clinic", True),
        ("Ｍercy Clinic", True),
        ("MercyClinic", True),
        ("Clinic Mercy", False),
        ("Mercy Clinic 2", False),
    ],
)
def test_an_offices_name_is_one_however_it_is_written(written: str, expected: bool) -> None:
    assert (office_key(written) == office_key("Mercy Clinic")) is expected
