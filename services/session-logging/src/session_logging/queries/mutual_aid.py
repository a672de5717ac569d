"""What can be asked about mutual-support meetings: how often somebody went, as counts, and the entries behind them."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import func, null, select, tuple_

from common.contracts.codes import MutualAid, RecordOrigin
from common.database import Db
from common.errors import NotThere
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.text import local_day
from session_logging.commands.lookups import is_one_of, zone_of
from session_logging.commands.planning import within_work
from session_logging.models import MutualAidAttendance, Participant
from session_logging.queries.people import family_of, in_reach, origins_of
from session_logging.queries.work_times import day_of
from session_logging.rules.mutual_aid import NOT_CONFIRMED, SelfHelpBand, band, first_day, own_recovery, require_day
from session_logging.rules.withdrawals import WithdrawalReason

SOURCE = "TEDS, attendance at self-help groups in the last 30 days; codes as in public copies of its codebook"


class FederalBand(BaseModel):
    """The band of the federal Treatment Episode Data Set that this count would fall into.

    It rests on what was recorded here; the form asks the person, whose answer may be another.
    """

    code: SelfHelpBand
    times: int = Field(description="without meetings for families and friends")
    confidence: Literal["not_confirmed"] = NOT_CONFIRMED
    source: str = SOURCE


class MutualAidCounts(BaseModel):
    """The 30 days from `first` to `on`, both included, of all records of the person."""

    participant_id: UUID
    first: date
    on: date
    counts: dict[MutualAid, int] = Field(description="kinds that were attended; all others: 0")
    total: int
    federal_band: FederalBand
    origin: RecordOrigin


class AttendanceRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    participant_id: UUID
    mutual_aid: MutualAid
    attended_on: date
    recorded_by: UUID
    recorded_at: AwareDatetime
    source_system: str | None
    withdrawn_at: AwareDatetime | None
    withdrawal_reason: WithdrawalReason | None
    origin: RecordOrigin = RecordOrigin.OWN_PART2


class AttendancePage(BaseModel):
    items: list[AttendanceRead]
    next: str | None = None


class _Somebody:
    """People, as rows that no worker wrote: who serves somebody sees them."""

    agency_id: Any = Participant.agency_id
    participant_id: Any = Participant.id
    staff_id: Any = null()


async def require_sight(db: Db, actor: Actor, participant_id: UUID) -> list[UUID]:
    """Return all records of a person whom the actor may see. Raises `NotThere`."""
    family = await family_of(db, participant_id)
    reach = await in_reach(db, within_work(actor), _Somebody, family)
    if await db.scalar(select(Participant.id).where(Participant.id == participant_id, reach)) is None:
        raise NotThere
    return family


async def mutual_aid_counts(db: Db, actor: Actor, participant_id: UUID, on: date | None) -> MutualAidCounts:
    """Return how often somebody went in the 30 days that end with `on`, or today."""
    today = local_day(db.now, await zone_of(db))
    on = on or today
    require_day(on, today)
    family = await require_sight(db, actor, participant_id)
    counted = await db.execute(
        select(MutualAidAttendance.mutual_aid, func.count())
        .where(is_one_of(MutualAidAttendance.participant_id, family), MutualAidAttendance.withdrawn_at.is_(None))
        .where(MutualAidAttendance.attended_on.between(first_day(on), on))
        .group_by(MutualAidAttendance.mutual_aid)
    )
    counts = {MutualAid(kind): count for kind, count in counted}
    times = own_recovery(counts)
    return MutualAidCounts(
        participant_id=participant_id,
        first=first_day(on),
        on=on,
        counts={kind: counts[kind] for kind in MutualAid if kind in counts},
        total=sum(counts.values()),
        federal_band=FederalBand(code=band(times), times=times),
        origin=(await origins_of(db, [participant_id]))[participant_id],
    )


async def attendance_page(
    db: Db, actor: Actor, participant_id: UUID, after: Cursor | None, limit: int
) -> AttendancePage:
    """Return up to `limit` entries of a person, of all their records, the newest day first."""
    limit = min(limit, PAGE_MOST)
    family = await require_sight(db, actor, participant_id)
    place = (MutualAidAttendance.attended_on, MutualAidAttendance.id)
    question = select(MutualAidAttendance).where(is_one_of(MutualAidAttendance.participant_id, family))
    if after is not None:
        question = question.where(tuple_(*place) < (day_of(after), after.id))
    rows = (await db.scalars(question.order_by(*(column.desc() for column in place)).limit(limit + 1))).all()
    origins = await origins_of(db, family)
    items = [
        AttendanceRead.model_validate(row).model_copy(update={"origin": origins[row.participant_id]})
        for row in rows[:limit]
    ]
    more = len(rows) > limit
    return AttendancePage(items=items, next=encode_cursor(items[-1].attended_on, items[-1].id) if more else None)
