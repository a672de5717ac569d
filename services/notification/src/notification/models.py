"""What notification remembers: messages and their attempts, and what it heard of staff, supervision and notes.

No name, address or phone number: how to reach somebody is asked of workforce when a message leaves.
"""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
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
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("agency_id", "template", "recipient_id", "occasion"),
        CheckConstraint(f"state in ({STATES})", name="state"),
        CheckConstraint("(state = 'sent') = (sent_at is not null)", name="sent_at"),
        CheckConstraint("tries_left >= 0", name="tries_left"),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    template: Mapped[str]
    recipient_id: Mapped[UUID]
    occasion: Mapped[str]
    event_id: Mapped[UUID | None]
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
