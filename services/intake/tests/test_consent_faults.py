"""Each missing element, bad combination and wrong signer of a consent (42 CFR 2.14 to 2.35) by its own code."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from intake.rules.consent_faults import consent_faults
from intake.rules.consents import ConsentTerms

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMED: dict[str, Any] = {
    "consent_type": "named_recipients",
    "name_as_signed": "Ana Núñez",
    "disclosers": ["Riverbend"],
    "categories": ["substance_use_disorder", "attendance"],
    "recipients": [{"name": "County Housing", "covered_entity": False}],
    "purposes": ["housing"],
    "right_to_revoke_statement": "right-to-revoke-2026-11",
    "how_to_revoke": "In writing",
    "expiry": {"kind": "date", "on": "2026-12-31"},
    "signature": {"signer": "Ana Núñez", "capacity": "patient", "method": "paper", "evidence_sha256": "0" * 64},
    "signed_at": "2026-01-01T18:00:00Z",
}
SIGNATURE = NAMED["signature"]
TPO = NAMED | {
    "consent_type": "tpo",
    "recipients": [{"recipient_class": "treating_provider", "covered_entity": True}],
    "purposes": ["treatment", "payment", "health_care_operations"],
    "redisclosure_statement": "redisclosure-2026-11",
    "expiry": {"kind": "none"},
    "tpo_redisclosure_statement": "tpo-redisclosure-2026-11",
    "tpo_refusal_statement": "tpo-refusal-2026-11",
}
INTERMEDIARY = NAMED | {
    "consent_type": "intermediary",
    "recipients": [{"name": "County Exchange", "covered_entity": False}],
    "intermediary_participants": ["Mercy Clinic"],
}
NOTES = NAMED | {"consent_type": "counseling_notes", "categories": ["counseling_notes"]}
PROCEEDINGS = NAMED | {"consent_type": "proceedings", "purposes": ["legal_proceedings"]}
JUSTICE = NAMED | {
    "consent_type": "criminal_justice",
    "recipients": [{"name": "Officer Lee", "covered_entity": False, "monitoring_duty": "Probation"}],
    "purposes": ["criminal_justice"],
    "legal_matter": {"name": "Case 26-CR-17", "final_disposition_on": "2026-11-30"},
    "revocable_from": {"on": "2026-11-30"},
}
RESEARCH = NAMED | {"consent_type": "research", "purposes": ["research"], "expiry": {"kind": "end_of_study"}}
FOUND = "consent-counseling-notes-combined"


def faults(terms: dict[str, Any], deceased_on: date | None = None) -> list[tuple[str, str]]:
    consent = ConsentTerms.model_validate(terms)
    found = consent_faults(consent, now=NOW, zone="America/Chicago", deceased_on=deceased_on)
    return [(one.code, one.where) for one in found]


@pytest.mark.parametrize("terms", [NAMED, TPO, INTERMEDIARY, NOTES, PROCEEDINGS, JUSTICE, RESEARCH])
def test_a_whole_consent_of_each_type_lacks_nothing(terms: dict[str, Any]) -> None:
    assert faults(terms) == []


@pytest.mark.parametrize(
    ("terms", "code", "where"),
    [
        (NAMED | {"categories": ["attendance"]}, "consent-information-not-specific", "categories"),
        (
            NAMED | {"recipients": [{"recipient_class": "health_plan", "covered_entity": True}]},
            "consent-recipient-class-without-tpo",
            "recipients",
        ),
        (NAMED | {"purposes": ["emergency_care"]}, "consent-purpose-not-by-consent", "purposes"),
        (NAMED | {"purposes": ["fundraising"]}, "consent-fundraising-statement-missing", "fundraising_statement"),
        (NAMED | {"purposes": ["housing", "legal_proceedings"]}, "consent-proceedings-combined", "purposes"),
        (NAMED | {"purposes": ["legal_proceedings"]}, "consent-proceedings-combined", "purposes"),
        (NAMED | {"purposes": ["criminal_justice"]}, "consent-criminal-justice-combined", "purposes"),
        (NAMED | {"purposes": ["research"]}, "consent-research-combined", "purposes"),
        (NAMED | {"categories": ["substance_use_disorder", "counseling_notes"]}, FOUND, "categories"),
        (NOTES | {"categories": ["counseling_notes", "attendance"]}, FOUND, "categories"),
        (NOTES | {"categories": ["attendance"]}, "consent-information-not-specific", "categories"),
        (NOTES | {"purposes": ["legal_proceedings"]}, "consent-proceedings-combined", "purposes"),
        (TPO | {"purposes": ["treatment", "housing"]}, "consent-tpo-with-other-purpose", "purposes"),
        (TPO | {"purposes": ["treatment", "legal_proceedings"]}, "consent-tpo-with-other-purpose", "purposes"),
        (PROCEEDINGS | {"purposes": ["legal_proceedings", "housing"]}, "consent-proceedings-combined", "purposes"),
        (PROCEEDINGS | {"purposes": ["housing"]}, "consent-proceedings-combined", "purposes"),
        (JUSTICE | {"purposes": ["criminal_justice", "housing"]}, "consent-criminal-justice-combined", "purposes"),
        (JUSTICE | {"legal_matter": None}, "consent-legal-matter-missing", "legal_matter"),
        (JUSTICE | {"revocable_from": None}, "consent-revocable-from-missing", "revocable_from"),
        (
            JUSTICE | {"revocable_from": {"on": "2026-12-01"}},
            "consent-revocable-after-disposition",
            "revocable_from/on",
        ),
        (
            JUSTICE | {"recipients": [{"name": "Officer Lee", "covered_entity": False}]},
            "consent-monitoring-duty-missing",
            "recipients",
        ),
        (
            JUSTICE
            | {
                "recipients": [
                    JUSTICE["recipients"][0],
                    {
                        "name": "The state's attorney",
                        "covered_entity": False,
                        "monitoring_duty": "None",
                        "justice_role": "prosecutor_outside_matter",
                    },
                ]
            },
            "consent-prosecutor-outside-matter",
            "recipients",
        ),
        (JUSTICE | {"expiry": {"kind": "none"}}, "consent-expiry-only-for-tpo", "expiry/kind"),
        (RESEARCH | {"purposes": ["research", "housing"]}, "consent-research-combined", "purposes"),
        (NAMED | {"expiry": {"kind": "end_of_study"}}, "consent-expiry-only-for-research", "expiry/kind"),
        (TPO | {"expiry": {"kind": "end_of_study"}}, "consent-expiry-only-for-research", "expiry/kind"),
        (NAMED | {"expiry": {"kind": "end_of_treatment"}}, "consent-expiry-only-for-tpo", "expiry/kind"),
        (NAMED | {"starts_on": "2027-01-01"}, "consent-ends-before-it-starts", "expiry/on"),
        (
            INTERMEDIARY | {"intermediary_participants": []},
            "consent-intermediary-participants-missing",
            "intermediary_participants",
        ),
        (INTERMEDIARY | {"recipients": []}, "consent-recipient-missing", "recipients"),
        (
            INTERMEDIARY | {"recipients": [*INTERMEDIARY["recipients"], *NAMED["recipients"]]},
            "consent-intermediary-not-alone",
            "recipients",
        ),
        (NAMED | {"signature": None}, "consent-signature-missing", "signature"),
        (NAMED | {"signed_at": "2026-03-01T12:00:01Z"}, "consent-signed-in-the-future", "signed_at"),
    ],
)
def test_each_fault_has_a_code_of_its_own(terms: dict[str, Any], code: str, where: str) -> None:
    assert faults(terms) == [(code, where)]


def test_an_intermediary_may_have_a_general_designation_limited_to_those_who_treat() -> None:
    designated = INTERMEDIARY | {"intermediary_participants": [], "general_designation": "treating_participants"}

    assert faults(designated) == []
    with pytest.raises(ValidationError):
        ConsentTerms.model_validate(INTERMEDIARY | {"general_designation": "all_participants"})


@pytest.mark.parametrize(
    ("signature", "deceased_on", "expected"),
    [
        ({"capacity": "parent_or_guardian"}, None, [("consent-minor-rule-missing", "signature/minor_consents_alone")]),
        (
            {"capacity": "parent_or_guardian", "minor_consents_alone": True},
            None,
            [("consent-parent-signed-alone", "signature/capacity")],
        ),
        ({"capacity": "parent_or_guardian", "minor_consents_alone": True, "co_signer": "Ana Núñez"}, None, []),
        ({"capacity": "parent_or_guardian", "minor_consents_alone": False}, None, []),
        (
            {"capacity": "legal_representative"},
            None,
            [("consent-representative-authority-missing", "signature/authority")],
        ),
        ({"capacity": "legal_representative", "authority": "guardianship"}, None, []),
        ({"capacity": "executor"}, None, [("consent-executor-for-the-living", "signature/capacity")]),
        ({"capacity": "executor"}, date(2025, 12, 1), []),
        ({"capacity": "patient"}, date(2025, 12, 31), [("consent-signer-of-the-dead", "signature/capacity")]),
        ({"capacity": "patient"}, date(2026, 1, 1), []),
    ],
)
def test_only_who_may_sign_signs(
    signature: dict[str, Any], deceased_on: date | None, expected: list[tuple[str, str]]
) -> None:
    assert faults(NAMED | {"signature": SIGNATURE | signature}, deceased_on) == expected


def test_terms_that_an_earlier_release_sealed_are_still_read() -> None:
    before = {
        **{name: NAMED[name] for name in NAMED if name != "recipients"},
        "recipients": [{"name": "County Housing", "recipient_class": None, "covered_entity": False}],
        "redisclosure_statement": None,
        "tpo_redisclosure_statement": None,
        "tpo_refusal_statement": None,
    }
    assert faults(before) == []
