"""Recovery plans and their goals."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import CHANGING, Model, Owned, belongs, one_open


class Plan(Owned):
    """A recovery plan agreed with the person; one in force per episode."""

    __tablename__ = "plan"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("episode_id", "episode"),
        one_open("episode_id", while_empty="in_force_to", name="uq_plan_in_force"),
        CHANGING,
    )

    episode_id: Mapped[UUID]
    agreed_at: Mapped[datetime]
    in_force_to: Mapped[date | None]
    declined_dimensions: Mapped[list[str]]
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Goal(Model):
    """One goal of a plan, in the order agreed; `words` seals the goal as it was said."""

    __tablename__ = "goal"
    __table_args__: Any = (
        belongs("plan_id", "plan"),
        CheckConstraint("active_to is null or active_to >= active_from", name="days"),
        Index(None, "agency_id", "plan_id"),
        CHANGING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID]
    position: Mapped[int]
    dimension: Mapped[str]
    stated_by: Mapped[str]
    words: Mapped[bytes]
    active_from: Mapped[date]
    active_to: Mapped[date | None]
