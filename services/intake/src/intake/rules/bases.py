"""Parties outside, how they stand to a person, and when a court's order is enough to rest on."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from intake.rules.consents import InformationCategory


class PartyKind(StrEnum):
    """What an organization or office is; a private person is no party and is named in the consent itself."""

    TREATMENT_PROVIDER = "treatment_provider"
    HOSPITAL = "hospital"
    EMERGENCY_MEDICAL_SERVICE = "emergency_medical_service"
    HEALTH_PLAN = "health_plan"
    PAYER = "payer"
    COURT = "court"
    PROBATION = "probation"
    LAW_ENFORCEMENT = "law_enforcement"
    CHILD_PROTECTION = "child_protection"
    FUNDER = "funder"
    REGULATOR = "regulator"
    RESEARCHER = "researcher"
    VENDOR = "vendor"
    HOUSING = "housing"
    EMPLOYER = "employer"
    INTERMEDIARY = "intermediary"
    COMMUNITY_ORGANIZATION = "community_organization"


JUSTICE = frozenset({PartyKind.COURT, PartyKind.PROBATION, PartyKind.LAW_ENFORCEMENT})
# Whoever treats people; a police officer or a plan is no medical personnel (42 CFR 2.51).
MEDICAL = frozenset({PartyKind.TREATMENT_PROVIDER, PartyKind.HOSPITAL, PartyKind.EMERGENCY_MEDICAL_SERVICE})


def may_be_medical(kind: PartyKind) -> bool:
    """Return whether a party of this kind can have medical personnel that an emergency is told to."""
    return kind in MEDICAL


class RelationKind(StrEnum):
    """How a party stands to one person: the classes that a consent may name, and an intermediary's participant."""

    TREATING_PROVIDER = "treating_provider"
    HEALTH_PLAN = "health_plan"
    THIRD_PARTY_PAYER = "third_party_payer"
    PROGRAM_OPERATIONS = "program_operations"
    INTERMEDIARY_PARTICIPANT = "intermediary_participant"


def may_stand(kind: PartyKind, relation: RelationKind) -> bool:
    """Return whether a party of this kind can stand in this relation; courts and police stand in none of them."""
    if relation is RelationKind.TREATING_PROVIDER:
        return kind in MEDICAL
    if relation is RelationKind.HEALTH_PLAN:
        return kind is PartyKind.HEALTH_PLAN
    if relation is RelationKind.THIRD_PARTY_PAYER:
        return kind in (PartyKind.PAYER, PartyKind.HEALTH_PLAN, PartyKind.FUNDER)
    return kind not in JUSTICE and kind is not PartyKind.CHILD_PROTECTION


def relation_holds(valid_from: date, valid_to: date | None, party_ended_on: date | None, *, on: date) -> bool:
    """Return whether a relation holds on a day; both its days count, the day on which the party ended does not."""
    if party_ended_on is not None and on >= party_ended_on:
        return False
    return valid_from <= on and (valid_to is None or on <= valid_to)


class CourtSection(StrEnum):
    """Under which section of 42 CFR Part 2, subpart E, a court decided."""

    NONCRIMINAL = "2.64"
    CRIMINAL_AGAINST_PATIENT = "2.65"
    AGAINST_PROGRAM = "2.66"
    UNDERCOVER = "2.67"


class Finding(StrEnum):
    """What a court found before it permitted a disclosure."""

    OTHER_WAYS_UNAVAILABLE = "other_ways_unavailable"
    PUBLIC_INTEREST_OUTWEIGHS = "public_interest_outweighs"
    EXTREMELY_SERIOUS_CRIME = "extremely_serious_crime"
    SUBSTANTIAL_VALUE = "substantial_value"
    INDEPENDENT_COUNSEL = "independent_counsel"
    CRIME_IN_THE_PROGRAM = "crime_in_the_program"
    THREAT_TO_LIFE = "threat_to_life"
    SERIOUS_CRIME_CONFIDENTIAL = "serious_crime_confidential"
    PATIENT_OFFERS_EVIDENCE = "patient_offers_evidence"


