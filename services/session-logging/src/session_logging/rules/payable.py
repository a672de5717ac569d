"""Which sessions a payer's contract pays for, and on what ground one is not claimed; the service itself stands."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from common.contracts.codes import CredentialType, DeliveryMethod, Format, Modality
from common.contracts.session_codes import Review, SessionFlag
from session_logging.rules.contracts import Contract, ServiceLine


class Stopped(StrEnum):
    """Why minutes are not claimed; the service stands whatever it says here."""

    UNSIGNED = "unsigned"
    AWAITING_COSIGNATURE = "awaiting_cosignature"
    CODE_NOT_COVERED = "code_not_covered"
    METHOD_NOT_COVERED = "method_not_covered"
    MODALITY_NOT_COVERED = "modality_not_covered"
    ACTIVITY_NOT_COVERED = "activity_not_covered"
    NO_LIVE_CREDENTIAL = "no_live_credential"
    CREDENTIAL_NOT_ACCEPTED = "credential_not_accepted"
    NO_CONSENT = "no_consent"
    OUTSIDE_EMPLOYMENT = "outside_employment"
    OVERLAPS = "overlaps"
    GROUP_ABOVE_LIMIT = "group_above_limit"
    LATE_NOTE = "late_note"
    NOTE_INCOMPLETE = "note_incomplete"
    NO_INITIATING_VISIT = "no_initiating_visit"
    NO_NAVIGATION_CONSENT = "no_navigation_consent"
    NO_NAVIGATION_ELEMENT = "no_navigation_element"
    MONTH_NOT_OVER = "month_not_over"
    BELOW_FIRST_PART = "below_first_part"
    NEEDS_AUTHORISATION = "needs_authorisation"
    OVER_LIMIT = "over_limit"
    NO_UNITS = "no_units"


@dataclass(frozen=True, slots=True)
class Part:
    """The minutes of one delivered session on one local day, with what a payer looks at.

    `person_id`: who it is, whatever records they have. `clashes`: another signed session holds this time. `consented`:
    the payer may know of this person today. `visited_on`, `agreed_on`: what illness navigation begins with.
    """

    session_id: UUID
    person_id: UUID
    coverage_id: UUID
    staff_id: UUID
    day: date
    minutes: int
    code: str | None
    format: Format
    modality: Modality
    method: DeliveryMethod
    activities: frozenset[str]
    place: str
    signed: bool
    review: Review | None
    credential: CredentialType | None
    flags: frozenset[str]
    group_size: int | None
    missing: bool
    clashes: bool
    consented: bool
    navigation: frozenset[str]
    visited_on: date | None
    agreed_on: date | None


def place_of(contract: Contract, part: Part) -> int | Stopped:
    """Return the place of the first service line that is for this session, or what none of them covers."""
    nearest = Stopped.CODE_NOT_COVERED
    for place, line in enumerate(contract.lines):
        codes = (None, line.code, line.monthly.next_code) if line.monthly else (None, line.code)
        if part.code not in codes or line.format not in (None, part.format):
            continue
        if part.method not in line.methods:
            nearest = Stopped.METHOD_NOT_COVERED
        elif line.modalities and part.modality not in line.modalities:
            nearest = Stopped.MODALITY_NOT_COVERED
        elif part.activities <= set(line.uncovered):
            nearest = Stopped.ACTIVITY_NOT_COVERED
        else:
            return place
    return nearest


def stopped(contract: Contract, line: ServiceLine, part: Part) -> Stopped | None:
    """Return the first ground on which a session's line stops, in the order of `Stopped`."""
    accepted = contract.accepted_credentials
    above = contract.group_max is not None and (part.group_size or 0) > contract.group_max
    grounds = {
        Stopped.UNSIGNED: not part.signed,
        Stopped.AWAITING_COSIGNATURE: part.review is Review.AWAITED,
        Stopped.NO_LIVE_CREDENTIAL: part.credential is None,
        Stopped.CREDENTIAL_NOT_ACCEPTED: bool(accepted) and part.credential not in accepted,
        Stopped.NO_CONSENT: not part.consented,
        Stopped.OUTSIDE_EMPLOYMENT: SessionFlag.OUTSIDE_EMPLOYMENT in part.flags,
        Stopped.OVERLAPS: part.clashes,
        Stopped.GROUP_ABOVE_LIMIT: above or SessionFlag.GROUP_ABOVE_LIMIT in part.flags,
        Stopped.LATE_NOTE: contract.late_notes_stop and SessionFlag.LATE in part.flags,
        Stopped.NOTE_INCOMPLETE: contract.incomplete_notes_stop and part.missing,
        Stopped.NO_INITIATING_VISIT: bool(line.monthly) and not _by(part.visited_on, part.day),
        Stopped.NO_NAVIGATION_CONSENT: bool(line.monthly) and not _by(part.agreed_on, part.day),
        Stopped.NO_NAVIGATION_ELEMENT: bool(line.monthly) and not part.navigation,
    }
    return next((reason for reason, holds in grounds.items() if holds), None)


def _by(done: date | None, day: date) -> bool:
    return done is not None and done <= day
