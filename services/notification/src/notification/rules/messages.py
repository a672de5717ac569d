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
    NOTE_RETURNED = "note-returned"  # to the peer: a supervisor sent a note back
    COSIGNATURE_WAITING = "cosignature-waiting"  # to the supervisor: so many notes
    SUPRT_OPENING = "suprt-opening"  # to the peers: a window for a questionnaire opens
    SUPRT_CLOSING = "suprt-closing"  # to the peers: it closes within a week
    CREDENTIAL_EXPIRING = "credential-expiring"  # to whose it is: in 90, 60, 30 days
    SUPERVISION_OVERDUE = "supervision-overdue"  # to the supervisor: so many conversations
    PLAN_REVIEW_DUE = "plan-review-due"  # to the peers
    CONSENT_EXPIRING = "consent-expiring"  # to the peers: in 30 and 7 days
    REFERRAL_WAITING = "referral-waiting"  # to the peers: nobody has spoken with them yet
    TASK_OVERDUE = "task-overdue"  # to whose list it is on
    REPORT_READY = "report-ready"  # to who asked for it
    WEBHOOK_OFF = "webhook-off"  # to the administrators: an agency's own system is called no more
    WEEKLY_DIGEST = "weekly-digest"  # to everybody with something to do: so many things
    ESCALATED = "escalated"  # to the supervisor: something has waited for days
    CONFIRM_DEVICE = "confirm-device"  # to a number that somebody says is theirs
    SAFETY_PAGE = "safety-page"  # to who is on call: somebody needs a human now
    SAFETY_REMINDER = "safety-reminder"  # to who reviews: a concern is not closed yet


class PersonTemplate(StrEnum):
    """What is said to persons; an agency may have its own words for each."""

    APPOINTMENT_REMINDER = "appointment-reminder"
    APPOINTMENT_CHANGED = "appointment-changed"
    CHECK_IN = "check-in"  # somebody would like to hear from them
    PAPER_WAITING = "paper-waiting"  # something waits for their reading or signature


class Channel(StrEnum):
    """A way out. What is told to staff is in their inbox as well, whatever else carries it."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    INBOX = "inbox"


class Audience(StrEnum):
    STAFF = "staff"
    PARTICIPANT = "participant"


class Purpose(StrEnum):
    """Why a message leaves; consent and caps are asked by purpose, and what is for safety knows no hours."""

    WORK = "work"  # to staff, about their work
    SAFETY = "safety"  # to staff, about somebody who needs a human now
    APPOINTMENT = "appointment"  # to a person: what was agreed with them
    CHECK_IN = "check_in"  # to a person: somebody would like to hear from them
    PAPER = "paper"  # to a person: something waits for their reading or signature
    ANSWER = "answer"  # to a number that wrote to us: the one answer to STOP, HELP or START


class State(StrEnum):
    """A message's life.

    `queued` → `sending` → `sent`, `failed`, or `queued` again; `queued` → `cancelled`; `failed` → `queued` by hand.
    `sending` → `unknown`: the provider may have it and did not say; it is asked before anything is sent again.
    """

    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
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
LOOK_AGAIN = timedelta(seconds=30)  # between two questions to a provider about what it may have
LOOKED_ENOUGH = timedelta(hours=1)  # one that cannot say in this time is not going to
HELD_FOR = timedelta(hours=1)  # what is held for want of something is looked at again this soon
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
