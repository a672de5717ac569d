"""What may be done about a note that its worker signed."""

from enum import StrEnum

from common.contracts.codes import SessionStatus
from common.contracts.session_codes import Review
from common.errors import Refused


class ReviewKind(StrEnum):
    """One step of a review, as it is kept. The first three anybody may take who reads the note and may answer it."""

    COMMENT = "comment"
    THANKS = "thanks"
    APPROVAL = "approval"
    COSIGNED = "cosigned"
    RETURNED = "returned"
    VOIDED = "voided"


def require_awaited(status: str, review: str | None) -> None:
    """Raise `Refused` unless the note is signed and waits for a co-signature."""
    if status == SessionStatus.DRAFT:
        raise Refused("not-signed-yet", "Its worker has not signed it yet. Write a comment instead.")
    if status == SessionStatus.VOIDED:
        raise Refused("already-voided", "This session was voided. There is nothing left to sign or return.")
    if review != Review.AWAITED:
        raise Refused("no-cosignature-awaited", "This note is final. Write a comment, or ask for an addendum.")
