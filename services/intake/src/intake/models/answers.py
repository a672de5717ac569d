"""What people answered at a point of an episode."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import LASTING, Owned, belongs


class Assessment(Owned):
    """Answers at one point; `use_days` seals which substances, `use_days_30` is the largest of their days.

    `observed_days`: of the 30, how many the use days speak of; null: all. `declined`: which answers were declined.
    """

    __tablename__ = "assessment"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("episode_id", "episode"),
        CheckConstraint("use_days_30 between 0 and 30", name="use_days"),
        CheckConstraint("inpatient_nights_30 between 0 and 30", name="inpatient_nights"),
        CheckConstraint("observed_days between 1 and 30", name="observed_days"),
        Index(None, "agency_id", "episode_id"),
        LASTING,
    )

    episode_id: Mapped[UUID]
    point: Mapped[str]
    collected_on: Mapped[date]
    use_days: Mapped[bytes | None]
    use_days_30: Mapped[int | None]
    employment: Mapped[str | None]
    in_education: Mapped[bool | None]
    housing: Mapped[str | None]
    arrests_30: Mapped[int | None]
    mutual_aid_count_30: Mapped[int | None]
    ed_visits_30: Mapped[int | None]
    inpatient_nights_30: Mapped[int | None]
    observed_days: Mapped[int | None]
    declined: Mapped[list[str]] = mapped_column(default=list, server_default=text("'{}'"))
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]
