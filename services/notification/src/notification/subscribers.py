"""What notification reacts to: agencies, staff, assignments, notes, plans, appointments, papers and emergencies."""

from typing import Any

from sqlalchemy import select

from common.consents import CONSENT_FACTS, apply_consents, stands
from common.contracts import compliance_reporting, intake, session_logging, workforce
from common.contracts.codes import SessionStatus
from common.contracts.envelope import Fact
from common.contracts.notification import CONSENT_APPLIED
from common.database import Db
from common.inbox import Events, Reaction, newest, project
from notification.commands import appointments, intents, mornings, papers, waiting
from notification.commands.escalations import on_concern
from notification.models import (
    Agency,
    Appointment,
    Assignment,
    BreakGlass,
    Consent,
    Merge,
    NoteState,
    Package,
    Plan,
    PlanReview,
    Staff,
    Supervision,
    SupervisionHeld,
)


async def on_agency_activated(db: Db, events: Events) -> None:
    await _keep(db, Agency, newest(events), "zone", "holidays")
    await mornings.plan_morning(db)
    await intents.queue_digests(db)


async def on_staff(db: Db, events: Events) -> None:
    latest = newest(events)
    await _keep(db, Staff, latest, "roles", "employed_to")
    await papers.alert_latecomers(db, {event.subject for event in latest})


async def on_supervisor_assigned(db: Db, events: Events) -> None:
    wanted = {"staff_id", "supervisor_id", "valid_from", "valid_to"}
    latest = newest(events)
    await project(
        db, Supervision.__table__, [{**_key(db, event), **event.data.model_dump(include=wanted)} for event in latest]
    )
    supervised = {event.data.staff_id for event in latest}
    await intents.queue_digests(db, supervised)
    await waiting.keep_supervision(db, supervised)


async def on_assignment(db: Db, events: Events) -> None:
    latest = newest(events)
    await _keep(db, Assignment, latest, "participant_id", "staff_id", "valid_from", "valid_to")
    assigned = [event for event in latest if event.type == intake.PEER_ASSIGNED.type]
    await intents.queue_assignments(db, assigned)


async def on_merge(db: Db, events: Events) -> None:
    await _keep(db, Merge, newest(events), "survivor_id", "merged_id", "moved_ids", "merged_at", "undone_at")


async def on_session(db: Db, events: Events) -> None:
    rows = [{**_key(db, event), "settled": event.data.status != SessionStatus.DRAFT} for event in newest(events)]
    await project(db, NoteState.__table__, rows)
    await waiting.keep_notes(db, newest(events))


async def on_note_overdue(db: Db, events: Events) -> None:
    latest = newest(events)
    await intents.queue_reminders(db, latest)
    await waiting.keep_overdue(db, latest)


async def on_break_glass(db: Db, events: Events) -> None:
    await _keep(db, BreakGlass, newest(events), "staff_id", "opened_at", "reviewed_at")
    await papers.queue_alerts(db, [event for event in events if event.type == intake.BREAK_GLASS_OPENED.type])


async def on_package(db: Db, events: Events) -> None:
    latest = newest(events)
    await _keep(db, Package, latest, "consent_id", "prepared_by", "prepared_at", "open")
    await papers.queue_hand_overs(db, latest)


async def on_consent(db: Db, events: Events) -> None:
    """Apply consents: what rested on one that no longer stands never leaves, and its peers are told."""
    changed = await apply_consents(db, Consent.__table__, CONSENT_APPLIED, events)
    stopped = {event.subject for event in changed if not stands(event.data)}
    await papers.stop_what_rested_on(db, stopped)
    await papers.queue_changes(db, changed)
    await waiting.keep_consents(db, changed)


async def on_supervision_held(db: Db, events: Events) -> None:
    latest = newest(events)
    before = await db.scalars(
        select(SupervisionHeld.staff_ids).where(SupervisionHeld.id.in_({event.subject for event in latest}))
    )
    concerned = {one for staff_ids in before for one in staff_ids}
    await _keep(db, SupervisionHeld, latest, "staff_ids", "held_on", "voided")
    await waiting.keep_supervision(db, concerned | {one for event in latest for one in event.data.staff_ids})


