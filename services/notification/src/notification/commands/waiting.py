"""What the facts of the other services say about what waits for somebody."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from common.consents import stands
from common.contracts.codes import CredentialStatus, ReferralDirection, ReferralStatus, Role, SessionStatus
from common.contracts.envelope import CloudEvent
from common.contracts.session_codes import Review
from common.database import Db
from common.text import local_day
from notification.commands.intents import intent, store
from notification.commands.told import Waits, close, keep, one_at_a_time, tell_now
from notification.models import Agency, NoteState, Plan, PlanReview, Supervision, SupervisionHeld
from notification.queries import messages as queries
from notification.rules.messages import is_news
from notification.rules.told import (
    PLAN_REVIEW_EVERY,
    REFERRAL_DAYS,
    REPORT_READY,
    SUPERVISION_EVERY,
    Kind,
    business_day_after,
)

Event = CloudEvent[Any]
VALID = (CredentialStatus.ACTIVE, CredentialStatus.PROVISIONAL)


async def keep_notes(db: Db, events: Sequence[Event]) -> None:
    """Keep which notes were returned and which wait for a co-signature; whoever wrote a returned one hears at once."""
    newest = await _newest_states(db, events)
    reviewed = [event for event in newest if not event.data.imported and event.data.review is not None]
    today = await queries.today(db)
    waits = [
        wait for event in reviewed for wait in (_returned(event, today), _cosignature(event, today)) if wait is not None
    ]
    ended = {key for event in newest for key in _ended(event)} - {(one.kind, one.about_id) for one in waits}
    await close(db, ended)
    await keep(db, waits, today)
    if returned := {one.about_id for one in waits if one.kind is Kind.NOTE_RETURNED}:
        await tell_now(db, returned)


async def _newest_states(db: Db, events: Sequence[Event]) -> list[Event]:
    """Return the events that are the newest heard of their notes; an overtaken one says nothing any more."""
    ids = {event.subject for event in events}
    kept = await db.execute(select(NoteState.id, NoteState.seq).where(NoteState.id.in_(ids)))
    seqs = {row.id: row.seq for row in kept}
    return [event for event in events if seqs.get(event.subject) == event.aggregateseq]


def _ended(event: Event) -> set[tuple[Kind, UUID]]:
    """Return what a note's newest state leaves no room for."""
    kinds = {Kind.NOTE_RETURNED, Kind.COSIGNATURE_WAITING}
    if event.data.status != SessionStatus.DRAFT:
        kinds.add(Kind.NOTE_OVERDUE)
    return {(kind, event.subject) for kind in kinds}


def _returned(event: Event, today: date) -> Waits | None:
    note = event.data
    if note.review != Review.RETURNED or note.status == SessionStatus.VOIDED:
        return None
    return Waits(Kind.NOTE_RETURNED, event.subject, event.aggregateseq, today, staff_id=note.staff_id)


def _cosignature(event: Event, today: date) -> Waits | None:
    note = event.data
    if note.review != Review.AWAITED or note.status == SessionStatus.VOIDED:
        return None
    return Waits(Kind.COSIGNATURE_WAITING, event.subject, event.aggregateseq, today, staff_id=note.staff_id)


async def keep_overdue(db: Db, events: Sequence[Event]) -> None:
    """Keep which notes are overdue, so that the supervisor hears of what still is; the worker hears elsewhere."""
    ids = {event.data.session_id for event in events}
    settled = set(await db.scalars(select(NoteState.id).where(NoteState.id.in_(ids), NoteState.settled)))
    today = await queries.today(db)
    waits = [
        Waits(
            Kind.NOTE_OVERDUE,
            event.data.session_id,
            event.aggregateseq,
            local_day(event.data.due_at, await _zone(db)),
            staff_id=event.data.staff_id,
            told=1,
        )
        for event in events
        if event.data.session_id not in settled
    ]
    await keep(db, waits, today)


async def keep_points(db: Db, events: Sequence[Event]) -> None:
    """Keep when a funder's window opens and closes for somebody; collected, entered or cancelled waits no longer."""
    await keep(db, [wait for event in events for wait in _point(event)], await queries.today(db))


def _point(event: Event) -> list[Waits]:
    point = event.data
    waits = not point.cancelled and point.collected_on is None
    return [
        Waits(kind, event.subject, event.aggregateseq, day, waits, participant_id=point.participant_id)
        for kind, day in ((Kind.SUPRT_OPENING, point.opens_on), (Kind.SUPRT_CLOSING, point.closes_on))
    ]


async def keep_credentials(db: Db, events: Sequence[Event]) -> None:
    """Keep when credentials run out; a later one of the same type stands in for an earlier."""
    await keep(db, [_credential(event) for event in events], await queries.today(db))


def _credential(event: Event) -> Waits:
    held = event.data
    return Waits(
        Kind.CREDENTIAL_EXPIRING,
        event.subject,
        event.aggregateseq,
        held.valid_to,
        held.status in VALID,
        staff_id=held.staff_id,
        topic=held.credential_type,
    )


async def keep_consents(db: Db, events: Sequence[Event]) -> None:
    """Keep when consents that stand run out."""
    ends = [event for event in events if stands(event.data) and event.data.expires_on is not None]
    waits = [
        Waits(
            Kind.CONSENT_EXPIRING,
            event.subject,
            event.aggregateseq,
            event.data.expires_on,
            participant_id=event.data.participant_id,
        )
        for event in ends
    ]
    await close(db, {(Kind.CONSENT_EXPIRING, event.subject) for event in events if event not in ends})
    await keep(db, waits, await queries.today(db))


