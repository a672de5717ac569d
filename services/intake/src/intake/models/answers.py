"""What people answered at a point of an episode."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from intake.models.schema import LASTING, Owned, belongs


class Assessment(Owned):
    """Answers at one point; `use_days` seals which substances, `use_days_30` is the largest of their days."""

    __tablename__ = "assessment"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("episode_id", "episode"),
        CheckConstraint("use_days_30 between 0 and 30", name="use_days"),
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
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]
