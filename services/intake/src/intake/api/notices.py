"""The privacy notice: its texts, the page anybody may read, and what of it a person was given or still is owed."""

from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import HTMLResponse, Response

from common.contracts.codes import Role
from common.database import Scope, transaction
from common.http import CurrentCall, allow, answer, decode_cursor
from common.runtime import Runtime
from common.text import Asked, Document
from intake.api.admission import CREATED, SEEING, SERVING, Limit
from intake.commands import notice_texts, notices
from intake.queries import notices as reading
from intake.rules.notices import NoticeLanguage, NoticePart, model_notice, parts_lacking
from intake.rules.pages import STRICT, page

router = APIRouter(prefix="/v1")
WRITING = [allow(Role.ADMINISTRATOR, Role.PRIVACY_OFFICER)]


class CheckNoticeText(Asked):
    language: NoticeLanguage
    words: Document


class NoticeTextChecked(BaseModel):
    """A mechanical look for signs of each part: it warns and proves nothing, so have counsel read the text."""

    lacks: list[NoticePart]


class NoticeModel(BaseModel):
    language: NoticeLanguage
    words: str


@router.post("/notice-texts", dependencies=WRITING, **CREATED)
async def record_notice_text(call: CurrentCall, body: notice_texts.RecordNoticeText) -> Response:
    where = "/api/intake/v1/notice-texts/{id}"
    return await call.once(body, lambda db: notice_texts.record_notice_text(db, body), location=where)


@router.post("/notice-text-checks", dependencies=WRITING)
async def check_notice_text(call: CurrentCall, body: CheckNoticeText) -> NoticeTextChecked:
    """Say which parts of 42 CFR 2.22 a text shows no sign of. Changes nothing and refuses nothing."""
    async with call.transaction() as db:
        db.audit("notice-text.check")
    return NoticeTextChecked(lacks=parts_lacking(body.words, body.language))


@router.get("/notice-texts", dependencies=SEEING)
async def texts(call: CurrentCall, next: str | None = None, limit: Limit = 50) -> reading.NoticeTextPage:
    async with call.reading("notice-text.list") as db:
        return await reading.notice_texts(db, decode_cursor(next), limit)


@router.get("/notice-texts/{notice_text_id}", dependencies=SEEING)
async def text(call: CurrentCall, notice_text_id: UUID) -> reading.NoticeTextRecord:
    async with call.reading("notice-text.read", None, notice_text_id=notice_text_id) as db:
        return await reading.notice_text(db, notice_text_id)


@router.get("/notice-models/{language}", dependencies=SEEING)
async def model(call: CurrentCall, language: NoticeLanguage) -> NoticeModel:
    """A model text to begin with, in our own words and with blanks. Have counsel read it."""
    async with call.transaction() as db:
        db.audit("notice-model.read")
    return NoticeModel(language=language, words=model_notice(language))


@router.get("/notice-pages/{agency_id}/{language}", response_model=reading.NoticeInForce)
async def notice_page(request: Request, agency_id: UUID, language: NoticeLanguage) -> Response:
    """The notice in force, for the agency's own site and posters; whoever reads it is not noted."""
    runtime: Runtime = request.state.runtime
    scope = Scope(agency_id, None, request.state.request_id, request.state.traceparent)
    async with transaction(runtime.engine, runtime.tables, scope) as db:
        found = await reading.notice_in_force(db, language)
    if "text/html" not in request.headers.get("accept", ""):
        return answer(found.model_dump_json().encode())
    return HTMLResponse(page(found.words, language=language), headers=STRICT)


@router.post("/participants/{participant_id}/notice-deferrals", dependencies=SERVING, **CREATED)
async def defer_notice(call: CurrentCall, participant_id: UUID, body: notices.DeferNotice) -> Response:
    return await call.once(body, lambda db: notices.defer_notice(db, call.actor, participant_id, body))


@router.get("/participants/{participant_id}/notices", dependencies=SEEING)
async def notices_of(call: CurrentCall, participant_id: UUID) -> reading.NoticesOf:
    async with call.reading("notice.list", participant_id) as db:
        return await reading.notices_of(db, call.actor, participant_id)
