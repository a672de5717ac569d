"""Recording answers at one point of an episode."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import AssessmentPoint, Employment, Housing
from common.database import Db
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Asked, Code, Day
from intake.commands.access import reach
from intake.commands.recording import Recording, recording
from intake.models import Assessment, Episode

USE_DAYS = "assessment.use_days"
ANSWERS = ("use_days", "employment", "in_education", "housing", "arrests_30", "mutual_aid_count_30")
Count = Annotated[int, Field(ge=0, le=1000)]


class AssessmentTerms(Asked):
    """Answers about the past 30 days; each may be left out, at least one is there."""

    point: AssessmentPoint
    collected_on: Day
    use_days: dict[Code, Annotated[int, Field(ge=0, le=30)]] | None = Field(
        default=None, min_length=1, max_length=40, description="days of use by substance code"
    )
    employment: Employment | None = None
    in_education: bool | None = None
    housing: Housing | None = None
    arrests_30: Count | None = None
    mutual_aid_count_30: Count | None = None

    @model_validator(mode="after")
    def _answered(self) -> Self:
        if all(getattr(self, answer) is None for answer in ANSWERS):
            raise ValueError("give at least one answer")
        return self


class RecordAssessment(AssessmentTerms):
    episode_id: UUID


def place_assessment(
    db: Db, recording: Recording, sealer: Sealer, episode: Episode, terms: AssessmentTerms
) -> Assessment:
    recording.require_past(terms.collected_on, "/collected_on")
    answers = {
        "use_days_30": max(terms.use_days.values()) if terms.use_days else None,
        **{name: getattr(terms, name) for name in ("point", "collected_on", *ANSWERS[1:])},
    }
    assessment = Assessment(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=episode.participant_id,
        episode_id=episode.id,
        use_days=sealer.seal(USE_DAYS, terms.use_days) if terms.use_days else None,
        source_system=recording.source_system,
        recorded_at=recording.now,
        **answers,
    )
    db.add(assessment)
    state = facts.AssessmentFacts(
        assessment_id=assessment.id, participant_id=episode.participant_id, episode_id=episode.id, **answers
    )
    db.publish(facts.ASSESSMENT_RECORDED, state, about=assessment.id, seq=1)
    return assessment


async def record_assessment(db: Db, keys: KeyRing, actor: Actor, request: RecordAssessment) -> Created:
    now = await recording(db)
    episode = await reach(db, actor, Episode, request.episode_id, now)
    sealer = await keys.sealer(db, db.scope.agency_id, episode.participant_id)
    assessment = place_assessment(db, now, sealer, episode, request)
    db.audit("assessment.record", episode.participant_id, assessment_id=assessment.id)
    return Created(id=assessment.id, version=1)
