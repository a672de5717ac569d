"""What follows for messages from emergencies, packages and consents: who is told, and what never leaves."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from common.contracts.codes import Role
from common.contracts.intake import CONSENT_SIGNED, CONSENT_SIGNED_1
from common.database import Db
from notification.commands.intents import Event, intent, store
from notification.models import BreakGlass, Due, Message, Package
from notification.queries import messages as queries
from notification.rules.messages import ALERTED_LATER, HAND_OVER_AFTER, State, Template, is_news, is_taken_back

SIGNED = (CONSENT_SIGNED.type, CONSENT_SIGNED_1.type)
WATCHFUL = (Role.PRIVACY_OFFICER, Role.SUPERVISOR)


async def queue_alerts(db: Db, events: Sequence[Event]) -> None:
    """Tell every privacy officer and supervisor of a record opened in an emergency, at once; never who opened it."""
    watchful = await queries.staff_in(db, WATCHFUL)
    told = [event for event in events if is_news(event.time, db.now, imported=False)]
    opened = [(event.subject, event.data.staff_id, event.id) for event in told]
    await store(db, [_alert(db, one, who) for one in opened for who in watchful if who != one[1]])


async def alert_latecomers(db: Db, staff_ids: Collection[UUID]) -> None:
    """Tell those who are heard of only now: their own facts may arrive a moment after the emergency's."""
    watchful = await queries.staff_in(db, WATCHFUL) & set(staff_ids)
    if not watchful:
        return
    recent = select(BreakGlass).where(BreakGlass.reviewed_at.is_(None), BreakGlass.opened_at > db.now - ALERTED_LATER)
    opened = [(row.id, row.staff_id, None) for row in await db.scalars(recent)]
    await store(db, [_alert(db, one, who) for one in opened for who in watchful if who != one[1]])


def _alert(db: Db, opened: tuple[UUID, UUID, UUID | None], recipient_id: UUID) -> dict[str, object]:
    break_glass_id, _, event_id = opened
    return intent(db, Template.BREAK_GLASS, recipient_id, str(break_glass_id), db.now, event_id)


async def queue_hand_overs(db: Db, events: Sequence[Event]) -> None:
    """Remind who prepared something, a day later, that it waits; forget the reminder of what waits no longer."""
    opened = await db.execute(
        select(Package.id, Package.open).where(Package.id.in_({event.subject for event in events}))
    )
    waits = {row.id: row.open for row in opened}
    closed = [str(one) for one, is_open in waits.items() if not is_open]
    await _cancel(db, "handed-over", (Message.template == Template.HAND_OVER) & Message.occasion.in_(closed))
    await store(db, [_hand_over(db, event) for event in events if waits[event.subject] and _is_due(db, event)])


def _is_due(db: Db, event: Event) -> bool:
    return event.data.prepared_by is not None and is_news(event.data.prepared_at, db.now, imported=False)


def _hand_over(db: Db, event: Event) -> dict[str, object]:
    prepared = event.data
    return intent(
        db,
        Template.HAND_OVER,
        prepared.prepared_by,
        str(event.subject),
        max(db.now, prepared.prepared_at + HAND_OVER_AFTER),
        event.id,
        prepared.consent_id,
    )


async def stop_what_rested_on(db: Db, consent_ids: Collection[UUID]) -> None:
    """Cancel every message that waits and rests on one of these consents; one that is on its way is not called back."""
    await _cancel(db, "consent-not-standing", Message.consent_id.in_(consent_ids))


async def _cancel(db: Db, reason: str, which: Any) -> None:
    waiting = Message.state == State.QUEUED
    ids = await db.scalars(select(Message.id).where(which, waiting).order_by(Message.id).with_for_update())
    if not (cancelled := ids.all()):
        return
    change = {"state": State.CANCELLED, "last_error": reason, "next_attempt_at": None}
    await db.execute(
        update(Message)
        .where(Message.id.in_(cancelled))
        .values(version=Message.version + 1, **change)
        .execution_options(synchronize_session=False)
    )
    await db.execute(delete(Due).where(Due.agency_id == db.scope.agency_id, Due.message_id.in_(cancelled)))


async def queue_changes(db: Db, events: Sequence[Event]) -> None:
    """Tell the peers of a person, of any record merged with theirs, that a paper was taken back or stopped."""
    for event in events:
        if _is_taken_back_now(db, event):
            peers = await queries.peers_of(db, event.data.participant_id)
            occasion = f"{event.subject}/{event.aggregateseq}"
            await store(db, [intent(db, Template.PAPER_CHANGED, one, occasion, db.now, event.id) for one in peers])


def _is_taken_back_now(db: Db, event: Event) -> bool:
    """Tell whether a change is news; history that an import brings is signed and revoked in one fact."""
    consent = event.data
    if event.type in SIGNED or not is_taken_back(consent.status, getattr(consent, "revoked_recipients", [])):
        return False
    return is_news(min(event.time, consent.revoked_at or event.time), db.now, imported=False)
