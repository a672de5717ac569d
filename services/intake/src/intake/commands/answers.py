"""Recording what came of offering an instrument; whatever needs a human now opens a safety concern with it."""

from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from pydantic import Field, model_validator
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import AnswerOutcome, AssessmentPoint, Sex
from common.database import Db
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Asked, Code, Day
from intake.commands.access import reach
from intake.commands.assessments import require_in_episode
from intake.commands.consents import faulty
from intake.commands.instruments import require_pack
from intake.commands.recording import Recording, recording
from intake.commands.safety import OpenedSafety, Raised, open_concern, opened_safety
from intake.models import Answer, Episode, Participant
from intake.rules.instruments import InstrumentCode, ItemKey, Pack, Value
from intake.rules.safety import DO_NOW_WORDS, SafetySource
from intake.rules.scoring import ItemFault, Scored, faults, raises_concern, scored, triage

GIVEN = "answer.given"
FAULT_SENTENCES = {
    ItemFault.UNKNOWN: "The instrument has no such item; see its keys.",
    ItemFault.OUT_OF_RANGE: "This is none of the item's values; give one of them, or leave the item out.",
}


class GivenBy(StrEnum):
    SELF = "self"
    INTERVIEW = "interview"
    PROXY = "proxy"


class RecordAnswer(Asked):
    """What came of offering an instrument: item values, or that it was declined, which is an answer too."""

    episode_id: UUID
    instrument: InstrumentCode
    version: Code | None = Field(default=None, description="of the pack; the one in force if not given")
    outcome: AnswerOutcome | None = Field(
        default=None, description="say declined; completed and incomplete follow from the items, whatever is said"
    )
    items: dict[ItemKey, Value] = Field(default={}, max_length=200, description="leave out what was not answered")
    collected_on: Day
    given_by: GivenBy
    point: AssessmentPoint | None = None

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.outcome is AnswerOutcome.DECLINED) == bool(self.items):
            raise ValueError("give the items that were answered, or the outcome declined without items")
        return self


class AnswerRecorded(Created):
    """Without scores: read them with the answer."""

    outcome: AnswerOutcome
    safety: OpenedSafety | None = None


async def record_answer(db: Db, keys: KeyRing, actor: Actor, request: RecordAnswer) -> AnswerRecorded:
    now = await recording(db)
    episode = await reach(db, actor, Episode, request.episode_id, now)
    return await keep_answer(db, keys, now, episode, request)


async def keep_answer(db: Db, keys: KeyRing, now: Recording, episode: Episode, request: RecordAnswer) -> AnswerRecorded:
    """Record an answer for an episode that was reached already; a danger said opens a safety concern with it."""
    now.require_past(request.collected_on, "/collected_on")
    require_in_episode(episode, request.collected_on)
    pack = await require_pack(db, request.instrument, request.version)
    _require_values(pack, request)
    result = scored(pack, request.items) if request.items else Scored(AnswerOutcome.DECLINED, [])
    sealer = await keys.sealer(db, db.scope.agency_id, episode.participant_id)
    given = await _given(db, sealer, episode, request) if request.items else None
    answer = _place_answer(db, now, episode, pack, request, result, given)
    db.audit("answer.record", answer.participant_id, answer_id=answer.id, instrument=pack.code)
    safety = await _open_concern(db, now, answer, pack, request)
    return AnswerRecorded(id=answer.id, version=1, outcome=result.outcome, safety=safety)


def _require_values(pack: Pack, request: RecordAnswer) -> None:
    """Raise `Refused` at every item that cannot be; a danger among the others is not lost in the refusal."""
    found = [(f"items/{key}", FAULT_SENTENCES[fault]) for key, fault in faults(pack, request.items)]
    if not found:
        return
    detail = "Some values cannot be, and nothing was recorded. Put them right and send it again."
    if raises_concern(pack, request.items):
        detail = f"{detail} {DO_NOW_WORDS['en']}"
    raise faulty("item-values", detail, found)


async def _given(db: Db, sealer: Sealer, episode: Episode, request: RecordAnswer) -> bytes:
    """Seal the items, with the sex that the limits were looked up by on the day."""
    question = select(Participant.sex).where(
        Participant.agency_id == episode.agency_id, Participant.id == episode.participant_id
    )
    return sealer.seal(GIVEN, {"items": request.items, "sex": (await db.execute(question)).scalar_one()})


def open_given(sealer: Sealer, answer: Answer) -> tuple[dict[str, int], Sex]:
    """Return an answer's items and the sex known on the day; no items if it was declined."""
    if answer.given is None:
        return {}, Sex.UNKNOWN
    given: Any = sealer.open(GIVEN, answer.given)
    return given["items"], Sex(given["sex"])


def _place_answer(
    db: Db, now: Recording, episode: Episode, pack: Pack, request: RecordAnswer, result: Scored, given: bytes | None
) -> Answer:
    answer = Answer(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=episode.participant_id,
        episode_id=episode.id,
        instrument=pack.code,
        pack_version=pack.version,
        outcome=result.outcome,
        given_by=request.given_by,
        point=request.point,
        collected_on=request.collected_on,
        given=given,
        scores=result.scores,
        recorded_by=db.scope.actor_id,
        recorded_at=now.now,
    )
    db.add(answer)
    _tell(db, answer)
    return answer


def _tell(db: Db, answer: Answer) -> None:
    state = facts.ScoreFacts(
        answer_id=answer.id,
        participant_id=answer.participant_id,
        episode_id=answer.episode_id,
        instrument=answer.instrument,
        pack_version=answer.pack_version,
        outcome=AnswerOutcome(answer.outcome),
        collected_on=answer.collected_on,
        scores=answer.scores,
    )
    db.publish(facts.INSTRUMENT_ANSWERED, state, about=answer.id, seq=1)


async def _open_concern(
    db: Db, now: Recording, answer: Answer, pack: Pack, request: RecordAnswer
) -> OpenedSafety | None:
    if not raises_concern(pack, request.items):
        return None
    raised = Raised(
        source=SafetySource.INSTRUMENT,
        level=triage(pack, request.items),
        answer_id=answer.id,
        episode_id=answer.episode_id,
    )
    concern = open_concern(db, now, answer.participant_id, raised)
    return await opened_safety(db, now, concern)
