"""A consent as a FHIR R4 Consent: the codes that both directions share, and what is written out.

FHIR has no place for much of 42 CFR 2.31 (how to revoke, the statements that were told, an event to end with): that
stands in the narrative, so that nobody takes the coded part for the whole. The person is a reference without a name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any
from uuid import UUID

from common.contracts.codes import ConsentType
from intake.rules.consent_states import ConsentStanding
from intake.rules.consents import (
    ConsentTerms,
    InformationCategory,
    Purpose,
    Recipient,
    RecipientClass,
    SignerCapacity,
)

SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
PART_2 = "https://www.ecfr.gov/current/title-42/chapter-I/subchapter-A/part-2"
# Our own codes, where FHIR's terminologies have none that means the same.
OUR_TYPE = "urn:handrail:consent-type"
OUR_CATEGORY = "urn:handrail:information-category"
OUR_PURPOSE = "urn:handrail:purpose"
OUR_CLASS = "urn:handrail:recipient-class"
OUR_COVERAGE = "urn:handrail:covered-entity"
RECEIVER, DISCLOSER = "IRCP", "INF"
PRIVACY = "patient-privacy"

STATUS: Mapping[ConsentStanding, str] = {
    ConsentStanding.DRAFT: "draft",
    ConsentStanding.PRESENTED: "proposed",
    ConsentStanding.DISCARDED: "inactive",
    ConsentStanding.DECLINED: "rejected",
    ConsentStanding.NOT_YET: "active",  # its period says from when
    ConsentStanding.ACTIVE: "active",
    ConsentStanding.EXPIRED: "inactive",
    ConsentStanding.SUSPENDED: "inactive",
    ConsentStanding.REVOKED: "inactive",
    ConsentStanding.SUPERSEDED: "inactive",
    ConsentStanding.VOID: "entered-in-error",
}
REASON: Mapping[Purpose, str] = {
    Purpose.TREATMENT: "TREAT",
    Purpose.PAYMENT: "HPAYMT",
    Purpose.HEALTH_CARE_OPERATIONS: "HOPERAT",
    Purpose.AT_REQUEST_OF_PATIENT: "PATRQT",
    Purpose.RESEARCH: "HRESCH",
    Purpose.EMERGENCY_CARE: "ETREAT",
}
SENSITIVITY: Mapping[InformationCategory, str] = {
    InformationCategory.SUBSTANCE_USE_DISORDER: "SUD",
    InformationCategory.MENTAL_HEALTH: "MH",
    InformationCategory.COUNSELING_NOTES: "PSYTHPN",
}


@dataclass(frozen=True, slots=True)
class ConsentToSend:
    """A consent as it stands. `open_places`: of the recipients for whom it was not revoked or suspended."""

    id: UUID
    participant_id: UUID
    version: int
    language: str
    standing: ConsentStanding
    terms: ConsentTerms
    open_places: Sequence[int]
    signed_at: datetime | None
    narrative: str

    @property
    def status(self) -> str:
        """Nobody left to receive anything is no consent for everybody, which FHIR would make of an empty list."""
        found = STATUS[self.standing]
        return "inactive" if found == "active" and not self.open_places else found


def consent_resource(consent: ConsentToSend) -> dict[str, Any]:
    """Return the Consent. Its root rule permits nothing; what is permitted stands in one nested rule, as R4 has it."""
    contained, actors = _actors(consent)
    person = {"reference": f"Patient/{consent.participant_id}"}
    by_person = consent.terms.signature is not None and consent.terms.signature.capacity is SignerCapacity.PATIENT
    return _filled(
        {
            "resourceType": "Consent",
            "id": str(consent.id),
            "meta": {"versionId": str(consent.version), "security": [_coding(CONFIDENTIALITY, "R")]},
            "language": consent.language,
            "text": {"status": "additional", "div": _narrative(consent.narrative)},
            "contained": contained,
            "status": consent.status,
            "scope": {"coding": [_coding(SCOPE, PRIVACY)]},
            "category": [
                {"coding": [_coding(ACT_CODE, "IDSCL")]},
                {"coding": [_coding(OUR_TYPE, consent.terms.consent_type)]},
            ],
            "patient": person,
            "dateTime": consent.signed_at.isoformat() if consent.signed_at else None,
            "performer": [person] if by_person else [],
            "policy": [{"uri": PART_2}],
            "policyRule": {"text": "Nothing may be disclosed but what is permitted here (42 CFR part 2)."},
            "provision": {"provision": [_permission(consent.terms, actors)]},
        }
    )


def _permission(terms: ConsentTerms, actors: list[dict[str, Any]]) -> dict[str, Any]:
    end = terms.expiry.on if terms.expiry else None
    period = {"start": terms.starts_on and terms.starts_on.isoformat(), "end": end and end.isoformat()}
    return _filled(
        {
            "type": "permit",
            "period": _filled(period),
            "actor": actors,
            "securityLabel": [
                _coding(ACT_CODE, SENSITIVITY[one]) if one in SENSITIVITY else _coding(OUR_CATEGORY, one)
                for one in terms.categories
            ],
            "purpose": [
                _coding(ACT_REASON, REASON[one]) if one in REASON else _coding(OUR_PURPOSE, one)
                for one in terms.purposes
            ],
        }
    )


def _actors(consent: ConsentToSend) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the contained organizations, and the actors that refer to them: recipients, then who discloses."""
    contained: list[dict[str, Any]] = []
    actors: list[dict[str, Any]] = []
    for place in consent.open_places:
        contained.append(_organization(f"recipient-{place}", consent.terms.recipients[place]))
        actors.append(_actor(RECEIVER, f"recipient-{place}"))
    for place, name in enumerate(consent.terms.disclosers):
        contained.append({"resourceType": "Organization", "id": f"discloser-{place}", "name": name})
        actors.append(_actor(DISCLOSER, f"discloser-{place}"))
    return contained, actors


