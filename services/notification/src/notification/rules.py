"""What follows for a message from its kind, its attempts and the clock: pure decisions."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from common.contracts.codes import ConsentStatus


class Template(StrEnum):
    ASSIGNMENT = "assignment"  # to a peer: somebody was assigned to you
    NOTE_OVERDUE = "note-overdue"  # to a peer: a note of yours is past its deadline
    OVERDUE_DIGEST = "overdue-digest"  # to a supervisor: so many notes are past their deadline
    BREAK_GLASS = "break-glass"  # to privacy officers and supervisors: a record was opened in an emergency
    HAND_OVER = "hand-over"  # to whom it was prepared by: something still waits to be handed over
    PAPER_CHANGED = "paper-changed"  # to the peers: a consent of somebody they serve was taken back or stopped


class State(StrEnum):
    """A message's life.

    `queued` → `sending` → `sent`, `failed`, or `queued` again; `queued` → `cancelled`; `failed` → `queued` by hand.
    """

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


OUTCOME_UNKNOWN = "outcome-unknown"

RETRY_DELAYS = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)
TRIES = len(RETRY_DELAYS) + 1
# Longer than any dialogue that is still alive (see `Settings.smtp_timeout`): after it, nobody is going to tell.
UNKNOWN_AFTER = timedelta(minutes=10)
NEWS_FOR = timedelta(days=7)
REMINDER_DELAY = timedelta(seconds=5)
DIGEST_DELAY = timedelta(minutes=1)
DIGEST_FROM = time(7)
HAND_OVER_AFTER = timedelta(hours=24)
ALERTED_LATER = timedelta(hours=1)  # who is heard of this soon after an emergency is told of it too
STOPPED = frozenset({ConsentStatus.REVOKED, ConsentStatus.SUSPENDED, ConsentStatus.VOID})


def is_news(recorded_at: datetime, now: datetime, *, imported: bool) -> bool:
    """Tell whether an assignment is worth a message: history and a replay of old events are not."""
    return not imported and now - recorded_at <= NEWS_FOR


def retry_delay(tries_left: int, scale: float) -> timedelta | None:
    """Return the pause after a transient failure, or None after the last try. `tries_left`: 0 to `TRIES` - 1."""
    return None if tries_left <= 0 else RETRY_DELAYS[len(RETRY_DELAYS) - tries_left] * scale


def digest_leaves_at(now: datetime, day: date, zone: str) -> datetime:
    """Return when the digest of a local day may leave: not before morning, and not before more notes could gather."""
    return max(now + DIGEST_DELAY, datetime.combine(day, DIGEST_FROM, ZoneInfo(zone)))


def is_taken_back(status: str, revoked_recipients: Sequence[int]) -> bool:
    """Tell whether a consent covers less than the peers may believe: stopped, or somebody taken off it.

    One that was replaced or that ended as it was to end is no news to whoever keeps it.
    """
    return status in STOPPED or (status == ConsentStatus.ACTIVE and bool(revoked_recipients))
