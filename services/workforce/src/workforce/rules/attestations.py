"""What is on file of what somebody declared, which is all that a supervisor is told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from common.contracts.workforce_codes import AttestationKind


@dataclass(frozen=True, slots=True)
class Declared:
    kind: AttestationKind
    signed_on: date
    withdrawn_on: date | None = None


def on_file(declared: Iterable[Declared], day: date) -> dict[AttestationKind, bool]:
    """Tell for each kind whether a declaration stands on `day`: signed, and not withdrawn by then."""
    standing = {
        one.kind for one in declared if one.signed_on <= day and (one.withdrawn_on is None or day < one.withdrawn_on)
    }
    return {kind: kind in standing for kind in AttestationKind}
