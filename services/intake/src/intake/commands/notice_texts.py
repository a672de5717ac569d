"""The agency's privacy notice itself (42 CFR 2.22): each version and language once, and never changed."""

import hashlib

from pydantic import Field
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import Refused
from common.http import Created
from common.text import Asked, Code, Day, Document
from intake.commands.uniqueness import flush_unless, taken
from intake.models import NoticeText
from intake.rules.notices import NoticeLanguage

ONE_TEXT = "uq_notice_text_agency_id"


class RecordNoticeText(Asked):
    """`words`: plain text; lines that begin with # are headings, with - entries of a list."""

    notice_version: Code
    language: NoticeLanguage
    words: Document
    effective_on: Day = Field(description="first day on which it is in force; may be yet to come")


async def record_notice_text(db: Db, request: RecordNoticeText) -> Created:
    """Keep a text for good. Raises `Refused` where the version has words in this language already."""
    text = NoticeText(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        notice_version=request.notice_version,
        language=request.language,
        words=request.words,
        sha256=hashlib.sha256(request.words.encode()).hexdigest(),
        effective_on=request.effective_on,
        recorded_by=db.scope.actor_id,
        recorded_at=db.now,
    )
    db.add(text)
    await flush_unless(db, {ONE_TEXT: _on_file_already()})
    db.audit("notice-text.record", None, notice_text_id=text.id)
    return Created(id=text.id, version=1)


def _on_file_already() -> Refused:
    detail = "This version has its words in this language already, and they stay. Give the new words a new version."
    return taken("notice-text-on-file", detail, "/notice_version")
