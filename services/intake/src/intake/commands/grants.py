"""Setting up grants and putting episodes under them."""

import secrets
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import FederalTool
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.text import Asked, Code, Day, Distinct, Line
from intake.commands.access import reach
from intake.commands.federal import Clock, keep_clock, lock_clock, restart_clocks
from intake.commands.recording import Recording, recording, require_order
from intake.models import ClientCode, Episode, Funding, Grant, Participant, Program
from intake.rules.federal import GPRA_LAST_INTERVIEW, ReassessmentBy

CODE_LETTERS = "23456789BCDFGHJKMNPQRSTVWXYZ"  # none that is read for another, no vowels: no words
CODE_LENGTH = 10


class SetGrant(Asked):
    """A grant and the terms of its clock; what no text confirms is a term, the usual reading its default."""

    name: Line
    number: Code = Field(description="as on the Notice of Award")
    tool: FederalTool
    starts_on: Day
    ends_on: Day | None = None
    program_ids: Annotated[list[UUID], Distinct, Field(min_length=1, max_length=50)]
    interval_months: Literal[3, 6] = 6
    reassessment_by: ReassessmentBy = ReassessmentBy.DAYS
    window_days: int = Field(default=30, ge=0, le=60)
    gpra_last_interview_date: Day = GPRA_LAST_INTERVIEW
    suprt_followup_target: float = Field(default=0.8, ge=0, le=1, description="authority DEFAULT: check the award")


class FundEpisode(Asked):
    grant_id: UUID
    first_service_on: Day = Field(description="the first service that this grant pays for")


class FirstService(Asked):
    first_service_on: Day


async def set_up_grant(db: Db, request: SetGrant) -> Created:
    now = await recording(db)
    await _require_sense(db, request)
    grant = Grant(
        agency_id=db.scope.agency_id, id=uuid7(), recorded_at=now.now, version=1, **request.model_dump(mode="python")
    )
    db.add(grant)
    _tell(db, grant)
    db.audit("grant.set", None, grant_id=grant.id)
    return Created(id=grant.id, version=1)


async def change_grant(db: Db, grant_id: UUID, request: SetGrant, expected: int) -> Created:
    """Replace a grant's terms; what its episodes still owe is dated anew by them."""
    now = await recording(db)
    grant = await _grant(db, grant_id, lock=True)
    require_version(grant.version, expected)
    await _require_sense(db, request)
    if request.tool != grant.tool and await _in_use(db, grant):
        raise Refused("grant-in-use", "Episodes run by this grant's tool. Set up another grant for the other tool.")
    for name, value in request.model_dump(mode="python").items():
        setattr(grant, name, value)
    grant.version += 1
    _tell(db, grant)
    await restart_clocks(db, now, grant)
    db.audit("grant.set", None, grant_id=grant.id)
    return Created(id=grant.id, version=grant.version)


async def _require_sense(db: Db, request: SetGrant) -> None:
    require_order(request.starts_on, request.ends_on, "/ends_on")
    known = await db.scalar(
        select(func.count())
        .select_from(Program)
        .where(Program.agency_id == db.scope.agency_id, Program.id.in_(request.program_ids))
    )
    if known != len(request.program_ids):
        raise NotThere


async def _grant(db: Db, grant_id: UUID, *, lock: bool = False) -> Grant:
    """Return a grant whose terms nobody changes meanwhile; its key stays free for rows that point to it."""
    question = select(Grant).where(Grant.agency_id == db.scope.agency_id, Grant.id == grant_id)
    held = question.with_for_update(key_share=True) if lock else question.with_for_update(read=True)
    grant: Grant | None = await db.scalar(held)
    if grant is None:
        raise NotThere
    return grant


async def _in_use(db: Db, grant: Grant) -> bool:
    used = exists().where(Funding.agency_id == grant.agency_id, Funding.grant_id == grant.id)
    return bool(await db.scalar(select(used)))


def _tell(db: Db, grant: Grant) -> None:
    state = facts.GrantFacts(
        grant_id=grant.id,
        tool=FederalTool(grant.tool),
        starts_on=grant.starts_on,
        ends_on=grant.ends_on,
        program_ids=grant.program_ids,
        interval_months=grant.interval_months,
    )
    db.publish(facts.GRANT_SET, state, about=grant.id, seq=grant.version)


