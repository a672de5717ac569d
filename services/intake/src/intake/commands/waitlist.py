"""Waiting for a peer: taking a place in a program's queue, changing wishes, leaving with a reason."""

from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Asked, Day, Distinct, Prose
from intake.commands.access import reach, reach_unmerged
from intake.commands.recording import Recording, recording
from intake.commands.uniqueness import flush_unless, taken
from intake.commands.vetoes import place_vetoes, require_staff
from intake.models import Episode, Program, Waiting
from intake.rules.matching import LeavingReason, Urgency, Wishes

WISHES = "waiting.wishes"
VETOED = "/wishes/vetoed_staff_ids/{place}"


class StatedWishes(Wishes):
    """What a person wishes of a peer, in codes and in their own words."""

    notes: Prose | None = None


class WishesAsked(StatedWishes):
    """`vetoed_staff_ids` are added to those that stand; a veto ends only by being withdrawn."""

    vetoed_staff_ids: Annotated[list[UUID], Distinct] = Field(default=[], max_length=100)


class WaitForPeer(Asked):
    participant_id: UUID
    episode_id: UUID | None = None
    program_id: UUID
    wishes: WishesAsked = WishesAsked()
    urgency: Urgency = Urgency.ROUTINE
    since: Day


class ChangeWishes(Asked):
    wishes: WishesAsked
    urgency: Urgency


class LeaveQueue(Asked):
    reason: LeavingReason


async def wait_for_peer(db: Db, keys: KeyRing, actor: Actor, request: WaitForPeer) -> Created:
    now = await recording(db)
    await reach_unmerged(db, actor, request.participant_id, now)
    now.require_past(request.since, "/since")
    if await db.get(Program, (db.scope.agency_id, request.program_id)) is None:
        raise NotThere
    if request.episode_id is not None:
        _require_fitting(await reach(db, actor, Episode, request.episode_id, now, lock=True), request)
    sealer = await keys.sealer(db, db.scope.agency_id, request.participant_id)
    waiting = _placed(db, now, sealer, request)
    await flush_unless(db, {"uq_waiting_open": _waiting_already()})
    await _keep_vetoes(db, now, waiting, request.wishes)
    db.audit("waiting.start", waiting.participant_id, waiting_id=waiting.id)
    return Created(id=waiting.id, version=1)


def _require_fitting(episode: Episode, request: WaitForPeer) -> None:
    """Raise unless the episode is open and is this person's with this program."""
    if episode.participant_id != request.participant_id:
        raise NotThere
    if episode.program_id != request.program_id:
        raise Unprocessable("another-program", "This episode is with another program. Name that one.", "/program_id")
    if episode.closed_on is not None:
        raise Refused("episode-closed", "This episode is closed. Open a new one to go on.")


def _waiting_already() -> Refused:
    detail = "This person waits for this program already. Change the wishes of that entry instead."
    return taken("waiting-already", detail, "/program_id")


def _placed(db: Db, recording: Recording, sealer: Sealer, request: WaitForPeer) -> Waiting:
    waiting = Waiting(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=request.participant_id,
        program_id=request.program_id,
        episode_id=request.episode_id,
        wishes=sealer.seal(WISHES, sealable(request.wishes)),
        urgency=request.urgency,
        since=request.since,
        recorded_by=db.scope.actor_id,
        recorded_at=recording.now,
        version=1,
    )
    db.add(waiting)
    return waiting


def sealable(wishes: Wishes) -> dict[str, object]:
    """Return wishes as they are sealed; vetoes are kept beside them, for they outlast them."""
    return wishes.model_dump(mode="json", exclude={"vetoed_staff_ids"})


def open_wishes(sealer: Sealer, waiting: Waiting) -> StatedWishes:
    return StatedWishes.model_validate(sealer.open(WISHES, waiting.wishes))


async def _keep_vetoes(db: Db, recording: Recording, waiting: Waiting, wishes: WishesAsked) -> None:
    await require_staff(db, wishes.vetoed_staff_ids, VETOED)
    await place_vetoes(db, recording, waiting.participant_id, wishes.vetoed_staff_ids)


async def change_wishes(
    db: Db, keys: KeyRing, actor: Actor, waiting_id: UUID, request: ChangeWishes, *, expected: int
) -> Created:
    now = await recording(db)
    waiting = await _still_waiting(db, actor, waiting_id, now, expected)
    sealer = await keys.sealer(db, db.scope.agency_id, waiting.participant_id)
    waiting.wishes = sealer.seal(WISHES, sealable(request.wishes))
    waiting.urgency = request.urgency
    waiting.version += 1
    await _keep_vetoes(db, now, waiting, request.wishes)
    db.audit("waiting.change", waiting.participant_id, waiting_id=waiting.id)
    return Created(id=waiting.id, version=waiting.version)


async def _still_waiting(db: Db, actor: Actor, waiting_id: UUID, now: Recording, expected: int) -> Waiting:
    waiting = await reach(db, actor, Waiting, waiting_id, now, lock=True)
    require_version(waiting.version, expected)
    require_waiting(waiting)
    return waiting


def require_waiting(waiting: Waiting) -> None:
    if waiting.left_at is not None:
        raise Refused("left-already", "This entry has left the queue. Take a new place to go on waiting.")


async def leave_queue(db: Db, actor: Actor, waiting_id: UUID, request: LeaveQueue, *, expected: int) -> Created:
    now = await recording(db)
    waiting = await _still_waiting(db, actor, waiting_id, now, expected)
    place_departure(waiting, now, request.reason)
    db.audit("waiting.leave", waiting.participant_id, waiting_id=waiting.id)
    return Created(id=waiting.id, version=waiting.version)


def place_departure(
    waiting: Waiting, recording: Recording, reason: LeavingReason, assignment_id: UUID | None = None
) -> None:
    waiting.left_at = recording.now
    waiting.left_reason = reason
    waiting.assignment_id = assignment_id
    waiting.version += 1


async def leave_with_episode(db: Db, recording: Recording, episode: Episode) -> None:
    """Take whoever waits on an episode out of the queue, now that it is closed."""
    question = select(Waiting).where(
        Waiting.agency_id == episode.agency_id, Waiting.episode_id == episode.id, Waiting.left_at.is_(None)
    )
    for waiting in await db.scalars(question.with_for_update()):
        place_departure(waiting, recording, LeavingReason.EPISODE_CLOSED)
