"""What a consent must hold (42 CFR 2.31), and how it stands on a day."""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from common.contracts.codes import ConsentType
from common.text import Asked, Code, Day, Instant, Line, local_day

Digest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Fault = tuple[str, str]  # where (a JSON pointer without its first slash), and one sentence on what to do


class InformationCategory(StrEnum):
    """What a consent or a disclosure speaks of; never "everything" (42 CFR 2.31(a)(3), 2.13)."""

    SUBSTANCE_USE_DISORDER = "substance_use_disorder"
    ATTENDANCE = "attendance"
    RECOVERY_PLAN = "recovery_plan"
    PROGRESS = "progress"
    ASSESSMENTS = "assessments"
    DEMOGRAPHICS = "demographics"
    CONTACT = "contact"
    MEDICATIONS = "medications"
    MENTAL_HEALTH = "mental_health"
    BILLING = "billing"


class Purpose(StrEnum):
    """Why; there is no code for "any purpose"."""

    TREATMENT = "treatment"
    PAYMENT = "payment"
    HEALTH_CARE_OPERATIONS = "health_care_operations"
    AT_REQUEST_OF_PATIENT = "at_request_of_patient"
    CARE_COORDINATION = "care_coordination"
    HOUSING = "housing"
    EMPLOYMENT = "employment"
    BENEFITS = "benefits"
    EMERGENCY_CARE = "emergency_care"
    LEGAL_DUTY = "legal_duty"
    OVERSIGHT = "oversight"
    RESEARCH = "research"
    PROGRAM_SERVICES = "program_services"


TPO = frozenset({Purpose.TREATMENT, Purpose.PAYMENT, Purpose.HEALTH_CARE_OPERATIONS})
# Purposes that rest on something other than the person's consent, or on a consent type that is not offered.
NEVER_BY_CONSENT = frozenset(
    {Purpose.EMERGENCY_CARE, Purpose.LEGAL_DUTY, Purpose.OVERSIGHT, Purpose.RESEARCH, Purpose.PROGRAM_SERVICES}
)


class RecipientClass(StrEnum):
    """The classes that the rule's own phrase for a single TPO consent names."""

    TREATING_PROVIDER = "treating_provider"
    HEALTH_PLAN = "health_plan"
    THIRD_PARTY_PAYER = "third_party_payer"
    PROGRAM_OPERATIONS = "program_operations"


COVERED_CLASSES = frozenset(
    {RecipientClass.TREATING_PROVIDER, RecipientClass.HEALTH_PLAN, RecipientClass.THIRD_PARTY_PAYER}
)


class ExpiryKind(StrEnum):
    DATE = "date"
    EVENT = "event"
    NONE = "none"
    END_OF_TREATMENT = "end_of_treatment"


class SignerCapacity(StrEnum):
    PATIENT = "patient"
    PARENT_OR_GUARDIAN = "parent_or_guardian"
    LEGAL_REPRESENTATIVE = "legal_representative"
    EXECUTOR = "executor"


class SignatureMethod(StrEnum):
    PAPER = "paper"
    ELECTRONIC = "electronic"


class ConsentStanding(StrEnum):
    """How a consent stands at an instant; `expired` follows from the clock and is stored nowhere."""

    ACTIVE = "active"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Recipient(Asked):
    """Somebody named, or one of the classes."""

    name: Line | None = None
    recipient_class: RecipientClass | None = None
    covered_entity: bool = Field(description="a HIPAA covered entity or business associate")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.name is None) == (self.recipient_class is None):
            raise ValueError("give either a name or a recipient_class")
        return self

    @property
    def is_covered(self) -> bool:
        return self.covered_entity or self.recipient_class in COVERED_CLASSES


class Expiry(Asked):
    kind: ExpiryKind
    on: Day | None = Field(default=None, description="last day of the consent, with kind `date`")
    event: Line | None = Field(default=None, description="tied to the person or the purpose, with kind `event`")


class Signature(Asked):
    signer: Line | None = None
    capacity: SignerCapacity | None = None
    method: SignatureMethod | None = None
    evidence_sha256: Digest | None = Field(default=None, description="of the signed document or signature record")


class ConsentTerms(Asked):
    """Every element of 42 CFR 2.31(a). All may be absent here, so that `consent_faults` can name what is missing."""

    consent_type: ConsentType
    name_as_signed: Line | None = None
    disclosers: list[Line] = Field(default=[], max_length=20, description="who may disclose: names or a class")
    categories: list[InformationCategory] = Field(default=[], max_length=20)
    recipients: list[Recipient] = Field(default=[], max_length=50)
    redisclosure_statement: Code | None = Field(default=None, description="version told, if a recipient is covered")
    purposes: list[Purpose] = Field(default=[], max_length=20)
    right_to_revoke_statement: Code | None = Field(default=None, description="version told")
    how_to_revoke: Line | None = None
    expiry: Expiry | None = None
    signature: Signature | None = None
    signed_at: Instant | None = None
    tpo_redisclosure_statement: Code | None = Field(default=None, description="TPO: may lose this protection")
    tpo_refusal_statement: Code | None = Field(default=None, description="TPO: consequences of refusing")


