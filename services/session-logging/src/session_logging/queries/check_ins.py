"""What can be asked about check-ins: a person's contacts and attempts, so that the next peer sees what was tried."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import func, select, tuple_

from common.contracts.codes import DeliveryMethod, RecordOrigin
from common.contracts.session_codes import AttemptOutcome
from common.database import Db
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing
from common.text import local_day
from session_logging.commands.lookups import is_one_of, zone_of
from session_logging.commands.planning import within_work
from session_logging.models import CHECK_IN, CheckIn
from session_logging.queries.people import family_of, in_reach, origins_of
from session_logging.queries.sessions import instant_of
from session_logging.rules.check_ins import history_from, per_outcome
from session_logging.rules.days import day_bounds
from session_logging.rules.withdrawals import WithdrawalReason


class CheckInRead(BaseModel):
    """A contact or an attempt. `words` of a withdrawn one are shown to nobody: they may be about somebody else."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    participant_id: UUID
    episode_id: UUID
    program_id: UUID
    staff_id: UUID
    method: DeliveryMethod
    outcome: AttemptOutcome
    minutes: int
    contacted_at: AwareDatetime
    contacted_on: date = Field(description="calendar day in the agency's zone")
    recorded_at: AwareDatetime
    withdrawn_at: AwareDatetime | None
    withdrawal_reason: WithdrawalReason | None
    origin: RecordOrigin = RecordOrigin.OWN_PART2
    words: str | None = None


class CheckInPage(BaseModel):
    """`last_30_days`: how often each outcome came to the people who tried, withdrawn entries not counted."""

    last_30_days: dict[AttemptOutcome, int]
    items: list[CheckInRead]
    next: str | None = None


async def check_in_page(
    db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, after: Cursor | None, limit: int
) -> CheckInPage:
    """Return up to `limit` entries about a person that the actor may see, of all their records, the newest first."""
    limit = min(limit, PAGE_MOST)
    family = await family_of(db, participant_id)
    seen = (is_one_of(CheckIn.participant_id, family), await in_reach(db, within_work(actor), CheckIn, family))
    question = select(CheckIn).where(*seen)
    if after is not None:
        question = question.where(tuple_(CheckIn.contacted_at, CheckIn.id) < (instant_of(after), after.id))
    newest_first = question.order_by(CheckIn.contacted_at.desc(), CheckIn.id.desc())
    rows = (await db.scalars(newest_first.limit(limit + 1))).all()
    zone = await zone_of(db)
    since, _ = day_bounds(history_from(local_day(db.now, zone)), zone)
    counted = await db.execute(
        select(CheckIn.outcome, func.count())
        .where(*seen, CheckIn.contacted_at >= since, CheckIn.withdrawn_at.is_(None))
        .group_by(CheckIn.outcome)
    )
    items = await _reads(db, keys, rows[:limit])
    more = len(rows) > limit
    return CheckInPage(
        last_30_days=per_outcome((row[0], row[1]) for row in counted),
        items=items,
        next=encode_cursor(items[-1].contacted_at, items[-1].id) if more else None,
    )


async def _reads(db: Db, keys: KeyRing, rows: Sequence[CheckIn]) -> list[CheckInRead]:
    """Return entries opened, in their order, with a few statements for all."""
    origins = await origins_of(db, {row.participant_id for row in rows})
    told = {row.participant_id for row in rows if row.words is not None}
    sealers = await keys.sealers(db, db.scope.agency_id, told)
    reads = []
    for row in rows:
        hidden = row.words is None or row.withdrawn_at is not None
        words = None if hidden else sealers[row.participant_id].open(CHECK_IN, row.words or b"")
        values = {name: getattr(row, name) for name in CheckInRead.model_fields if name not in ("origin", "words")}
        values |= {"origin": origins[row.participant_id], "words": words}
        reads.append(CheckInRead.model_validate(values))
    return reads
