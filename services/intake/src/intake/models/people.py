"""Who is served, whom another system called what, and which privacy notice they were given."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import CHANGING, LASTING, Model, Owned, belongs


class Participant(Model):
    """A person served. `identity` seals names, contacts and birth date; the indexes are keyed digests of them."""

    __tablename__ = "participant"
    __table_args__: Any = (
        Index(None, "agency_id", "name_index"),
        Index(None, "agency_id", "alias_index"),
        Index(None, "agency_id", "birth_index"),
        Index(None, "agency_id", "phone_index"),
        Index(None, "agency_id", "email_index"),
        CHANGING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    identity: Mapped[bytes]
    sex: Mapped[str]
    name_index: Mapped[bytes | None]
    alias_index: Mapped[bytes | None]
    birth_index: Mapped[bytes | None]
    phone_index: Mapped[bytes | None]
    email_index: Mapped[bytes | None]
    enrolled_at: Mapped[datetime]
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class ImportedRow(Model):
    """What a row of another system became, so that a repeat of it answers the same ids and writes nothing."""

    __tablename__ = "imported_row"
    __table_args__: Any = (belongs("participant_id", "participant"), LASTING)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    source_system: Mapped[str] = mapped_column(primary_key=True)
    external_index: Mapped[bytes] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    episode_id: Mapped[UUID]
    plan_id: Mapped[UUID | None]
    goal_ids: Mapped[list[UUID]]
    assignment_id: Mapped[UUID | None]
    imported_at: Mapped[datetime]


class Notice(Owned):
    """The privacy notice (42 CFR 2.22) as it was given."""

    __tablename__ = "notice"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        Index(None, "agency_id", "participant_id"),
        LASTING,
    )

    notice_version: Mapped[str]
    language: Mapped[str]
    channel: Mapped[str]
    given_at: Mapped[datetime]
    given_by: Mapped[UUID | None]
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]
