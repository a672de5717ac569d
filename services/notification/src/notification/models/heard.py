"""What notification heard of the others: staff, supervision, notes, assignments, consents, papers, emergencies."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from notification.models.schema import HEARD, READ_BY_WORKER, Model


class Agency(Model):
    __tablename__ = "agency"
    __table_args__ = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    zone: Mapped[str]
    holidays: Mapped[list[date]] = mapped_column(server_default="{}")


class Staff(Model):
    __tablename__ = "staff"
    __table_args__ = (HEARD,)

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
        HEARD,
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
    __table_args__ = (Index(None, "agency_id", "participant_id"), HEARD)

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
    __table_args__ = (HEARD,)

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
