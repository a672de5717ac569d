"""A flood of events as a bad day brings it: some twice, all out of order, some broken. For tests and measurements."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from uuid import UUID

from common.contracts import compliance_reporting, intake
from common.contracts.envelope import Fact, Facts
from common.database import Scope, event_row

DUPLICATED = 0.1  # of all events
BROKEN = 0.01
CORRECTED = 10  # of so many assignments one is told again, as a newer event
IMPORTED = 20  # of so many assignments one is no news
DAY = datetime(2026, 3, 2, 15, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """One message on the bus. `id`: under which the bus would notice a repeat; a duplicate has one of its own."""

    id: UUID
    subject: str
    body: bytes


@dataclass(frozen=True)
class Intent:
    """What must be told in the end: exactly once."""

    template: str
    recipient_id: UUID
    occasion: str


@dataclass(frozen=True)
class Flood:
    """`told`: in the order of publication; `events`: ids of those that are whole; `broken`: of those that are not."""

    told: list[Told]
    events: set[UUID]
    broken: set[UUID]
    intents: set[Intent]


def flood(agency_id: UUID, peers: Sequence[UUID], count: int, *, seed: int, now: datetime) -> Flood:
    """Return `count` different events, a tenth of them twice, one in a hundred broken, shuffled."""
    chance, intents, whole = Random(seed), set[Intent](), list[Told]()  # noqa: S311 - not for secrets
    scope = Scope(agency_id, None, _id(chance))
    while len(whole) < count:
        place, peer = len(whole), chance.choice(peers)
        facts, fact, seqs, intent = _assigned(chance, peer, place) if place % 2 else _overdue(chance, peer, now)
        intents |= {intent} if intent else set()
        whole += [_told(fact, facts, seq, scope, now) for seq in seqs]
    again = [Told(_id(chance), one.subject, one.body) for one in chance.sample(whole, round(count * DUPLICATED))]
    broken = [_broken(chance, one, way) for way, one in enumerate(chance.sample(whole, round(count * BROKEN)))]
    told = [*whole, *again, *broken]
    chance.shuffle(told)
    return Flood(told, {one.id for one in whole}, {one.id for one in broken}, intents)


def _assigned(chance: Random, peer: UUID, place: int) -> tuple[Facts, Fact, range, Intent | None]:
    facts = intake.AssignmentFacts(
        assignment_id=_id(chance),
        participant_id=_id(chance),
        episode_id=_id(chance),
        program_id=_id(chance),
        staff_id=peer,
        valid_from=DAY.date(),
        imported=place % IMPORTED == 1,
    )
    intent = None if facts.imported else Intent("assignment", peer, str(facts.assignment_id))
    return facts, intake.PEER_ASSIGNED, range(1, 3 if place % CORRECTED == 1 else 2), intent


def _overdue(chance: Random, peer: UUID, now: datetime) -> tuple[Facts, Fact, range, Intent | None]:
    facts = compliance_reporting.NoteOverdueFacts(session_id=_id(chance), staff_id=peer, due_at=now)
    return facts, compliance_reporting.NOTE_OVERDUE, range(1, 2), Intent("note-overdue", peer, str(facts.session_id))


def _told(fact: Fact, facts: Facts, seq: int, scope: Scope, now: datetime) -> Told:
    about = next(value for name, value in facts if name in ("assignment_id", "session_id"))
    row = event_row(fact, facts, about=about, seq=seq, scope=scope, now=now)
    return Told(UUID(str(row["event_id"])), fact.type, str(row["payload"]).encode())


def _broken(chance: Random, whole: Told, way: int) -> Told:
    """Break a copy of an event, in turn: cut off, no JSON, another shape, a fact missing, a value of no type."""
    event = json.loads(whole.body)
    bodies = (
        whole.body[: len(whole.body) // 2],
        b"\xff\x00 nothing that anybody can read",
        b'["another", "shape"]',
        json.dumps(event | {"data": {}}).encode(),
        json.dumps(event | {"data": event["data"] | {"staff_id": "somebody"}}).encode(),
    )
    return Told(_id(chance), whole.subject, bodies[way % len(bodies)])


def _id(chance: Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)
