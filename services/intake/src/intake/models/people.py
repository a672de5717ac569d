"""Who is served, whom another system called what, and which privacy notice they were given."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import LASTING, Model, Owned, belongs


class Participant(Model):
    """A person served. `identity` seals names, contacts and birth date; the indexes are keyed digests of them.

    `merged_into` names the record that goes on for the same person, and always one that is not merged itself.
    `pairable` says that the three indexes which meet other writings of a name are filled (`commands/reindexing.py`).
    """

    __tablename__ = "participant"
    __table_args__: Any = (
        Index(None, "agency_id", "name_index"),
        Index(None, "agency_id", "alias_index"),
        Index(None, "agency_id", "birth_index"),
        Index(None, "agency_id", "phone_index"),
        Index(None, "agency_id", "email_index"),
        Index(None, "agency_id", "name_birth_index"),
        Index(None, "agency_id", "sound_birth_index"),
        Index(None, "agency_id", "alias_birth_index"),
        Index(None, "agency_id", "merged_into", postgresql_where=text("merged_into is not null")),
        Index("ix_participant_not_pairable", "agency_id", "id", postgresql_where=text("not pairable")),
        belongs("merged_into", "participant"),
        {"info": {"api": "select, insert, update", "worker": "select, update"}},  # the worker fills the indexes
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
    name_birth_index: Mapped[bytes | None]
    sound_birth_index: Mapped[bytes | None]
    alias_birth_index: Mapped[bytes | None]
    pairable: Mapped[bool] = mapped_column(server_default=text("false"))
    anonymous: Mapped[bool] = mapped_column(server_default=text("false"))
    origin: Mapped[str] = mapped_column(server_default="own_part2")
    merged_into: Mapped[UUID | None]
    enrolled_at: Mapped[datetime]
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class ParticipantChange(Owned):
    """One field of who somebody is that changed: what it was and what it became, sealed; null is not known."""

    __tablename__ = "participant_change"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        Index("ix_participant_change_newest", "agency_id", "participant_id", "version", "id"),
        LASTING,
    )

    version: Mapped[int]
    field: Mapped[str]
    old_value: Mapped[bytes | None]
    new_value: Mapped[bytes | None]
    changed_at: Mapped[datetime]
    changed_by: Mapped[UUID | None]


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
    acknowledgement: Mapped[str | None]
    after_bounce_of: Mapped[UUID | None]
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]
