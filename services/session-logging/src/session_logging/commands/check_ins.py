"""Recording a brief check-in, or an attempt at one: one request, few fields; withdrawing a mistaken one."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints
from uuid_utils.compat import uuid7

from common.contracts.codes import DeliveryMethod
from common.contracts.envelope import Fact
from common.contracts.session_codes import AttemptOutcome
from common.contracts.session_logging import CHECK_IN_HELD, CHECK_IN_WITHDRAWN, CheckInFacts
from common.database import Db
from common.errors import NotThere
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Prose, local_day
from session_logging.commands.lookups import require_caseload, require_new, zone_of
from session_logging.commands.planning import within_work
from session_logging.commands.requests import WHEN, Id, Moment
from session_logging.commands.withdrawals import Withdraw, is_withdrawn, locked, require_writer
from session_logging.models import CHECK_IN, CheckIn, Episode
from session_logging.queries.people import require_reach
from session_logging.rules.check_ins import MINUTES_MOST, require_episode, require_outcome, require_past
from session_logging.rules.times import instant

FewWords = Annotated[Prose, StringConstraints(max_length=500)]


class RecordCheckIn(Asked):
    """How somebody was tried, what came of it, and for how long they were spoken with."""

    id: Id = None
    participant_id: UUID
    episode_id: UUID
    method: DeliveryMethod
    outcome: AttemptOutcome
    minutes: int = Field(default=0, ge=0, le=1440, description=f"spoken with, at most {MINUTES_MOST}; 0 with nobody")
    contacted_at: Moment = Field(description=WHEN)
    words: FewWords | None = Field(default=None, description="sealed under the person's key")


async def record_check_in(db: Db, keys: KeyRing, actor: Actor, request: RecordCheckIn) -> Created:
    """Record a contact or an attempt of the actor's. Raises `NotThere`, `Refused`, `Unprocessable`."""
    zone = await zone_of(db)
    contacted_at = instant(request.contacted_at, zone, "/contacted_at")
    contacted_on = local_day(contacted_at, zone)
    episode = await _episode(db, request)
    await require_caseload(db, actor, request.participant_id, contacted_on, request.episode_id)
    require_past(contacted_at, db.now)
    require_episode(contacted_on, episode.opened_on)
    require_outcome(request.method, request.outcome, request.minutes)
    await require_new(db, CheckIn, request.id)
    check_in = CheckIn(
        agency_id=db.scope.agency_id,
        id=request.id or uuid7(),
        program_id=episode.program_id,
        staff_id=actor.staff_id,
        contacted_at=contacted_at,
        contacted_on=contacted_on,
        words=await _sealed(db, keys, request),
        recorded_at=db.now,
        version=1,
        **request.model_dump(include={"participant_id", "episode_id", "method", "outcome", "minutes"}),
    )
    db.add(check_in)
    return _told(db, check_in, CHECK_IN_HELD, "check-in.record")


async def _episode(db: Db, request: RecordCheckIn) -> Episode:
    episode = await db.get(Episode, (db.scope.agency_id, request.episode_id))
    if episode is None or episode.participant_id != request.participant_id:
        raise NotThere
    return episode


async def _sealed(db: Db, keys: KeyRing, request: RecordCheckIn) -> bytes | None:
    if request.words is None:
        return None
    return (await keys.sealer(db, db.scope.agency_id, request.participant_id)).seal(CHECK_IN, request.words)


async def withdraw_check_in(db: Db, actor: Actor, check_in_id: UUID, expected: int, request: Withdraw) -> Created:
    """Withdraw a mistaken entry; the row stays. Raises `NotThere`, `Forbidden`, `Refused`."""
    check_in = await locked(db, CheckIn, check_in_id)
    await require_reach(db, within_work(actor), check_in)
    require_writer(actor, check_in.staff_id)
    if not is_withdrawn(db, actor, check_in, expected, request):
        return Created(id=check_in.id, version=check_in.version)
    return _told(db, check_in, CHECK_IN_WITHDRAWN, "check-in.withdraw")


def _told(db: Db, check_in: CheckIn, fact: Fact, action: str) -> Created:
    told = CheckInFacts(
        check_in_id=check_in.id,
        participant_id=check_in.participant_id,
        episode_id=check_in.episode_id,
        program_id=check_in.program_id,
        staff_id=check_in.staff_id,
        method=DeliveryMethod(check_in.method),
        outcome=AttemptOutcome(check_in.outcome),
        minutes=check_in.minutes,
        contacted_at=check_in.contacted_at,
        contacted_on=check_in.contacted_on,
        withdrawn=check_in.withdrawn_at is not None,
    )
    db.publish(fact, told, about=check_in.id, seq=check_in.version)
    db.audit(action, check_in.id, participant_id=check_in.participant_id)
    return Created(id=check_in.id, version=check_in.version)
