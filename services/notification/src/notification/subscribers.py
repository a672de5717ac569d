"""What notification reacts to: agencies, staff, assignments, sessions, overdue notes, emergencies and papers."""

from typing import Any

from common.consents import CONSENT_FACTS, apply_consents, stands
from common.contracts import compliance_reporting, intake, session_logging, workforce
from common.contracts.codes import SessionStatus
from common.contracts.envelope import Fact
from common.contracts.notification import CONSENT_APPLIED
from common.database import Db
from common.inbox import Events, Reaction, newest, project
from notification.commands import intents, papers
from notification.models import (
    Agency,
    Assignment,
    BreakGlass,
    Consent,
    Merge,
    NoteState,
    Package,
    Staff,
    Supervision,
)


async def on_agency_activated(db: Db, events: Events) -> None:
    rows = [{**_key(db, event), "zone": event.data.zone} for event in newest(events)]
    await project(db, Agency.__table__, rows)
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
    await intents.queue_digests(db, {event.data.staff_id for event in latest})


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


async def on_note_overdue(db: Db, events: Events) -> None:
    await intents.queue_reminders(db, newest(events))


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
    intake.PEER_ASSIGNED: on_assignment,
    intake.PEER_UNASSIGNED: on_assignment,
    intake.PARTICIPANTS_MERGED: on_merge,
    intake.PARTICIPANTS_SPLIT: on_merge,
    intake.BREAK_GLASS_OPENED: on_break_glass,
    intake.BREAK_GLASS_CHANGED: on_break_glass,
    intake.PACKAGE_PREPARED: on_package,
    intake.PACKAGE_CLOSED: on_package,
    **dict.fromkeys(CONSENT_FACTS, on_consent),
    session_logging.SESSION_RECORDED: on_session,
    session_logging.SESSION_CHANGED: on_session,
    session_logging.SESSION_SIGNED: on_session,
    compliance_reporting.NOTE_OVERDUE: on_note_overdue,
}
