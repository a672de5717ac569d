"""Access in an emergency by somebody who does not serve the person: for what, how long, and reviewed by when."""

from datetime import date, datetime
from enum import StrEnum

from common.text import business_deadline

MINUTES_FEWEST, MINUTES_MOST = 5, 60
WORDS_FEWEST = 20
NO_HOLIDAYS: frozenset[date] = frozenset()


class EmergencyReason(StrEnum):
    LIFE_THREATENING = "life_threatening"
    SAFETY_CONCERN = "safety_concern"
    URGENT_CARE = "urgent_care"
    CONTINUITY = "continuity"


class ReviewOutcome(StrEnum):
    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not_justified"


def review_due(opened_at: datetime, zone: str) -> datetime:
    """Return the end of the next business day where the agency is; only Saturday and Sunday are none.

    Holidays are not spared: the review is what makes looking without serving tolerable.
    """
    return business_deadline(opened_at, zone, 1, NO_HOLIDAYS)
