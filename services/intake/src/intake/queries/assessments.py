"""One assessment with its own items, and the percent of days abstinent that follow from them."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from common.contracts.codes import AssessmentPoint, Employment, Housing
from common.database import Db
from common.identity import Actor
from common.privacy import KeyRing
from intake.commands.access import reach
from intake.commands.assessments import USE_DAYS, Question
from intake.commands.recording import recording
from intake.models import Assessment
from intake.rules.scoring import WINDOW_DAYS, percent_days_abstinent


class AssessmentRecord(BaseModel):
    id: UUID
    participant_id: UUID
    episode_id: UUID
    point: AssessmentPoint
    collected_on: date
    use_days: dict[str, int]
    use_days_30: int | None = Field(description="the largest of `use_days`")
    observed_days: int = Field(description="days of the 30 that the use days speak of")
    percent_days_abstinent: dict[str, float | None] = Field(
        description="by substance; null where fewer than 80 % of the 30 days were observed"
    )
    employment: Employment | None
    in_education: bool | None
    housing: Housing | None
    arrests_30: int | None
    mutual_aid_count_30: int | None
    ed_visits_30: int | None
    inpatient_nights_30: int | None
    declined: list[Question]
    source_system: str | None
    recorded_at: AwareDatetime


async def assessment(db: Db, keys: KeyRing, actor: Actor, assessment_id: UUID) -> AssessmentRecord:
    found = await reach(db, actor, Assessment, assessment_id, await recording(db))
    sealer = await keys.sealer(db, found.agency_id, found.participant_id)
    use_days: Any = {} if found.use_days is None else sealer.open(USE_DAYS, found.use_days)
    observed = found.observed_days or WINDOW_DAYS
    shown = {name: getattr(found, name) for name in AssessmentRecord.model_fields if hasattr(found, name)}
    abstinent = {substance: percent_days_abstinent(days, observed) for substance, days in use_days.items()}
    return AssessmentRecord.model_validate(
        shown | {"use_days": use_days, "observed_days": observed, "percent_days_abstinent": abstinent}
    )
