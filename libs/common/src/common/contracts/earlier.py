"""Facts of versions that nobody tells any more: a ledger may hold them for ninety days, so they stay readable."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, Field

from common.contracts.envelope import Facts


class EarlierConsentType(StrEnum):
    """The types that version 1 of the consent facts knows."""

    TPO = "tpo"
    NAMED_RECIPIENTS = "named_recipients"


class EarlierConsentStatus(StrEnum):
    """The states that version 1 of the consent facts knows."""

    ACTIVE = "active"
    REVOKED = "revoked"


class EarlierDisclosureBasis(StrEnum):
    """The bases that version 1 of the disclosure fact knows."""

    CONSENT = "consent"
    MEDICAL_EMERGENCY = "medical_emergency"
    COURT_ORDER = "court_order"
    CHILD_ABUSE_REPORT = "child_abuse_report"
    CRIME_ON_PREMISES = "crime_on_premises"
    QUALIFIED_SERVICE = "qualified_service"
    AUDIT_EVALUATION = "audit_evaluation"
    RESEARCH = "research"


class EarlierConsentFacts(Facts):
    """Version 1: two types, two states."""

    consent_id: UUID
    participant_id: UUID
    consent_type: EarlierConsentType
    status: EarlierConsentStatus
    signed_at: AwareDatetime
    expires_on: date | None = None
    revoked_at: AwareDatetime | None = None


class EarlierDisclosureFacts(Facts):
    """Version 1, without the label of origin and the basis of a record that is no Part 2 record."""

    disclosure_id: UUID
    participant_id: UUID
    basis: EarlierDisclosureBasis
    consent_id: UUID | None = None
    basis_valid: bool = Field(description="the basis held at `made_at`, as decided by intake when it was recorded")
    made_at: AwareDatetime
