"""What somebody wishes to disclose, and whether a disclosure that another system accounts for rested on its consent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from common.contracts.codes import DisclosureBasis
from common.text import Asked, Code, Distinct, Instant, Line, Prose
from intake.rules.consents import (
    ConsentStanding,
    ConsentTerms,
    Fault,
    InformationCategory,
    Purpose,
    Recipient,
    RecipientClass,
    missing,
)


class OutboundPath(StrEnum):
    """By which way something about a person left the program."""

    RECORDED = "recorded"
    PACKAGE = "package"
    REFERRAL = "referral"
    REFERRAL_LINK = "referral_link"
    COLLATERAL_CONTACT = "collateral_contact"
    IDENTITY_RELEASE = "identity_release"
    CLAIM = "claim"
    IMPORT = "import"


class Channel(StrEnum):
    """How it reached the recipient; e-mail and text messages in the clear are no channel for it."""

    FAX = "fax"
    MAIL = "mail"
    IN_PERSON = "in_person"
    SECURE_EMAIL = "secure_email"
    PORTAL = "portal"
    PHONE = "phone"


class View(StrEnum):
    """What a package shows: whoever asks names the view, and the view fixes the fields."""

    REFERRAL_SUMMARY = "referral_summary"
    BILLING = "billing"
    ATTENDANCE_ONLY = "attendance_only"
    PROGRESS_SUMMARY = "progress_summary"
    COURT_ORDERED = "court_ordered"
    CRIME_ON_PREMISES = "crime_on_premises"
    CHILD_ABUSE_REPORT = "child_abuse_report"
    EMERGENCY_SUMMARY = "emergency_summary"
    RESEARCH_SET = "research_set"
    AUDIT_SET = "audit_set"
    OWN_COPY = "own_copy"


class RecipientKind(StrEnum):
    PERSON = "person"  # the one served
    OWN_STAFF = "own_staff"
    OUTSIDE = "outside"


class IdentityProof(StrEnum):
    """How staff made sure that who receives their own records is the person themselves (45 CFR 164.514(h))."""

    KNOWN_IN_PERSON = "known_in_person"
    PHOTO_DOCUMENT = "photo_document"
    OWN_CODE = "own_code"
    CALL_BACK = "call_back"  # at the number on record


class OwnAccess(StrEnum):
    """What a line of the ledger rests on that is no disclosure: the person received their own records.

    42 CFR 2.23, 45 CFR 164.524. It is told to no other service, and no accounting lists it (164.528(a)(1)(ii)).
    """

    ACCESS_BY_PERSON = "access_by_person"


class PersonnelRole(StrEnum):
    """Who answers in an emergency; only medical personnel may be told who somebody is (42 CFR 2.51(a))."""

    PHYSICIAN = "physician"
    NURSE = "nurse"
    PARAMEDIC = "paramedic"
    OTHER_MEDICAL = "other_medical"
    LAW_ENFORCEMENT = "law_enforcement"
    CRISIS_LINE = "crisis_line"
    FAMILY = "family"
    OTHER = "other"


MEDICAL_ROLES = frozenset(
    {PersonnelRole.PHYSICIAN, PersonnelRole.NURSE, PersonnelRole.PARAMEDIC, PersonnelRole.OTHER_MEDICAL}
)


class Demand(StrEnum):
    """What is asked or felt to be owed where no basis may fit."""

    SUBPOENA = "subpoena"
    WARRANT = "warrant"
    POLICE_REQUEST = "police_request"
    ADULT_ABUSE = "adult_abuse"
    DUTY_TO_WARN = "duty_to_warn"
    WELFARE_CHECK = "welfare_check"
    PUBLIC_HEALTH = "public_health"


class ScopeAttached(StrEnum):
    """What accompanies a disclosure besides the statement (42 CFR 2.32(b))."""

    CONSENT_COPY = "consent_copy"
    EXPLANATION = "explanation"


class DisclosedTo(Asked):
    kind: RecipientKind = RecipientKind.OUTSIDE
    party_id: UUID | None = Field(default=None, description="in the register of parties")
    staff_id: UUID | None = Field(default=None, description="of own staff")
    identity_proof: Code | None = Field(
        default=None,
        description="how the person showed who they are: " + ", ".join(IdentityProof),
        json_schema_extra={"examples": [IdentityProof.KNOWN_IN_PERSON]},
    )
    name: Line | None = Field(default=None, description="of who is in no register")
    address: Line | None = None
    recipient_class: RecipientClass | None = None
    relation_reference: Code | None = Field(default=None, description="where another system recorded the relation")

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.kind is RecipientKind.OUTSIDE and self.name is None and self.party_id is None:
            raise ValueError("give a party_id or a name")
        return self


class Emergency(Asked):
    """What 42 CFR 2.51(c) has recorded at once, besides who disclosed and when; all of it is asked for."""

    personnel: Line | None = Field(default=None, description="name of who was told")
    role: PersonnelRole | None = None
    facility: Line | None = Field(default=None, description="their affiliation with a health care facility")
    nature: Annotated[Prose, Field(max_length=2000)] | None = None
    justification: Annotated[Prose, Field(max_length=2000)] | None = Field(
        default=None, description="why the person's consent could not be had"
    )
    happened_at: Instant | None = Field(default=None, description="if it is recorded later than it happened")


class Report(Asked):
    """A report of suspected child abuse or neglect, as the state's form asks for it (42 CFR 2.12(c)(6))."""

    authority: Line | None = None
    child: Line | None = None
    suspected: Annotated[Prose, Field(max_length=4000)] | None = None


