"""Opening a safety concern, and every step until somebody else than its opener has reviewed and closed it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import Role, SafetyStatus
from common.contracts.envelope import Fact
from common.database import Db
from common.errors import Forbidden, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Instant, Prose
from intake.commands.access import family_of, reach, reach_participant, standing_for
from intake.commands.paging import call_out, facts_of, on_call_count
from intake.commands.recording import Recording, recording
from intake.commands.uniqueness import OwnId, require_new
from intake.models import Episode, Participant, SafetyAction, SafetyCall, SafetyConcern, Staff
from intake.rules.safety import (
    DO_NOW,
    SAY,
    ContactWay,
    DoNow,
    HandedTo,
    Informed,
    SafetySource,
    SafetyStep,
    next_status,
)

NOTE = "safety_concern.note"
SAID = "safety_action.said"
# What was done in the talk that raised the concern is often noted a little after it was done.
BEFORE_OPENING = timedelta(hours=24)
MOMENTS = {
    SafetyStep.NOTIFICATION: "notified_at",
    SafetyStep.ACKNOWLEDGEMENT: "acknowledged_at",
    SafetyStep.CONTACT: "contacted_at",
    SafetyStep.OFFER_988: "offered_988_at",
    SafetyStep.HAND_OFF: "handed_off_at",
    SafetyStep.CLOSURE: "closed_at",
}


class OpenConcern(Asked):
    id: OwnId = None
    participant_id: UUID
    source: SafetySource
    episode_id: UUID | None = None
    note: Prose | None = None


class RaiseConcern(Asked):
    """About whom; what they wrote stays where it came in."""

    participant_id: UUID


class Notify(Asked):
    """Who was told, by voice or otherwise."""

    informed: Informed
    staff_id: UUID | None = None
    at: Instant | None = None


class Acknowledge(Asked):
    """Take it on, now."""


class MakeContact(Asked):
    way: ContactWay
    at: Instant | None = None
    note: Prose | None = None


class Offer988(Asked):
    accepted: bool | None = Field(default=None, description="null: not said")
    at: Instant | None = None


class HandOff(Asked):
    to: HandedTo
    at: Instant | None = None
    note: Prose | None = None


class Close(Asked):
    review: Prose = Field(description="what was looked at, and what follows from it")


class OpenedSafety(BaseModel):
    """A concern that was opened, and what to do about it now; its words are read with the concern."""

    concern_id: UUID
    do_now: list[DoNow] = list(DO_NOW)
    on_call: int | None = Field(default=None, description="how many people are on call now and are paged")
    say: dict[str, str] = Field(default={}, description="what to do at once if nobody is on call")


class ConcernOpened(Created):
    safety: OpenedSafety


class ConcernChanged(Created):
    status: SafetyStatus


@dataclass(frozen=True, slots=True)
class Raised:
    """What raised a concern; `note` is sealed already. `concern_id`: made by the client, if it was."""

    source: SafetySource
    concern_id: UUID | None = None
    level: str | None = None
    answer_id: UUID | None = None
    episode_id: UUID | None = None
    note: bytes | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """One step as it was taken; codes, ids, and words that are yet to be sealed."""

    step: SafetyStep
    at: datetime | None = None
    how: str | None = None
    staff_id: UUID | None = None
    accepted: bool | None = None
    said: str | None = None


def open_concern(db: Db, now: Recording, participant_id: UUID, raised: Raised) -> SafetyConcern:
    """Open a concern in the caller's transaction, so that nothing is kept without it."""
    concern = SafetyConcern(
        agency_id=db.scope.agency_id,
        id=raised.concern_id or uuid7(),
        participant_id=participant_id,
        source=raised.source,
        level=raised.level,
        answer_id=raised.answer_id,
        episode_id=raised.episode_id,
        note=raised.note,
        status=SafetyStatus.OPEN,
        opened_at=now.now,
        opened_by=None if raised.source is SafetySource.REPLY else db.scope.actor_id,
        version=1,
    )
    db.add(concern)
    db.add(SafetyCall(agency_id=concern.agency_id, concern_id=concern.id, seq=1, at=db.now))
    _tell(db, facts.SAFETY_CONCERN_OPENED, concern)
    db.audit("safety-concern.open", participant_id, concern_id=concern.id)
    return concern


