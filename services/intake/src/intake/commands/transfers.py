"""Moving a person's time from one program to another, and opening again what was closed in error."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from pydantic import Field
from sqlalchemy import func, or_, select, tuple_

from common.contracts import intake as facts
from common.contracts.codes import CloseReason
from common.database import Db
from common.errors import Refused, Unprocessable
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Day
from intake.commands.access import reach
from intake.commands.assignments import place_assignment, resume
from intake.commands.episodes import (
    ONE_OPEN,
    CloseEpisode,
    EpisodeTerms,
    end_what_hangs_on,
    open_already,
    place_closure,
    place_episode,
    require_open,
    require_program,
    tell_episode,
)
from intake.commands.federal import close_clock
from intake.commands.plans import carry_plan
from intake.commands.recording import Recording, recording
from intake.commands.uniqueness import flush_unless
from intake.models import Assignment, Episode, Plan, Staff
from intake.rules.assignments import EndReason, ReopeningReason, TransferReason
from intake.rules.people import ends_before, is_active


class TransferEpisode(Asked):
    program_id: UUID = Field(description="where the person goes on")
    on: Day = Field(description="first day there; the episode before ends the day before")
    reason: TransferReason
    carry_plan: bool = Field(default=False, description="agree the goals still worked on there as well")
    carry_assignments: bool = Field(default=False, description="let the same peers go on")


class EpisodeTransferred(Created):
    """The episode that goes on; `closed_id` is the one that it follows."""

    closed_id: UUID
    closed_version: int
    plan_id: UUID | None
    assignment_ids: list[UUID]


class ReopenEpisode(Asked):
    reason: ReopeningReason


async def transfer_episode(
    db: Db, keys: KeyRing, actor: Actor, episode_id: UUID, request: TransferEpisode
) -> EpisodeTransferred:
    now = await recording(db)
    episode = await reach(db, actor, Episode, episode_id, now, lock=True)
    _require_transferable(now, episode, request)
    await require_program(db, request.program_id)
    plan, peers = await _plan_in_force(db, episode), await _open_assignments(db, episode)
    following = await _following(db, now, episode, request)
    await flush_unless(db, {ONE_OPEN: open_already()})
    carried_plan = await carry_plan(db, keys, now, following, plan) if request.carry_plan and plan else None
    carried = await _carry_assignments(db, now, following, peers) if request.carry_assignments else []
    db.audit("episode.transfer", episode.participant_id, episode_id=episode.id, to_episode_id=following.id)
    return EpisodeTransferred(
        id=following.id,
        version=1,
        closed_id=episode.id,
        closed_version=episode.version,
        plan_id=carried_plan and carried_plan.id,
        assignment_ids=[one.id for one in carried],
    )


def _require_transferable(now: Recording, episode: Episode, request: TransferEpisode) -> None:
    require_open(episode)
    if request.program_id == episode.program_id:
        raise Unprocessable("same-program", "The episode is with this program already. Name another.", "/program_id")
    now.require_past(request.on, "/on")
    if request.on < episode.opened_on:
        raise Unprocessable("ends-before-it-starts", "This is before the episode was opened.", "/on")


async def _following(db: Db, now: Recording, episode: Episode, request: TransferEpisode) -> Episode:
    """Close the episode with all that hangs on it, and open the one that follows."""
    closed_on = ends_before(request.on, episode.opened_on)
    place_closure(db, now, episode, CloseEpisode(closed_on=closed_on, reason=CloseReason.TRANSFERRED))
    await end_what_hangs_on(db, now, episode, EndReason.PROGRAM_TRANSFER)
    terms = EpisodeTerms(program_id=request.program_id, opened_on=request.on)
    following = place_episode(db, now, episode.participant_id, terms)
    following.follows_id = episode.id
    following.transfer_reason = request.reason
    return following


async def _plan_in_force(db: Db, episode: Episode) -> Plan | None:
    plan: Plan | None = await db.scalar(
        select(Plan).where(
            Plan.agency_id == episode.agency_id, Plan.episode_id == episode.id, Plan.in_force_to.is_(None)
        )
    )
    return plan


async def _open_assignments(db: Db, episode: Episode) -> Sequence[Assignment]:
    question = select(Assignment).where(
        Assignment.agency_id == episode.agency_id, Assignment.episode_id == episode.id, Assignment.valid_to.is_(None)
    )
    return (await db.scalars(question.order_by(Assignment.id))).all()


async def _carry_assignments(
    db: Db, now: Recording, following: Episode, peers: Sequence[Assignment]
) -> list[Assignment]:
    return [await _carried(db, now, following, before) for before in peers]


async def _carried(db: Db, now: Recording, following: Episode, before: Assignment) -> Assignment:
    staff = await db.get(Staff, (db.scope.agency_id, before.staff_id))
    valid_from: date = max(following.opened_on, before.valid_from)
    if staff is None or not is_active(staff.employed_from, staff.employed_to, now.today):
        detail = "A peer of this episode does not work here any more. Hand over to another first, or carry none."
        raise Unprocessable("not-employed", detail, "/carry_assignments")
    assignment = place_assignment(db, now, following, staff, valid_from)
    assignment.follows_id = before.id
    return assignment


async def reopen_episode(db: Db, actor: Actor, episode_id: UUID, request: ReopenEpisode) -> Created:
    """Open again what was closed in error; the peers whose work ended with it, and who still work here, go on."""
    now = await recording(db)
    episode = await reach(db, actor, Episode, episode_id, now, lock=True)
    if episode.closed_on is None:
        raise Refused("episode-open", "This episode is open; nothing needs to be done.")
    await _require_newest(db, episode)
    ended = await _ended_with(db, episode)
    episode.closed_on = episode.close_reason = episode.deceased_on = None
    episode.reopened_at, episode.reopening_reason = now.now, request.reason
    episode.version += 1
    tell_episode(db, facts.EPISODE_CHANGED, episode)
    await flush_unless(db, {ONE_OPEN: open_already()})
    await close_clock(db, now, episode)
    await _resume(db, now, ended)
    db.audit("episode.reopen", episode.participant_id, episode_id=episode.id, reason=request.reason)
    return Created(id=episode.id, version=episode.version)


async def _require_newest(db: Db, episode: Episode) -> None:
    """Raise `Refused` if another episode of the program came later, or one that this was transferred to."""
    later = tuple_(Episode.opened_on, Episode.id) > tuple_(episode.opened_on, episode.id)
    question = select(Episode.id).where(
        Episode.agency_id == episode.agency_id,
        Episode.participant_id == episode.participant_id,
        Episode.id != episode.id,
        or_((Episode.program_id == episode.program_id) & later, Episode.follows_id == episode.id),
    )
    if await db.scalar(question.limit(1)) is not None:
        raise Refused("not-the-newest", "Another episode came after this one. Go on with that one.")


async def _ended_with(db: Db, episode: Episode) -> Sequence[Assignment]:
    """Return the assignments that ended because the episode was closed."""
    question = select(Assignment).where(
        Assignment.agency_id == episode.agency_id,
        Assignment.episode_id == episode.id,
        Assignment.end_reason == EndReason.EPISODE_CLOSED,
        Assignment.valid_to == func.greatest(Assignment.valid_from, episode.closed_on),
    )
    return (await db.scalars(question.order_by(Assignment.id).with_for_update())).all()


async def _resume(db: Db, now: Recording, ended: Sequence[Assignment]) -> None:
    for assignment in ended:
        staff = await db.get(Staff, (db.scope.agency_id, assignment.staff_id))
        if staff is not None and is_active(staff.employed_from, staff.employed_to, now.today):
            resume(db, assignment)
