"""Asking that something is not disclosed (42 CFR 2.26), the program's answer, and the end of what it agreed to."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Asked, Distinct, Instant, Prose
from intake.commands.access import reach, reach_unmerged
from intake.commands.parties import standing_party
from intake.commands.recording import clock, recording
from intake.models import Restriction
from intake.rules.bases import PartyKind
from intake.rules.consents import InformationCategory, Purpose, SignerCapacity
from intake.rules.restrictions import (
    DeclineReason,
    RestrictionEnd,
    RestrictionState,
    must_be_agreed,
)

WORDS = "restriction.words"


class AskRestriction(Asked):
    """What somebody asks not to be disclosed; the lists left empty mean every category and every purpose."""

    words: Prose = Field(description="in the person's own words")
    categories: Annotated[list[InformationCategory], Distinct] = Field(default=[], max_length=20)
    purposes: Annotated[list[Purpose], Distinct] = Field(default=[], max_length=20)
    party_id: UUID | None = Field(default=None, description="not to this party; to nobody if not given")
    to_health_plan: bool = Field(default=False, description="not to the person's health plan")
    paid_in_full: bool = Field(default=False, description="it was paid in full by somebody else than the plan")
    capacity: SignerCapacity = SignerCapacity.PATIENT
    asked_at: Instant | None = None


class RestrictionAnswer(StrEnum):
    AGREED = "agreed"
    DECLINED = "declined"


class DecideRestriction(Asked):
    decision: RestrictionAnswer
    reason: DeclineReason | None = Field(default=None, description="where it is declined")
    words: Prose | None = None


class EndRestriction(Asked):
    kind: RestrictionEnd
    note: Prose | None = Field(default=None, description="what the person said, where they agreed orally")


class RestrictionWords(BaseModel):
    """What is sealed of a restriction."""

    asked: str
    decided: str | None = None
    ended: str | None = None


async def ask_restriction(
    db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, request: AskRestriction
) -> Created:
    """Record what somebody asked. It binds once the program agrees, or at once if the program has no choice."""
    now = await recording(db)
    await reach_unmerged(db, actor, participant_id, now)
    asked_at = now.stated(request.asked_at, "/asked_at")
    if request.party_id is not None:
        await _require_fit(db, request.party_id, to_health_plan=request.to_health_plan)
    sealer = await keys.sealer(db, db.scope.agency_id, participant_id)
    restriction = Restriction(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=participant_id,
        state=RestrictionState.ASKED,
        words=sealer.seal(WORDS, RestrictionWords(asked=request.words).model_dump(mode="json")),
        asked_at=asked_at,
        asked_by_capacity=request.capacity,
        recorded_at=now.now,
        version=1,
        **request.model_dump(mode="python", exclude={"words", "capacity", "asked_at"}),
    )
    db.add(restriction)
    db.audit("restriction.ask", participant_id, restriction_id=restriction.id)
    return Created(id=restriction.id, version=1)


async def _require_fit(db: Db, party_id: UUID, *, to_health_plan: bool) -> None:
    party = await standing_party(db, party_id)
    if to_health_plan and party.kind != PartyKind.HEALTH_PLAN:
        raise Unprocessable("not-a-health-plan", "This party is no health plan. Name the plan, or none.", "/party_id")


async def decide_restriction(
    db: Db, keys: KeyRing, actor: Actor, restriction_id: UUID, request: DecideRestriction, *, expected: int
) -> Created:
    """Answer for the program. Raises `Refused` for declining what it must agree to, 42 CFR 2.26(a)."""
    restriction = await reach(db, actor, Restriction, restriction_id, await recording(db), lock=True)
    require_version(restriction.version, expected)
    if restriction.state != RestrictionState.ASKED:
        raise Refused("restriction-decided-already", "This was decided already. Ask anew, or end it.")
    declined = request.decision is RestrictionAnswer.DECLINED
    if declined:
        _require_may_decline(restriction, request)
    words, at = await _reworded(db, keys, restriction, decided=request.words), await clock(db)
    restriction.state = RestrictionState.DECLINED if declined else RestrictionState.AGREED
    restriction.words, restriction.decided_at, restriction.decided_by = words, at, actor.staff_id
    restriction.reason = request.reason
    return _changed(db, restriction, "restriction.decide")


def _require_may_decline(restriction: Restriction, request: DecideRestriction) -> None:
    if _must_agree(restriction):
        raise Refused(
            "restriction-must-be-agreed",
            "It keeps from a health plan, for payment or operations, what was paid in full. Agree to it.",
        )
    if request.reason is None:
        raise Unprocessable("decline-reason-missing", "Say why it is declined.", "/reason")


async def end_restriction(
    db: Db, keys: KeyRing, actor: Actor, restriction_id: UUID, request: EndRestriction, *, expected: int
) -> Created:
    """End what was agreed. By the program alone, it goes on for records made up to today, 42 CFR 2.26."""
    restriction = await reach(db, actor, Restriction, restriction_id, await recording(db), lock=True)
    require_version(restriction.version, expected)
    if restriction.state != RestrictionState.AGREED:
        raise Refused("restriction-not-agreed", "Only what was agreed can end. Read the restriction again.")
    _require_may_end(restriction, request)
    words, at = await _reworded(db, keys, restriction, ended=request.note), await clock(db)
    restriction.state, restriction.end_kind = RestrictionState.ENDED, request.kind
    restriction.words, restriction.ended_at, restriction.ended_by = words, at, actor.staff_id
    return _changed(db, restriction, "restriction.end")


def _require_may_end(restriction: Restriction, request: EndRestriction) -> None:
    if request.kind is RestrictionEnd.PERSON_AGREED_ORALLY and request.note is None:
        raise Unprocessable("oral-end-without-note", "Note what the person said when they agreed.", "/note")
    if request.kind is RestrictionEnd.BY_PROGRAM and _must_agree(restriction):
        raise Refused(
            "restriction-must-be-kept",
            "Only the person can end this one: it keeps from a health plan what was paid in full.",
        )


def _must_agree(restriction: Restriction) -> bool:
    return must_be_agreed(
        to_health_plan=restriction.to_health_plan,
        paid_in_full=restriction.paid_in_full,
        purposes=[Purpose(one) for one in restriction.purposes],
    )


async def _reworded(db: Db, keys: KeyRing, restriction: Restriction, **said: str | None) -> bytes:
    sealer = await keys.sealer(db, db.scope.agency_id, restriction.participant_id)
    words = open_words(sealer, restriction).model_copy(update=said)
    return sealer.seal(WORDS, words.model_dump(mode="json"))


def _changed(db: Db, restriction: Restriction, action: str) -> Created:
    restriction.version += 1
    db.audit(action, restriction.participant_id, restriction_id=restriction.id)
    return Created(id=restriction.id, version=restriction.version)


def open_words(sealer: Sealer, restriction: Restriction) -> RestrictionWords:
    return RestrictionWords.model_validate(sealer.open(WORDS, restriction.words))
