"""Instruments that an agency registered itself, and what people answered to any instrument."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import LASTING, Model, Owned, belongs


class Instrument(Model):
    """One version of an agency's own pack; never changed, for answers were scored by it."""

    __tablename__ = "instrument"
    __table_args__: Any = (Index("uq_instrument_version", "agency_id", "code", "pack_version", unique=True), LASTING)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
    pack_version: Mapped[str]
    pack: Mapped[dict[str, Any]]
    registered_by: Mapped[UUID | None]
    registered_at: Mapped[datetime]


class Answer(Owned):
    """What came of offering an instrument. `given` seals the item values; `scores` are amounts by scale."""

    __tablename__ = "answer"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("episode_id", "episode"),
        CheckConstraint("outcome = 'completed' or scores = '{}'::jsonb", name="scores"),
        CheckConstraint("(outcome = 'declined') = (given is null)", name="given"),
        Index("ix_answer_trend", "agency_id", "participant_id", "instrument", "collected_on", "id"),
        Index(None, "agency_id", "episode_id"),
        LASTING,
    )

    episode_id: Mapped[UUID]
    instrument: Mapped[str]
    pack_version: Mapped[str]
    outcome: Mapped[str]
    given_by: Mapped[str]
    point: Mapped[str | None]
    collected_on: Mapped[date]
    given: Mapped[bytes | None]
    scores: Mapped[dict[str, Any]]
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime]