WEIGHED = frozenset({Finding.OTHER_WAYS_UNAVAILABLE, Finding.PUBLIC_INTEREST_OUTWEIGHS})
FINDINGS: dict[CourtSection, frozenset[Finding]] = {
    CourtSection.NONCRIMINAL: WEIGHED,
    CourtSection.CRIMINAL_AGAINST_PATIENT: WEIGHED | {Finding.EXTREMELY_SERIOUS_CRIME, Finding.SUBSTANTIAL_VALUE},
    CourtSection.AGAINST_PROGRAM: WEIGHED,
    CourtSection.UNDERCOVER: WEIGHED | {Finding.CRIME_IN_THE_PROGRAM},
}
MORE_FINDINGS = {CourtSection.CRIMINAL_AGAINST_PATIENT: frozenset({Finding.INDEPENDENT_COUNSEL})}
# 42 CFR 2.63(a): one of them opens what the person said in confidence.
CONFIDENTIAL = frozenset({Finding.THREAT_TO_LIFE, Finding.SERIOUS_CRIME_CONFIDENTIAL, Finding.PATIENT_OFFERS_EVIDENCE})
AGAINST_PATIENT = frozenset({CourtSection.NONCRIMINAL, CourtSection.CRIMINAL_AGAINST_PATIENT})


def findings_of(section: CourtSection) -> frozenset[Finding]:
    """Return the findings that an order under a section can hold."""
    return FINDINGS[section] | MORE_FINDINGS.get(section, frozenset()) | CONFIDENTIAL


class OrderLack(StrEnum):
    """Why an order and its subpoena do not suffice."""

    NO_ORDER = "no_order"
    NO_SUBPOENA = "no_subpoena"
    FINDINGS_MISSING = "findings_missing"
    CONFIDENTIAL_FINDING_MISSING = "confidential_finding_missing"
    NOTICE_NOT_GIVEN = "notice_not_given"
    NO_CATEGORIES = "no_categories"
    NOT_AGAINST_PATIENT = "not_against_patient"
    NO_COUNSEL_SIGNATURE = "no_counsel_signature"
    NOT_YET_ISSUED = "not_yet_issued"
    EXPIRED = "expired"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAtHand:
    """An order that permits and a subpoena that compels, as they stand; `issued_on` is null without an order."""

    section: CourtSection
    findings: Collection[Finding]
    notice_given: bool
    categories: Collection[InformationCategory]
    names_counseling_notes: bool
    confidential_communications: bool
    against_patient: bool
    issued_on: date | None
    expires_on: date | None
    subpoena_on: date | None
    counsel_signed: bool
    ended_on: date | None


def order_lacks(order: OrderAtHand, *, on: date) -> list[OrderLack]:
    """Return why nothing may be disclosed on an order on a day; none: it may, within its limits.

    Source: 42 CFR 2.61 (an order permits, a subpoena compels), 2.63 to 2.67; counsel's signature is the program's own.
    """
    return [lack for there, lack in (*_contents(order), *_standing(order, on)) if not there]


def lacks_but_signature(order: OrderAtHand, *, on: date) -> list[OrderLack]:
    """Return what is missing before counsel has something to sign."""
    return [lack for lack in order_lacks(order, on=on) if lack is not OrderLack.NO_COUNSEL_SIGNATURE]


def _contents(order: OrderAtHand) -> list[tuple[bool, OrderLack]]:
    confidential = order.confidential_communications or order.names_counseling_notes
    return [
        (order.issued_on is not None, OrderLack.NO_ORDER),
        (order.subpoena_on is not None, OrderLack.NO_SUBPOENA),
        (FINDINGS[order.section].issubset(order.findings), OrderLack.FINDINGS_MISSING),
        (
            not confidential or not CONFIDENTIAL.isdisjoint(order.findings),
            OrderLack.CONFIDENTIAL_FINDING_MISSING,
        ),
        (order.notice_given, OrderLack.NOTICE_NOT_GIVEN),
        (bool(order.categories) or order.names_counseling_notes, OrderLack.NO_CATEGORIES),
        (not order.against_patient or order.section in AGAINST_PATIENT, OrderLack.NOT_AGAINST_PATIENT),
        (order.counsel_signed, OrderLack.NO_COUNSEL_SIGNATURE),
    ]


def _standing(order: OrderAtHand, on: date) -> list[tuple[bool, OrderLack]]:
    return [
        (order.issued_on is None or order.issued_on <= on, OrderLack.NOT_YET_ISSUED),
        (order.expires_on is None or on <= order.expires_on, OrderLack.EXPIRED),
        (order.ended_on is None or on < order.ended_on, OrderLack.ENDED),
    ]
