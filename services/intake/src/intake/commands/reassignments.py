"""Handing over many assignments at once when a peer leaves: proposed by matching, committed all or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from common.database import Db
from common.errors import NotThere, Refused
from common.privacy import KeyRing
from common.text import Asked, Code, Day
from intake.commands.assignments import ONE_OPEN, Handover, assigned_already, hand_over
from intake.commands.matching import Candidate, candidate
from intake.commands.peers import assigned_to, lock_caseloads, peers_at_hand, towards
from intake.commands.recording import Recording, recording
from intake.commands.uniqueness import flush_unless
from intake.commands.vetoes import vetoes_of
from intake.commands.waitlist import open_wishes
from intake.models import Assignment, Episode, Staff, Waiting
from intake.rules.assignments import EndReason
from intake.rules.matching import Exclusion, Peer, Wishes, rank, weigh

MOST_ROWS = 200
SENTENCES = {
    Exclusion.NOT_EMPLOYED: "This peer does not work here on that day.",
    Exclusion.VETOED: "The person does not wish to work with this peer.",
    Exclusion.ASSIGNED_ALREADY: "This peer is assigned to this episode already.",
    Exclusion.NO_ROOM: "This peer's caseload is full by then; give over_caseload_reason to go beyond it.",
}


class PlannedRow(Asked):
    assignment_id: UUID
    to_staff_id: UUID


class Reassign(Asked):
    """Either a plan, row by row, or all open assignments by matching."""

    from_staff_id: UUID
    on: Day = Field(description="first day of the next peers")
    reason: EndReason
    plan: Annotated[list[PlannedRow], Field(min_length=1, max_length=MOST_ROWS)] | None = None
    by: Literal["matching"] | None = None
    over_caseload_reason: Code | None = Field(default=None, description="why a plan goes beyond somebody's limit")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.plan is None) == (self.by is None):
            raise ValueError("give either a plan, or by: matching")
        return self


class ReassignedRow(BaseModel):
    assignment_id: UUID
    following_id: UUID
    to_staff_id: UUID


class Reassigned(BaseModel):
    rows: list[ReassignedRow]


class Proposal(BaseModel):
    """Who might take over one assignment; nobody if nobody fits."""

    assignment_id: UUID
    participant_id: UUID
    episode_id: UUID
    version: int
    best: Candidate | None = Field(description="with the caseload as it is when this one's turn comes")


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a peer leaves behind: the open assignments in the order of their start, and what their people wish."""

    assignments: Sequence[Assignment]
    wishes: dict[UUID, Wishes]
    vetoes: set[tuple[UUID, UUID]]
    assigned: set[tuple[UUID, UUID]]

    def towards(self, peers: Sequence[Peer], assignment: Assignment) -> list[Peer]:
        """Return the peers as they stand towards the person of one assignment."""
        return towards(
            peers,
            vetoed={staff_id for person, staff_id in self.vetoes if person == assignment.participant_id},
            assigned={staff_id for episode_id, staff_id in self.assigned if episode_id == assignment.episode_id},
        )


async def propose(db: Db, keys: KeyRing, from_staff_id: UUID) -> list[Proposal]:
    """Return the best candidate for each open assignment, filling caseloads on the way; at most 200, oldest first."""
    now = await recording(db)
    if await db.get(Staff, (db.scope.agency_id, from_staff_id)) is None:
        raise NotThere
    left = await _left_behind(db, keys, await _open_assignments(db, from_staff_id, MOST_ROWS))
    return _proposals(left, await peers_at_hand(db, keys, now, on=now.today))


async def _open_assignments(db: Db, from_staff_id: UUID, most: int) -> Sequence[Assignment]:
    question = select(Assignment).where(
        Assignment.agency_id == db.scope.agency_id,
        Assignment.staff_id == from_staff_id,
        Assignment.valid_to.is_(None),
    )
    return (await db.scalars(question.order_by(Assignment.valid_from, Assignment.id).limit(most))).all()


