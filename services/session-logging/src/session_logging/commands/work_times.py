"""Recording a worker's own time with nobody served, and the miles driven; withdrawing a mistaken entry."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import exists, func, or_, select
from uuid_utils.compat import uuid7

from common.contracts.codes import SessionStatus
from common.contracts.envelope import Fact
from common.contracts.session_codes import WorkKind
from common.contracts.session_logging import WORK_TIME_RECORDED, WORK_TIME_WITHDRAWN, WorkTimeFacts
from common.database import Db
from common.errors import NotThere
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Day, local_day
from session_logging.commands.check_ins import FewWords
from session_logging.commands.lookups import require_new, unknown, zone_of
from session_logging.commands.requests import Id
from session_logging.commands.withdrawals import Withdraw, is_withdrawn, locked
from session_logging.models import WORK_TIME, PeerGroup, PeerSession, Program, Staff, WorkTime
from session_logging.queries.work_times import require_sight
from session_logging.rules.work_times import (
    DAY_MINUTES,
    MILES_MOST,
    require_a_days_work,
    require_something,
    require_worked,
)

Miles = Annotated[Decimal, Field(ge=0, le=MILES_MOST, max_digits=6, decimal_places=1)]


class RecordWorkTime(Asked):
    """`session_id`: the session that it was for, such as the one travelled to; one of the worker's own."""

    id: Id = None
    kind: WorkKind
    worked_on: Day
    minutes: int = Field(default=0, ge=0, le=DAY_MINUTES)
    miles: Miles = Decimal(0)
    program_id: UUID | None = None
    session_id: UUID | None = None
    words: FewWords | None = Field(default=None, description="sealed under the worker's own key; of nobody served")


async def record_work_time(db: Db, keys: KeyRing, actor: Actor, request: RecordWorkTime) -> Created:
    """Record time or miles of the actor's own. Raises `NotThere`, `Refused`, `Unprocessable`."""
    require_something(request.minutes, request.miles)
    await _require_employed(db, actor, request)
    await _require_known(db, actor, request)
    await require_new(db, WorkTime, request.id)
    require_a_days_work(request.minutes, await _minutes_so_far(db, actor, request))
    entry = WorkTime(
        agency_id=db.scope.agency_id,
        id=request.id or uuid7(),
        staff_id=actor.staff_id,
        words=await _sealed(db, keys, actor, request.words),
        recorded_at=db.now,
        version=1,
        **request.model_dump(include={"kind", "worked_on", "minutes", "miles", "program_id", "session_id"}),
    )
    db.add(entry)
    return _told(db, entry, WORK_TIME_RECORDED, "work-time.record")


async def _require_employed(db: Db, actor: Actor, request: RecordWorkTime) -> None:
    worker = await db.get(Staff, (db.scope.agency_id, actor.staff_id))
    if worker is None:
        raise NotThere  # workforce's fact is still on its way
    today = local_day(db.now, await zone_of(db))
    require_worked(request.worked_on, today, worker.employed_from, worker.employed_to)


async def _require_known(db: Db, actor: Actor, request: RecordWorkTime) -> None:
    agency_id = db.scope.agency_id
    if request.program_id is not None and await db.get(Program, (agency_id, request.program_id)) is None:
        raise unknown("program", "/program_id")
    if request.session_id is None:
        return
    helped = exists().where(
        PeerGroup.agency_id == agency_id,
        PeerGroup.id == PeerSession.group_id,
        PeerGroup.co_facilitator_id == actor.staff_id,
    )
    own = select(PeerSession.id).where(
        PeerSession.id == request.session_id,
        PeerSession.status != SessionStatus.VOIDED,
        or_(PeerSession.staff_id == actor.staff_id, helped),
    )
    if await db.scalar(own) is None:
        raise unknown("session", "/session_id")


async def _minutes_so_far(db: Db, actor: Actor, request: RecordWorkTime) -> int:
    """Return the minutes of the day's other entries, and keep others from adding to them until the commit."""
    day = f"{db.scope.agency_id}work{actor.staff_id}{request.worked_on}"
    await db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(day, 0))))
    summed = select(func.coalesce(func.sum(WorkTime.minutes), 0)).where(
        WorkTime.agency_id == db.scope.agency_id,
        WorkTime.staff_id == actor.staff_id,
        WorkTime.worked_on == request.worked_on,
        WorkTime.withdrawn_at.is_(None),
    )
    return int(await db.scalar(summed) or 0)


async def _sealed(db: Db, keys: KeyRing, actor: Actor, words: str | None) -> bytes | None:
    if words is None:
        return None
    return (await keys.sealer(db, db.scope.agency_id, actor.staff_id)).seal(WORK_TIME, words)


async def withdraw_work_time(db: Db, actor: Actor, entry_id: UUID, expected: int, request: Withdraw) -> Created:
    """Withdraw a mistaken entry; the row stays. Raises `NotThere`, `Refused`."""
    entry = await locked(db, WorkTime, entry_id)
    require_sight(actor, entry.staff_id)
    if not is_withdrawn(db, actor, entry, expected, request):
        return Created(id=entry.id, version=entry.version)
    return _told(db, entry, WORK_TIME_WITHDRAWN, "work-time.withdraw")


def _told(db: Db, entry: WorkTime, fact: Fact, action: str) -> Created:
    told = WorkTimeFacts(
        work_time_id=entry.id,
        staff_id=entry.staff_id,
        program_id=entry.program_id,
        kind=WorkKind(entry.kind),
        worked_on=entry.worked_on,
        minutes=entry.minutes,
        miles=entry.miles,
        withdrawn=entry.withdrawn_at is not None,
    )
    db.publish(fact, told, about=entry.id, seq=entry.version)
    db.audit(action, entry.id, staff_id=entry.staff_id)
    return Created(id=entry.id, version=entry.version)
