"""An instrument as the person fills it in by themselves, and what they are told afterwards; never a score."""

from pydantic import AwareDatetime, BaseModel, Field

from common.database import Db
from intake.commands.instruments import require_pack
from intake.commands.own_answers import ReceivedAnswers
from intake.models import OwnCode
from intake.rules.instruments import Item, Pack, Texts
from intake.rules.own import ANSWERED, MAY_DECLINE, OwnLanguage, said_in
from intake.rules.safety import SAY


class OwnOption(BaseModel):
    value: int
    label: str


class OwnItem(BaseModel):
    key: str
    text: str
    options: list[OwnOption]


class OwnInstrument(BaseModel):
    language: OwnLanguage
    title: str
    stem: str | None
    items: list[OwnItem]
    words: str = Field(description="that anything may be left out")
    attribution: str


class OwnAnswerReceived(BaseModel):
    received_at: AwareDatetime
    words: str
    help_now: str | None = Field(description="whom to call, if something was said that cannot wait")


async def own_instrument(db: Db, code: OwnCode) -> OwnInstrument:
    assert code.instrument is not None  # by the table's own check, for this purpose
    pack = await require_pack(db, code.instrument, code.pack_version)
    language = OwnLanguage(code.language)
    db.audit("own-instrument.read", code.participant_id, own_code_id=code.id, instrument=pack.code)
    return OwnInstrument(
        language=language,
        title=pack.titles.get(language, pack.title),
        stem=_said(pack.stem, language),
        items=[_item(pack, item, language) for item in pack.items],
        words=said_in(language, MAY_DECLINE),
        attribution=pack.licence.attribution,
    )


def _item(pack: Pack, item: Item, language: OwnLanguage) -> OwnItem:
    options = [
        OwnOption(value=option.value, label=_said(option.label, language) or str(option.value))
        for option in pack.option_sets[item.options]
    ]
    return OwnItem(key=item.key, text=_said(item.text, language) or item.key, options=options)


def _said(texts: Texts | None, language: OwnLanguage) -> str | None:
    return texts.get(language) if texts else None


def thanks(code: OwnCode, received: ReceivedAnswers) -> OwnAnswerReceived:
    language = OwnLanguage(code.language)
    help_now = SAY[language] if received.danger else None
    return OwnAnswerReceived(received_at=received.at, words=said_in(language, ANSWERED), help_now=help_now)
