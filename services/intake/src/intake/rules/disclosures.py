"""Whether a disclosure may happen: the basis it rests on, and what must go with it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from common.contracts.codes import DisclosureBasis
from common.text import Asked, Code, Line, Prose
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


class ScopeAttached(StrEnum):
    """What accompanies a disclosure besides the statement (42 CFR 2.32(b))."""

    CONSENT_COPY = "consent_copy"
    EXPLANATION = "explanation"


class DisclosedTo(Asked):
    name: Line
    address: Line | None = None
    recipient_class: RecipientClass | None = None
    relation_reference: Code | None = Field(default=None, description="where the relation to the class is recorded")


class DisclosureTerms(Asked):
    """What somebody wishes to disclose, to whom, why, and on what basis."""

    basis: DisclosureBasis
    consent_id: UUID | None = None
    recipient: DisclosedTo
    purpose: Purpose
    categories: list[InformationCategory] = Field(min_length=1, max_length=20)
    description: Prose | None = None
    notice_statement: Code | None = Field(default=None, description="version of the 2.32(a) statement sent with it")
    scope_attached: ScopeAttached | None = None
    reason_code: Code | None = None
    reference: Code | None = Field(default=None, description="of the order, agreement, approval or incident")
    subpoena_reference: Code | None = None


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


def disclosure_faults(wish: DisclosureTerms, consent: ConsentAtHand | None) -> list[Fault]:
    """Return why a disclosure may not happen; none means that it may (privacy rules D8 to D17, default deny)."""
    if wish.basis is DisclosureBasis.CONSENT:
        if consent is None:
            return [("consent_id", "Name the consent that this rests on.")]
        return [*_coverage_faults(wish, consent), *_package_faults(wish)]
    return missing(_exception_elements(wish))


def _coverage_faults(wish: DisclosureTerms, consent: ConsentAtHand) -> list[Fault]:
    terms = consent.terms
    return missing(
        [
            (consent.standing is ConsentStanding.ACTIVE, "consent_id", f"This consent is {consent.standing.value}."),
            (_covers(terms.recipients, wish.recipient), "recipient", "The consent does not cover this recipient."),
            (wish.purpose in terms.purposes, "purpose", "The consent does not cover this purpose."),
            (set(terms.categories).issuperset(wish.categories), "categories", "The consent does not cover all of it."),
        ]
    )


def _covers(allowed: Iterable[Recipient], recipient: DisclosedTo) -> bool:
    """A name must be one that was signed; a class needs a recorded relation."""
    return any(
        _same_name(one.name, recipient.name)
        if one.name is not None
        else one.recipient_class is recipient.recipient_class and recipient.relation_reference is not None
        for one in allowed
    )


def _same_name(first: str, second: str) -> bool:
    return first.casefold().split() == second.casefold().split()


def _package_faults(wish: DisclosureTerms) -> list[Fault]:
    return missing(
        [
            (wish.notice_statement, "notice_statement", "Name the statement that goes with it."),
            (wish.scope_attached, "scope_attached", "Attach a copy of the consent or an explanation of its scope."),
        ]
    )


def _exception_elements(wish: DisclosureTerms) -> list[tuple[object, str, str]]:
    return [
        (wish.consent_id is None, "consent_id", "Name a consent only where the basis is consent."),
        (wish.reason_code, "reason_code", "Record the reason."),
        (wish.reference or wish.basis not in REFERENCED, "reference", "Record the order, agreement or approval."),
        (
            wish.subpoena_reference or wish.basis is not DisclosureBasis.COURT_ORDER,
            "subpoena_reference",
            "An order permits and a subpoena compels: record both.",
        ),
    ]
