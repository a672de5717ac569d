"""Reminding a person of what was agreed with them, if they asked for it, and telling them that it changed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from common.contracts.envelope import CloudEvent
from common.contracts.session_codes import AppointmentStatus
from common.database import Db
from notification.commands.intents import intent, store
from notification.models import Appointment, Message
from notification.rules.messages import Audience, Purpose, State
from notification.rules.told import APPOINTMENT_CHANGED, APPOINTMENT_REMINDER, reminders, same_instant

Event = CloudEvent[Any]
LEFT = (State.SENDING, State.UNKNOWN, State.SENT)
CALLED_OFF = (AppointmentStatus.CANCELLED_BY_PROGRAM, AppointmentStatus.RESCHEDULED)


async def queue_reminders(db: Db, events: Sequence[Event]) -> None:
    """Remind as the person wished; what a reminder that left said and is true no longer, is put right once."""
    newest = await _newest(db, events)
    planned = [event for event in newest if event.data.status == AppointmentStatus.SCHEDULED]
    changed = [event for event in newest if event.data.starts_at > db.now and event not in planned]
    wrong = await _told_otherwise(db, [event for event in changed if event.data.status in CALLED_OFF])
    wrong += await _told_otherwise(db, [event for event in planned if event.data.starts_at > db.now])
    rows = [row for event in planned for row in _reminders(db, event)]
    await store(db, rows + [_changed(db, event) for event in wrong])


async def _newest(db: Db, events: Sequence[Event]) -> list[Event]:
    kept = await db.execute(
        select(Appointment.id, Appointment.seq).where(Appointment.id.in_({event.subject for event in events}))
    )
    seqs = {row.id: row.seq for row in kept}
    return [event for event in events if seqs.get(event.subject) == event.aggregateseq]


def _reminders(db: Db, event: Event) -> list[dict[str, object]]:
    planned = event.data
    return [
        intent(
            db,
            APPOINTMENT_REMINDER,
            planned.participant_id,
            f"{event.subject}/{same_instant(planned.starts_at)}/{wish}",
            at,
            event.id,
            audience=Audience.PARTICIPANT,
            purpose=Purpose.APPOINTMENT,
            values={"starts_at": same_instant(planned.starts_at), "zone": planned.zone},
            useful_until=planned.starts_at,
        )
        for wish, at in reminders(planned.starts_at, planned.reminders, db.now)
    ]


async def _told_otherwise(db: Db, events: Sequence[Event]) -> list[Event]:
    """Return the events whose person was reminded of something else: another time, or what was called off since."""
    if not events:
        return []
    people = {event.data.participant_id for event in events}
    left = await db.scalars(
        select(Message.occasion).where(
            Message.template == APPOINTMENT_REMINDER, Message.recipient_id.in_(people), Message.state.in_(LEFT)
        )
    )
    said: dict[UUID, set[str]] = {}
    for occasion in left:
        about, starts_at, _ = occasion.split("/")
        said.setdefault(UUID(about), set()).add(starts_at)
    return [event for event in events if said.get(event.subject, set()) - _still_true(event)]


def _still_true(event: Event) -> set[str]:
    called_off = event.data.status in CALLED_OFF
    return set() if called_off else {same_instant(event.data.starts_at)}


def _changed(db: Db, event: Event) -> dict[str, object]:
    return intent(
        db,
        APPOINTMENT_CHANGED,
        event.data.participant_id,
        f"{event.subject}/{same_instant(event.data.starts_at)}/{event.data.status}",
        db.now,
        event.id,
        audience=Audience.PARTICIPANT,
        purpose=Purpose.APPOINTMENT,
        useful_until=event.data.starts_at,
    )
