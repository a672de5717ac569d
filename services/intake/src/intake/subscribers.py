"""What intake reacts to: agencies, programs and staff, of which it keeps the newest state."""

from collections.abc import Mapping

from common.contracts.envelope import Fact
from common.contracts.workforce import AGENCY_ACTIVATED, PROGRAM_OPENED, STAFF_CHANGED, STAFF_JOINED, STAFF_LEFT
from common.database import Db
from common.inbox import Events, Reaction, newest, project
from intake.models import Agency, Program, Staff


async def on_agency_activated(db: Db, events: Events) -> None:
    rows = [
        {"agency_id": event.agencyid, "id": event.subject, "seq": event.aggregateseq, "zone": event.data.zone}
        for event in newest(events)
    ]
    await project(db, Agency.__table__, rows)


async def on_program_opened(db: Db, events: Events) -> None:
    rows = [
        {"agency_id": event.agencyid, "id": event.subject, "seq": event.aggregateseq, "opened_on": event.data.opened_on}
        for event in newest(events)
    ]
    await project(db, Program.__table__, rows)


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
        }
        for event in newest(events)
    ]
    await project(db, Staff.__table__, rows)


REACTIONS: Mapping[Fact, Reaction] = {
    AGENCY_ACTIVATED: on_agency_activated,
    PROGRAM_OPENED: on_program_opened,
    STAFF_JOINED: on_staff,
    STAFF_CHANGED: on_staff,
    STAFF_LEFT: on_staff,
}
