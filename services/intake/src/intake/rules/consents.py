"""What a consent says (42 CFR 2.31): who may tell whom what about a person, why and until when, signed by whom."""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from common.contracts.codes import ConsentType
from common.text import Asked, Code, Day, Instant, Line
from intake.rules.consent_states import ConsentStanding as ConsentStanding

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
    COUNSELING_NOTES = "counseling_notes"


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
    FUNDRAISING = "fundraising"
    LEGAL_PROCEEDINGS = "legal_proceedings"
    CRIMINAL_JUSTICE = "criminal_justice"
    EMERGENCY_CARE = "emergency_care"
    LEGAL_DUTY = "legal_duty"
    OVERSIGHT = "oversight"
    RESEARCH = "research"
    PROGRAM_SERVICES = "program_services"


TPO = frozenset({Purpose.TREATMENT, Purpose.PAYMENT, Purpose.HEALTH_CARE_OPERATIONS})
# The types whose one purpose no other consent may have.
OWN_PURPOSE = {
    ConsentType.PROCEEDINGS: Purpose.LEGAL_PROCEEDINGS,
    ConsentType.CRIMINAL_JUSTICE: Purpose.CRIMINAL_JUSTICE,
    ConsentType.RESEARCH: Purpose.RESEARCH,
}
# Purposes that rest on something other than the person's consent.
NEVER_BY_CONSENT = frozenset({Purpose.EMERGENCY_CARE, Purpose.LEGAL_DUTY, Purpose.OVERSIGHT, Purpose.PROGRAM_SERVICES})


class RecipientClass(StrEnum):
    """The classes that the rule's own phrase for a single TPO consent names."""

    TREATING_PROVIDER = "treating_provider"
    HEALTH_PLAN = "health_plan"
    THIRD_PARTY_PAYER = "third_party_payer"
    PROGRAM_OPERATIONS = "program_operations"


COVERED_CLASSES = frozenset(
    {RecipientClass.TREATING_PROVIDER, RecipientClass.HEALTH_PLAN, RecipientClass.THIRD_PARTY_PAYER}
)


class GeneralDesignation(StrEnum):
    """Whom an intermediary may pass records on to, where they are not named (42 CFR 2.31(a)(4)(ii)(B))."""

    TREATING_PARTICIPANTS = "treating_participants"


class JusticeRole(StrEnum):
    """What somebody in the criminal justice system is to the person (42 CFR 2.35(a)(1))."""

    COURT = "court"
    PROBATION = "probation"
    PAROLE = "parole"
    PRETRIAL = "pretrial"
    PROSECUTOR_IN_MATTER = "prosecutor_in_matter"
    PROSECUTOR_OUTSIDE_MATTER = "prosecutor_outside_matter"


class ExpiryKind(StrEnum):
    DATE = "date"
    EVENT = "event"
    NONE = "none"
    END_OF_TREATMENT = "end_of_treatment"
    END_OF_STUDY = "end_of_study"


class SignerCapacity(StrEnum):
    PATIENT = "patient"
    PARENT_OR_GUARDIAN = "parent_or_guardian"
    LEGAL_REPRESENTATIVE = "legal_representative"
    EXECUTOR = "executor"


class SignatureMethod(StrEnum):
    PAPER = "paper"
    ELECTRONIC = "electronic"
    DRAWN = "drawn"
    TYPED = "typed"
    WITNESSED_MARK = "witnessed_mark"


class Recipient(Asked):
    """Somebody named, or one of the classes."""

    name: Line | None = None
    recipient_class: RecipientClass | None = None
    covered_entity: bool = Field(description="a HIPAA covered entity or business associate")
    party_id: UUID | None = Field(default=None, description="who it is in the register of parties")
    monitoring_duty: Line | None = Field(default=None, description="criminal justice: what they must watch over")
    justice_role: JusticeRole | None = None

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


class LegalMatter(Asked):
    """The matter that taking part is a condition of (42 CFR 2.35)."""

    name: Line
    reference: Line | None = None
    final_disposition_on: Day | None = Field(default=None, description="when it is expected to be decided for good")


class RevocableFrom(Asked):
    """From when a criminal justice consent may be revoked: a day or an event, not after the final disposition."""

    on: Day | None = None
    event: Line | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.on is None) == (self.event is None):
            raise ValueError("give either a day or an event")
        return self


class Signature(Asked):
    signer: Line | None = None
    capacity: SignerCapacity | None = None
    method: SignatureMethod | None = None
    evidence_sha256: Digest | None = Field(default=None, description="of the signed document or signature record")
    authority: Code | None = Field(default=None, description="a representative's: guardianship, power_of_attorney …")
    minor_consents_alone: bool | None = Field(
        default=None, description="a parent's signature: the state lets the person consent without them"
    )
    co_signer: Line | None = Field(default=None, description="the person, where a parent signed with them")


class ConsentTerms(Asked):
    """Every element of 42 CFR 2.31(a). All may be absent here, so that `consent_faults` can name what is missing."""

    consent_type: ConsentType
    name_as_signed: Line | None = None
    disclosers: list[Line] = Field(default=[], max_length=20, description="who may disclose: names or a class")
    categories: list[InformationCategory] = Field(default=[], max_length=20)
    recipients: list[Recipient] = Field(default=[], max_length=50)
    intermediary_participants: list[Line] = Field(default=[], max_length=50, description="an intermediary's, by name")
    general_designation: GeneralDesignation | None = None
    redisclosure_statement: Code | None = Field(default=None, description="version told, if a recipient is covered")
    purposes: list[Purpose] = Field(default=[], max_length=20)
    fundraising_statement: Code | None = Field(default=None, description="version told: how to say no to fundraising")
    right_to_revoke_statement: Code | None = Field(default=None, description="version told")
    how_to_revoke: Line | None = None
    starts_on: Day | None = Field(default=None, description="first day, if it is not that of the signature")
    expiry: Expiry | None = None
    legal_matter: LegalMatter | None = None
    revocable_from: RevocableFrom | None = None
    signature: Signature | None = None
    signed_at: Instant | None = None
    tpo_redisclosure_statement: Code | None = Field(default=None, description="TPO: may lose this protection")
    tpo_refusal_statement: Code | None = Field(default=None, description="TPO: consequences of refusing")

    @property
    def needs_redisclosure_statement(self) -> bool:
        """A covered recipient for treatment, payment or operations may pass it on (42 CFR 2.31(a)(4)(iii))."""
        return any(one.is_covered for one in self.recipients) and not TPO.isdisjoint(self.purposes)


def missing(elements: Iterable[tuple[object, str, str]]) -> list[Fault]:
    return [(element, sentence) for there, element, sentence in elements if not there]


def consent_standing(
    expiry: Expiry | None, *, revoked_at: datetime | None, treatment_ended: bool, on: date
) -> ConsentStanding:
    """Return how a consent stands on a day of the agency's zone; its last day still counts."""
    if revoked_at is not None:
        return ConsentStanding.REVOKED
    past = expiry is not None and expiry.on is not None and expiry.on < on
    over = expiry is not None and expiry.kind is ExpiryKind.END_OF_TREATMENT and treatment_ended
    return ConsentStanding.EXPIRED if past or over else ConsentStanding.ACTIVE
