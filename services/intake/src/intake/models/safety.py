"""Safety concerns on their way from opened to closed and reviewed, with every step that somebody took."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import HANDED_OVER, HEARD_TOO, Owned, belongs


class SafetyConcern(Owned):
    """Something said that needs a human now. `level`: the triage of the instrument that raised it, if it has one.

    The instants are those of the first step of their kind; `note` seals what the opener wrote.
    """

    __tablename__ = "safety_concern"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("episode_id", "episode"),
        belongs("answer_id", "answer"),
        CheckConstraint("(status = 'closed') = (closed_at is not null)", name="closed"),
        Index(
            "uq_safety_concern_answer",
            "agency_id",
            "answer_id",
            unique=True,
            postgresql_where=text("answer_id is not null"),
        ),
        Index("ix_safety_concern_open", "agency_id", "id", postgresql_where=text("closed_at is null")),
        Index(None, "agency_id", "participant_id"),
        HANDED_OVER,
    )

    source: Mapped[str]
    level: Mapped[str | None]
    answer_id: Mapped[UUID | None]
    episode_id: Mapped[UUID | None]
    note: Mapped[bytes | None]
    status: Mapped[str]
    opened_at: Mapped[datetime]
    opened_by: Mapped[UUID | None]
    notified_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    contacted_at: Mapped[datetime | None]
    offered_988_at: Mapped[datetime | None]
    handed_off_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class SafetyAction(Owned):
    """One step of a concern: who did it, when, and which state it led to; `said` seals words about it."""

    __tablename__ = "safety_action"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("concern_id", "safety_concern"),
        Index("ix_safety_action_concern", "agency_id", "concern_id", "id"),
        HEARD_TOO,
    )

    concern_id: Mapped[UUID]
    step: Mapped[str]
    led_to: Mapped[str]
    how: Mapped[str | None]
    staff_id: Mapped[UUID | None]
    accepted: Mapped[bool | None]
    said: Mapped[bytes | None]
    at: Mapped[datetime]
    taken_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime]
