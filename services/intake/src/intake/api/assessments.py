"""How answers are recorded and read: own items at a point, instruments and their scores, and the trend."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from common.http import CurrentCall, decode_cursor
from intake.api.admission import CREATED, IMPORTING, SEEING, SERVING, Limit
from intake.commands import answers, assessments, instruments
from intake.queries import answers as given
from intake.queries import assessments as recorded
from intake.queries import instruments as known
from intake.rules.instruments import TOTAL, InstrumentCode, ItemKey, Pack

router = APIRouter(prefix="/v1")


@router.post("/assessments", dependencies=SERVING, **CREATED)
async def record_assessment(call: CurrentCall, body: assessments.RecordAssessment) -> Response:
    keys, where = call.runtime.keys, "/api/intake/v1/assessments/{id}"
    return await call.once(body, lambda db: assessments.record_assessment(db, keys, call.actor, body), location=where)


@router.get("/assessments/{assessment_id}", dependencies=SEEING)
async def assessment(call: CurrentCall, assessment_id: UUID) -> recorded.AssessmentRecord:
    async with call.reading("assessment.read", assessment_id) as db:
        return await recorded.assessment(db, call.runtime.keys, call.actor, assessment_id)


@router.get("/instruments", dependencies=SEEING)
async def all_instruments(call: CurrentCall, next: str | None = None, limit: Limit = 50) -> known.InstrumentPage:
    after = decode_cursor(next)
    async with call.reading("instrument.list") as db:
        return await known.instruments(db, after, limit)


@router.get("/instruments/{code}", dependencies=SEEING)
async def instrument(call: CurrentCall, code: InstrumentCode) -> known.InstrumentRecord:
    async with call.reading("instrument.read", None, instrument=code) as db:
        return await known.instrument(db, code)


@router.post("/instruments", status_code=201, response_model=instruments.InstrumentRegistered, dependencies=IMPORTING)
async def register_instrument(call: CurrentCall, body: Pack) -> Response:
    """Register a version of an instrument of the agency's own, under the licence that the agency holds."""
    where = f"/api/intake/v1/instruments/{body.code}"
    return await call.once(body, lambda db: instruments.register_instrument(db, body), location=where)


@router.post("/answers", status_code=201, response_model=answers.AnswerRecorded, dependencies=SERVING)
async def record_answer(call: CurrentCall, body: answers.RecordAnswer) -> Response:
    """Record item values or a decline; a danger said opens a safety concern in the same transaction."""
    keys, where = call.runtime.keys, "/api/intake/v1/answers/{id}"
    return await call.once(body, lambda db: answers.record_answer(db, keys, call.actor, body), location=where)


@router.get("/answers/{answer_id}", dependencies=SEEING)
async def answer(call: CurrentCall, answer_id: UUID) -> given.AnswerRecord:
    async with call.reading("answer.read", answer_id) as db:
        return await given.answer(db, call.runtime.keys, call.actor, answer_id)


@router.get("/participants/{participant_id}/answers", dependencies=SEEING)
async def participant_answers(
    call: CurrentCall,
    participant_id: UUID,
    instrument: InstrumentCode | None = None,
    next: str | None = None,
    limit: Limit = 50,
) -> given.AnswerPage:
    after = decode_cursor(next)
    async with call.reading("answer.list", participant_id) as db:
        return await given.answers(db, call.actor, participant_id, instrument, after, limit)


@router.get("/participants/{participant_id}/trend", dependencies=SEEING)
async def trend(
    call: CurrentCall,
    participant_id: UUID,
    instrument: InstrumentCode,
    scale: Annotated[ItemKey, Query()] = TOTAL,
) -> given.Trend:
    """Answer how scores have changed since the person's first answers, in words for them too."""
    async with call.reading("answer.trend", participant_id, instrument=instrument) as db:
        return await given.trend(db, call.actor, participant_id, instrument, scale)
