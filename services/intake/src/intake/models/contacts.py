"""How people may safely be contacted, who can reach them, and each attempt to."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import CHANGING, LASTING, Model, Owned, belongs, one_open


class SafeContact(Owned):
    """One version of how somebody may be reached; `terms` is sealed and never changes, the newest is in force."""

    __tablename__ = "safe_contact"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        Index("uq_safe_contact_version", "agency_id", "participant_id", "version", unique=True),
        LASTING,
    )

    version: Mapped[int]
    terms: Mapped[bytes]
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime]


class Locator(Owned):
    """One version of who can reach the person; `terms` is sealed and never changes, the newest is in force."""

    __tablename__ = "locator"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        Index("uq_locator_version", "agency_id", "participant_id", "version", unique=True),
        LASTING,
    )

    version: Mapped[int]
    terms: Mapped[bytes]
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime]


class Reachability(Model):
    """Of one person: which versions are in force (0: none), when they were last confirmed, when again."""

    __tablename__ = "reachability"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        Index(
            "ix_reachability_reconfirm",
            "agency_id",
            "reconfirm_on",
            "participant_id",
            postgresql_where=text("reconfirm_on is not null"),
        ),
        CHANGING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID] = mapped_column(primary_key=True)
    safe_contact_version: Mapped[int] = mapped_column(default=0)
    safe_contact_confirmed_at: Mapped[datetime | None]
    reconfirm_on: Mapped[date | None]
    locator_version: Mapped[int] = mapped_column(default=0)
    locator_confirmed_at: Mapped[datetime | None]


class ChannelLock(Owned):
    """A channel that bounced or belongs to somebody else, known by a keyed digest, until it is confirmed again."""

    __tablename__ = "channel_lock"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        one_open("participant_id", "channel_index", while_empty="lifted_at", name="uq_channel_lock_open"),
        CHANGING,
    )

    channel_index: Mapped[bytes]
    what: Mapped[str]
    locked_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime]


class Attempt(Owned):
    """One attempt to reach somebody; `note` is sealed. `place`: of the channel in the safe contact's version."""

    __tablename__ = "attempt"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("point_id", "federal_point"),
        Index("ix_attempt_of_participant", "agency_id", "participant_id", "at", "id"),
        LASTING,
    )

    at: Mapped[datetime]
    channel: Mapped[str]
    outcome: Mapped[str]
    safe_contact_version: Mapped[int | None]
    place: Mapped[int | None]
    point_id: Mapped[UUID | None]
    note: Mapped[bytes | None]
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime]
