"""What intake reacts to: agencies, programs, staff, attendance, consents applied elsewhere, and what left there.

Of all but the last it keeps the newest state. What other services disclosed is accounted for at once, sealed.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from common.contracts import compliance_reporting, notification, session_logging
from common.contracts.envelope import Fact
from common.contracts.workforce import (
    AGENCY_ACTIVATED,
    PROGRAM_CHANGED,
    PROGRAM_OPENED,
    PROGRAM_PACK_CHOSEN,
    STAFF_CHANGED,
    STAFF_JOINED,
    STAFF_LEFT,
    STAFF_PLACED,
)
from common.database import Db
from common.inbox import Events, Reaction, newest, project
from common.privacy import KeyRing
from intake.commands.paging import take_page
from intake.commands.takeovers import take_over
from intake.commands.told_disclosures import on_claims_released, on_collateral_contact, on_identities_released
from intake.models import Agency, Attendance, ConsentApplied, Duty, Placement, Program, ProgramPack, Staff


async def on_agency_activated(db: Db, events: Events) -> None:
    rows = [
        {"agency_id": event.agencyid, "id": event.subject, "seq": event.aggregateseq, "zone": event.data.zone}
        for event in newest(events)
    ]
    await project(db, Agency.__table__, rows)


async def on_program(db: Db, events: Events) -> None:
    rows = [
        {"agency_id": event.agencyid, "id": event.subject, "seq": event.aggregateseq, "opened_on": event.data.opened_on}
        for event in newest(events)
    ]
    await project(db, Program.__table__, rows)


async def on_program_pack(db: Db, events: Events) -> None:
    await _project_spells(db, events, ProgramPack, ("program_id", "pack_id"))


async def on_placement(db: Db, events: Events) -> None:
    await _project_spells(db, events, Placement, ("staff_id", "program_id"))


async def _project_spells(db: Db, events: Events, row: type[ProgramPack | Placement], names: tuple[str, ...]) -> None:
    kept = (*names, "valid_from", "valid_to")
    rows = [
        {"agency_id": event.agencyid, "id": event.subject, "seq": event.aggregateseq}
        | {name: getattr(event.data, name) for name in kept}
        for event in newest(events)
    ]
    await project(db, row.__table__, rows)


async def on_staff(db: Db, events: Events) -> None:
    """Take the newest state of each member of staff, whichever of the three facts carried it."""
    rows = [
        {
            "agency_id": event.agencyid,
            "id": event.subject,
            "seq": event.aggregateseq,
            "roles": list(event.data.roles),
            "employed_from": event.data.employed_from,
            "employed_to": event.data.employed_to,
            "caseload_to": event.data.caseload_to,
        }
        for event in newest(events)
    ]
    await project(db, Staff.__table__, rows)


async def on_leaver(db: Db, events: Events) -> None:
    """Take over at once what somebody leaves whose last day is past; the worker looks for the others each minute."""
    await on_staff(db, events)
    await take_over(db)


async def on_session(db: Db, events: Events) -> None:
    """Keep on which days somebody was there; a session that was voided says so by its status."""
    kept = ("participant_id", "service_date", "minutes", "modality", "outcome", "status", "signed_at")
    rows = [
        {"agency_id": event.agencyid, "id": event.subject, "seq": event.aggregateseq}
        | {name: getattr(event.data, name) for name in kept}
        for event in newest(events)
    ]
    await project(db, Attendance.__table__, rows)


async def on_consent_applied(db: Db, events: Events) -> None:
    """Keep how far each service has applied a consent. All events of one reaction come from one service."""
    rows = [
        {
            "agency_id": event.agencyid,
            "id": event.data.consent_id,
            "service": event.source.removeprefix("/"),
            "seq": event.data.consent_seq,
            "applied_at": event.data.applied_at,
        }
        for event in newest(events)
    ]
    await project(db, ConsentApplied.__table__, rows)


async def on_duty(db: Db, events: Events) -> None:
    kept = ("staff_id", "rung", "weekdays", "begins", "ends", "valid_from", "valid_to", "withdrawn")
    rows = [
        {"agency_id": event.agencyid, "id": event.subject, "seq": event.aggregateseq}
        | {name: getattr(event.data, name) for name in kept}
        for event in newest(events)
    ]
    await project(db, Duty.__table__, rows)


async def on_paged(db: Db, events: Events) -> None:
    for event in events:
        await take_page(db, event.data)


async def on_contact(keys: KeyRing, db: Db, events: Events) -> None:
    for event in events:
        await on_collateral_contact(db, keys, event.data)


async def on_release(keys: KeyRing, db: Db, events: Events) -> None:
    for event in events:
        await on_identities_released(db, keys, event.data, told_by=event.source.removeprefix("/"))


async def on_claims(keys: KeyRing, db: Db, events: Events) -> None:
    for event in events:
        await on_claims_released(db, keys, event.data)


KEEPING: Mapping[Fact, Reaction] = {
    notification.DUTY_SET: on_duty,
    notification.CONCERN_PAGED: on_paged,
    AGENCY_ACTIVATED: on_agency_activated,
    PROGRAM_OPENED: on_program,
    PROGRAM_PACK_CHOSEN: on_program_pack,
    PROGRAM_CHANGED: on_program,
    STAFF_JOINED: on_staff,
    STAFF_CHANGED: on_staff,
    STAFF_LEFT: on_leaver,
    STAFF_PLACED: on_placement,
    **dict.fromkeys(session_logging.SESSION_FACTS, on_session),
    session_logging.CONSENT_APPLIED: on_consent_applied,
    compliance_reporting.CONSENT_APPLIED: on_consent_applied,
    notification.CONSENT_APPLIED: on_consent_applied,
}
# They write sealed rows, and so are given the service's keys by `reactions_with`.
SEALING: Mapping[Fact, Callable[[KeyRing, Db, Events], Awaitable[None]]] = {
    session_logging.COLLATERAL_CONTACTED: on_contact,
    session_logging.CLAIMS_RELEASED: on_claims,
    compliance_reporting.IDENTITIES_RELEASED: on_release,
    session_logging.IDENTITIES_RELEASED: on_release,
}
REACTIONS = (*KEEPING, *SEALING)


def reactions_with(keys: KeyRing) -> dict[Fact, Reaction]:
    """Return every reaction, ready for a worker that holds these keys."""
    return {**KEEPING, **{fact: partial(reaction, keys) for fact, reaction in SEALING.items()}}
