"""Recording answers at one point of an episode."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import AssessmentPoint, Employment, Housing
from common.database import Db
from common.errors import Unprocessable
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Asked, Code, Day, Distinct
from intake.commands.access import reach
from intake.commands.recording import Recording, recording
from intake.models import Assessment, Episode
from intake.rules.scoring import WINDOW_DAYS

USE_DAYS = "assessment.use_days"
TOLD = ("employment", "in_education", "housing", "arrests_30", "mutual_aid_count_30")  # beside the use days
KEPT = ("ed_visits_30", "inpatient_nights_30", "observed_days")
Count = Annotated[int, Field(ge=0, le=1000)]
Days = Annotated[int, Field(ge=0, le=30)]


class Question(StrEnum):
    """What is asked, each of which may be declined."""

    USE_DAYS = "use_days"
    EMPLOYMENT = "employment"
    IN_EDUCATION = "in_education"
    HOUSING = "housing"
    ARRESTS = "arrests_30"
    MUTUAL_AID = "mutual_aid_count_30"
    ED_VISITS = "ed_visits_30"
    INPATIENT_NIGHTS = "inpatient_nights_30"


class AssessmentTerms(Asked):
    """Answers about the past 30 days; each may be left out or declined, at least one is there or declined."""

    point: AssessmentPoint
    collected_on: Day
    use_days: dict[Code, Days] | None = Field(
        default=None, min_length=1, max_length=40, description="days of use by substance code"
    )
    employment: Employment | None = None
    in_education: bool | None = None
    housing: Housing | None = None
    arrests_30: Count | None = None
    mutual_aid_count_30: Count | None = None
    ed_visits_30: Count | None = Field(default=None, description="visits to an emergency department, as told")
    inpatient_nights_30: Days | None = Field(default=None, description="nights in a hospital, as told")
    observed_days: Annotated[int, Field(ge=1, le=30)] | None = Field(
        default=None, description="how many of the 30 days the use days speak of; all of them if not given"
    )
    declined: Annotated[list[Question], Distinct] = Field(default=[], max_length=len(Question))

    @model_validator(mode="after")
    def _answered(self) -> Self:
        answered = {question for question in Question if getattr(self, question) is not None}
        if not answered and not self.declined:
            raise ValueError("give at least one answer, or say which were declined")
        if answered & set(self.declined):
            raise ValueError("what was declined has no answer")
        return self

    @model_validator(mode="after")
    def _observed(self) -> Self:
        if self.observed_days is not None and self.use_days is None:
            raise ValueError("observed_days belongs to use_days")
        if any(days > (self.observed_days or WINDOW_DAYS) for days in (self.use_days or {}).values()):
            raise ValueError("nobody uses on more days than were observed")
        return self


class RecordAssessment(AssessmentTerms):
    episode_id: UUID


def place_assessment(
    db: Db, recording: Recording, sealer: Sealer, episode: Episode, terms: AssessmentTerms
) -> Assessment:
    recording.require_past(terms.collected_on, "/collected_on")
    answers = {
        "use_days_30": max(terms.use_days.values()) if terms.use_days else None,
        **{name: getattr(terms, name) for name in ("point", "collected_on", *TOLD)},
    }
    assessment = Assessment(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=episode.participant_id,
        episode_id=episode.id,
        use_days=sealer.seal(USE_DAYS, terms.use_days) if terms.use_days else None,
        source_system=recording.source_system,
        recorded_at=recording.now,
        declined=sorted(terms.declined),
        **{name: getattr(terms, name) for name in KEPT},
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
    require_in_episode(episode, request.collected_on)
    sealer = await keys.sealer(db, db.scope.agency_id, episode.participant_id)
    assessment = place_assessment(db, now, sealer, episode, request)
    db.audit("assessment.record", episode.participant_id, assessment_id=assessment.id)
    return Created(id=assessment.id, version=1)


def require_in_episode(episode: Episode, collected_on: date) -> None:
    """Raise `Unprocessable` for answers from before the episode: they would become its baseline."""
    if collected_on < episode.opened_on:
        detail = "The episode was not open on this day. Correct the day, or name the episode of that time."
        raise Unprocessable("before-the-episode", detail, "/collected_on")
