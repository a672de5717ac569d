"""What an agency's own systems are told, how long trying goes on, and when it ends: pure decisions.

Every number here is Handrail's default.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from common.contracts import compliance_reporting, intake, session_logging, workforce
from common.contracts.envelope import CloudEvent, Fact

WEBHOOKS_MOST = 20  # of one agency
TEST_KIND = "handrail.notification.webhook-test.v1"
RETRY_DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
)
DISABLED_AFTER = timedelta(days=5)  # without a single success
OLD_SECRET_FOR = timedelta(hours=24)
GIVEN_BACK_AFTER = timedelta(minutes=2)  # longer than any call that is still alive
FORGOTTEN_AFTER = timedelta(days=30)

FACTS: tuple[Fact, ...] = (
    workforce.STAFF_JOINED,
    workforce.STAFF_CHANGED,
    workforce.STAFF_LEFT,
    workforce.SUPERVISOR_ASSIGNED,
    intake.PEER_ASSIGNED,
    intake.PEER_UNASSIGNED,
    intake.PACKAGE_PREPARED,
    intake.PACKAGE_CLOSED,
    *session_logging.SESSION_FACTS,
    compliance_reporting.NOTE_OVERDUE,
)
KINDS = tuple(sorted(fact.type for fact in FACTS))
# Whatever stands for a person, or could be followed to one, wherever a fact names it.
OF_A_PERSON = ("participant", "episode", "survivor", "merged", "moved", "person")
CODES = frozenset({"status", "state", "kind"})


class DeliveryState(StrEnum):
    """`queued` → `sending` → `delivered`, or `queued` again; `queued` → `cancelled` when the webhook is withdrawn."""

    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


def thin(event: CloudEvent[Any], *, participants: bool) -> dict[str, object]:
    """Return what is told of a fact: that it happened, to which ids, in which state and when.

    Without `participants` no id of a person goes with it, not even as the fact's own subject.
    """
    said = dict(_parts(event.data, participants=participants))
    personal = {value for name, value in event.data if _is_personal(name)}
    subject = event.subject if participants or event.subject not in personal else None
    return {
        "type": event.type,
        "timestamp": event.time.isoformat(),
        "data": said
        | {
            "event_id": str(event.id),
            "agency_id": str(event.agencyid),
            "subject": str(subject) if subject else None,
            "sequence": event.aggregateseq,
        },
    }


def _parts(data: Any, *, participants: bool) -> Iterator[tuple[str, object]]:
    for name, value in data:
        if _is_personal(name) and not participants:
            continue
        if isinstance(value, UUID):
            yield name, str(value)
        elif isinstance(value, date):  # an instant is one too
            yield name, value.isoformat()
        elif name in CODES and isinstance(value, str):
            yield name, str(value)


def _is_personal(name: str) -> bool:
    return any(part in name for part in OF_A_PERSON)


def trial(webhook_id: UUID, event_id: UUID, now: datetime) -> dict[str, object]:
    """Return what a test call says."""
    said: Mapping[str, object] = {"event_id": str(event_id), "webhook_id": str(webhook_id)}
    return {"type": TEST_KIND, "timestamp": now.isoformat(), "data": said}


def next_try(attempts: int, asked: timedelta | None, scale: float) -> timedelta:
    """Return the pause after try number `attempts` (from 1) failed; the last one of the list goes on.

    `asked`: by the receiver; it lengthens the pause and never shortens it.
    """
    delay = RETRY_DELAYS[min(attempts, len(RETRY_DELAYS)) - 1] * scale
    return max(delay, asked or timedelta(0))


def is_given_up(failing_since: datetime | None, now: datetime) -> bool:
    """Tell whether a webhook has failed for so long that it is switched off."""
    return failing_since is not None and now - failing_since >= DISABLED_AFTER
