"""Counting attendance at mutual-aid meetings: who, which kind, which day; never where, never with whom.

Somebody may go to two meetings of a kind in a day, so the same count again is another meeting; the same id is not.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from uuid_utils.compat import uuid7

from common.contracts.codes import MutualAid
from common.contracts.envelope import Fact
from common.contracts.session_logging import MUTUAL_AID_ATTENDED, MUTUAL_AID_WITHDRAWN, MutualAidFacts
from common.database import Db
from common.errors import NotThere, Unprocessable
from common.http import Created
from common.identity import Actor
from common.text import local_day
from session_logging.commands.lookups import require_caseload, require_new, zone_of
from session_logging.commands.requests import AttendMutualAid, Id
from session_logging.commands.withdrawals import Withdraw, is_withdrawn, locked, require_writer
from session_logging.models import MutualAidAttendance, Participant
from session_logging.queries.mutual_aid import require_sight

ATTENDANCE: Any = MutualAidAttendance.__table__
EARLIEST = date(1900, 1, 1)


class CountMutualAid(AttendMutualAid):
    """One meeting. There is no field for its place, for others who were there, or for a sponsor."""

    id: Id = None


async def attend_mutual_aid(db: Db, actor: Actor, request: CountMutualAid) -> Created:
    """Count one meeting for a person whom the actor serves today. Raises `NotThere`, `Refused`, `Unprocessable`."""
    today = local_day(db.now, await zone_of(db))
    if await db.get(Participant, (db.scope.agency_id, request.participant_id)) is None:
        raise NotThere
    await require_caseload(db, actor, request.participant_id, today, None)
    require_past(request.attended_on, today, "")
    await require_new(db, MutualAidAttendance, request.id)
    row = attendance_row(db, request.id or uuid7(), request, recorded_at=db.now, source_system=None)
    await write_attendances(db, [row])
    db.audit("mutual-aid.attend", row["id"], participant_id=request.participant_id)
    return Created(id=row["id"], version=1)


def require_past(attended_on: date, today: date, at: str) -> None:
    if not EARLIEST <= attended_on <= today:
        raise Unprocessable("in-the-future", "A meeting is counted on its day or later.", f"{at}/attended_on")


def attendance_row(
    db: Db, attendance_id: UUID, request: AttendMutualAid, *, recorded_at: datetime, source_system: str | None
) -> dict[str, Any]:
    return {
        "agency_id": db.scope.agency_id,
        "id": attendance_id,
        "participant_id": request.participant_id,
        "mutual_aid": request.mutual_aid,
        "attended_on": request.attended_on,
        "recorded_by": db.scope.actor_id,
        "recorded_at": recorded_at,
        "source_system": source_system,
    }


async def write_attendances(db: Db, rows: list[dict[str, Any]]) -> None:
    """Write attendances whose people have been checked, and publish one fact about each."""
    if not rows:
        return
    await db.execute(insert(ATTENDANCE), rows)
    for row in rows:
        _tell(db, MUTUAL_AID_ATTENDED, MutualAidAttendance(**row, version=1))


async def withdraw_mutual_aid(db: Db, actor: Actor, attendance_id: UUID, expected: int, request: Withdraw) -> Created:
    """Withdraw a meeting that was counted by mistake; the row stays. Raises `NotThere`, `Forbidden`, `Refused`."""
    row = await locked(db, MutualAidAttendance, attendance_id)
    await require_sight(db, actor, row.participant_id)
    require_writer(actor, row.recorded_by)
    if is_withdrawn(db, actor, row, expected, request):
        _tell(db, MUTUAL_AID_WITHDRAWN, row)
        db.audit("mutual-aid.withdraw", row.id, participant_id=row.participant_id)
    return Created(id=row.id, version=row.version)


def _tell(db: Db, fact: Fact, row: MutualAidAttendance) -> None:
    told = MutualAidFacts(
        attendance_id=row.id,
        participant_id=row.participant_id,
        mutual_aid=MutualAid(row.mutual_aid),
        attended_on=row.attended_on,
        imported=row.source_system is not None,
        withdrawn=row.withdrawn_at is not None,
    )
    db.publish(fact, told, about=row.id, seq=row.version)
