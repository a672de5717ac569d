"""Looking in an emergency without serving the person: opened for an hour at most, ended, and reviewed by another."""

from datetime import timedelta
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator
from sqlalchemy import func, or_, select
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import Role
from common.contracts.envelope import Fact
from common.database import Db
from common.errors import NotThere, Refused
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing, blind_index
from common.text import Asked, Day, Line, Prose
from intake.commands.access import within_reach
from intake.commands.recording import Recording, clock, recording
from intake.models import BreakGlass, Participant
from intake.rules.break_glass import (
    MINUTES_FEWEST,
    MINUTES_MOST,
    WORDS_FEWEST,
    EmergencyReason,
    ReviewOutcome,
    review_due,
)

WORDS, REVIEW_WORDS = "break_glass.words", "break_glass.review_words"


class FindPerson(Asked):
    """Exactly one person of this name or alias who was born on this day."""

    name: Line
    birth_date: Day


class OpenBreakGlass(Asked):
    participant_id: UUID | None = None
    find: FindPerson | None = Field(default=None, description="where no id is at hand")
    reason: EmergencyReason
    words: Prose = Field(min_length=WORDS_FEWEST, description="what happened, and why it cannot wait")
    minutes: int = Field(ge=MINUTES_FEWEST, le=MINUTES_MOST, strict=True)

    @model_validator(mode="after")
    def _one_person(self) -> Self:
        if (self.participant_id is None) == (self.find is None):
            raise ValueError("give participant_id or find, one of them")
        return self


class ReviewBreakGlass(Asked):
    outcome: ReviewOutcome
    words: Prose = Field(min_length=WORDS_FEWEST)


class Opened(Created):
    participant_id: UUID


async def open_break_glass(db: Db, keys: KeyRing, actor: Actor, request: OpenBreakGlass) -> Opened:
    """Open a person's record for this actor alone. Raises `NotThere`, `Refused` where they reach it anyway."""
    now = await recording(db)
    participant_id = await _whom(db, keys, request)
    if await _is_reached(db, actor, participant_id, now):
        detail = "You can open this person's record as it is, so no emergency access is needed. Go on as usual."
        raise Refused("reached-already", detail)
    opened = BreakGlass(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=participant_id,
        staff_id=actor.staff_id,
        reason=request.reason,
        words=(await keys.sealer(db, db.scope.agency_id, participant_id)).seal(WORDS, request.words),
        opened_at=now.now,
        expires_at=now.now + timedelta(minutes=request.minutes),
        review_due_at=review_due(now.now, now.zone),
        version=1,
    )
    db.add(opened)
    _tell(db, facts.BREAK_GLASS_OPENED, opened)
    db.audit("break-glass.open", participant_id, break_glass_id=opened.id, reason=opened.reason, break_glass=True)
    return Opened(id=opened.id, version=1, participant_id=participant_id)


async def _whom(db: Db, keys: KeyRing, request: OpenBreakGlass) -> UUID:
    """Return the record that goes on for the person, locked against a second opening. Raises `NotThere`, `Refused`."""
    survivor = select(func.coalesce(Participant.merged_into, Participant.id)).where(
        Participant.agency_id == db.scope.agency_id
    )
    if request.find is None:
        survivor = survivor.where(Participant.id == request.participant_id)
    else:
        key = await keys.index_key(db, db.scope.agency_id)
        name = blind_index(key, "name", request.find.name)
        born = blind_index(key, "birth", request.find.birth_date.isoformat())
        survivor = survivor.where(
            or_(Participant.name_index == name, Participant.alias_index == name), Participant.birth_index == born
        )
    question = select(Participant.id).where(Participant.agency_id == db.scope.agency_id, Participant.id.in_(survivor))
    found = (await db.scalars(question.order_by(Participant.id).limit(2).with_for_update())).all()
    if not found:
        raise NotThere
    if len(found) > 1:
        detail = "This fits more than one record. Ask a supervisor, who can tell which one is meant."
        raise Refused("fits-more-than-one", detail)
    return found[0]


async def _is_reached(db: Db, actor: Actor, participant_id: UUID, now: Recording) -> bool:
    question = select(Participant.id).where(
        Participant.agency_id == db.scope.agency_id,
        Participant.id == participant_id,
        within_reach(actor, now.today),
    )
    return await db.scalar(question) is not None


async def end_break_glass(db: Db, actor: Actor, break_glass_id: UUID, expected: int) -> Created:
    """Give an access back before its time; whoever reviews may take it away."""
    opened = await _locked(db, break_glass_id)
    if opened.staff_id != actor.staff_id and not actor.may(Role.SUPERVISOR, Role.PRIVACY_OFFICER):
        raise NotThere
    require_version(opened.version, expected)
    at = await clock(db)
    if opened.ended_at is not None or opened.expires_at <= at:
        raise Refused("break-glass-over", "This access is over already; nothing needs to be done.")
    opened.ended_at = at
    opened.version += 1
    _tell(db, facts.BREAK_GLASS_CHANGED, opened)
    db.audit("break-glass.end", opened.participant_id, break_glass_id=opened.id)
    return Created(id=opened.id, version=opened.version)


async def review_break_glass(
    db: Db, keys: KeyRing, actor: Actor, break_glass_id: UUID, request: ReviewBreakGlass, expected: int
) -> Created:
    """Say whether the look was justified; an access that still runs ends with it. Raises `Refused` for the opener."""
    opened = await _locked(db, break_glass_id)
    require_version(opened.version, expected)
    if opened.staff_id == actor.staff_id:
        detail = "Nobody reviews their own emergency access. Ask another supervisor or the privacy officer."
        raise Refused("own-break-glass", detail)
    if opened.reviewed_at is not None:
        raise Refused("break-glass-reviewed", "This access was reviewed already, and the review stays as it is.")
    at = await clock(db)
    sealer = await keys.sealer(db, db.scope.agency_id, opened.participant_id)
    if opened.ended_at is None and opened.expires_at > at:
        opened.ended_at = at
    opened.reviewed_at, opened.reviewed_by = at, actor.staff_id
    opened.review_outcome = request.outcome
    opened.review_words = sealer.seal(REVIEW_WORDS, request.words)
    opened.version += 1
    _tell(db, facts.BREAK_GLASS_CHANGED, opened)
    db.audit("break-glass.review", opened.participant_id, break_glass_id=opened.id, outcome=request.outcome)
    return Created(id=opened.id, version=opened.version)


async def _locked(db: Db, break_glass_id: UUID) -> BreakGlass:
    question = select(BreakGlass).where(BreakGlass.agency_id == db.scope.agency_id, BreakGlass.id == break_glass_id)
    found: BreakGlass | None = await db.scalar(question.with_for_update())
    if found is None:
        raise NotThere
    return found


def _tell(db: Db, fact: Fact, opened: BreakGlass) -> None:
    reviewed = opened.review_outcome is not None
    state = facts.BreakGlassFacts(
        break_glass_id=opened.id,
        participant_id=opened.participant_id,
        staff_id=opened.staff_id,
        opened_at=opened.opened_at,
        expires_at=opened.expires_at,
        review_due_at=opened.review_due_at,
        ended_at=opened.ended_at,
        reviewed_at=opened.reviewed_at,
        justified=opened.review_outcome == ReviewOutcome.JUSTIFIED if reviewed else None,
    )
    db.publish(fact, state, about=opened.id, seq=opened.version)