async def _left_behind(db: Db, keys: KeyRing, assignments: Sequence[Assignment]) -> Leaving:
    people = {one.participant_id for one in assignments}
    return Leaving(
        assignments=assignments,
        wishes=await _latest_wishes(db, keys, assignments),
        vetoes=await vetoes_of(db, people),
        assigned=await assigned_to(db, {one.episode_id for one in assignments}),
    )


async def _latest_wishes(db: Db, keys: KeyRing, assignments: Sequence[Assignment]) -> dict[UUID, Wishes]:
    """Return, by assignment, what the person last wished of a peer of that program; nothing if they never waited."""
    pairs = {(one.participant_id, one.program_id) for one in assignments}
    question = (
        select(Waiting)
        .ext(distinct_on(Waiting.participant_id, Waiting.program_id))
        .where(Waiting.agency_id == db.scope.agency_id, Waiting.participant_id.in_({person for person, _ in pairs}))
        .order_by(Waiting.participant_id, Waiting.program_id, Waiting.id.desc())
    )
    latest = {(row.participant_id, row.program_id): row for row in await db.scalars(question)}
    sealers = await keys.sealers(db, db.scope.agency_id, {person for person, _ in latest})
    opened = {pair: open_wishes(sealers[pair[0]], row) for pair, row in latest.items() if pair in pairs}
    return {one.id: opened.get((one.participant_id, one.program_id), Wishes()) for one in assignments}


def _proposals(left: Leaving, peers: Sequence[Peer]) -> list[Proposal]:
    proposals, at_hand = [], {peer.staff_id: peer for peer in peers}
    for assignment in left.assignments:
        ranking = rank(left.towards(list(at_hand.values()), assignment), left.wishes[assignment.id])
        best = ranking.candidates[0] if ranking.candidates else None
        if best is not None:
            _fill(at_hand, best.peer.staff_id)
        proposals.append(
            Proposal(
                assignment_id=assignment.id,
                participant_id=assignment.participant_id,
                episode_id=assignment.episode_id,
                version=assignment.version,
                best=best and candidate(best),
            )
        )
    return proposals


def _fill(at_hand: dict[UUID, Peer], staff_id: UUID) -> None:
    peer = at_hand[staff_id]
    at_hand[staff_id] = replace(peer, caseload=peer.caseload + 1)


async def reassign(db: Db, keys: KeyRing, request: Reassign) -> Reassigned:
    """Hand over as planned, or as matching proposes now; if one row cannot be, none is."""
    now = await recording(db)
    now.require_past(request.on, "/on")
    assignments = await _locked(db, request)
    peers = await _locked_peers(db, keys, now, request)
    left = await _left_behind(db, keys, assignments)
    plan = request.plan or _plan_by_matching(_proposals(left, peers))
    _require_possible(left, peers, plan, request)
    rows = await _hand_over(db, now, left, plan, request)
    await flush_unless(db, {ONE_OPEN: assigned_already("/plan")})
    return Reassigned(rows=rows)


async def _locked(db: Db, request: Reassign) -> Sequence[Assignment]:
    """Return the peer's open assignments, locked after their episodes, as closing an episode does."""
    if await db.get(Staff, (db.scope.agency_id, request.from_staff_id)) is None:
        raise NotThere
    found = await _open_assignments(db, request.from_staff_id, 10 * MOST_ROWS)
    if request.plan is not None:
        planned = {row.assignment_id for row in request.plan}
        found = [one for one in found if one.id in planned]
    if not found and request.plan is None:
        raise Refused("nothing-to-reassign", "This peer has no open assignment; nothing needs to be done.")
    if len(found) > MOST_ROWS:
        raise Refused("too-many", f"More than {MOST_ROWS} assignments at once. Send plans of {MOST_ROWS} rows each.")
    episodes = select(Episode.id).where(
        Episode.agency_id == db.scope.agency_id, Episode.id.in_({one.episode_id for one in found})
    )
    await db.execute(episodes.order_by(Episode.id).with_for_update())
    locked = select(Assignment).where(
        Assignment.agency_id == db.scope.agency_id, Assignment.id.in_([one.id for one in found])
    )
    await db.execute(locked.order_by(Assignment.id).with_for_update().execution_options(populate_existing=True))
    return [one for one in found if one.valid_to is None]