async def fund_episode(db: Db, actor: Actor, episode_id: UUID, request: FundEpisode) -> Created:
    """Put an episode under a grant, which starts its clock; twice under the same one is refused."""
    now = await recording(db)
    grant = await _grant(db, request.grant_id)  # held, and before the episode, as by whoever changes its terms
    episode = await reach(db, actor, Episode, episode_id, now, lock=True)
    _require_fit(now, episode, grant, request)
    known = exists().where(
        Funding.agency_id == grant.agency_id, Funding.episode_id == episode.id, Funding.grant_id == grant.id
    )
    if await db.scalar(select(known)):
        raise Refused("funded-already", "This episode is under this grant already; nothing needs to be done.")
    funding = Funding(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=episode.participant_id,
        episode_id=episode.id,
        grant_id=grant.id,
        first_service_on=request.first_service_on,
        recorded_at=now.now,
        version=1,
    )
    db.add(funding)
    await _require_code(db, episode.participant_id)
    keep_clock(db, now, Clock(funding, episode, grant), ())
    db.audit("episode.fund", episode.participant_id, episode_id=episode.id, grant_id=grant.id)
    return Created(id=funding.id, version=1)


def _require_fit(recording: Recording, episode: Episode, grant: Grant, request: FundEpisode) -> None:
    if episode.program_id not in grant.program_ids:
        raise Unprocessable("not-its-program", "This grant does not pay for the episode's program.", "/grant_id")
    if grant.tool == FederalTool.GPRA and episode.opened_on > grant.gpra_last_interview_date:
        raise Unprocessable(
            "gpra-is-over", "GPRA is for episodes from before its last interview date. Use a SUPRT grant.", "/grant_id"
        )
    require_first_service(recording, episode, grant, request)


def require_first_service(
    recording: Recording, episode: Episode, grant: Grant, request: FundEpisode | FirstService
) -> None:
    """Raise `Unprocessable` unless the day lies in the episode and in the grant, and has come."""
    first, pointer = request.first_service_on, "/first_service_on"
    recording.require_past(first, pointer)
    if first < episode.opened_on or (episode.closed_on is not None and first > episode.closed_on):
        raise Unprocessable("outside-the-episode", "The episode was not open on this day.", pointer)
    if first < grant.starts_on or (grant.ends_on is not None and first > grant.ends_on):
        raise Unprocessable("outside-the-grant", "The grant did not run on this day.", pointer)


async def correct_first_service(
    db: Db, actor: Actor, funding_id: UUID, request: FirstService, expected: int
) -> Created:
    """Put the first funded service right; what is still owed is dated anew."""
    now = await recording(db)
    found = await reach(db, actor, Funding, funding_id, now)
    clock, points = await lock_clock(db, actor, found.episode_id, funding_id)
    funding = clock.funding
    require_version(funding.version, expected)
    require_first_service(now, clock.episode, clock.grant, request)
    funding.first_service_on = request.first_service_on
    funding.version += 1
    keep_clock(db, now, clock, points, told_anew=True)
    db.audit("episode.fund", funding.participant_id, episode_id=funding.episode_id, grant_id=funding.grant_id)
    return Created(id=funding.id, version=funding.version)


async def _require_code(db: Db, participant_id: UUID) -> None:
    """Give the person a code for the funder's system, unless they have one under any of their records."""
    if await client_code(db, participant_id) is not None:
        return
    code = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    row = {"agency_id": db.scope.agency_id, "participant_id": participant_id, "code": code}
    keys = ["agency_id", "participant_id"]
    await db.execute(insert(ClientCode).values(**row).on_conflict_do_nothing(index_elements=keys))


async def client_code(db: Db, participant_id: UUID) -> str | None:
    """Return what a person is called in the funder's system: one code for all records that were merged."""
    one, other = aliased(Participant), aliased(Participant)
    survivor_id = func.coalesce(one.merged_into, one.id)
    question = (
        select(ClientCode.code)
        .join(other, (other.agency_id == ClientCode.agency_id) & (other.id == ClientCode.participant_id))
        .join(one, (one.agency_id == other.agency_id) & (survivor_id == func.coalesce(other.merged_into, other.id)))
        .where(one.agency_id == db.scope.agency_id, one.id == participant_id)
        .order_by(other.merged_into.is_not(None), other.id)
    )
    found: str | None = await db.scalar(question.limit(1))
    return found
