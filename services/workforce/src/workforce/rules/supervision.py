"""What follows from who supervises whom: the share of a worker that is supervised, and how a supervision goes on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from common.contracts.workforce_codes import SupervisionMode


class SupervisionState(StrEnum):
    """`proposed`: a worker noted it, the supervisor has yet to confirm; only what is `held` counts."""

    PROPOSED = "proposed"
    HELD = "held"
    VOIDED = "voided"


class SupervisionVoidReason(StrEnum):
    NOT_HELD = "not_held"
    RECORDED_IN_ERROR = "recorded_in_error"
    DUPLICATE = "duplicate"
    WRONG_PERSON = "wrong_person"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class HeldSupervision:
    supervision_id: UUID
    supervisor_id: UUID
    held_on: date
    minutes: int
    mode: SupervisionMode


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a worker's time under one supervisor, both days included; no last day goes on."""

    fte: Decimal
    valid_from: date
    valid_to: date | None = None


def most_supervised(shares: Sequence[Share]) -> Decimal:
    """Return the largest sum of shares on any one day; 0 without any.

    Sums grow only on the first day of a share, so these days are all that need looking at.
    """
    return max((_sum_on(shares, one.valid_from) for one in shares), default=Decimal(0))


def _sum_on(shares: Sequence[Share], day: date) -> Decimal:
    held = (one for one in shares if one.valid_from <= day and (one.valid_to is None or day <= one.valid_to))
    return sum((one.fte for one in held), Decimal(0))
