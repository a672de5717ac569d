"""An instrument that the person fills in by themselves: scored and told like any other, and as quick to raise alarm."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from pydantic import Field, model_validator

from common.contracts.codes import AnswerOutcome
from common.database import Db
from common.errors import Unprocessable
from common.privacy import KeyRing
from common.text import Asked
from intake.commands.answers import GivenBy, RecordAnswer, keep_answer, open_given
from intake.commands.instruments import require_pack
from intake.commands.own import OwnCodeUnknown, TypedCode
from intake.commands.recording import recording
from intake.models import Answer, Episode, OwnCode
from intake.rules.instruments import ItemKey, Pack, Value
from intake.rules.safety import SAY
from intake.rules.scoring import faults, raises_concern


class SendOwnAnswers(Asked):
    code: TypedCode
    items: dict[ItemKey, Value] = Field(default={}, max_length=200, description="leave out what was not answered")
    declined: bool = False

    @model_validator(mode="after")
    def _either(self) -> Self:
        if self.declined == bool(self.items):
            raise ValueError("give the items that were answered, or declined without items")
        return self


@dataclass(frozen=True, slots=True)
class ReceivedAnswers:
    """`danger`: something was said that needs a human now."""

    at: datetime
    danger: bool


async def receive_own_answers(db: Db, keys: KeyRing, code: OwnCode, request: SendOwnAnswers) -> ReceivedAnswers:
    """Keep what the person answered and use up the code; what is sent again alike is answered alike.

    Raises `OwnCodeUnknown` if the code was used for something else, `Unprocessable` for a value that cannot be.
    """
    now = await recording(db)
    assert code.instrument is not None  # by the table's own check, for this purpose
    pack = await require_pack(db, code.instrument, code.pack_version)
    if code.used_at is not None:
        await _require_same(db, keys, code, request)
        return ReceivedAnswers(code.used_at, raises_concern(pack, request.items))
    _require_values(code, pack, request)
    answer = RecordAnswer.model_validate(
        {
            "episode_id": code.episode_id,
            "instrument": pack.code,
            "version": pack.version,
            "outcome": AnswerOutcome.DECLINED if request.declined else None,
            "items": request.items,
            "collected_on": now.today,
            "given_by": GivenBy.SELF,
        }
    )
    episode = await db.get_one(Episode, (code.agency_id, code.episode_id))
    kept = await keep_answer(db, keys, now, episode, answer)
    code.used_at, code.answer_id = now.now, kept.id
    code.version += 1
    db.audit("own-answer.receive", code.participant_id, own_code_id=code.id, answer_id=kept.id)
    return ReceivedAnswers(now.now, kept.safety is not None)


async def _require_same(db: Db, keys: KeyRing, code: OwnCode, request: SendOwnAnswers) -> None:
    before = await db.get_one(Answer, (code.agency_id, code.answer_id))
    items, _ = open_given(await keys.sealer(db, before.agency_id, before.participant_id), before)
    if items != request.items:
        raise OwnCodeUnknown


def _require_values(code: OwnCode, pack: Pack, request: SendOwnAnswers) -> None:
    """Raise `Unprocessable` at a value that cannot be; a danger among the others is answered all the same."""
    wrong = next((key for key, _ in faults(pack, request.items)), None)
    if wrong is None:
        return
    detail = "One of the answers cannot be, and nothing was kept. Choose one of those offered, or leave it out."
    if raises_concern(pack, request.items):
        detail = f"{detail} {SAY[code.language]}"
    raise Unprocessable("item-values", detail, f"/items/{wrong}")