async def opened_safety(db: Db, now: Recording, concern: SafetyConcern) -> OpenedSafety:
    """Return what to do about a concern that was just opened; with nobody on call, 988 and 911 at once."""
    on_call = await on_call_count(db, now)
    if not on_call:
        db.audit("safety-concern.nobody-on-call", concern.participant_id, concern_id=concern.id)
    return OpenedSafety(concern_id=concern.id, on_call=on_call, say={} if on_call else dict(SAY))


def _tell(db: Db, fact: Fact, concern: SafetyConcern) -> None:
    db.publish(fact, facts_of(concern), about=concern.id, seq=concern.version)


async def open_by_hand(db: Db, keys: KeyRing, actor: Actor, request: OpenConcern) -> ConcernOpened:
    """Open a concern about a person within reach; about a merged record it is opened on the one that goes on."""
    now = await recording(db)
    person = await reach_participant(db, actor, request.participant_id, now, emergency=True)
    if person.merged_into is not None:
        person = await reach_participant(db, actor, person.merged_into, now, emergency=True)
    if request.episode_id is not None:
        await _require_theirs(db, actor, person, request.episode_id, now)
    await require_new(db, SafetyConcern, request.id)
    sealer = await keys.sealer(db, db.scope.agency_id, person.id)
    note = None if request.note is None else sealer.seal(NOTE, request.note)
    raised = Raised(source=request.source, concern_id=request.id, episode_id=request.episode_id, note=note)
    concern = open_concern(db, now, person.id, raised)
    return ConcernOpened(id=concern.id, version=1, safety=await opened_safety(db, now, concern))


async def open_by_reply(db: Db, concern_id: UUID, request: RaiseConcern) -> Created:
    """Open a concern that nobody here opened: its person wrote. Again it is the one that there is."""
    known = await db.get(SafetyConcern, (db.scope.agency_id, concern_id))
    if known is not None:
        return Created(id=known.id, version=known.version)
    person = await standing_for(db, request.participant_id)
    raised = Raised(source=SafetySource.REPLY, concern_id=concern_id)
    concern = open_concern(db, await recording(db), person.id, raised)
    return Created(id=concern.id, version=1)


async def _require_theirs(db: Db, actor: Actor, person: Participant, episode_id: UUID, now: Recording) -> None:
    episode = await reach(db, actor, Episode, episode_id, now, emergency=True)
    if episode.participant_id not in await family_of(db, person):
        raise Unprocessable("not-their-episode", "This episode is somebody else's. Leave it out.", "/episode_id")


async def notify(
    db: Db, keys: KeyRing, actor: Actor, concern_id: UUID, request: Notify, *, expected: int
) -> ConcernChanged:
    if request.staff_id is not None:
        question = select(Staff.id).where(Staff.agency_id == db.scope.agency_id, Staff.id == request.staff_id)
        if await db.scalar(question) is None:
            raise Unprocessable("no-such-staff", "No member of staff has this id. Leave it out.", "/staff_id")
    taken = Taken(SafetyStep.NOTIFICATION, request.at, how=request.informed, staff_id=request.staff_id)
    return await _take(db, keys, actor, concern_id, taken, expected=expected)


async def acknowledge(db: Db, keys: KeyRing, actor: Actor, concern_id: UUID, *, expected: int) -> ConcernChanged:
    return await _take(db, keys, actor, concern_id, Taken(SafetyStep.ACKNOWLEDGEMENT), expected=expected)


async def make_contact(
    db: Db, keys: KeyRing, actor: Actor, concern_id: UUID, request: MakeContact, *, expected: int
) -> ConcernChanged:
    taken = Taken(SafetyStep.CONTACT, request.at, how=request.way, said=request.note)
    return await _take(db, keys, actor, concern_id, taken, expected=expected)


