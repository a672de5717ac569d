"""A person's time with a program, and the peers who work with them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import HANDED_OVER, LOCKED_BY_WORKER, Owned, belongs, one_open


class Episode(Owned):
    """One person's time with one program, both days inclusive; one open at a time.

    `follows_id`: the episode that it was transferred from, or that a re-enrolment comes after.
    """

    __tablename__ = "episode"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        CheckConstraint("closed_on is null or closed_on >= opened_on", name="days"),
        CheckConstraint("(closed_on is null) = (close_reason is null)", name="reason"),
        one_open("participant_id", "program_id", while_empty="closed_on", name="uq_episode_open"),
        belongs("follows_id", "episode"),
        Index(None, "agency_id", "participant_id"),
        LOCKED_BY_WORKER,
    )

    program_id: Mapped[UUID]
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    close_reason: Mapped[str | None]
    deceased_on: Mapped[date | None]
    single_contact_outreach: Mapped[bool]
    voluntary_acknowledged_at: Mapped[datetime | None]
    follows_id: Mapped[UUID | None]
    re_enrolment: Mapped[bool] = mapped_column(default=False, server_default=false())
    transfer_reason: Mapped[str | None]
    reopened_at: Mapped[datetime | None]
    reopening_reason: Mapped[str | None]
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Assignment(Owned):
    """Which peer works with whom, both days inclusive: also who may see what (42 CFR 2.12(c)(3)).

    `follows_id`: whom it took over from; `handover` seals what that peer left for the next.
    """

    __tablename__ = "assignment"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("episode_id", "episode"),
        CheckConstraint("valid_to is null or valid_to >= valid_from", name="days"),
        one_open("episode_id", "staff_id", while_empty="valid_to", name="uq_assignment_open"),
        belongs("follows_id", "assignment"),
        Index(None, "agency_id", "staff_id", "participant_id"),
        Index(None, "agency_id", "staff_id", "valid_from"),
        Index(
            "ix_assignment_caseload",
            "agency_id",
            "staff_id",
            "participant_id",
            postgresql_where=text("valid_to is null"),
        ),
        HANDED_OVER,
    )

    episode_id: Mapped[UUID]
    program_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    end_reason: Mapped[str | None]
    follows_id: Mapped[UUID | None]
    handover: Mapped[bytes | None]
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
