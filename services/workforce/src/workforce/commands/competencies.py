"""Assessments of competencies: levels are sealed and stay between a worker and their supervisor."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field, field_validator
from uuid_utils.compat import uuid7

from common.contracts import workforce as facts
from common.contracts.workforce_codes import AssessmentMethod
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Day, Prose
from workforce.commands.reach import NOBODY_ELSE, reach_staff, today_of
from workforce.models import CompetencyAssessment
from workforce.rules.competencies import CompetencyCode, Level, categories_of, known_codes
from workforce.rules.learning import VoidReason

LEVELS = "competency_assessment.levels"


class Seen(Asked):
    """One competency as it was seen. `level`: 1 to 4, Handrail's own."""

    code: CompetencyCode
    level: Level
    words: Annotated[Prose, Field(max_length=2000)] | None = None


class Assess(Asked):
    staff_id: UUID
    method: AssessmentMethod
    assessed_on: Day
    seen: list[Seen] = Field(min_length=1, max_length=62)
    words: Prose | None = None

    @field_validator("seen")
    @classmethod
    def _each_once(cls, seen: list[Seen]) -> list[Seen]:
        codes = [one.code for one in seen]
        if len(set(codes)) != len(codes):
            raise ValueError("must not name any competency twice")
        if not known_codes().issuperset(codes):
            raise ValueError("must name competencies by their codes, CC-1.1 to CC-12.4")
        return seen


class VoidAssessment(Asked):
    reason: VoidReason


async def assess(db: Db, keys: KeyRing, actor: Actor, request: Assess) -> Created:
    """Keep an assessment: one's own by oneself, every other by a supervisor of that day's worker."""
    await reach_staff(db, actor, request.staff_id, NOBODY_ELSE)
    own = request.staff_id == actor.staff_id
    if own != (request.method is AssessmentMethod.SELF_ASSESSMENT):
        raise Unprocessable(
            "assessor-does-not-fit", "Assess yourself by self-assessment, and others by another method.", "/method"
        )
    if request.assessed_on > await today_of(db):
        raise Unprocessable("assessed-in-the-future", "Record an assessment once it was made.", "/assessed_on")
    sealer = await keys.sealer(db, db.scope.agency_id, request.staff_id)
    said = request.model_dump(mode="json", include={"seen", "words"})
    assessment = _row(db, actor, request, sealer.seal(LEVELS, said))
    db.add(assessment)
    _tell(db, assessment)
    db.audit("competencies.assess", assessment.id, staff_id=assessment.staff_id)
    return Created(id=assessment.id, version=1)


def _row(db: Db, actor: Actor, request: Assess, levels: bytes) -> CompetencyAssessment:
    return CompetencyAssessment(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        staff_id=request.staff_id,
        assessor_id=actor.staff_id,
        method=request.method,
        assessed_on=request.assessed_on,
        categories=categories_of(one.code for one in request.seen),
        levels=levels,
        recorded_at=db.now,
        version=1,
    )


def _tell(db: Db, assessment: CompetencyAssessment) -> None:
    assessed_on: date = assessment.assessed_on
    told = facts.CompetencyFacts(
        assessment_id=assessment.id,
        staff_id=assessment.staff_id,
        assessor_id=assessment.assessor_id,
        method=AssessmentMethod(assessment.method),
        assessed_on=assessed_on,
        categories=assessment.categories,
        voided=assessment.void_reason is not None,
    )
    db.publish(facts.COMPETENCIES_ASSESSED, told, about=assessment.id, seq=assessment.version)


async def void_assessment(db: Db, actor: Actor, assessment_id: UUID, request: VoidAssessment, expected: int) -> Created:
    """Take an assessment back, by whoever made it; somebody else's answers as if there were none."""
    assessment = await db.get(CompetencyAssessment, (db.scope.agency_id, assessment_id), with_for_update=True)
    if assessment is None or assessment.assessor_id != actor.staff_id:
        raise NotThere
    require_version(assessment.version, expected)
    if assessment.void_reason is not None:
        raise Refused("assessment-voided-already", "It was taken back already. Reload it.")
    assessment.void_reason = request.reason
    assessment.version += 1
    _tell(db, assessment)
    db.audit("competencies.void", assessment.id, staff_id=assessment.staff_id, reason=request.reason)
    return Created(id=assessment.id, version=assessment.version)