async def keep_referrals(db: Db, events: Sequence[Event]) -> None:
    """Keep which referrals to the agency nobody has answered by speaking with the person."""
    found = await db.scalar(select(Agency.holidays).where(Agency.id == db.scope.agency_id))
    holidays = frozenset(found or ())
    incoming = [event for event in events if event.data.direction == ReferralDirection.IN and not event.data.imported]
    await keep(db, [_referral(event, holidays) for event in incoming], await queries.today(db))


def _referral(event: Event, holidays: frozenset[date]) -> Waits:
    referral = event.data
    spoken = referral.contacted_at or referral.accepted_at or referral.connected_at or referral.closed_at
    return Waits(
        Kind.REFERRAL_WAITING,
        event.subject,
        event.aggregateseq,
        business_day_after(referral.referred_on, REFERRAL_DAYS, holidays),
        referral.status == ReferralStatus.RECEIVED and spoken is None and not referral.declined_by_person,
        participant_id=referral.participant_id,
    )


async def keep_tasks(db: Db, events: Sequence[Event]) -> None:
    """Keep by which day somebody is to have done something."""
    await keep(db, [_task(event) for event in events], await queries.today(db))


def _task(event: Event) -> Waits:
    task = event.data
    open_ = task.done_at is None and not task.withdrawn
    return Waits(Kind.TASK_OVERDUE, event.subject, event.aggregateseq, task.due_on, open_, staff_id=task.staff_id)


async def keep_supervision(db: Db, staff_ids: set[UUID]) -> None:
    """Work out anew by when each of `staff_ids` is to be supervised next; who has no supervisor is not waited for."""
    await one_at_a_time(db, Kind.SUPERVISION_OVERDUE)
    today = await queries.today(db)
    begun = await _supervised_since(db, staff_ids, today)
    held = await _last_held(db, staff_ids)
    waits = []
    for one in sorted(staff_ids):
        since = begun.get(one)
        last = max(filter(None, (since, held.get(one))), default=None)
        if last is not None:
            due_on = last + SUPERVISION_EVERY
            waits.append(Waits(Kind.SUPERVISION_OVERDUE, one, 0, due_on, since is not None, staff_id=one))
    await keep(db, waits, today)


async def _supervised_since(db: Db, staff_ids: set[UUID], today: date) -> dict[UUID, date]:
    in_force = Supervision.valid_to.is_(None) | (Supervision.valid_to >= today)
    found = await db.execute(
        select(Supervision.staff_id, func.max(Supervision.valid_from))
        .where(Supervision.staff_id.in_(staff_ids), in_force)
        .group_by(Supervision.staff_id)
    )
    return {row[0]: row[1] for row in found}


async def _last_held(db: Db, staff_ids: set[UUID]) -> dict[UUID, date]:
    held = await db.execute(
        select(SupervisionHeld.staff_ids, SupervisionHeld.held_on)
        .where(SupervisionHeld.staff_ids.overlap(list(staff_ids)), ~SupervisionHeld.voided)
        .order_by(SupervisionHeld.held_on)
    )
    return {one: row.held_on for row in held for one in row.staff_ids if one in staff_ids}


async def keep_plans(db: Db, plan_ids: set[UUID]) -> None:
    """Work out anew by when each plan is to be looked at again."""
    await one_at_a_time(db, Kind.PLAN_REVIEW_DUE)
    today, zone = await queries.today(db), await _zone(db)
    reviews = await db.execute(
        select(PlanReview.plan_id, func.max(PlanReview.reviewed_at))
        .where(PlanReview.plan_id.in_(plan_ids))
        .group_by(PlanReview.plan_id)
    )
    reviewed = {row[0]: row[1] for row in reviews}
    plans = await db.scalars(select(Plan).where(Plan.id.in_(plan_ids)))
    await keep(db, [_plan(plan, reviewed.get(plan.id), zone, today) for plan in plans], today)


def _plan(plan: Plan, reviewed_at: datetime | None, zone: str, today: date) -> Waits:
    looked_at = max(plan.agreed_at, reviewed_at or plan.agreed_at)
    in_force = plan.in_force_to is None or plan.in_force_to >= today
    due_on = local_day(looked_at, zone) + PLAN_REVIEW_EVERY
    ends_first = plan.in_force_to is not None and plan.in_force_to < due_on
    open_ = in_force and not ends_first
    return Waits(Kind.PLAN_REVIEW_DUE, plan.id, 0, due_on, open_, participant_id=plan.participant_id)


async def tell_reports(db: Db, events: Sequence[Event]) -> None:
    """Tell who asked for a report that it is ready; one that nobody asked for, the administrators."""
    news = [event for event in events if is_news(event.time, db.now, imported=False)]
    administrators = await queries.staff_in(db, (Role.ADMINISTRATOR,)) if news else set()
    await store(
        db,
        [
            intent(db, REPORT_READY, one, str(event.subject), db.now, event.id)
            for event in news
            for one in ([event.data.requested_by] if event.data.requested_by else sorted(administrators))
        ],
    )


async def _zone(db: Db) -> str:
    return await queries.zone(db) or "UTC"