async def _locked_peers(db: Db, keys: KeyRing, now: Recording, request: Reassign) -> list[Peer]:
    """Return the peers who may take over, once nobody else fills their caseloads by matching."""
    only = None if request.plan is None else {row.to_staff_id for row in request.plan}
    known = await peers_at_hand(db, keys, now, on=request.on, only=only)
    await lock_caseloads(db, [peer.staff_id for peer in known])
    return await peers_at_hand(db, keys, now, on=request.on, only=only)


def _plan_by_matching(proposals: Sequence[Proposal]) -> list[PlannedRow]:
    """Raises `Refused` if nobody fits somebody."""
    alone = sum(proposal.best is None for proposal in proposals)
    if alone:
        detail = f"Nobody fits for {alone} of {len(proposals)}. Look at the preview, make room, or send a plan."
        raise Refused("nobody-fits", detail, status=422, fields=[{"pointer": "/by", "detail": detail}])
    return [
        PlannedRow(assignment_id=proposal.assignment_id, to_staff_id=proposal.best.staff_id)
        for proposal in proposals
        if proposal.best is not None
    ]


def _require_possible(left: Leaving, peers: Sequence[Peer], plan: Sequence[PlannedRow], request: Reassign) -> None:
    """Raise `Refused` with a pointer to each row that cannot be."""
    open_now = {one.id: one for one in left.assignments}
    at_hand = {peer.staff_id: peer for peer in peers}
    faults: list[dict[str, str]] = []
    seen: set[UUID] = set()
    for place, row in enumerate(plan):
        assignment = open_now.get(row.assignment_id)
        fault = _row_fault(left, assignment, at_hand.get(row.to_staff_id), request, twice=row.assignment_id in seen)
        seen.add(row.assignment_id)
        if fault is not None:
            faults.append({"pointer": f"/plan/{place}{fault[0]}", "detail": fault[1]})
        elif row.to_staff_id in at_hand:
            _fill(at_hand, row.to_staff_id)
    if faults:
        detail = "Nothing was handed over: some rows cannot be. Change them, then send the plan again."
        raise Refused("reassignment-refused", detail, status=422, fields=faults)


def _row_fault(
    left: Leaving, assignment: Assignment | None, peer: Peer | None, request: Reassign, *, twice: bool
) -> tuple[str, str] | None:
    """Return which field of a row cannot be, and why; None if all is well."""
    if assignment is None:
        return "/assignment_id", "This peer has no open assignment of this id."
    if twice:
        return "/assignment_id", "This assignment is in the plan twice."
    if request.on < assignment.valid_from:
        return "/assignment_id", "This assignment began after that day."
    if peer is None:
        return "/to_staff_id", "No peer has this id."
    (peer,) = left.towards([peer], assignment)
    against = [reason for reason in weigh(peer, Wishes()).because if reason in SENTENCES]
    if request.over_caseload_reason is not None:
        against = [reason for reason in against if reason is not Exclusion.NO_ROOM]
    return ("/to_staff_id", SENTENCES[against[0]]) if against else None


async def _hand_over(
    db: Db, now: Recording, left: Leaving, plan: Sequence[PlannedRow], request: Reassign
) -> list[ReassignedRow]:
    agency_id, by_id, rows = db.scope.agency_id, {one.id: one for one in left.assignments}, []
    for row in plan:
        assignment = by_id[row.assignment_id]
        episode = await db.get_one(Episode, (agency_id, assignment.episode_id))
        staff = await db.get_one(Staff, (agency_id, row.to_staff_id))
        following = hand_over(db, now, assignment, episode, Handover(staff, request.on, request.reason))
        rows.append(ReassignedRow(assignment_id=assignment.id, following_id=following.id, to_staff_id=row.to_staff_id))
        db.audit(
            "peer.transfer",
            assignment.participant_id,
            assignment_id=assignment.id,
            to_assignment_id=following.id,
            over_caseload_reason=request.over_caseload_reason,
        )
    return rows
