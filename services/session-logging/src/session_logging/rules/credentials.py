"""Which credential stands beside a signature."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from common.contracts.codes import (
    CredentialStatus,
    CredentialType,
    Specialty,
)

# A suspended or revoked credential is not held; whether a provisional one suffices is for the report to judge.
HELD = frozenset({CredentialStatus.ACTIVE, CredentialStatus.PROVISIONAL})


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A credential as workforce told of it; both days are inclusive. `statuses`: all, by day; none in early facts."""

    credential_type: CredentialType
    specialty: Specialty
    valid_from: date
    valid_to: date
    status: CredentialStatus
    statuses: tuple[tuple[date, CredentialStatus], ...] = ()
    id: UUID | None = None

    def status_on(self, day: date) -> CredentialStatus | None:
        """Return the status on `day`; None before the first. Without a history the newest stands for every day."""
        if not self.statuses:
            return self.status
        held = [status for since, status in self.statuses if since <= day]
        return held[-1] if held else None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Which credentials a program accepts; no types means every type, no specialty means every specialty."""

    accepted: frozenset[str] = frozenset()
    specialty: str | None = None


def credential_on(day: date, held: Iterable[HeldCredential], program: Acceptance) -> HeldCredential | None:
    """Return the credential that a worker held on `day`: the one that serves the program best, if any.

    One that the program accepts goes first, then an active one before a provisional one, then the longest valid.
    """
    valid = [one for one in held if one.status_on(day) in HELD and one.valid_from <= day <= one.valid_to]
    if not valid:
        return None
    return max(
        valid,
        key=lambda one: (
            _serves(one, program),
            one.status_on(day) is CredentialStatus.ACTIVE,
            one.valid_to,
            one.credential_type,
        ),
    )


def _serves(one: HeldCredential, program: Acceptance) -> bool:
    type_fits = not program.accepted or one.credential_type in program.accepted
    return type_fits and program.specialty in (None, one.specialty)
