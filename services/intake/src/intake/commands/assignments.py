"""Assigning peers to people, which also opens the people's records to them."""

from datetime import date
from uuid import UUID

from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import Role
from common.contracts.envelope import Fact
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.text import Asked, Day
from intake.commands.access import reach
from intake.commands.recording import Recording, recording, require_order, require_same
from intake.models import Assignment, Episode, Staff
from intake.rules.people import is_active


class AssignPeer(Asked):
    participant_id: UUID
    episode_id: UUID
    staff_id: UUID
    valid_from: Day


class EndAssignment(Asked):
    valid_to: Day


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
    """Assign an employed peer; the same peer twice at once meets the unique index."""
    now = await recording(db)
    episode = await reach(db, actor, Episode, request.episode_id, now, lock=True)
    require_same(episode.participant_id, request.participant_id)
    if episode.closed_on is not None:
        raise Refused("episode-closed", "This episode is closed. Open a new one to go on.")
    staff = await db.get(Staff, (db.scope.agency_id, request.staff_id))
    if staff is None:
        raise NotThere
    if not is_active(staff.employed_from, staff.employed_to, now.today):
        raise Unprocessable("not-employed", "This member of staff does not work here any more.", "/staff_id")
    assignment = place_assignment(db, now, episode, staff, request.valid_from)
    db.audit("peer.assign", episode.participant_id, assignment_id=assignment.id, staff_id=staff.id)
    return Created(id=assignment.id, version=1)


def unassign(db: Db, assignment: Assignment, last_day: date) -> None:
    assignment.valid_to = last_day
    assignment.version += 1
    _tell(db, facts.PEER_UNASSIGNED, assignment)


async def end_assignment(db: Db, actor: Actor, assignment_id: UUID, request: EndAssignment, expected: int) -> Created:
    now = await recording(db)
    assignment = await reach(db, actor, Assignment, assignment_id, now, lock=True)
    require_version(assignment.version, expected)
    if assignment.valid_to is not None:
        raise Refused("ended-already", "This assignment has ended already; nothing needs to be done.")
    now.require_past(request.valid_to, "/valid_to")
    require_order(assignment.valid_from, request.valid_to, "/valid_to")
    unassign(db, assignment, request.valid_to)
    db.audit("peer.unassign", assignment.participant_id, assignment_id=assignment.id)
    return Created(id=assignment.id, version=assignment.version)
