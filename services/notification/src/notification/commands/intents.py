"""Deciding that somebody is to be told: each intent is stored once, however often its event arrives."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.contracts.envelope import CloudEvent
from common.database import Db
from common.inbox import project
from common.text import local_day
from notification.models import Due, Message, OverdueNote
from notification.queries import messages as queries
from notification.rules.messages import (
    REMINDER_DELAY,
    TRIES,
    Audience,
    Channel,
    Purpose,
    State,
    Template,
    digest_leaves_at,
    is_news,
)

Event = CloudEvent[Any]


async def queue_assignments(db: Db, events: Sequence[Event]) -> None:
    """Tell each peer about an assignment, at once."""
    await store(
        db,
        [
            intent(db, Template.ASSIGNMENT, event.data.staff_id, str(event.subject), db.now, event.id)
            for event in events
            if is_news(event.time, db.now, imported=event.data.imported)
        ],
    )


async def queue_reminders(db: Db, events: Sequence[Event]) -> None:
    """Note what is overdue, remind each peer of each note once, and count it in the supervisor's digest."""
    unknown = await _not_heard_yet(db, events)
    rows = [
        {
            "agency_id": db.scope.agency_id,
            "id": event.data.session_id,
            "seq": event.aggregateseq,
            "staff_id": event.data.staff_id,
            "due_at": event.data.due_at,
        }
        for event in unknown
    ]
    await project(db, OverdueNote.__table__, rows)
    leaves_at = db.now + REMINDER_DELAY  # a signature on its way from another stream may still overtake it
    await store(
        db,
        [
            intent(db, Template.NOTE_OVERDUE, event.data.staff_id, str(event.data.session_id), leaves_at, event.id)
            for event in unknown
        ],
    )
    if unknown:
        await queue_digests(db, {event.data.staff_id for event in unknown})


async def _not_heard_yet(db: Db, events: Sequence[Event]) -> list[Event]:
    found = await db.execute(
        select(OverdueNote.id, OverdueNote.seq).where(OverdueNote.id.in_({event.data.session_id for event in events}))
    )
    heard = {row.id: row.seq for row in found}
    return [event for event in events if event.aggregateseq > heard.get(event.data.session_id, 0)]


async def queue_digests(db: Db, staff_ids: Collection[UUID] | None = None) -> None:
    """See that everybody who supervises one of `staff_ids` (default: anybody) with an overdue note gets a digest.

    Today's if it has not left yet, else tomorrow's: one a local day. Called again when the agency's zone or a
    supervisor becomes known, because those facts may arrive after the notes.
    """
    zone = await queries.zone(db)
    if zone is None:
        return
    today = local_day(db.now, zone)
    supervisors = await queries.supervisors_of_overdue(db, today, staff_ids)
    told_today = await store(db, [_digest(db, supervisor, today, zone) for supervisor in supervisors])
    too_late = await _already_left(db, supervisors - told_today, today)
    await store(db, [_digest(db, supervisor, today + timedelta(days=1), zone) for supervisor in too_late])


async def _already_left(db: Db, supervisors: Collection[UUID], day: date) -> list[UUID]:
    """Return whose digest of `day` no longer counts what is new; locks those that still will, so that they do."""
    if not supervisors:
        return []
    found = await db.execute(
        select(Message.recipient_id, Message.state)
        .where(Message.template == Template.OVERDUE_DIGEST, Message.occasion == day.isoformat())
        .where(Message.recipient_id.in_(supervisors))
        .order_by(Message.recipient_id)
        .with_for_update()
    )
    return [row.recipient_id for row in found if row.state != State.QUEUED]


def _digest(db: Db, supervisor_id: UUID, day: date, zone: str) -> dict[str, object]:
    leaves_at = digest_leaves_at(db.now, day, zone)
    return intent(db, Template.OVERDUE_DIGEST, supervisor_id, day.isoformat(), leaves_at, None)


def intent(
    db: Db,
    template: str,
    recipient_id: UUID,
    occasion: str,
    not_before: datetime,
    event_id: UUID | None,
    consent_id: UUID | None = None,
    *,
    audience: Audience = Audience.STAFF,
    channel: Channel | None = None,
    purpose: Purpose = Purpose.WORK,
    values: Mapping[str, object] | None = None,
    useful_until: datetime | None = None,
    template_id: UUID | None = None,
) -> dict[str, object]:
    """Return a new message's row; `occasion` makes it the only one of its template for this recipient and channel.

    `channel`: the one way it must take; else the first of the recipient's own that works. `values`: what its template
    may say, never a name. `useful_until`: nobody needs it afterwards.
    """
    return {
        "agency_id": db.scope.agency_id,
        "id": uuid7(),
        "template": template,
        "recipient_id": recipient_id,
        "occasion": occasion,
        "event_id": event_id,
        "consent_id": consent_id,
        "audience": audience,
        "purpose": purpose,
        "only_by": channel,
        "template_id": template_id,
        "values": dict(values or {}),
        "useful_until": useful_until,
        "state": State.QUEUED,
        "created_at": db.now,
        "not_before": not_before,
        "attempts": 0,
        "tries_left": TRIES,
        "next_attempt_at": not_before,
        "version": 1,
    }


async def store(db: Db, intents: list[dict[str, object]]) -> set[UUID]:
    """Store the intents that are new; return their recipients."""
    if not intents:
        return set()
    # Sorted, so that two workers that meet in the unique constraint cannot deadlock.
    rows = sorted(
        intents, key=lambda row: (row["template"], str(row["recipient_id"]), row["occasion"], row["only_by"] or "")
    )
    fresh = insert(Message).on_conflict_do_nothing().returning(Message.id, Message.recipient_id)
    stored = (await db.execute(fresh, rows)).all()
    not_before = {row["id"]: row["not_before"] for row in rows}
    if stored:
        due = [{"agency_id": db.scope.agency_id, "message_id": row.id, "at": not_before[row.id]} for row in stored]
        await db.execute(insert(Due), due)
    return {row.recipient_id for row in stored}
