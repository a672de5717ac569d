"""When and whence something is recorded: live by the database's clock, or imported from another system."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.text import local_day
from intake.models import Agency, AgencyPrivacy


@dataclass(frozen=True, slots=True)
class Recording:
    """`now`: the database's clock, which nothing stated may be later than. `zone`: where the agency's days begin.

    `is_program` and `is_live`: how the agency stands under 42 CFR Part 2, and whether it may take people in.
    """

    now: datetime
    zone: str
    source_system: str | None = None
    is_program: bool = True
    is_live: bool = False

    @property
    def imported(self) -> bool:
        return self.source_system is not None

    @property
    def today(self) -> date:
        return self.day(self.now)

    def day(self, instant: datetime) -> date:
        return local_day(instant, self.zone)

    def stated(self, instant: datetime | None, pointer: str) -> datetime:
        """Return an instant that somebody stated, or now. Raises `Unprocessable` if it is yet to come."""
        if instant is not None and instant > self.now:
            raise Unprocessable("in-the-future", "This time is yet to come.", pointer)
        return instant or self.now

    def require_live(self) -> None:
        """Raise `Refused` where nobody may be taken in yet, however they come."""
        if not self.is_live:
            detail = "The agency is not live yet. GET /v1/privacy/status says what is missing; then go live."
            raise Refused("agency-not-live", detail)

    def require_past(self, day: date, pointer: str) -> None:
        """Raise `Unprocessable` if a day that somebody stated is yet to come."""
        if day > self.today:
            raise Unprocessable("in-the-future", "This day is yet to come.", pointer)


async def recording(db: Db, source_system: str | None = None) -> Recording:
    """Return how the transaction records. Raises `Refused` (503) while the agency is not yet heard of."""
    question = (
        select(Agency.zone, AgencyPrivacy.is_program, AgencyPrivacy.live_at)
        .outerjoin(AgencyPrivacy, AgencyPrivacy.agency_id == Agency.agency_id)
        .where(Agency.agency_id == db.scope.agency_id)
    )
    found = (await db.execute(question)).one_or_none()
    if found is None:
        raise Refused("agency-not-known-yet", "The agency was opened just now. Try again in a moment.", status=503)
    zone, is_program, live_at = found
    return Recording(db.now, zone, source_system, is_program=is_program is not False, is_live=live_at is not None)


async def clock(db: Db) -> datetime:
    """Return the database's clock at this instant, for what must be read after a lock was taken."""
    instant: datetime = (await db.execute(select(func.clock_timestamp()))).scalar_one()
    return instant


def require_order(first: date, last: date | None, pointer: str) -> None:
    """Raise `Unprocessable` if the last day is before the first."""
    if last is not None and last < first:
        raise Unprocessable("ends-before-it-starts", "The last day is before the first.", pointer)


def require_same(owner_id: UUID, participant_id: UUID) -> None:
    """Raise `NotThere` unless a thing is the participant's that it was named with."""
    if owner_id != participant_id:
        raise NotThere
