"""Which peer fits whom: wishes, what rules a peer out, the weights of the rest, and one stable order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from common.text import Asked, Code, Distinct

HourMark = Annotated[str, StringConstraints(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
DEFAULT_LIMIT = 25  # people at once; payers set their own, such as 15 in North Carolina
MEETING_MINUTES = 60  # shared in a week, from which two schedules fit


class Pathway(StrEnum):
    """A pathway of recovery that a peer attests from their own life; never a diagnosis."""

    TWELVE_STEP = "twelve_step"
    SECULAR_MUTUAL_AID = "secular_mutual_aid"
    MEDICATION_SUPPORTED = "medication_supported"
    FAITH_BASED = "faith_based"
    HARM_REDUCTION = "harm_reduction"
    CULTURAL_NATIVE = "cultural_native"
    FAMILY = "family"
    JUSTICE_INVOLVED = "justice_involved"
    TRAUMA_INFORMED = "trauma_informed"
    LGBTQ_AFFIRMING = "lgbtq_affirming"
    VETERAN = "veteran"
    CO_OCCURRING_MH = "co_occurring_mh"
    NATURAL_RECOVERY = "natural_recovery"
    OTHER = "other"


class Gender(StrEnum):
    """What a wish is compared with; a peer's own word stands beside it."""

    WOMAN = "woman"
    MAN = "man"
    NONBINARY = "nonbinary"
    ANOTHER = "another"


class Urgency(StrEnum):
    URGENT = "urgent"
    SOON = "soon"
    ROUTINE = "routine"


class LeavingReason(StrEnum):
    """Why somebody left the queue."""

    ASSIGNED = "assigned"
    WITHDREW = "withdrew"
    LOST_CONTACT = "lost_contact"
    EPISODE_CLOSED = "episode_closed"
    OTHER = "other"


class Wish(StrEnum):
    LANGUAGE = "language"
    PATHWAY = "pathway"
    GENDER = "gender"
    SCHEDULE = "schedule"


class Standing(StrEnum):
    """How a peer stands to a wish; `unknown` is what the peer has not said, and counts no points."""

    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"


class Exclusion(StrEnum):
    """What rules a peer out, however well the rest fits."""

    NOT_EMPLOYED = "not_employed"
    VETOED = "vetoed"
    ASSIGNED_ALREADY = "assigned_already"
    NOT_ACCEPTING = "not_accepting"
    NO_ROOM = "no_room"
    LANGUAGE_REQUIRED = "language_required"
    GENDER_REQUIRED = "gender_required"


class CandidateOutcome(StrEnum):
    OFFERED = "offered"
    NOT_OFFERED = "not_offered"  # fit, but stood below the number asked for
    EXCLUDED = "excluded"
    CHOSEN = "chosen"
    DECLINED_BY_PARTICIPANT = "declined_by_participant"
    DECLINED_BY_PEER = "declined_by_peer"
    NOT_CHOSEN = "not_chosen"


class DeclineReason(StrEnum):
    """Why a pairing was declined; nobody owes one, so `unstated` stands first."""

    UNSTATED = "unstated"
    KNOWN_PERSONALLY = "known_personally"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    EARLIER_EXPERIENCE = "earlier_experience"
    SCHEDULE = "schedule"
    LANGUAGE = "language"
    GENDER = "gender"
    PATHWAY = "pathway"
    WORKLOAD = "workload"
    OTHER = "other"


# Points of a wish that is fully met. Being understood comes first; hours can be moved, so they weigh least.
WEIGHTS = {Wish.LANGUAGE: 40, Wish.PATHWAY: 30, Wish.GENDER: 20, Wish.SCHEDULE: 10}


class Hours(Asked):
    """Some hours of one day of the week, in the agency's zone; what passes midnight is two entries."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    day: int = Field(ge=0, le=6, description="0 is Sunday, as in the meeting directory")
    starts: HourMark = Field(alias="from", description="such as 09:00")
    ends: HourMark = Field(alias="to", description="such as 17:30, at most 24:00")

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.ends <= self.starts:
            raise ValueError("must end after it starts; give what passes midnight as two entries")
        return self


class Wishes(Asked):
    """What somebody wishes of a peer; all of it may be left out."""

    languages: Annotated[list[Code], Distinct] = Field(default=[], max_length=10, description="BCP 47; any of them")
    language_required: bool = False
    gender_of_peer: Gender | None = None
    gender_required: bool = False
    pathways: Annotated[list[Pathway], Distinct] = Field(default=[], max_length=14)
    schedule: list[Hours] = Field(default=[], max_length=50)

    @model_validator(mode="after")
    def _requires_something(self) -> Self:
        if self.language_required and not self.languages:
            raise ValueError("name the languages, one of which is required")
        if self.gender_required and self.gender_of_peer is None:
            raise ValueError("name the gender that is required")
        return self


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer as they stand at an instant towards one person. `caseload`: people they work with now."""

    staff_id: UUID
    employed: bool
    accepting: bool
    caseload: int
    limit: int
    languages: frozenset[str] = frozenset()
    pathways: frozenset[str] = frozenset()
    gender: str | None = None
    hours: tuple[Hours, ...] = ()
    last_assigned_on: date | None = None
    vetoed: bool = False
    assigned_already: bool = False

    @property
    def room(self) -> int:
        return self.limit - self.caseload


