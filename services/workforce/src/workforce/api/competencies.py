"""The core competencies, assessments of them, and what is covered; levels stay with the worker and supervisor."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall, decode_cursor
from workforce.api.admission import CREATED, OVERSEEING, PEOPLE, Limit
from workforce.commands import competencies
from workforce.queries import competencies as queries

router = APIRouter(prefix="/v1", tags=["competencies"])


@router.get("/competencies", dependencies=PEOPLE)
async def all_competencies(_: CurrentCall) -> queries.Competencies:
    """Answer the twelve categories and 62 competencies, in English and Spanish, and how sure their text is."""
    return queries.competencies()


@router.post("/competency-assessments", **CREATED, dependencies=PEOPLE)
async def assess(call: CurrentCall, body: competencies.Assess) -> Response:
    """Record an assessment: of oneself, or of somebody whom one supervises."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: competencies.assess(db, keys, actor, body))


@router.put("/competency-assessments/{assessment_id}/void", response_model=Created, dependencies=PEOPLE)
async def void_assessment(call: CurrentCall, assessment_id: UUID, body: competencies.VoidAssessment) -> Response:
    """Take back an assessment that one made."""
    work, actor = competencies.void_assessment, call.actor
    return await call.change(lambda db, expected: work(db, actor, assessment_id, body, expected))


@router.get("/staff/{staff_id}/competency-assessments", dependencies=PEOPLE)
async def assessments_of(
    call: CurrentCall, staff_id: UUID, next: str | None = None, limit: Limit = 20
) -> queries.AssessmentPage:
    """Answer assessments with their levels, to the worker and to whom supervises them."""
    async with call.reading("competencies.list", staff_id) as db:
        return await queries.assessments_of(db, call.runtime.keys, call.actor, staff_id, decode_cursor(next), limit)


@router.get("/staff/{staff_id}/competency-coverage", dependencies=PEOPLE)
async def coverage_of(call: CurrentCall, staff_id: UUID) -> queries.PersonCoverage:
    """Answer for each category the latest day on which it was assessed or trained."""
    async with call.reading("competencies.coverage", staff_id) as db:
        return await queries.coverage_of(db, call.actor, staff_id)


@router.get("/competency-coverage", dependencies=OVERSEEING)
async def coverage_of_peers(call: CurrentCall) -> queries.GroupCoverage:
    """Answer how many of the agency's peers are covered in each category; small numbers are hidden."""
    async with call.reading("competencies.group-coverage") as db:
        return await queries.coverage_of_peers(db)