def _organization(name: str, recipient: Recipient) -> dict[str, Any]:
    kinds = [_coding(OUR_COVERAGE, "yes" if recipient.covered_entity else "no")]
    if recipient.recipient_class:
        kinds.append(_coding(OUR_CLASS, recipient.recipient_class))
    return {
        "resourceType": "Organization",
        "id": name,
        "type": [{"coding": kinds}],
        "name": recipient.name or str(recipient.recipient_class).replace("_", " "),
    }


def _actor(role: str, name: str) -> dict[str, Any]:
    return {"role": {"coding": [_coding(PARTICIPATION, role)]}, "reference": {"reference": f"#{name}"}}


def _coding(system: str, code: str) -> dict[str, str]:
    return {"system": system, "code": str(code)}


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that hold something: FHIR knows no empty element."""
    return {name: value for name, value in fields.items() if value not in (None, [], {})}


def _narrative(words: str) -> str:
    lines = [escape(line) for line in words.splitlines() if line.strip()]
    return '<div xmlns="http://www.w3.org/1999/xhtml">' + "".join(f"<p>{line}</p>" for line in lines) + "</div>"


# What may stand for our codes in what others send.
PURPOSES: Mapping[tuple[str, str], Purpose] = {
    **{(ACT_REASON, code): purpose for purpose, code in REASON.items()},
    **{(OUR_PURPOSE, purpose.value): purpose for purpose in Purpose},
}
CATEGORIES: Mapping[tuple[str, str], InformationCategory] = {
    **{(ACT_CODE, code): category for category, code in SENSITIVITY.items()},
    **{(OUR_CATEGORY, category.value): category for category in InformationCategory},
    (ACT_CODE, "ETH"): InformationCategory.SUBSTANCE_USE_DISORDER,
}
TYPES: Mapping[tuple[str, str], ConsentType] = {(OUR_TYPE, kind.value): kind for kind in ConsentType}
CLASSES: Mapping[tuple[str, str], RecipientClass] = {(OUR_CLASS, one.value): one for one in RecipientClass}
COVERED: Mapping[tuple[str, str], bool] = {(OUR_COVERAGE, "yes"): True, (OUR_COVERAGE, "no"): False}
