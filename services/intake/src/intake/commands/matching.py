"""Asking which peers fit somebody, choosing one, and noting who was declined; every candidate's outcome is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Code, Day
from intake.commands.access import reach, reach_unmerged
from intake.commands.assignments import ONE_OPEN, assigned_already, employed_staff, place_assignment, require_going_on
from intake.commands.peers import assigned_to, lock_caseloads, peers_at_hand, towards
from intake.commands.recording import Recording, recording, require_same
from intake.commands.uniqueness import flush_unless, taken
from intake.commands.vetoes import place_vetoes, vetoes_of
from intake.commands.waitlist import open_wishes, place_departure, require_waiting
from intake.models import Assignment, Episode, Match, MatchCandidate, Waiting
from intake.rules.matching import (
    CandidateOutcome,
    DeclineReason,
    Exclusion,
    LeavingReason,
    Ranking,
    Standing,
    Weighed,
    Wish,
    Wishes,
    rank,
    score_most,
    weigh,
)

WISHES = "match.wishes"
CLOSED_OUTCOMES = (CandidateOutcome.DECLINED_BY_PARTICIPANT, CandidateOutcome.DECLINED_BY_PEER)


class AskForMatch(Asked):
    """For somebody who waits, or for an episode with wishes given here."""

    waiting_id: UUID | None = None
    participant_id: UUID | None = None
    episode_id: UUID | None = None
    wishes: Wishes | None = None
    limit: int = Field(default=10, ge=1, le=50)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        other = (self.participant_id, self.episode_id)
        fits = all(other) if self.waiting_id is None else not any(other) and self.wishes is None
        if not fits:
            raise ValueError("give a waiting_id alone, or a participant_id and an episode_id with wishes")
        return self


class Choose(Asked):
    staff_id: UUID
    valid_from: Day
    over_caseload_reason: Code | None = Field(
        default=None, description="why a peer without room is chosen all the same, decided by a supervisor"
    )


class Decline(Asked):
    staff_id: UUID
    by: Literal["participant", "peer"]
    reason: DeclineReason = DeclineReason.UNSTATED


class Reason(BaseModel):
    """How a peer stands to one wish; what the peer said stays unsaid."""

    code: Wish
    standing: Standing


class Candidate(BaseModel):
    staff_id: UUID
    score: int
    reasons: list[Reason]
    caseload: int
    room: int


class RuledOut(BaseModel):
    staff_id: UUID
    because: list[Exclusion]
    caseload: int
    room: int


class Matched(Created):
    """Ids, codes and amounts only; `candidates`: the best first."""

    candidates: list[Candidate]
    excluded: list[RuledOut]
    score_most: int = Field(description="points of a peer who meets everything that is wished")


class Chosen(Created):
    assignment_id: UUID


@dataclass(frozen=True, slots=True)
class Sought:
    """For whom a peer is sought, and with which wishes."""

    participant_id: UUID
    program_id: UUID
    episode_id: UUID | None
    waiting_id: UUID | None
    wishes: Wishes


async def ask_for_match(db: Db, keys: KeyRing, actor: Actor, request: AskForMatch) -> Matched:
    now = await recording(db)
    sought = await _sought(db, keys, actor, now, request)
    ranking = await _ranking(db, keys, now, sought)
    sealer = await keys.sealer(db, db.scope.agency_id, sought.participant_id)
    found = Match(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=sought.participant_id,
        program_id=sought.program_id,
        episode_id=sought.episode_id,
        waiting_id=sought.waiting_id,
        wishes=sealer.seal(WISHES, sought.wishes.model_dump(mode="json", include=set(Wishes.model_fields))),
        asked_by=actor.staff_id,
        asked_at=now.now,
        version=1,
    )
    db.add_all([found, *_rows(found, ranking, request.limit)])
    db.audit("match.ask", sought.participant_id, match_id=found.id)
    return _matched(found, ranking, sought.wishes, request.limit)


async def _sought(db: Db, keys: KeyRing, actor: Actor, now: Recording, request: AskForMatch) -> Sought:
    if request.waiting_id is not None:
        waiting = await reach(db, actor, Waiting, request.waiting_id, now)
        require_waiting(waiting)
        wishes = open_wishes(await keys.sealer(db, db.scope.agency_id, waiting.participant_id), waiting)
        episode_id = await _episode_of(db, waiting)
        return Sought(waiting.participant_id, waiting.program_id, episode_id, waiting.id, wishes)
    assert request.participant_id is not None  # validated above, and so is
    assert request.episode_id is not None
    await reach_unmerged(db, actor, request.participant_id, now)
    episode = await reach(db, actor, Episode, request.episode_id, now)
    require_same(episode.participant_id, request.participant_id)
    require_going_on(episode)
    return Sought(episode.participant_id, episode.program_id, episode.id, None, request.wishes or Wishes())


async def _episode_of(db: Db, waiting: Waiting | Match) -> UUID | None:
    """Return the episode that a peer is sought for: the named one, or the open one of the program by now."""
    if waiting.episode_id is not None:
        return waiting.episode_id
    found: UUID | None = await db.scalar(
        select(Episode.id).where(
            Episode.agency_id == waiting.agency_id,
            Episode.participant_id == waiting.participant_id,
            Episode.program_id == waiting.program_id,
            Episode.closed_on.is_(None),
        )
    )
    return found


async def _ranking(db: Db, keys: KeyRing, now: Recording, sought: Sought) -> Ranking:
    peers = await peers_at_hand(db, keys, now, on=now.today)
    vetoed = {staff_id for _, staff_id in await vetoes_of(db, [sought.participant_id])}
    episodes = [sought.episode_id] if sought.episode_id else []
    assigned = {staff_id for _, staff_id in await assigned_to(db, episodes)}
    return rank(towards(peers, vetoed=vetoed, assigned=assigned), sought.wishes)


def _rows(found: Match, ranking: Ranking, limit: int) -> list[MatchCandidate]:
    offered = [
        _row(found, one, place, CandidateOutcome.OFFERED if place <= limit else CandidateOutcome.NOT_OFFERED)
        for place, one in enumerate(ranking.candidates, start=1)
    ]
    return offered + [_row(found, one, None, CandidateOutcome.EXCLUDED) for one in ranking.excluded]


def _row(found: Match, one: Weighed, place: int | None, outcome: CandidateOutcome) -> MatchCandidate:
    return MatchCandidate(
        agency_id=found.agency_id,
        match_id=found.id,
        staff_id=one.peer.staff_id,
        place=place,
        score=one.score,
        standings={wish.value: standing.value for wish, standing in one.standings.items()},
        because=[reason.value for reason in one.because],
        caseload=one.peer.caseload,
        room=one.peer.room,
        outcome=outcome,
        outcome_at=found.asked_at,
    )


def _matched(found: Match, ranking: Ranking, wishes: Wishes, limit: int) -> Matched:
    return Matched(
        id=found.id,
        version=1,
        candidates=[candidate(one) for one in ranking.candidates[:limit]],
        excluded=[
            RuledOut(
                staff_id=one.peer.staff_id, because=list(one.because), caseload=one.peer.caseload, room=one.peer.room
            )
            for one in ranking.excluded
        ],
        score_most=score_most(wishes),
    )


def candidate(one: Weighed) -> Candidate:
    return Candidate(
        staff_id=one.peer.staff_id,
        score=one.score,
        reasons=[Reason(code=wish, standing=standing) for wish, standing in one.standings.items()],
        caseload=one.peer.caseload,
        room=one.peer.room,
    )


async def choose(db: Db, keys: KeyRing, actor: Actor, match_id: UUID, request: Choose, *, expected: int) -> Chosen:
    """Assign a candidate, take the person out of the queue and close the match, all in one.

    Whoever is chosen is weighed again, for a veto, a full caseload or a departure may have come in between.
    """
    now = await recording(db)
    found = await _undecided(db, actor, match_id, now)
    require_version(found.version, expected)
    await _require_choosable(db, found, request)
    episode = await _episode_to_serve(db, actor, found, now)
    waiting = await _waiting_of(db, actor, found, now)
    await _require_fit(db, keys, now, found, episode, request)
    staff = await employed_staff(db, now, request.staff_id, "/staff_id")
    assignment = place_assignment(db, now, episode, staff, request.valid_from)
    await flush_unless(db, {ONE_OPEN: assigned_already("/staff_id")})
    if waiting is not None:
        place_departure(waiting, now, LeavingReason.ASSIGNED, assignment.id)
    await _decide(db, now, found, assignment, request)
    db.audit("match.choose", found.participant_id, match_id=found.id, assignment_id=assignment.id)
    return Chosen(id=found.id, version=found.version, assignment_id=assignment.id)


async def _undecided(db: Db, actor: Actor, match_id: UUID, now: Recording) -> Match:
    found = await reach(db, actor, Match, match_id, now, lock=True)
    if found.decided_at is not None:
        raise Refused("match-decided", "Somebody was chosen already. Ask for a new match, or hand over the assignment.")
    return found


async def _require_choosable(db: Db, found: Match, request: Choose) -> None:
    row = await _candidate_row(db, found, request.staff_id)
    if row.outcome in CLOSED_OUTCOMES:
        raise taken("declined", "This pairing was declined. Choose another candidate.", "/staff_id")


async def _candidate_row(db: Db, found: Match, staff_id: UUID) -> MatchCandidate:
    row = await db.get(MatchCandidate, (found.agency_id, found.id, staff_id))
    if row is None:
        raise Unprocessable("not-a-candidate", "This match did not name this peer. Ask for a new match.", "/staff_id")
    return row


async def _episode_to_serve(db: Db, actor: Actor, found: Match, now: Recording) -> Episode:
    """Return the episode, locked before the place in the queue, as closing an episode locks them."""
    episode_id = await _episode_of(db, found)
    if episode_id is None:
        raise Refused("episode-needed", "Open an episode of this program first, then choose again.")
    episode = await reach(db, actor, Episode, episode_id, now, lock=True)
    require_going_on(episode)
    return episode


async def _waiting_of(db: Db, actor: Actor, found: Match, now: Recording) -> Waiting | None:
    if found.waiting_id is None:
        return None
    waiting = await reach(db, actor, Waiting, found.waiting_id, now, lock=True)
    require_waiting(waiting)
    return waiting


async def _require_fit(db: Db, keys: KeyRing, now: Recording, found: Match, episode: Episode, request: Choose) -> None:
    """Raise `Refused` if something rules the peer out now, but for a full caseload that a supervisor overrides."""
    await lock_caseloads(db, [request.staff_id])
    peers = await peers_at_hand(db, keys, now, on=request.valid_from, only=[request.staff_id])
    vetoed = {staff_id for _, staff_id in await vetoes_of(db, [found.participant_id])}
    assigned = {staff_id for _, staff_id in await assigned_to(db, [episode.id])}
    wishes = await _wishes(db, keys, found)
    for peer in towards(peers, vetoed=vetoed, assigned=assigned):
        _require_nothing_against(weigh(peer, wishes).because, request)
        found.over_caseload_reason = request.over_caseload_reason if peer.room <= 0 else None
        return
    raise NotThere


async def _wishes(db: Db, keys: KeyRing, found: Match) -> Wishes:
    sealer = await keys.sealer(db, db.scope.agency_id, found.participant_id)
    return Wishes.model_validate(sealer.open(WISHES, found.wishes))


def _require_nothing_against(because: Sequence[Exclusion], request: Choose) -> None:
    against = [reason for reason in because if reason is not Exclusion.NO_ROOM or request.over_caseload_reason is None]
    if against == [Exclusion.NO_ROOM]:
        raise taken("no-room", "This peer's caseload is full. Choose another, or say why all the same.", "/staff_id")
    if against:
        codes = ", ".join(against)
        raise taken("candidate-excluded", f"This peer is ruled out ({codes}). Choose another candidate.", "/staff_id")


async def _decide(db: Db, now: Recording, found: Match, assignment: Assignment, request: Choose) -> None:
    """Log what came of every candidate."""
    question = select(MatchCandidate).where(
        MatchCandidate.agency_id == found.agency_id, MatchCandidate.match_id == found.id
    )
    for row in await db.scalars(question):
        if row.staff_id == request.staff_id:
            _log(row, now, CandidateOutcome.CHOSEN, request.over_caseload_reason)
        elif row.outcome == CandidateOutcome.OFFERED:
            _log(row, now, CandidateOutcome.NOT_CHOSEN, None)
    found.decided_at, found.assignment_id = now.now, assignment.id
    found.version += 1


def _log(row: MatchCandidate, now: Recording, outcome: CandidateOutcome, reason: str | None) -> None:
    row.outcome, row.outcome_reason, row.outcome_at = outcome, reason, now.now


async def decline(db: Db, actor: Actor, match_id: UUID, request: Decline) -> Created:
    """Log that a pairing was declined. What the participant declines is kept as a veto, beyond this match."""
    now = await recording(db)
    found = await _undecided(db, actor, match_id, now)
    row = await _candidate_row(db, found, request.staff_id)
    by_participant = request.by == "participant"
    outcome = CandidateOutcome.DECLINED_BY_PARTICIPANT if by_participant else CandidateOutcome.DECLINED_BY_PEER
    _log(row, now, outcome, request.reason)
    if by_participant:
        await place_vetoes(db, now, found.participant_id, [request.staff_id], reason=request.reason, match_id=found.id)
    found.version += 1
    db.audit("match.decline", found.participant_id, match_id=found.id, staff_id=request.staff_id)
    return Created(id=found.id, version=found.version)
