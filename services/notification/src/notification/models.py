"""What notification remembers: messages and their attempts, and what it heard of staff, notes and papers.

No name, address or phone number: how to reach somebody is asked of workforce when a message leaves.
"""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.tables import COLUMN_TYPES, foundation, schema_metadata
from notification.rules import TRIES, State

READ_BY_WORKER = {"info": {"api": ""}}
STATES = ", ".join(f"'{state}'" for state in State)


class Model(DeclarativeBase):
    metadata = schema_metadata("notification")
    type_annotation_map: ClassVar = COLUMN_TYPES


TABLES = foundation(Model.metadata)


class Message(Model):
    """One intent to tell one person; `occasion` (an id, or a local day) makes it the only one of its kind.

    `tries_left`: of the current round; asking for a failed message again starts a new round.
    `consent_id`: what the message rests on; it leaves only while that consent stands.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("agency_id", "template", "recipient_id", "occasion"),
        CheckConstraint(f"state in ({STATES})", name="state"),
        CheckConstraint("(state = 'sent') = (sent_at is not null)", name="sent_at"),
        CheckConstraint("tries_left >= 0", name="tries_left"),
        Index(None, "agency_id", "consent_id", postgresql_where=sql("consent_id is not null")),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    template: Mapped[str]
    recipient_id: Mapped[UUID]
    occasion: Mapped[str]
    event_id: Mapped[UUID | None]
    consent_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(default=State.QUEUED)
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    tries_left: Mapped[int] = mapped_column(default=TRIES)
    next_attempt_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class DeliveryAttempt(Model):
    """One try. `outcome` is empty while it runs, then `sent` or the code of what went wrong."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (
        ForeignKeyConstraint(
            ["agency_id", "message_id"], ["notification.message.agency_id", "notification.message.id"]
        ),
        READ_BY_WORKER,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]


class Due(Model):
    """When a message needs the worker next: to leave, or to be given up if it is `sending` and nobody reported.

    The worker sees every agency's rows here, and only here: ids and an instant.
    """

    __tablename__ = "due"
    __table_args__ = (
        Index(None, "at"),
        {"info": {"reach": "platform", "api": "insert", "worker": "select, insert, update, delete"}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class Agency(Model):
    __tablename__ = "agency"
    __table_args__ = (READ_BY_WORKER,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    zone: Mapped[str]


class Staff(Model):
    __tablename__ = "staff"
    __table_args__ = (READ_BY_WORKER,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    roles: Mapped[list[str]] = mapped_column(server_default="{}")
    employed_to: Mapped[date | None]


class Supervision(Model):
    """Who supervises whom, from and to (inclusive) a local day."""

    __tablename__ = "supervision"
    __table_args__ = (
        Index(None, "agency_id", "staff_id"),
        Index(None, "agency_id", "supervisor_id"),
        READ_BY_WORKER,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    staff_id: Mapped[UUID]
    supervisor_id: Mapped[UUID]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class OverdueNote(Model):
    """A note that was overdue when compliance-reporting last said so; `id` is the session's."""

    __tablename__ = "overdue_note"
    __table_args__ = (Index(None, "agency_id", "staff_id"), READ_BY_WORKER)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    staff_id: Mapped[UUID]
    due_at: Mapped[datetime]


class NoteState(Model):
    """Whether a session's note still waits for its signature; `id` is the session's."""

    __tablename__ = "note_state"
    __table_args__ = (READ_BY_WORKER,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    settled: Mapped[bool]


class Assignment(Model):
    """Which peer serves whom, from and to (inclusive) a local day."""

    __tablename__ = "assignment"
    __table_args__ = (Index(None, "agency_id", "participant_id"), READ_BY_WORKER)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    participant_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class Merge(Model):
    """Two records of one person while `undone_at` is null."""

    __tablename__ = "merge"
    __table_args__ = (READ_BY_WORKER,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    survivor_id: Mapped[UUID]
    merged_id: Mapped[UUID]
    moved_ids: Mapped[list[UUID]]
    merged_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class Consent(Model):
    """The newest state of a consent that was heard; whether it has run out follows from the day."""

    __tablename__ = "consent"
    __table_args__ = (READ_BY_WORKER,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    participant_id: Mapped[UUID]
    consent_type: Mapped[str]
    status: Mapped[str]
    starts_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    revoked_recipients: Mapped[list[int]]
    ended: Mapped[bool]
    revoked_at: Mapped[datetime | None]


class Package(Model):
    """Something that waits to be handed over while `open`, and who put it together."""

    __tablename__ = "package"
    __table_args__ = (READ_BY_WORKER,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    consent_id: Mapped[UUID | None]
    prepared_by: Mapped[UUID | None]
    prepared_at: Mapped[datetime]
    open: Mapped[bool]


class BreakGlass(Model):
    """A record opened in an emergency, kept so that who is heard of a moment later is told as well."""

    __tablename__ = "break_glass"
    __table_args__ = (Index(None, "agency_id", "opened_at"), READ_BY_WORKER)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    staff_id: Mapped[UUID]
    opened_at: Mapped[datetime]
    reviewed_at: Mapped[datetime | None]
