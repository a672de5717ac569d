"""Hours that a certifying body counts: work under supervision, and supervision received elsewhere."""

from uuid import UUID

from uuid_utils.compat import uuid7

from common.contracts import workforce as facts
from common.contracts.codes import Role
from common.contracts.workforce_codes import WorkHoursKind
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Day, Line
from workforce.commands.reach import reach_to_record, today_of
from workforce.models import WorkHours
from workforce.rules.learning import HoursWorked, VoidReason, fits

PLACE = "work_hours.place"


class RecordHours(Asked):
    """`place`: where they were worked, if elsewhere."""

    staff_id: UUID
    kind: WorkHoursKind
    hours: HoursWorked
    from_on: Day
    to_on: Day
    place: Line | None = None


class VoidHours(Asked):
    reason: VoidReason


async def record_hours(db: Db, keys: KeyRing, actor: Actor, request: RecordHours) -> Created:
    await reach_to_record(db, actor, request.staff_id)
    if request.to_on < request.from_on:
        raise Unprocessable("hours-end-before-they-start", "Correct the days.", "/to_on")
    if request.to_on > await today_of(db):
        raise Unprocessable("hours-in-the-future", "Record hours once they are worked.", "/to_on")
    if not fits(request.hours, request.from_on, request.to_on):
        raise Unprocessable("more-hours-than-days-have", "So many hours do not fit into these days.", "/hours")
    sealer = await keys.sealer(db, db.scope.agency_id, request.staff_id)
    row = WorkHours(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        recorded_by=actor.staff_id,
        recorded_at=db.now,
        version=1,
        **request.model_dump(exclude={"place"}),
    )
    row.place = None if request.place is None else sealer.seal(PLACE, request.place)
    db.add(row)
    _tell(db, row)
    db.audit("work-hours.record", row.id, staff_id=row.staff_id)
    return Created(id=row.id, version=1)


def _tell(db: Db, row: WorkHours) -> None:
    told = facts.WorkHoursFacts(
        entry_id=row.id,
        staff_id=row.staff_id,
        kind=WorkHoursKind(row.kind),
        hours=row.hours,
        from_on=row.from_on,
        to_on=row.to_on,
        voided=row.void_reason is not None,
    )
    db.publish(facts.WORK_HOURS_RECORDED, told, about=row.id, seq=row.version)


async def void_hours(db: Db, actor: Actor, entry_id: UUID, request: VoidHours, expected: int) -> Created:
    """Take hours back, by an administrator or who recorded them."""
    row = await db.get(WorkHours, (db.scope.agency_id, entry_id), with_for_update=True)
    if row is None:
        raise NotThere
    await reach_to_record(db, actor, row.staff_id)
    if not actor.may(Role.ADMINISTRATOR) and row.recorded_by != actor.staff_id:
        raise Refused("voided-by-recorder", "Ask who recorded it, or an administrator, to take it back.")
    require_version(row.version, expected)
    if row.void_reason is not None:
        raise Refused("hours-voided-already", "They were taken back already. Reload them.")
    row.void_reason = request.reason
    row.version += 1
    _tell(db, row)
    db.audit("work-hours.void", row.id, staff_id=row.staff_id, reason=request.reason)
    return Created(id=row.id, version=row.version)
