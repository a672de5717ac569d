"""What notification reacts to: agencies, staff, supervision, assignments, sessions and overdue notes."""

from common.contracts import compliance_reporting, intake, session_logging, workforce
from common.contracts.codes import SessionStatus
from common.contracts.envelope import Fact
from common.database import Db
from common.inbox import Events, Reaction, newest, project
from notification.commands import intents
from notification.models import Agency, NoteState, Staff, Supervision


async def on_agency_activated(db: Db, events: Events) -> None:
    rows = [{**_key(db, event), "zone": event.data.zone} for event in newest(events)]
    await project(db, Agency.__table__, rows)
    await intents.queue_digests(db)


async def on_staff(db: Db, events: Events) -> None:
    rows = [{**_key(db, event), "employed_to": event.data.employed_to} for event in newest(events)]
    await project(db, Staff.__table__, rows)


async def on_supervisor_assigned(db: Db, events: Events) -> None:
    wanted = {"staff_id", "supervisor_id", "valid_from", "valid_to"}
    latest = newest(events)
    await project(
        db, Supervision.__table__, [{**_key(db, event), **event.data.model_dump(include=wanted)} for event in latest]
    )
    await intents.queue_digests(db, {event.data.staff_id for event in latest})


async def on_peer_assigned(db: Db, events: Events) -> None:
    await intents.queue_assignments(db, newest(events))


async def on_session(db: Db, events: Events) -> None:
    rows = [{**_key(db, event), "settled": event.data.status != SessionStatus.DRAFT} for event in newest(events)]
    await project(db, NoteState.__table__, rows)


async def on_note_overdue(db: Db, events: Events) -> None:
    await intents.queue_reminders(db, newest(events))


def _key(db: Db, event: intents.Event) -> dict[str, object]:
    return {"agency_id": db.scope.agency_id, "id": event.subject, "seq": event.aggregateseq}


REACTIONS: dict[Fact, Reaction] = {
    workforce.AGENCY_ACTIVATED: on_agency_activated,
    workforce.STAFF_JOINED: on_staff,
    workforce.STAFF_CHANGED: on_staff,
    workforce.STAFF_LEFT: on_staff,
    workforce.SUPERVISOR_ASSIGNED: on_supervisor_assigned,
    intake.PEER_ASSIGNED: on_peer_assigned,
    session_logging.SESSION_RECORDED: on_session,
    session_logging.SESSION_CHANGED: on_session,
    session_logging.SESSION_SIGNED: on_session,
    compliance_reporting.NOTE_OVERDUE: on_note_overdue,
}
