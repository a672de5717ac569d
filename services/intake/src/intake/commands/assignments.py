"""Assigning peers to people, which also opens the people's records to them, and handing over to another peer."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from pydantic import Field
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import Role
from common.contracts.envelope import Fact
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Day, Prose
from intake.commands.access import reach
from intake.commands.recording import Recording, recording, require_order, require_same
from intake.commands.uniqueness import flush_unless, taken
from intake.commands.vetoes import require_no_veto
from intake.commands.waitlist import place_departure, require_waiting
from intake.models import Assignment, Episode, Staff, Waiting
from intake.rules.assignments import EndReason
from intake.rules.matching import LeavingReason
from intake.rules.people import ends_before, is_active

HANDOVER = "assignment.handover"
ONE_OPEN = "uq_assignment_open"


class AssignPeer(Asked):
    participant_id: UUID
    episode_id: UUID
    staff_id: UUID
    valid_from: Day
    waiting_id: UUID | None = Field(default=None, description="the place in the queue that this ends")


class EndAssignment(Asked):
    valid_to: Day
    reason: EndReason | None = None


class TransferAssignment(Asked):
    to_staff_id: UUID
    on: Day = Field(description="first day of the next peer; the one before ends the day before")
    reason: EndReason
    note: Prose | None = Field(default=None, description="what the next peer should know")


class Transferred(Created):
    """The assignment that goes on; `ended_id` is the one that it follows."""

    ended_id: UUID


@dataclass(frozen=True, slots=True)
class Handover:
    """To whom, from which day and why a peer hands over; `note` is sealed."""

    staff: Staff
    on: date
    reason: EndReason
    note: bytes | None = None


def place_assignment(db: Db, recording: Recording, episode: Episode, staff: Staff, valid_from: date) -> Assignment:
    recording.require_past(valid_from, "/valid_from")
    if valid_from < episode.opened_on:
        raise Unprocessable("before-the-episode", "The assignment starts before the episode.", "/valid_from")
    if Role.PEER not in staff.roles or not is_active(staff.employed_from, staff.employed_to, valid_from):
        raise Unprocessable("not-a-peer-then", "This member of staff was no employed peer on that day.", "/staff_id")
    assignment = Assignment(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=episode.participant_id,
        episode_id=episode.id,
        program_id=episode.program_id,
        staff_id=staff.id,
        valid_from=valid_from,
        source_system=recording.source_system,
        recorded_at=recording.now,
        version=1,
    )
    db.add(assignment)
    _tell(db, facts.PEER_ASSIGNED, assignment)
    return assignment


def _tell(db: Db, fact: Fact, assignment: Assignment) -> None:
    state = facts.AssignmentFacts(
        assignment_id=assignment.id,
        participant_id=assignment.participant_id,
        episode_id=assignment.episode_id,
        program_id=assignment.program_id,
        staff_id=assignment.staff_id,
        valid_from=assignment.valid_from,
        valid_to=assignment.valid_to,
        imported=assignment.source_system is not None,
    )
    db.publish(fact, state, about=assignment.id, seq=assignment.version)


async def assign_peer(db: Db, actor: Actor, request: AssignPeer) -> Created:
    """Assign an employed peer; the same peer is assigned once at a time."""
    now = await recording(db)
    episode = await reach(db, actor, Episode, request.episode_id, now, lock=True)
    require_same(episode.participant_id, request.participant_id)
    require_going_on(episode)
    staff = await employed_staff(db, now, request.staff_id, "/staff_id")
    await require_no_veto(db, episode.participant_id, staff.id, "/staff_id")
    assignment = place_assignment(db, now, episode, staff, request.valid_from)
    await flush_unless(db, {ONE_OPEN: assigned_already("/staff_id")})
    if request.waiting_id is not None:
        await _leave_queue(db, actor, now, request.waiting_id, assignment)
    db.audit("peer.assign", episode.participant_id, assignment_id=assignment.id, staff_id=staff.id)
    return Created(id=assignment.id, version=1)


def require_going_on(episode: Episode) -> None:
    if episode.closed_on is not None:
        raise Refused("episode-closed", "This episode is closed. Open a new one to go on.")


async def employed_staff(db: Db, recording: Recording, staff_id: UUID, pointer: str) -> Staff:
    """Return a member of staff who works here today. Raises `NotThere` and `Unprocessable`."""
    staff = await db.get(Staff, (db.scope.agency_id, staff_id))
    if staff is None:
        raise NotThere
    if not is_active(staff.employed_from, staff.employed_to, recording.today):
        raise Unprocessable("not-employed", "This member of staff does not work here any more.", pointer)
    return staff


def assigned_already(pointer: str) -> Refused:
    detail = "This peer is assigned to this episode already. Nothing needs to be done, or choose another."
    return taken("assigned-already", detail, pointer)


async def _leave_queue(db: Db, actor: Actor, now: Recording, waiting_id: UUID, assignment: Assignment) -> None:
    waiting = await reach(db, actor, Waiting, waiting_id, now, lock=True)
    if (waiting.participant_id, waiting.program_id) != (assignment.participant_id, assignment.program_id):
        raise NotThere
    require_waiting(waiting)
    place_departure(waiting, now, LeavingReason.ASSIGNED, assignment.id)


def unassign(db: Db, assignment: Assignment, last_day: date, reason: EndReason | None = None) -> None:
    assignment.valid_to = last_day
    assignment.end_reason = reason
    assignment.version += 1
    _tell(db, facts.PEER_UNASSIGNED, assignment)


def resume(db: Db, assignment: Assignment) -> None:
    """Let an assignment go on that ended by mistake."""
    assignment.valid_to = None
    assignment.end_reason = None
    assignment.version += 1
    _tell(db, facts.PEER_ASSIGNED, assignment)


async def end_assignment(db: Db, actor: Actor, assignment_id: UUID, request: EndAssignment, expected: int) -> Created:
    now = await recording(db)
    assignment = await reach(db, actor, Assignment, assignment_id, now, lock=True)
    require_version(assignment.version, expected)
    require_unended(assignment)
    now.require_past(request.valid_to, "/valid_to")
    require_order(assignment.valid_from, request.valid_to, "/valid_to")
    unassign(db, assignment, request.valid_to, request.reason)
    db.audit("peer.unassign", assignment.participant_id, assignment_id=assignment.id)
    return Created(id=assignment.id, version=assignment.version)


def require_unended(assignment: Assignment) -> None:
    if assignment.valid_to is not None:
        raise Refused("ended-already", "This assignment has ended already; nothing needs to be done.")


def hand_over(db: Db, recording: Recording, assignment: Assignment, episode: Episode, terms: Handover) -> Assignment:
    """End one assignment and start the next, which follows it; the first day of both may be the same."""
    if terms.on < assignment.valid_from:
        raise Unprocessable("before-it-began", "This is before the assignment began.", "/on")
    with _pointers_renamed({"/valid_from": "/on", "/staff_id": "/to_staff_id"}):
        following = place_assignment(db, recording, episode, terms.staff, terms.on)
    following.follows_id = assignment.id
    following.handover = terms.note
    unassign(db, assignment, ends_before(terms.on, assignment.valid_from), terms.reason)
    return following


@contextmanager
def _pointers_renamed(names: Mapping[str, str]) -> Generator[None]:
    """Make a refusal point at the field as the caller named it."""
    try:
        yield
    except Refused as refused:
        fields = [field | {"pointer": names.get(field["pointer"], field["pointer"])} for field in refused.fields]
        raise Refused(refused.code, refused.detail, status=refused.status, fields=fields) from refused


async def transfer_assignment(
    db: Db, keys: KeyRing, actor: Actor, assignment_id: UUID, request: TransferAssignment
) -> Transferred:
    now = await recording(db)
    assignment, episode = await _locked(db, actor, assignment_id, now)
    require_unended(assignment)
    if request.to_staff_id == assignment.staff_id:
        raise Unprocessable("same-peer", "This peer is assigned already. Choose another.", "/to_staff_id")
    staff = await employed_staff(db, now, request.to_staff_id, "/to_staff_id")
    await require_no_veto(db, assignment.participant_id, staff.id, "/to_staff_id")
    note = None
    if request.note is not None:
        sealer = await keys.sealer(db, db.scope.agency_id, assignment.participant_id)
        note = sealer.seal(HANDOVER, request.note)
    following = hand_over(db, now, assignment, episode, Handover(staff, request.on, request.reason, note))
    await flush_unless(db, {ONE_OPEN: assigned_already("/to_staff_id")})
    db.audit("peer.transfer", assignment.participant_id, assignment_id=assignment.id, to_assignment_id=following.id)
    return Transferred(id=following.id, version=1, ended_id=assignment.id)


async def _locked(db: Db, actor: Actor, assignment_id: UUID, now: Recording) -> tuple[Assignment, Episode]:
    """Return an assignment and its episode, locked in the order in which closing an episode locks them."""
    known = await reach(db, actor, Assignment, assignment_id, now)
    episode = await reach(db, actor, Episode, known.episode_id, now, lock=True)
    assignment = await reach(db, actor, Assignment, assignment_id, now, lock=True)
    await db.refresh(assignment)  # it may have changed while its episode was waited for
    return assignment, episode
