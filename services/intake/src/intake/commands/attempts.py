"""Logging each attempt to reach somebody, and what follows from how it went."""

from typing import Self
from uuid import UUID

from pydantic import Field, model_validator
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import NotThere, Unprocessable
from common.http import VERSION_MOST, Created, require_version
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Instant, Prose
from intake.commands.access import family_of, reach, reach_participant
from intake.commands.contacts import (
    Place,
    lock_channel,
    newest,
    open_safe_contact,
    reachability,
    refresh_locator,
    require_place,
)
from intake.commands.recording import Recording, recording
from intake.commands.uniqueness import OwnId, require_new
from intake.models import Attempt, DuePoint, SafeContact
from intake.rules.contacts import LOCKING, AttemptOutcome, ChannelKind, SafeContactTerms

NOTE = "attempt.note"


class LogAttempt(Asked):
    """How one attempt went; a wrong or disconnected number is locked like a bounce."""

    id: OwnId = None
    at: Instant | None = None
    channel: ChannelKind
    outcome: AttemptOutcome
    safe_contact_version: int | None = Field(default=None, ge=1, le=VERSION_MOST)
    place: Place | None = Field(default=None, description="which channel of the safe contact, if it was one")
    point_id: UUID | None = Field(default=None, description="of the work list, if it was for one")
    locator_confirmed: bool = Field(default=False, description="the person said that the locator is still right")
    note: Prose | None = None

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if (self.place is None) != (self.safe_contact_version is None):
            raise ValueError("give the channel's place together with the safe contact's version")
        if self.locator_confirmed and self.outcome is not AttemptOutcome.REACHED:
            raise ValueError("only somebody who was reached can confirm the locator")
        return self


async def log_attempt(db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, request: LogAttempt) -> Created:
    now = await recording(db)
    participant = await reach_participant(db, actor, participant_id, now)
    await require_new(db, Attempt, request.id)
    if request.point_id:
        point = await reach(db, actor, DuePoint, request.point_id, now)
        if point.participant_id not in await family_of(db, participant):
            raise NotThere
    attempt = Attempt(
        agency_id=db.scope.agency_id,
        id=request.id or uuid7(),
        participant_id=participant_id,
        at=now.stated(request.at, "/at"),
        note=await _sealed(db, keys, participant_id, request.note),
        recorded_by=db.scope.actor_id,
        recorded_at=now.now,
        **request.model_dump(include={"channel", "outcome", "safe_contact_version", "place", "point_id"}),
    )
    await _follow(db, keys, now, attempt, request)
    db.add(attempt)
    db.audit("attempt.log", participant_id, attempt_id=attempt.id, outcome=request.outcome)
    return Created(id=attempt.id, version=1)


async def _sealed(db: Db, keys: KeyRing, participant_id: UUID, note: str | None) -> bytes | None:
    if note is None:
        return None
    return (await keys.sealer(db, db.scope.agency_id, participant_id)).seal(NOTE, note)


async def _follow(db: Db, keys: KeyRing, recording: Recording, attempt: Attempt, request: LogAttempt) -> None:
    """Refresh the locator that the person confirmed; lock the channel that is not theirs any more."""
    standing = await reachability(db, attempt.participant_id)
    if request.locator_confirmed:
        if not standing.locator_version:
            raise Unprocessable("no-locator", "There is no locator to confirm. Write one first.", "/locator_confirmed")
        refresh_locator(standing, attempt.at)
    terms = await _terms(db, keys, attempt, request)
    place = None if terms is None else _place(terms, request)
    if terms is not None and place is not None and request.outcome in LOCKING:
        await lock_channel(db, keys, recording, standing, terms, place, LOCKING[request.outcome], at=attempt.at)


async def _terms(db: Db, keys: KeyRing, attempt: Attempt, request: LogAttempt) -> SafeContactTerms | None:
    """Return the safe contact in force if the attempt went by it, or has to be held against it."""
    if request.place is None and request.outcome not in LOCKING:
        return None
    row = await newest(db, SafeContact, attempt.participant_id)
    if row is None:
        if request.place is not None:
            raise NotThere
        return None
    if request.safe_contact_version is not None:
        require_version(row.version, request.safe_contact_version)
    return open_safe_contact(await keys.sealer(db, db.scope.agency_id, attempt.participant_id), row)


def _place(terms: SafeContactTerms, request: LogAttempt) -> int | None:
    """Return which channel it was: the one named, or the only one of its kind."""
    alike = [place for place, channel in enumerate(terms.channels) if channel.kind is request.channel]
    if request.place is None:
        if len(alike) > 1:
            raise Unprocessable("which-channel", "Say which of these channels: its place and the version.", "/place")
        return alike[0] if alike else None
    require_place(terms, request.place, "/place")
    if request.place not in alike:
        raise Unprocessable("another-kind", "The channel at this place is of another kind.", "/place")
    return request.place
