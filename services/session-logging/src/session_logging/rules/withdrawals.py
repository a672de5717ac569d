"""Taking back what was recorded by mistake: nothing is changed or deleted, the entry stays and counts no more."""

from datetime import datetime
from enum import StrEnum

from common.errors import Refused


class WithdrawalReason(StrEnum):
    WRONG_PERSON = "wrong_person"
    WRONG_DETAILS = "wrong_details"
    RECORDED_TWICE = "recorded_twice"
    DID_NOT_HAPPEN = "did_not_happen"
    OTHER = "other"


def require_standing(withdrawn_at: datetime | None) -> None:
    """Raise `Refused` for an entry that was withdrawn before; a second reason would hide the first."""
    if withdrawn_at is not None:
        raise Refused("already-withdrawn", "This entry was withdrawn before. Record it anew if it did take place.")