@dataclass(frozen=True, slots=True)
class Weighed:
    """What was found of one peer: points, how each wish stands, and what rules them out."""

    peer: Peer
    score: int
    standings: dict[Wish, Standing]
    because: tuple[Exclusion, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """`candidates`: the best first. `excluded`: by id."""

    candidates: tuple[Weighed, ...]
    excluded: tuple[Weighed, ...]


def rank(peers: Iterable[Peer], wishes: Wishes) -> Ranking:
    """Return who fits, the best first, and who is ruled out and why; the order of `peers` does not matter.

    Equal points: most room first, then who was assigned somebody longest ago (never before ever), then the id.
    """
    weighed = [weigh(peer, wishes) for peer in peers]
    fitting = sorted((one for one in weighed if not one.because), key=_place)
    ruled_out = sorted((one for one in weighed if one.because), key=lambda one: one.peer.staff_id)
    return Ranking(tuple(fitting), tuple(ruled_out))


def _place(one: Weighed) -> tuple[int, int, date, UUID]:
    return -one.score, -one.peer.room, one.peer.last_assigned_on or date.min, one.peer.staff_id


def weigh(peer: Peer, wishes: Wishes) -> Weighed:
    standings = _standings(peer, wishes)
    return Weighed(peer, _score(peer, wishes, standings), standings, _exclusions(peer, wishes, standings))


def score_most(wishes: Wishes) -> int:
    """Return the points of a peer who meets everything that is wished."""
    return sum(WEIGHTS[wish] for wish in _wished(wishes))


def _wished(wishes: Wishes) -> list[Wish]:
    given = {
        Wish.LANGUAGE: wishes.languages,
        Wish.PATHWAY: wishes.pathways,
        Wish.GENDER: wishes.gender_of_peer,
        Wish.SCHEDULE: wishes.schedule,
    }
    return [wish for wish, value in given.items() if value]


def _standings(peer: Peer, wishes: Wishes) -> dict[Wish, Standing]:
    """Return how each wish that was uttered stands."""
    found = {
        Wish.LANGUAGE: _stands(peer.languages, met=_understands(peer.languages, wishes.languages)),
        Wish.PATHWAY: _stands(peer.pathways, met=not peer.pathways.isdisjoint(wishes.pathways)),
        Wish.GENDER: _stands(peer.gender, met=peer.gender == wishes.gender_of_peer),
        Wish.SCHEDULE: _stands(peer.hours, met=shared_minutes(peer.hours, wishes.schedule) >= MEETING_MINUTES),
    }
    return {wish: found[wish] for wish in _wished(wishes)}


def _stands(said: object, *, met: bool) -> Standing:
    if not said:
        return Standing.UNKNOWN
    return Standing.MET if met else Standing.UNMET


def _understands(spoken: Iterable[str], wished: Iterable[str]) -> bool:
    """Tell whether a language is shared; es and es-MX understand each other, zh-Hans and zh-Hant do not."""
    pairs = ((one.casefold(), other.casefold()) for one in spoken for other in wished)
    return any(one == other or one.startswith(f"{other}-") or other.startswith(f"{one}-") for one, other in pairs)


def shared_minutes(first: Iterable[Hours], second: Sequence[Hours]) -> int:
    """Return the minutes of a week that both schedules hold; each alone may name an hour twice, which counts once."""
    return len(_minutes(first) & _minutes(second))


def _minutes(schedule: Iterable[Hours]) -> set[int]:
    return {
        hours.day * 1440 + minute
        for hours in schedule
        for minute in range(_minute_of_day(hours.starts), _minute_of_day(hours.ends))
    }


def _minute_of_day(mark: str) -> int:
    return int(mark[:2]) * 60 + int(mark[3:])


def _score(peer: Peer, wishes: Wishes, standings: dict[Wish, Standing]) -> int:
    """Return the points: a wish that is met counts its weight, the pathways by the share that the peer attests."""
    points = sum(WEIGHTS[wish] for wish, standing in standings.items() if standing is Standing.MET)
    if standings.get(Wish.PATHWAY) is Standing.MET:
        weight = WEIGHTS[Wish.PATHWAY]
        points += weight * len(peer.pathways.intersection(wishes.pathways)) // len(wishes.pathways) - weight
    return points


def _exclusions(peer: Peer, wishes: Wishes, standings: dict[Wish, Standing]) -> tuple[Exclusion, ...]:
    reasons = {
        Exclusion.NOT_EMPLOYED: not peer.employed,
        Exclusion.VETOED: peer.vetoed,
        Exclusion.ASSIGNED_ALREADY: peer.assigned_already,
        Exclusion.NOT_ACCEPTING: not peer.accepting,
        Exclusion.NO_ROOM: peer.room <= 0,
        Exclusion.LANGUAGE_REQUIRED: wishes.language_required and standings[Wish.LANGUAGE] is not Standing.MET,
        Exclusion.GENDER_REQUIRED: wishes.gender_required and standings[Wish.GENDER] is not Standing.MET,
    }
    return tuple(reason for reason, holds in reasons.items() if holds)
