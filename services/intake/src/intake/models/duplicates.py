"""Two records that may be one person's, and records that were merged."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import CHANGING, Model, belongs


class PossiblePair(Model):
    """Two records that met in the blind indexes, once each pair: `first_id` is the smaller id."""

    __tablename__ = "duplicate_candidate"
    __table_args__: Any = (
        belongs("first_id", "participant"),
        belongs("second_id", "participant"),
        CheckConstraint("first_id < second_id", name="order"),
        Index("uq_duplicate_candidate_pair", "agency_id", "first_id", "second_id", unique=True),
        Index("ix_duplicate_candidate_state", "agency_id", "state", "id"),
        CHANGING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    first_id: Mapped[UUID]
    second_id: Mapped[UUID]
    reasons: Mapped[list[str]]
    state: Mapped[str]
    state_reason: Mapped[str | None]
    proposed_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)


class Merge(Model):
    """Two records of one person; nothing moves, the merged one points at the survivor until this is undone.

    `before` seals both rows as they stood, under the survivor's id. `moved_ids` are the records that had pointed at
    the merged one and went along. `agreed_…` is how a person agreed that an outreach contact is theirs.
    """

    __tablename__ = "merge"
    __table_args__: Any = (
        belongs("survivor_id", "participant"),
        belongs("merged_id", "participant"),
        CheckConstraint("survivor_id <> merged_id", name="two"),
        CheckConstraint("(kind = 'outreach') = (agreed_at is not null)", name="agreed"),
        Index("ix_merge_survivor", "agency_id", "survivor_id", "merged_at"),
        Index("ix_merge_merged", "agency_id", "merged_id", "merged_at"),
        Index("uq_merge_standing", "agency_id", "merged_id", unique=True, postgresql_where=text("undone_at is null")),
        CHANGING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    survivor_id: Mapped[UUID]
    merged_id: Mapped[UUID]
    moved_ids: Mapped[list[UUID]]
    kind: Mapped[str]
    reason: Mapped[str]
    taken: Mapped[list[str]]
    before: Mapped[bytes]
    agreed_at: Mapped[datetime | None]
    agreed_how: Mapped[str | None]
    agreed_statement: Mapped[str | None]
    merged_at: Mapped[datetime]
    merged_by: Mapped[UUID | None]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[UUID | None]
    undone_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
