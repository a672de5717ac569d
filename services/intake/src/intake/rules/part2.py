"""How an agency stands under 42 CFR Part 2: six separate facts, their defaults, and what serving people still lacks."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from common.contracts.codes import RecordOrigin


class AgencyFact(StrEnum):
    """Each holds or not on its own: a program (42 CFR 2.11) may be a covered entity, an intermediary neither."""

    PART2_PROGRAM = "part2_program"
    COVERED_ENTITY = "covered_entity"
    BUSINESS_ASSOCIATE = "business_associate"
    QUALIFIED_SERVICE = "qualified_service"
    INTERMEDIARY = "intermediary"
    LAWFUL_HOLDER = "lawful_holder"


class Ground(StrEnum):
    """What a decision looked at; which way it points is said in words."""

    DIAGNOSIS_TREATMENT_OR_REFERRAL = "diagnosis_treatment_or_referral"
    HOLDS_ITSELF_OUT = "holds_itself_out"
    FEDERAL_FUNDING = "federal_funding"
    TAX_EXEMPT = "tax_exempt"
    HEALTH_CARE_TRANSACTIONS = "health_care_transactions"
    WRITTEN_AGREEMENT = "written_agreement"
    RECEIVED_RECORDS = "received_records"
    GENERAL_DESIGNATION = "general_designation"
    COUNSEL_OPINION = "counsel_opinion"
    OTHER = "other"


class DeterminationState(StrEnum):
    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    REPLACED = "replaced"
    REFUSED = "refused"


class Lack(StrEnum):
    """What going live may still lack, beside the determination of a fact."""

    NOTICE_TEXT = "notice_text"
    NOTICE_PARTS = "notice_parts"
    PRIVACY_OFFICER = "privacy_officer"


@dataclass(frozen=True, slots=True)
class Missing:
    """`what`: a fact that is to be determined, or looked at again, or a `Lack`."""

    what: AgencyFact | Lack
    sentence: str


# Federal assistance is one leg of two (2.11, 2.12(b)), and so wide that nearly everybody stands on it.
ASSISTANCE = frozenset({Ground.FEDERAL_FUNDING, Ground.TAX_EXEMPT})
GROUNDS_FEWEST = 20
REVIEW_YEARS = 2
LACKS: Mapping[Lack, str] = {
    Lack.NOTICE_TEXT: "No privacy notice is in force in English. Record its text, effective today or before.",
    Lack.NOTICE_PARTS: (
        "The notice in force has blanks, or shows no sign of parts that 42 CFR 2.22 asks for: POST notice-text-checks "
        "names them. Record a complete text, or, where counsel read it and the look is wrong, say notice_confirmed."
    ),
    Lack.PRIVACY_OFFICER: (
        "Nobody on the staff is privacy officer. Give somebody that role, or, if there is nobody else, let an "
        "administrator go live who says that they answer for privacy."
    ),
}


def default_of(fact: AgencyFact) -> bool:
    """Return what counts until somebody decides: a program, and nothing else."""
    return fact is AgencyFact.PART2_PROGRAM


def effective(in_force: Mapping[AgencyFact, bool]) -> dict[AgencyFact, bool]:
    """Return all six facts as they count now."""
    return {fact: in_force.get(fact, default_of(fact)) for fact in AgencyFact}


def needs_second_person(fact: AgencyFact, *, counts_now: bool, holds: bool) -> bool:
    """Tell whether a decision would take the protection of Part 2 away, which nobody does alone."""
    return fact is AgencyFact.PART2_PROGRAM and counts_now and not holds


def rests_on_assistance_alone(fact: AgencyFact, grounds: Collection[Ground]) -> bool:
    """Tell whether a decision on being a program looked at money or tax only, or says not what it looked at."""
    return fact is AgencyFact.PART2_PROGRAM and ASSISTANCE.issuperset(grounds)


def last_review_day(decided_on: date) -> date:
    """Return the last day on which a decision may be looked at again: two years later; 29 February becomes the 28th."""
    year = decided_on.year + REVIEW_YEARS
    if (decided_on.month, decided_on.day) == (2, 29):
        return date(year, 2, 28)
    return decided_on.replace(year=year)


def lacking(
    review_days: Mapping[AgencyFact, date], today: date, *, notice: Lack | None, has_officer: bool
) -> list[Missing]:
    """Return what going live lacks; `review_days` of the determinations in force, which count on that day still.

    `notice`: what the privacy notice lacks.
    """
    missing = [_undecided(fact) for fact in AgencyFact if fact not in review_days]
    missing += [_overdue(fact) for fact, review_on in review_days.items() if is_overdue(review_on, today)]
    absent = ([notice] if notice else []) + [Lack.PRIVACY_OFFICER] * (not has_officer)
    return missing + [Missing(lack, LACKS[lack]) for lack in absent]


def _undecided(fact: AgencyFact) -> Missing:
    return Missing(fact, f"Nobody has determined {fact} yet. Record a determination, whichever way it goes.")


def _overdue(fact: AgencyFact) -> Missing:
    return Missing(fact, f"The determination of {fact} was to be looked at again. Record what holds now.")


def is_overdue(review_on: date, today: date) -> bool:
    return review_on < today


def origin_of(*, is_program: bool, received: bool) -> RecordOrigin:
    """Return the label of a record that the agency begins to keep on a person."""
    if is_program:
        return RecordOrigin.OWN_PART2
    return RecordOrigin.RECEIVED_PART2 if received else RecordOrigin.OTHER


def referral_origin(*, is_program: bool, received: bool) -> RecordOrigin:
    """Return the label of a referral, which stays what it was received as even where a program keeps it."""
    if received:
        return RecordOrigin.RECEIVED_PART2
    return RecordOrigin.OWN_PART2 if is_program else RecordOrigin.OTHER
