"""When who is paged about a safety concern. Every number is a default of Handrail, not a rule of anybody's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from common.contracts.codes import SafetyStatus

ANSWER_WITHIN = timedelta(minutes=5)  # unanswered, the next rung is paged
AGAIN_AFTER = timedelta(minutes=15)  # everybody was paged, or somebody took it on: paged again
REVIEW_WITHIN = timedelta(hours=24)  # somebody was reached, or it was handed off: whoever reviews it is reminded

SAY = {
    "en": "Nobody is on call. Call or text 988 now. In danger, call 911.",
    "es": "No hay nadie de guardia. Llame o envíe un mensaje de texto al 988 ahora. En peligro, llame al 911.",
}
UNANSWERED = frozenset({SafetyStatus.OPEN, SafetyStatus.NOTIFIED})


class Kind(StrEnum):
    PAGE = "page"  # a human is needed now
    REMINDER = "reminder"  # it waits to be finished and reviewed


@dataclass(frozen=True, slots=True)
class Standing:
    """A concern on its way; `level`: how many times somebody was paged, last at `paged_at`."""

    status: SafetyStatus
    opened_at: datetime
    acknowledged_at: datetime | None = None
    contacted_at: datetime | None = None
    handed_off_at: datetime | None = None
    level: int = 0
    paged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    kind: Kind
    at: datetime


def next_step(standing: Standing, rungs: int) -> Step | None:
    """Return what follows if nobody does anything; null once it is closed. `rungs`: how many somebody stands on.

    Unanswered it goes up a rung each five minutes and then, past the last, to everybody each fifteen. Taken on, but
    without contact, everybody hears of it each fifteen minutes; afterwards it is a reminder each day.
    """
    match standing.status:
        case SafetyStatus.CLOSED:
            return None
        case SafetyStatus.OPEN | SafetyStatus.NOTIFIED:
            if standing.level == 0 or standing.paged_at is None:
                return Step(Kind.PAGE, standing.opened_at)
            pause = ANSWER_WITHIN if standing.level <= rungs else AGAIN_AFTER
            return Step(Kind.PAGE, standing.paged_at + pause)
        case SafetyStatus.ACKNOWLEDGED:
            return Step(Kind.PAGE, _latest(standing.acknowledged_at, standing.paged_at, standing) + AGAIN_AFTER)
        case _:
            reached = standing.handed_off_at or standing.contacted_at
            return Step(Kind.REMINDER, _latest(reached, standing.paged_at, standing) + REVIEW_WITHIN)


def _latest(one: datetime | None, other: datetime | None, standing: Standing) -> datetime:
    return max(one or standing.opened_at, other or standing.opened_at)


def rung_of(standing: Standing, rungs: int) -> int | None:
    """Return which of the rungs that somebody stands on is paged next, counted from 0; null: everybody."""
    return standing.level if standing.status in UNANSWERED and standing.level < rungs else None
