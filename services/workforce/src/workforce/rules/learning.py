"""What may be said of hours, days and evidence of trainings and work, and why an entry is taken back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from common.contracts.workforce_codes import TrainingKind, TrainingTopic

HOURS_OF_A_DAY = 24
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
TrainingHours = Annotated[Decimal, Field(gt=0, le=1000, multiple_of=Decimal("0.25"), description="in quarter hours")]
HoursWorked = Annotated[Decimal, Field(gt=0, le=10_000, multiple_of=Decimal("0.25"), description="in quarter hours")]


class VoidReason(StrEnum):
    RECORDED_IN_ERROR = "recorded_in_error"
    DUPLICATE = "duplicate"
    WRONG_PERSON = "wrong_person"
    NOT_COMPLETED = "not_completed"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of one training."""

    kind: TrainingKind
    topic: TrainingTopic
    hours: Decimal


def summed(trainings: Iterable[Hours]) -> list[Hours]:
    """Return the hours of each kind and topic, in the order of their codes."""
    sums: dict[tuple[TrainingKind, TrainingTopic], Decimal] = {}
    for one in trainings:
        sums[one.kind, one.topic] = sums.get((one.kind, one.topic), Decimal(0)) + one.hours
    return [Hours(kind, topic, hours) for (kind, topic), hours in sorted(sums.items())]


def fits(hours: Decimal, from_on: date, to_on: date) -> bool:
    """Tell whether so many hours fit into the days of a period, both included."""
    return hours <= HOURS_OF_A_DAY * ((to_on - from_on).days + 1)
