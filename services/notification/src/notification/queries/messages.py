"""What can be asked of notification: its messages, and what a message must know when it leaves."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from common.contracts.codes import ConsentStatus, Role
from common.database import Db
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.text import local_day
from notification.models import (
    Agency,
    Assignment,
    Consent,
    Due,
    Merge,
    Message,
    NoteState,
    OverdueNote,
    Package,
    Staff,
    Supervision,
)
from notification.queries.escalations import moot_pages
from notification.queries.told import moot_of
from notification.rules.messages import Audience, Channel, Purpose, State, Template


class MessageEntry(BaseModel):
    """One message to one person; neither an address nor what it said beyond its template.

    `channel`: the way it took last. `held_by`: the rule that keeps a due message back, until `next_attempt_at`.
    """

    id: UUID
    template: str
    audience: Audience
    purpose: Purpose
    recipient_id: UUID
    channel: Channel | None
    held_by: str | None
    state: State
    created_at: AwareDatetime
    next_attempt_at: AwareDatetime | None
    sent_at: AwareDatetime | None
    attempts: int
    last_error: str | None = Field(description="a code; after `outcome-unknown` it may have arrived nevertheless")
    version: int


class MessagePage(BaseModel):
    items: list[MessageEntry]
    next: str | None = None


async def message_page(db: Db, state: State | None, after: Cursor | None, limit: int) -> MessagePage:
    """Return up to `limit` messages, newest first."""
    limit = min(limit, PAGE_MOST)
    question = select(Message).order_by(Message.id.desc()).limit(limit + 1)
    if state:
        question = question.where(Message.state == state)
    if after:
        question = question.where(Message.id < after.id)
    rows = (await db.scalars(question)).all()
    items = [MessageEntry.model_validate(row, from_attributes=True) for row in rows[:limit]]
    return MessagePage(items=items, next=encode_cursor("", items[-1].id) if len(rows) > limit else None)


async def agency_with_due_work(db: Db) -> UUID | None:
    """Return the agency whose message has waited longest past its time; needs no agency's context."""
    return await db.scalar(select(Due.agency_id).where(Due.at <= db.now).order_by(Due.at).limit(1))


async def zone(db: Db) -> str | None:
    """Return the agency's time zone, or None while its fact has not arrived."""
    return await db.scalar(select(Agency.zone))


async def today(db: Db) -> date:
    """Return the agency's calendar day; while its zone is unknown, the day in UTC."""
    known = await zone(db)
    return local_day(db.now, known) if known else db.now.astimezone(UTC).date()


def _open_notes() -> Select[UUID, UUID]:
    """Rows = overdue notes that are neither signed nor voided; columns: session, member of staff."""
    return (
        select(OverdueNote.id, OverdueNote.staff_id)
        .join(NoteState, _same_session(), isouter=True)
        .where(func.coalesce(NoteState.settled, False).is_(False))
    )


def _same_session() -> ColumnElement[bool]:
    return and_(NoteState.agency_id == OverdueNote.agency_id, NoteState.id == OverdueNote.id)


def _in_force(day: date) -> ColumnElement[bool]:
    return and_(Supervision.valid_from <= day, or_(Supervision.valid_to.is_(None), Supervision.valid_to >= day))


async def supervisors_of_overdue(db: Db, day: date, staff_ids: Collection[UUID] | None) -> set[UUID]:
    """Return who supervises, on `day`, a member of staff (of `staff_ids`, if given) with an open overdue note."""
    notes = _open_notes().subquery()
    question = select(Supervision.supervisor_id).join(notes, notes.c.staff_id == Supervision.staff_id)
    if staff_ids is not None:
        question = question.where(Supervision.staff_id.in_(staff_ids))
    return set(await db.scalars(question.where(_in_force(day)).distinct()))


async def overdue_counts(db: Db, supervisor_ids: Collection[UUID], day: date) -> dict[UUID, int]:
    """Return, for each supervisor, how many open overdue notes those have whom they supervise on `day`."""
    if not supervisor_ids:
        return {}
    notes = _open_notes().subquery()
    found = await db.execute(
        select(Supervision.supervisor_id, func.count(notes.c.id.distinct()))
        .join(notes, notes.c.staff_id == Supervision.staff_id)
        .where(Supervision.supervisor_id.in_(supervisor_ids), _in_force(day))
        .group_by(Supervision.supervisor_id)
    )
    return dict.fromkeys(supervisor_ids, 0) | {row[0]: row[1] for row in found}


