"""What follows from a credential's days and statuses: what it was on a day, and which status may come next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from uuid import UUID

from common.contracts.codes import CredentialStatus, CredentialType, Specialty
from common.contracts.workforce_codes import CertificateStage

# What lets somebody work: whether a provisional credential suffices is for the program's pack to say.
HELD = frozenset({CredentialStatus.ACTIVE, CredentialStatus.PROVISIONAL})


class StatusReason(StrEnum):
    """Why a status began; never why in the person's life."""

    RECORDED = "recorded"
    REQUIREMENTS_MET = "requirements_met"
    REQUIREMENTS_PENDING = "requirements_pending"
    EDUCATION_LAPSED = "education_lapsed"
    COMPLAINT = "complaint"
    DISCIPLINE = "discipline"
    VOLUNTARY = "voluntary"
    REINSTATED = "reinstated"
    OVERTURNED = "overturned"
    RECORDED_IN_ERROR = "recorded_in_error"
    OTHER = "other"


class CorrectionReason(StrEnum):
    TYPING_ERROR = "typing_error"
    WRONG_DOCUMENT = "wrong_document"
    ISSUER_CORRECTED = "issuer_corrected"
    EXTENDED_BY_ISSUER = "extended_by_issuer"
    OTHER = "other"


class StatusFault(StrEnum):
    """Why a status may not follow; each is the code of its own refusal."""

    UNCHANGED = "status-unchanged"
    BEFORE_AN_EARLIER_CHANGE = "status-before-an-earlier-one"
    IN_THE_FUTURE = "status-in-the-future"
    REVOKED = "credential-revoked"
    NOT_RECORDED_BY_HAND = "reason-not-for-changes"


@dataclass(frozen=True, slots=True)
class Since:
    """A status and the first day it held."""

    status: CredentialStatus
    since: date


@dataclass(frozen=True, slots=True)
class KnownCredential:
    """A credential with its timeline; see `status_on` and `is_in_force`."""

    credential_id: UUID
    credential_type: CredentialType
    specialty: Specialty
    stage: CertificateStage | None
    valid_from: date
    valid_to: date
    cycle_from: date | None
    renewal_on: date | None
    statuses: tuple[Since, ...]


def timeline(entries: Sequence[Since]) -> list[Since]:
    """Return one status a day, by day, from entries in the order they were recorded: of one day the last counts."""
    return [earlier for earlier, later in pairwise(entries) if earlier.since != later.since] + list(entries[-1:])


def status_on(statuses: Iterable[Since], day: date) -> CredentialStatus | None:
    """Return the status on `day`, from a timeline; None before its first day."""
    held = None
    for one in statuses:
        if one.since <= day:
            held = one.status
    return held


def is_in_force(valid_from: date, valid_to: date, status: CredentialStatus | None, day: date) -> bool:
    """Tell whether a credential of `status` on `day` lets its holder work then; both days of validity count."""
    return status in HELD and valid_from <= day <= valid_to


def status_fault(latest: Since, asked: Since, reason: StatusReason, today: date) -> StatusFault | None:
    """Return why `asked` may not follow `latest`, or None.

    What was revoked comes back only where the revocation was overturned or never was; otherwise a new credential does.
    """
    if reason is StatusReason.RECORDED:
        return StatusFault.NOT_RECORDED_BY_HAND
    if asked.since > today:
        return StatusFault.IN_THE_FUTURE
    if asked.since < latest.since:
        return StatusFault.BEFORE_AN_EARLIER_CHANGE
    if asked.status is latest.status:
        return StatusFault.UNCHANGED
    undone = reason in (StatusReason.OVERTURNED, StatusReason.RECORDED_IN_ERROR)
    if latest.status is CredentialStatus.REVOKED and not undone:
        return StatusFault.REVOKED
    return None
