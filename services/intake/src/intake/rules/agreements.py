"""What a written agreement with a party must hold for its kind, and when it may be rested on."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import Field

from common.contracts.codes import AgreementKind
from common.text import Asked, Day, Distinct, Line, Prose
from intake.rules.consents import Digest, InformationCategory

ENDS_SOON = timedelta(days=60)


class Promise(StrEnum):
    """What a party binds itself to in writing."""

    BOUND_BY_PART2 = "bound_by_part2"
    RESISTS_IN_COURT = "resists_in_court"
    AGREES_TO_LIMITS = "agrees_to_limits"
    RECEIVED_NOTICE = "received_notice"
    SAFEGUARDS = "safeguards"
    REPORTS_BREACHES = "reports_breaches"


class AgreementTerms(Asked):
    """A written agreement. All may be absent here, so that `agreement_lacks` can name what is missing."""

    kind: AgreementKind
    services: Prose | None = Field(
        default=None, description="what the party does with it, or the audit's or study's scope"
    )
    categories: Annotated[list[InformationCategory], Distinct] = Field(default=[], max_length=20)
    valid_from: Day | None = None
    valid_to: Day | None = Field(default=None, description="last day")
    promises: Annotated[list[Promise], Distinct] = Field(default=[], max_length=10)
    copies_allowed: bool = Field(default=False, description="copies may leave the premises; else on site only")
    destroy_by: Day | None = Field(default=None, description="by which day copies are destroyed")
    agreed_by: Line | None = Field(default=None, description="the office or officer who agreed for the party")
    approving_body: Line | None = Field(default=None, description="who approved the research")
    evidence_sha256: Digest | None = Field(default=None, description="of the signed agreement")


class Lack(NamedTuple):
    """What an agreement lacks: the refusal's code, where (without its first slash), and what to do."""

    code: str
    where: str
    sentence: str


PROMISED: dict[AgreementKind, dict[Promise, Lack]] = {
    AgreementKind.QUALIFIED_SERVICE: {
        Promise.BOUND_BY_PART2: Lack(
            "not-bound-by-part2",
            "promises",
            "Have the service bind itself to 42 CFR Part 2 in writing, then record it.",
        ),
        Promise.RESISTS_IN_COURT: Lack(
            "no-promise-to-resist", "promises", "Have the service promise to resist in court, then record it."
        ),
    },
    AgreementKind.AUDIT_EVALUATION: {
        Promise.AGREES_TO_LIMITS: Lack(
            "limits-not-agreed", "promises", "Have the party agree in writing to the limits on use and disclosure."
        ),
    },
    AgreementKind.RESEARCH: {},
    AgreementKind.CONTRACTOR: {
        Promise.BOUND_BY_PART2: Lack(
            "not-bound-by-part2", "promises", "Have the contractor bind itself to 42 CFR Part 2 in writing."
        ),
        Promise.RECEIVED_NOTICE: Lack(
            "contractor-not-notified", "promises", "Give the contractor the notice on redisclosure, then record it."
        ),
        Promise.SAFEGUARDS: Lack(
            "no-safeguards-promised", "promises", "Have the contractor promise safeguards in writing."
        ),
        Promise.REPORTS_BREACHES: Lack(
            "no-breach-reports-promised", "promises", "Have the contractor promise to report breaches to you."
        ),
    },
}


def agreement_lacks(terms: AgreementTerms) -> list[Lack]:
    """Return what an agreement lacks for its kind (42 CFR 2.11, 2.33(b)(3) and (c), 2.52, 2.53); none: it will do."""
    needed = PROMISED[terms.kind]
    return [
        *(lack for there, lack in _plain_elements(terms) if not there),
        *(lack for promise, lack in needed.items() if promise not in terms.promises),
        *(lack for there, lack in _elements_of_its_kind(terms) if not there),
        *_day_faults(terms),
    ]


def _plain_elements(terms: AgreementTerms) -> list[tuple[object, Lack]]:
    return [
        (terms.services, Lack("services-not-named", "services", "Name the services, the scope or the study.")),
        (terms.categories, Lack("categories-not-named", "categories", "Say which information it covers.")),
        (terms.valid_from, Lack("first-day-missing", "valid_from", "Give the first day of the agreement.")),
        (terms.valid_to, Lack("last-day-missing", "valid_to", "Give the last day; agree on a new one when it ends.")),
        (terms.evidence_sha256, Lack("not-in-writing", "evidence_sha256", "Give the digest of the signed agreement.")),
    ]


def _elements_of_its_kind(terms: AgreementTerms) -> list[tuple[object, Lack]]:
    audit, research = terms.kind is AgreementKind.AUDIT_EVALUATION, terms.kind is AgreementKind.RESEARCH
    return [
        (terms.agreed_by or not audit, Lack("nobody-agreed", "agreed_by", "Say who agreed to the limits.")),
        (
            terms.approving_body or not research,
            Lack("not-approved", "approving_body", "Name the body that approved the research."),
        ),
        (
            terms.destroy_by or not terms.copies_allowed,
            Lack("no-day-of-destruction", "destroy_by", "Say by which day copies are destroyed, or allow none."),
        ),
        (
            terms.copies_allowed or terms.destroy_by is None,
            Lack("no-copies-to-destroy", "destroy_by", "Give a day of destruction only where copies are allowed."),
        ),
        (
            audit or research or not terms.copies_allowed,
            Lack("copies-are-for-audits", "copies_allowed", "Say this of an audit, an evaluation or research only."),
        ),
    ]


def _day_faults(terms: AgreementTerms) -> list[Lack]:
    if terms.valid_from is None:
        return []
    faults = []
    if terms.valid_to is not None and terms.valid_to < terms.valid_from:
        faults.append(Lack("ends-before-it-starts", "valid_to", "The last day is before the first."))
    if terms.destroy_by is not None and terms.destroy_by < terms.valid_from:
        faults.append(Lack("destroyed-before-it-starts", "destroy_by", "Copies cannot be destroyed before it starts."))
    return faults


class AgreementEnd(StrEnum):
    """Why an agreement ended before its last day."""

    SERVICE_OVER = "service_over"
    REPLACED = "replaced"
    ENDED_BY_US = "ended_by_us"
    ENDED_BY_PARTY = "ended_by_party"
    BREACH = "breach"
    RECORDED_IN_ERROR = "recorded_in_error"


def agreement_is_live(valid_from: date, valid_to: date, ended_on: date | None, *, on: date) -> bool:
    """Return whether an agreement may be rested on: from its first to its last day, but not on or after `ended_on`."""
    return valid_from <= on <= valid_to and (ended_on is None or on < ended_on)


def ends_soon(valid_from: date, valid_to: date, ended_on: date | None, *, on: date) -> bool:
    """Return whether a live agreement's last day is at most 60 days away."""
    return agreement_is_live(valid_from, valid_to, ended_on, on=on) and valid_to <= on + ENDS_SOON
