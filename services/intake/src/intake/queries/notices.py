"""The texts of the privacy notice, which one is in force, and what of it a person was given."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from common.database import Db
from common.errors import NotThere
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from common.text import local_day
from intake.commands.access import family_of, reach_participant
from intake.commands.recording import recording
from intake.models import Agency, Notice, NoticeDeferral, NoticeText
from intake.rules.notices import DeferralReason, NoticeAcknowledgement, NoticeLanguage, NoticePart, parts_lacking
from intake.rules.people import NoticeChannel


class NoticeTextEntry(BaseModel):
    id: UUID
    notice_version: str
    language: NoticeLanguage
    effective_on: date
    sha256: str = Field(description="of the words in UTF-8")
    recorded_by: UUID | None
    recorded_at: AwareDatetime


class NoticeTextRecord(NoticeTextEntry):
    words: str
    lacks: list[NoticePart] = Field(description="parts of 42 CFR 2.22 of which a mechanical look finds no sign")


class NoticeTextPage(BaseModel):
    items: list[NoticeTextEntry]
    next: str | None


class NoticeInForce(BaseModel):
    """The notice as anybody may read it; it names no person served."""

    notice_version: str
    language: NoticeLanguage
    effective_on: date
    words: str


class GivenNotice(BaseModel):
    id: UUID
    notice_version: str
    language: str
    channel: NoticeChannel
    given_at: AwareDatetime
    given_by: UUID | None
    acknowledgement: NoticeAcknowledgement | None
    after_bounce_of: UUID | None
    source_system: str | None
    notice_text_id: UUID | None = Field(description="the text of that version and language; null if none is on file")


class Deferral(BaseModel):
    id: UUID
    reason: DeferralReason
    deferred_at: AwareDatetime
    deferred_by: UUID | None


class NoticesOf(BaseModel):
    """The newest first, at most a hundred of each; a survivor's hold those of all records merged into it."""

    owed: bool = Field(description="no notice was given yet")
    notices: list[GivenNotice]
    deferrals: list[Deferral]


async def notice_texts(db: Db, after: Cursor | None, limit: int) -> NoticeTextPage:
    """Return the agency's texts, the newest first."""
    question = select(NoticeText).where(NoticeText.agency_id == db.scope.agency_id)
    if after is not None:
        question = question.where(NoticeText.id < after.id)
    rows = (await db.scalars(question.order_by(NoticeText.id.desc()).limit(limit + 1))).all()
    shown = [NoticeTextEntry.model_validate(row, from_attributes=True) for row in rows[:limit]]
    following = encode_cursor("", rows[limit - 1].id) if len(rows) > limit else None
    return NoticeTextPage(items=shown, next=following)


async def notice_text(db: Db, notice_text_id: UUID) -> NoticeTextRecord:
    row = await db.get(NoticeText, (db.scope.agency_id, notice_text_id))
    if row is None:
        raise NotThere
    entry = NoticeTextEntry.model_validate(row, from_attributes=True)
    lacks = parts_lacking(row.words, entry.language)
    return NoticeTextRecord(**entry.model_dump(), words=row.words, lacks=lacks)


async def notice_in_force(db: Db, language: NoticeLanguage) -> NoticeInForce:
    """Return the newest text that is in force today. Raises `NotThere`, also for an agency that does not exist."""
    zone = await db.scalar(select(Agency.zone).where(Agency.agency_id == db.scope.agency_id))
    if zone is None:
        raise NotThere
    found = await text_in_force(db, language, local_day(db.now, zone))
    if found is None:
        raise NotThere
    return NoticeInForce.model_validate(found, from_attributes=True)


async def text_in_force(db: Db, language: NoticeLanguage, today: date) -> NoticeText | None:
    question = select(NoticeText).where(
        NoticeText.agency_id == db.scope.agency_id,
        NoticeText.language == language,
        NoticeText.effective_on <= today,
    )
    found: NoticeText | None = await db.scalar(
        question.order_by(NoticeText.effective_on.desc(), NoticeText.id.desc()).limit(1)
    )
    return found


async def notices_of(db: Db, actor: Actor, participant_id: UUID) -> NoticesOf:
    family = await family_of(db, await reach_participant(db, actor, participant_id, await recording(db)))
    notices = await newest_notices(db, family)
    texts = await _texts_of(db, notices)
    question = select(NoticeDeferral).where(
        NoticeDeferral.agency_id == db.scope.agency_id, NoticeDeferral.participant_id.in_(family)
    )
    deferrals = (await db.scalars(question.order_by(NoticeDeferral.id.desc()).limit(PAGE_MOST))).all()
    return NoticesOf(
        owed=not notices,
        notices=[_given(notice, texts) for notice in notices],
        deferrals=[Deferral.model_validate(row, from_attributes=True) for row in deferrals],
    )


async def newest_notices(db: Db, family: Sequence[UUID]) -> Sequence[Notice]:
    question = select(Notice).where(Notice.agency_id == db.scope.agency_id, Notice.participant_id.in_(family))
    return (await db.scalars(question.order_by(Notice.given_at.desc(), Notice.id.desc()).limit(PAGE_MOST))).all()


async def _texts_of(db: Db, notices: Sequence[Notice]) -> dict[tuple[str, str], UUID]:
    """Return, by version and language, which texts of the notices given are on file."""
    question = select(NoticeText.notice_version, NoticeText.language, NoticeText.id).where(
        NoticeText.agency_id == db.scope.agency_id,
        NoticeText.notice_version.in_({notice.notice_version for notice in notices}),
    )
    return {(version, language): text_id for version, language, text_id in await db.execute(question)}


def _given(notice: Notice, texts: dict[tuple[str, str], UUID]) -> GivenNotice:
    shown = {name: getattr(notice, name) for name in GivenNotice.model_fields if name != "notice_text_id"}
    text_id = texts.get((notice.notice_version, notice.language))
    return GivenNotice.model_validate(shown | {"notice_text_id": text_id})
