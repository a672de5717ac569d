"""What workforce reacts to: whom intake assigns to whom, so that nobody leaves people behind without a successor."""

from common.contracts import intake
from common.contracts.envelope import Fact
from common.database import Db
from common.inbox import Events, Reaction, newest, project
from workforce.models import Assignment


async def on_assignment(db: Db, events: Events) -> None:
    rows = [
        {"agency_id": event.agencyid, "id": event.subject, "seq": event.aggregateseq}
        | event.data.model_dump(include={"staff_id", "valid_from", "valid_to"})
        for event in newest(events)
    ]
    await project(db, Assignment.__table__, rows)


REACTIONS: dict[Fact, Reaction] = {intake.PEER_ASSIGNED: on_assignment, intake.PEER_UNASSIGNED: on_assignment}