async def on_credential(db: Db, events: Events) -> None:
    await waiting.keep_credentials(db, newest(events))


async def on_plan(db: Db, events: Events) -> None:
    latest = newest(events)
    await _keep(db, Plan, latest, "participant_id", "agreed_at", "in_force_to")
    await waiting.keep_plans(db, {event.subject for event in latest})


async def on_plan_reviewed(db: Db, events: Events) -> None:
    latest = newest(events)
    await _keep(db, PlanReview, latest, "plan_id", "reviewed_at")
    await waiting.keep_plans(db, {event.data.plan_id for event in latest})


async def on_point(db: Db, events: Events) -> None:
    await waiting.keep_points(db, newest(events))


async def on_referral(db: Db, events: Events) -> None:
    await waiting.keep_referrals(db, newest(events))


async def on_appointment(db: Db, events: Events) -> None:
    latest = newest(events)
    await _keep(db, Appointment, latest, "participant_id", "starts_at", "status")
    await appointments.queue_reminders(db, latest)


async def on_task(db: Db, events: Events) -> None:
    await waiting.keep_tasks(db, newest(events))


async def on_report_completed(db: Db, events: Events) -> None:
    await waiting.tell_reports(db, newest(events))


async def _keep(db: Db, model: Any, latest: Events, *kept: str) -> None:
    """Project each aggregate's newest event, with the fields `kept` of its facts."""
    rows = [{**_key(db, event)} | {name: getattr(event.data, name) for name in kept} for event in latest]
    await project(db, model.__table__, rows)


def _key(db: Db, event: intents.Event) -> dict[str, object]:
    return {"agency_id": db.scope.agency_id, "id": event.subject, "seq": event.aggregateseq}


REACTIONS: dict[Fact, Reaction] = {
    workforce.AGENCY_ACTIVATED: on_agency_activated,
    workforce.STAFF_JOINED: on_staff,
    workforce.STAFF_CHANGED: on_staff,
    workforce.STAFF_LEFT: on_staff,
    workforce.SUPERVISOR_ASSIGNED: on_supervisor_assigned,
    workforce.SUPERVISION_HELD: on_supervision_held,
    workforce.CREDENTIAL_RECORDED: on_credential,
    workforce.CREDENTIAL_CHANGED: on_credential,
    intake.PEER_ASSIGNED: on_assignment,
    intake.PEER_UNASSIGNED: on_assignment,
    intake.PARTICIPANTS_MERGED: on_merge,
    intake.PARTICIPANTS_SPLIT: on_merge,
    intake.SAFETY_CONCERN_OPENED: on_concern,
    intake.SAFETY_CONCERN_CHANGED: on_concern,
    intake.BREAK_GLASS_OPENED: on_break_glass,
    intake.BREAK_GLASS_CHANGED: on_break_glass,
    intake.PACKAGE_PREPARED: on_package,
    intake.PACKAGE_CLOSED: on_package,
    **dict.fromkeys(CONSENT_FACTS, on_consent),
    **dict.fromkeys(session_logging.SESSION_FACTS, on_session),
    session_logging.APPOINTMENT_SCHEDULED: on_appointment,
    session_logging.APPOINTMENT_CHANGED: on_appointment,
    session_logging.TASK_OPENED: on_task,
    session_logging.TASK_CHANGED: on_task,
    intake.PLAN_AGREED: on_plan,
    intake.PLAN_CHANGED: on_plan,
    intake.PLAN_REVIEWED: on_plan_reviewed,
    intake.FEDERAL_POINT_SET: on_point,
    intake.REFERRAL_RECORDED: on_referral,
    intake.REFERRAL_CHANGED: on_referral,
    compliance_reporting.NOTE_OVERDUE: on_note_overdue,
    compliance_reporting.REPORT_COMPLETED: on_report_completed,
}