def consent_faults(terms: ConsentTerms, *, now: datetime, zone: str) -> list[Fault]:
    """Return what a consent lacks of 42 CFR 2.31(a), one entry per element; none means it may be recorded."""
    return [
        *missing(_plain_elements(terms)),
        *_expiry_faults(terms, zone),
        *_signature_faults(terms.signature),
        *_signing_faults(terms.signed_at, now),
        *(missing(_tpo_elements(terms)) if terms.consent_type is ConsentType.TPO else []),
    ]


def missing(elements: Iterable[tuple[object, str, str]]) -> list[Fault]:
    return [(element, sentence) for there, element, sentence in elements if not there]


def _plain_elements(terms: ConsentTerms) -> list[tuple[object, str, str]]:
    return [
        (terms.name_as_signed, "name_as_signed", "Give the person's name as signed."),
        (terms.disclosers, "disclosers", "Say who may disclose."),
        (
            InformationCategory.SUBSTANCE_USE_DISORDER in terms.categories,
            "categories",
            "Say what may be disclosed, and name substance_use_disorder among it.",
        ),
        (_recipients_are_meant(terms), "recipients", "Name the recipients; classes are for TPO consents."),
        (_redisclosure_is_told(terms), "redisclosure_statement", "Name the redisclosure statement that was given."),
        (_purposes_fit(terms), "purposes", "Name each purpose; a TPO consent has no other than those three."),
        (terms.right_to_revoke_statement, "right_to_revoke_statement", "Name the right-to-revoke statement given."),
        (terms.how_to_revoke, "how_to_revoke", "Say how the person can revoke."),
    ]


def _recipients_are_meant(terms: ConsentTerms) -> bool:
    by_name = all(recipient.name for recipient in terms.recipients)
    return bool(terms.recipients) and (terms.consent_type is ConsentType.TPO or by_name)


def _redisclosure_is_told(terms: ConsentTerms) -> bool:
    needed = any(r.is_covered for r in terms.recipients) and not TPO.isdisjoint(terms.purposes)
    return not needed or terms.redisclosure_statement is not None


def _purposes_fit(terms: ConsentTerms) -> bool:
    if terms.consent_type is ConsentType.TPO:
        return bool(terms.purposes) and TPO.issuperset(terms.purposes)
    return bool(terms.purposes) and NEVER_BY_CONSENT.isdisjoint(terms.purposes)


def _tpo_elements(terms: ConsentTerms) -> list[tuple[object, str, str]]:
    return [
        (
            terms.tpo_redisclosure_statement,
            "tpo_redisclosure_statement",
            "Name the statement that information may be passed on and lose this protection.",
        ),
        (
            terms.tpo_refusal_statement,
            "tpo_refusal_statement",
            "Name the statement about the consequences of refusing.",
        ),
    ]


def _expiry_faults(terms: ConsentTerms, zone: str) -> list[Fault]:
    expiry = terms.expiry
    if expiry is None:
        return [("expiry", "Say when the consent ends: a date or an event.")]
    if (expiry.on is not None) != (expiry.kind is ExpiryKind.DATE):
        return [("expiry/on", "Give the last day with kind date, and only then.")]
    if (expiry.event is not None) != (expiry.kind is ExpiryKind.EVENT):
        return [("expiry/event", "Give the event with kind event, and only then.")]
    if expiry.kind in (ExpiryKind.NONE, ExpiryKind.END_OF_TREATMENT) and terms.consent_type is not ConsentType.TPO:
        return [("expiry/kind", "Only a TPO consent may end with treatment or not at all.")]
    if expiry.on and terms.signed_at and expiry.on < local_day(terms.signed_at, zone):
        return [("expiry/on", "The consent would end before it was signed.")]
    return []


def _signature_faults(signature: Signature | None) -> list[Fault]:
    if signature is None:
        return [("signature", "Record the signature.")]
    return missing(
        [
            (signature.signer, "signature/signer", "Say who signed."),
            (signature.capacity, "signature/capacity", "Say in what capacity they signed."),
            (signature.method, "signature/method", "Say how they signed."),
            (signature.evidence_sha256, "signature/evidence_sha256", "Give the digest of what was signed."),
        ]
    )


def _signing_faults(signed_at: datetime | None, now: datetime) -> list[Fault]:
    if signed_at is None:
        return [("signed_at", "Say when it was signed.")]
    return [("signed_at", "It cannot have been signed in the future.")] if signed_at > now else []


def consent_standing(
    expiry: Expiry | None, *, revoked_at: datetime | None, treatment_ended: bool, on: date
) -> ConsentStanding:
    """Return how a consent stands on a day of the agency's zone; its last day still counts."""
    if revoked_at is not None:
        return ConsentStanding.REVOKED
    past = expiry is not None and expiry.on is not None and expiry.on < on
    over = expiry is not None and expiry.kind is ExpiryKind.END_OF_TREATMENT and treatment_ended
    return ConsentStanding.EXPIRED if past or over else ConsentStanding.ACTIVE
