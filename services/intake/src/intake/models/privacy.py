"""How the agency stands under 42 CFR Part 2, and who looked at a record without serving the person."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import CHANGING, CHANGING_READ, Model, Owned, belongs


class Determination(Model):
    """One decision on one of the six facts about the agency: who decided, when, why, and when it is looked at again."""

    __tablename__ = "determination"
    __table_args__: Any = (
        CheckConstraint("(state = 'proposed') = (settled_at is null)", name="settled"),
        Index(
            "uq_determination_in_force", "agency_id", "fact", unique=True, postgresql_where=text("state = 'in_force'")
        ),
        Index(
            "uq_determination_proposed", "agency_id", "fact", unique=True, postgresql_where=text("state = 'proposed'")
        ),
        CHANGING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    fact: Mapped[str]
    holds: Mapped[bool]
    state: Mapped[str]
    decided_on: Mapped[date]
    decided_by: Mapped[UUID]
    grounds: Mapped[str]
    ground_codes: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    evidence: Mapped[str | None]
    review_on: Mapped[date]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class AgencyPrivacy(Model):
    """Since when the agency serves people with this system, and what its own records are called."""

    __tablename__ = "agency_privacy"
    __table_args__: Any = (CHANGING_READ,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    live_at: Mapped[datetime | None]
    live_by: Mapped[UUID | None]
    is_program: Mapped[bool]
    names: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    version: Mapped[int] = mapped_column(default=1)


class BreakGlass(Owned):
    """Access in an emergency by somebody who does not serve the person; `words` seals the reason at length."""

    __tablename__ = "break_glass"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        CheckConstraint("expires_at > opened_at", name="period"),
        Index(None, "agency_id", "staff_id", "expires_at"),
        Index("ix_break_glass_waiting", "agency_id", "id", postgresql_where=text("reviewed_at is null")),
        CHANGING,
    )

    staff_id: Mapped[UUID]
    reason: Mapped[str]
    words: Mapped[bytes]
    opened_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    review_due_at: Mapped[datetime]
    reviewed_at: Mapped[datetime | None]
    reviewed_by: Mapped[UUID | None]
    review_outcome: Mapped[str | None]
    review_words: Mapped[bytes | None]
    version: Mapped[int] = mapped_column(default=1)