async def moot(db: Db, messages: Sequence[Message], counts: Mapping[UUID, int], day: date) -> dict[UUID, str]:
    """Return why messages need not leave any more, by message; `counts`: overdue notes by supervisor, on `day`."""
    if not messages:
        return {}
    gone = await _departed(db, {message.recipient_id for message in messages}, day)
    reasons = {one.id: "too-late" for one in messages if one.useful_until and one.useful_until <= db.now}
    reasons |= {message.id: "recipient-left" for message in messages if message.recipient_id in gone}
    reminders = {
        message.id: UUID(message.occasion) for message in messages if message.template == Template.NOTE_OVERDUE
    }
    settled = await _settled(db, set(reminders.values()))
    reasons |= {message_id: "note-settled" for message_id, session in reminders.items() if session in settled}
    reasons |= await _no_longer_waiting(db, messages) | await _not_standing(db, messages, day)
    reasons |= await moot_of(db, messages, day)
    reasons |= await moot_pages(db, messages)
    digests = [message for message in messages if message.template == Template.OVERDUE_DIGEST]
    return reasons | await _moot_digests(db, digests, counts, day)


async def _departed(db: Db, staff_ids: Collection[UUID], day: date) -> set[UUID]:
    return set(await db.scalars(select(Staff.id).where(Staff.id.in_(staff_ids), Staff.employed_to < day)))


async def _settled(db: Db, session_ids: Collection[UUID]) -> set[UUID]:
    return set(await db.scalars(select(NoteState.id).where(NoteState.id.in_(session_ids), NoteState.settled)))


async def _moot_digests(db: Db, digests: Sequence[Message], counts: Mapping[UUID, int], day: date) -> dict[UUID, str]:
    """Return the digests with nothing to count, and those late ones whose supervisor has one of `day` anyway."""
    reasons = {message.id: "nothing-overdue" for message in digests if not counts[message.recipient_id]}
    late = [message for message in digests if message.occasion != day.isoformat() and message.id not in reasons]
    told = await _told_on(db, {message.recipient_id for message in late}, day)
    for message in late:
        if message.recipient_id in told:
            reasons[message.id] = "told-that-day"
        told.add(message.recipient_id)
    return reasons


async def _told_on(db: Db, recipients: Collection[UUID], day: date) -> set[UUID]:
    found = await db.scalars(
        select(Message.recipient_id).where(
            Message.template == Template.OVERDUE_DIGEST,
            Message.occasion == day.isoformat(),
            Message.recipient_id.in_(recipients),
        )
    )
    return set(found)


async def _no_longer_waiting(db: Db, messages: Sequence[Message]) -> dict[UUID, str]:
    packages = {message.id: UUID(message.occasion) for message in messages if message.template == Template.HAND_OVER}
    closed = set(await db.scalars(select(Package.id).where(Package.id.in_(packages.values()), ~Package.open)))
    return {message_id: "handed-over" for message_id, package in packages.items() if package in closed}


async def _not_standing(db: Db, messages: Sequence[Message], day: date) -> dict[UUID, str]:
    """Return the messages whose consent does not stand on `day`; one that was never heard of does not stand."""
    rests = {message.id: message.consent_id for message in messages if message.consent_id is not None}
    stands = set(
        await db.scalars(
            select(Consent.id).where(
                Consent.id.in_(rests.values()),
                Consent.status == ConsentStatus.ACTIVE,
                ~Consent.ended,
                or_(Consent.expires_on.is_(None), Consent.expires_on >= day),
            )
        )
    )
    return {message_id: "consent-not-standing" for message_id, consent in rests.items() if consent not in stands}


async def staff_in(db: Db, roles: Collection[Role]) -> set[UUID]:
    """Return who works here today in one of these roles; who supervises somebody is a supervisor."""
    day = await today(db)
    here = or_(Staff.employed_to.is_(None), Staff.employed_to >= day)
    found = set(await db.scalars(select(Staff.id).where(Staff.roles.overlap(sorted(roles)), here)))
    if Role.SUPERVISOR not in roles:
        return found
    supervise = set(await db.scalars(select(Supervision.supervisor_id).where(_in_force(day)).distinct()))
    return found | (supervise - await _departed(db, supervise, day))


async def peers_of(db: Db, participant_id: UUID) -> set[UUID]:
    """Return who serves a person today, under any of their records."""
    day = await today(db)
    in_force = and_(Assignment.valid_from <= day, or_(Assignment.valid_to.is_(None), Assignment.valid_to >= day))
    family = await family_of(db, participant_id)
    return set(await db.scalars(select(Assignment.staff_id).where(Assignment.participant_id.in_(family), in_force)))


async def family_of(db: Db, participant_id: UUID) -> set[UUID]:
    """Return the records that stand for one person, with the one that was asked about."""
    stands = Merge.undone_at.is_(None)
    named = or_(Merge.merged_id == participant_id, Merge.moved_ids.contains([participant_id]))
    latest = select(Merge.survivor_id).where(stands, named).order_by(Merge.merged_at.desc()).limit(1)
    root = await db.scalar(latest) or participant_id
    merges = await db.scalars(select(Merge).where(stands, Merge.survivor_id == root))
    return {root, *(one for merge in merges for one in (merge.merged_id, *merge.moved_ids))}
