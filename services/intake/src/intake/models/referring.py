"""Referrals in and out with their history, files of referrals that are being taken in, and whom a program is for."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import Model, belongs

PLATFORM = {"info": {"reach": "platform", "api": "select, insert", "worker": "select, update"}}


class Referral(Model):
    """Somebody sent to us or by us. `said` and `screening` are sealed under the referral's own id, linked or not."""

    __tablename__ = "referral"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("episode_id", "episode"),
        belongs("import_id", "referral_import"),
        CheckConstraint("(status = 'closed') = (closed_at is not null)", name="closed"),
        CheckConstraint("(closed_at is null) = (close_reason is null)", name="reason"),
        CheckConstraint("direction = 'in' or participant_id is not null", name="sent_out"),
        Index("ix_referral_queue", "agency_id", "status", "direction", "id"),
        Index(None, "agency_id", "participant_id", postgresql_where=text("participant_id is not null")),
        Index("ix_referral_recorded_by", "agency_id", "recorded_by", "id"),
        Index(None, "agency_id", "name_index"),
        Index(None, "agency_id", "alias_index"),
        Index(None, "agency_id", "phone_index"),
        Index(None, "agency_id", "email_index"),
        Index(
            "uq_referral_external",
            "agency_id",
            "source_system",
            "external_index",
            unique=True,
            postgresql_where=text("external_index is not null"),
        ),
        Index(
            "uq_referral_import_line",
            "agency_id",
            "import_id",
            "import_line",
            unique=True,
            postgresql_where=text("import_id is not null"),
        ),
        {"info": {"api": "select, insert, update", "worker": "select, insert"}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    direction: Mapped[str]
    kind: Mapped[str]
    status: Mapped[str]
    referred_on: Mapped[date]
    program_id: Mapped[UUID | None]
    participant_id: Mapped[UUID | None]
    episode_id: Mapped[UUID | None]
    said: Mapped[bytes]
    name_index: Mapped[bytes | None]
    alias_index: Mapped[bytes | None]
    birth_index: Mapped[bytes | None]
    phone_index: Mapped[bytes | None]
    email_index: Mapped[bytes | None]
    possible_ids: Mapped[list[UUID]]
    eligibility: Mapped[str | None]
    screening: Mapped[bytes | None]
    contacted_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    connected_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[str | None]
    link_version: Mapped[int]
    link_open: Mapped[bool]
    link_terms: Mapped[bytes | None]
    disclosure_id: Mapped[UUID | None]
    origin: Mapped[str] = mapped_column(server_default="own_part2")
    recorded_by: Mapped[UUID | None]
    source_system: Mapped[str | None]
    external_index: Mapped[bytes | None]
    import_id: Mapped[UUID | None]
    import_line: Mapped[int | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class ReferralStep(Model):
    """One status that a referral took: when it was so, who said so and when. `receiver` is sealed like the referral."""

    __tablename__ = "referral_step"
    __table_args__: Any = (
        belongs("referral_id", "referral"),
        {"info": {"api": "select, insert", "worker": "select, insert"}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    referral_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str]
    reason: Mapped[str | None]
    introduction: Mapped[str | None]
    accepted_at: Mapped[datetime | None]
    receiver: Mapped[bytes | None]
    at: Mapped[datetime]
    by: Mapped[UUID | None]
    recorded_at: Mapped[datetime]


class ReferralImport(Model):
    """A file of referrals and how far it is; the worker sees every agency's, to find what waits.

    `attempts`: how often the part in hand was begun. `stopped`: finished early, because it never got to its end.
    """

    __tablename__ = "referral_import"
    __table_args__: Any = (
        Index("ix_referral_import_waiting", "requested_at", postgresql_where=text("finished_at is null")),
        Index(None, "agency_id", "requested_at"),
        PLATFORM,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    source_system: Mapped[str]
    program_id: Mapped[UUID | None]
    rows: Mapped[int]
    done: Mapped[int]
    recorded: Mapped[int]
    repeated: Mapped[int]
    refused: Mapped[int]
    possible_duplicates: Mapped[int]
    requested_by: Mapped[UUID | None]
    requested_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    stopped: Mapped[bool]
    attempts: Mapped[int]


class ReferralImportPart(Model):
    """Up to 500 lines of a file with its header, sealed under the import's id; gone once they are worked on."""

    __tablename__ = "referral_import_part"
    __table_args__: Any = (
        belongs("import_id", "referral_import"),
        {"info": {"api": "select, insert", "worker": "select, delete"}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    lines: Mapped[bytes]


class ReferralImportRefusal(Model):
    """A line that could not be taken, with the column at fault and what to do; never what stands there."""

    __tablename__ = "referral_import_refusal"
    __table_args__: Any = (
        belongs("import_id", "referral_import"),
        {"info": {"api": "select", "worker": "select, insert"}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    column: Mapped[str | None]
    code: Mapped[str]
    detail: Mapped[str]


class Eligibility(Model):
    """Whom a program is for, every version of it. `rules`: {"rules": [one rule as `rules.eligibility` has it, …]}."""

    __tablename__ = "eligibility"
    __table_args__: Any = ({"info": {"api": "select, insert", "worker": "select"}},)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    program_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    rules: Mapped[dict[str, Any]]
    set_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime]