async def offer_988(
    db: Db, keys: KeyRing, actor: Actor, concern_id: UUID, request: Offer988, *, expected: int
) -> ConcernChanged:
    taken = Taken(SafetyStep.OFFER_988, request.at, accepted=request.accepted)
    return await _take(db, keys, actor, concern_id, taken, expected=expected)


async def hand_off(
    db: Db, keys: KeyRing, actor: Actor, concern_id: UUID, request: HandOff, *, expected: int
) -> ConcernChanged:
    taken = Taken(SafetyStep.HAND_OFF, request.at, how=request.to, said=request.note)
    return await _take(db, keys, actor, concern_id, taken, expected=expected)


async def close(
    db: Db, keys: KeyRing, actor: Actor, concern_id: UUID, request: Close, *, expected: int
) -> ConcernChanged:
    """Close a concern after its review. Raises `Forbidden` for its opener."""
    taken = Taken(SafetyStep.CLOSURE, said=request.review)
    return await _take(db, keys, actor, concern_id, taken, expected=expected)


async def _take(
    db: Db, keys: KeyRing, actor: Actor, concern_id: UUID, taken: Taken, *, expected: int
) -> ConcernChanged:
    now = await recording(db)
    concern = await reach(db, actor, SafetyConcern, concern_id, now, lock=True, emergency=True)
    require_version(concern.version, expected)
    concern.status = _led_to(concern, actor, taken.step)
    at = _stated(now, concern, taken.at)
    moment = MOMENTS[taken.step]
    setattr(concern, moment, min(getattr(concern, moment) or at, at))
    concern.version += 1
    db.add(await _action(db, keys, concern, taken, at, now))
    _tell(db, facts.SAFETY_CONCERN_CHANGED, concern)
    await call_out(db, concern)
    db.audit("safety-concern.step", concern.participant_id, concern_id=concern.id, step=taken.step)
    return ConcernChanged(id=concern.id, version=concern.version, status=SafetyStatus(concern.status))


def _led_to(concern: SafetyConcern, actor: Actor, step: SafetyStep) -> SafetyStatus:
    """Return the status that a step leads to. Raises `Refused` if it may not follow, `Forbidden` if not by them."""
    if step in (SafetyStep.ACKNOWLEDGEMENT, SafetyStep.CLOSURE):
        actor.require(Role.SUPERVISOR, Role.ADMINISTRATOR)
    after = next_status(SafetyStatus(concern.status), step, contacted=concern.contacted_at is not None)
    if after is None:
        raise Refused(
            "step-not-possible", "This step may not follow now. Reload the concern and take one of its possible steps."
        )
    if step is SafetyStep.CLOSURE and concern.opened_by == actor.staff_id:
        raise Forbidden("reviewed-by-another", "Ask another supervisor or administrator to review and close it.")
    return after


def _stated(now: Recording, concern: SafetyConcern, at: datetime | None) -> datetime:
    stated = now.stated(at, "/at")
    if stated < concern.opened_at - BEFORE_OPENING:
        raise Unprocessable("before-the-concern", "This is more than a day before the concern was opened.", "/at")
    return stated


async def _action(
    db: Db, keys: KeyRing, concern: SafetyConcern, taken: Taken, at: datetime, now: Recording
) -> SafetyAction:
    sealer = await keys.sealer(db, concern.agency_id, concern.participant_id)
    return SafetyAction(
        agency_id=concern.agency_id,
        id=uuid7(),
        participant_id=concern.participant_id,
        concern_id=concern.id,
        step=taken.step,
        led_to=concern.status,
        how=taken.how,
        staff_id=taken.staff_id,
        accepted=taken.accepted,
        said=None if taken.said is None else sealer.seal(SAID, taken.said),
        at=at,
        taken_by=db.scope.actor_id,
        recorded_at=now.now,
    )