class Incident(Asked):
    """A crime on the premises or against staff, or a threat of one (42 CFR 2.12(c)(5))."""

    circumstances: Annotated[Prose, Field(max_length=4000)] | None = None
    last_whereabouts: Line | None = None


class DisclosureTerms(Asked):
    """What somebody wishes to disclose, to whom, why, and on what basis."""

    basis: DisclosureBasis | None = None
    demand: Demand | None = None
    consent_id: UUID | None = None
    agreement_id: UUID | None = None
    court_order_id: UUID | None = None
    recipient: DisclosedTo
    purpose: Purpose
    categories: Annotated[list[InformationCategory], Distinct] = Field(min_length=1, max_length=20)
    view: View | None = Field(default=None, description="what fixes the fields; always with a package")
    channel: Channel | None = None
    for_proceeding: bool = Field(default=False, description="for use in a proceeding against the person")
    identifies: bool = Field(default=True, description="it shows who the person is and that they are served here")
    includes_counseling_notes: bool = False
    ehr: bool = Field(default=False, description="through an electronic health record")
    emergency: Emergency | None = None
    report: Report | None = None
    incident: Incident | None = None
    description: Prose | None = None
    notice_statement: Code | None = Field(default=None, description="version of the 2.32(a) statement sent with it")
    scope_attached: ScopeAttached | None = None
    reason_code: Code | None = None
    reference: Code | None = Field(default=None, description="of the order, agreement, approval or incident")
    subpoena_reference: Code | None = None

    @property
    def shows_counseling_notes(self) -> bool:
        return self.includes_counseling_notes or InformationCategory.COUNSELING_NOTES in self.categories


# What is told of a person or a recipient in words, and is therefore sealed.
IN_WORDS = frozenset({"recipient", "description", "emergency", "report", "incident"})


@dataclass(frozen=True)
class ConsentAtHand:
    """A consent at the instant of a disclosure."""

    terms: ConsentTerms
    standing: ConsentStanding


REFERENCED = frozenset(
    {
        DisclosureBasis.COURT_ORDER,
        DisclosureBasis.QUALIFIED_SERVICE,
        DisclosureBasis.AUDIT_EVALUATION,
        DisclosureBasis.RESEARCH,
    }
)


def past_faults(past: DisclosureTerms, consent: ConsentAtHand | None) -> list[Fault]:
    """Return why a disclosure of another system did not rest on its basis, by what that system kept of it."""
    if past.basis is DisclosureBasis.CONSENT:
        if consent is None:
            return [("consent_id", "Name the consent that this rests on.")]
        return [*_coverage_faults(past, consent), *_package_faults(past)]
    return missing(_exception_elements(past))


def _coverage_faults(past: DisclosureTerms, consent: ConsentAtHand) -> list[Fault]:
    terms = consent.terms
    return missing(
        [
            (consent.standing is ConsentStanding.ACTIVE, "consent_id", f"This consent is {consent.standing.value}."),
            (_covers(terms.recipients, past.recipient), "recipient", "The consent does not cover this recipient."),
            (past.purpose in terms.purposes, "purpose", "The consent does not cover this purpose."),
            (set(terms.categories).issuperset(past.categories), "categories", "The consent does not cover all of it."),
        ]
    )


def _covers(allowed: Iterable[Recipient], recipient: DisclosedTo) -> bool:
    """A name must be one that was signed; a class needs a relation that was recorded."""
    return any(
        same_name(one.name, recipient.name)
        if one.name is not None
        else one.recipient_class is recipient.recipient_class and recipient.relation_reference is not None
        for one in allowed
    )


def same_name(first: str, second: str | None) -> bool:
    """Tell whether two writings name the same recipient, but for case and spacing."""
    return second is not None and first.casefold().split() == second.casefold().split()


def same_places(recipients: Sequence[Recipient], place: int) -> list[int]:
    """Return the places in a consent's list of the recipient at `place`, who may stand there more than once."""
    meant = recipients[place]
    return [
        number
        for number, one in enumerate(recipients)
        if number == place
        or (one.party_id is not None and one.party_id == meant.party_id)
        or (meant.name is not None and same_name(meant.name, one.name))
    ]


def _package_faults(past: DisclosureTerms) -> list[Fault]:
    return missing(
        [
            (past.notice_statement, "notice_statement", "Name the statement that goes with it."),
            (past.scope_attached, "scope_attached", "Attach a copy of the consent or an explanation of its scope."),
        ]
    )


def _exception_elements(past: DisclosureTerms) -> list[tuple[object, str, str]]:
    return [
        (past.consent_id is None, "consent_id", "Name a consent only where the basis is consent."),
        (past.reason_code, "reason_code", "Record the reason."),
        (past.reference or past.basis not in REFERENCED, "reference", "Record the order, agreement or approval."),
        (
            past.subpoena_reference or past.basis is not DisclosureBasis.COURT_ORDER,
            "subpoena_reference",
            "An order permits and a subpoena compels: record both.",
        ),
    ]
