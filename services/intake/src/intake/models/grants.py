"""Grants, the episodes that they pay for, and what is due of each."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Double, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import CHANGING, LASTING, Model, Owned, belongs


class Grant(Model):
    """A grant with the terms that its clock runs by."""

    __tablename__ = "federal_grant"
    __table_args__: Any = (
        CheckConstraint("ends_on is null or ends_on >= starts_on", name="days"),
        CheckConstraint("interval_months in (3, 6)", name="interval"),
        CHANGING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    number: Mapped[str]
    tool: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    program_ids: Mapped[list[UUID]]
    interval_months: Mapped[int]
    reassessment_by: Mapped[str]
    window_days: Mapped[int]
    gpra_last_interview_date: Mapped[date]
    suprt_followup_target: Mapped[float] = mapped_column(Double)
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Funding(Owned):
    """An episode that a grant pays for, from its first service under that grant on."""

    __tablename__ = "funding"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("episode_id", "episode"),
        belongs("grant_id", "federal_grant"),
        Index("uq_funding_episode", "agency_id", "episode_id", "grant_id", unique=True),
        Index(None, "agency_id", "grant_id"),
        CHANGING,
    )

    episode_id: Mapped[UUID]
    grant_id: Mapped[UUID]
    first_service_on: Mapped[date]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class DuePoint(Owned):
    """What is due of one episode under one grant; `n` counts the annual ones, `done_on` empties the work list."""

    __tablename__ = "federal_point"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("episode_id", "episode"),
        belongs("grant_id", "federal_grant"),
        belongs("funding_id", "funding"),
        CheckConstraint("opens_on <= due_on and due_on <= closes_on", name="window"),
        CheckConstraint("entered_on is null or collected_on is not null", name="entry"),
        Index("uq_federal_point", "agency_id", "funding_id", "point", "n", unique=True),
        Index(
            "ix_federal_point_due",
            "agency_id",
            "closes_on",
            "id",
            postgresql_where=text("done_on is null and cancelled_for is null"),
        ),
        Index(None, "agency_id", "episode_id"),
        Index("ix_federal_point_rate", "agency_id", "grant_id", "point", "closes_on"),
        CHANGING,
    )

    episode_id: Mapped[UUID]
    grant_id: Mapped[UUID]
    funding_id: Mapped[UUID]
    tool: Mapped[str]
    point: Mapped[str]
    n: Mapped[int]
    due_on: Mapped[date]
    opens_on: Mapped[date]
    closes_on: Mapped[date]
    collected_on: Mapped[date | None]
    client_part: Mapped[str | None]
    entered_on: Mapped[date | None]
    done_on: Mapped[date | None]
    cancelled_for: Mapped[str | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class ClientCode(Model):
    """What a person is called in the funder's system: made once, the same in every episode, and it names nobody."""

    __tablename__ = "client_code"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        Index("uq_client_code", "agency_id", "code", unique=True),
        LASTING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
