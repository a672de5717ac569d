"""What a worker's days are made of: appointments with people, and what is to be done."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from session_logging.models.schema import Model

# What a sealed value is bound to; see `common.privacy`.
APPOINTMENT = "appointment.words"
TASK = "task.words"


class Appointment(Model):
    """When somebody is expected. `words` (the place, the purpose) are sealed under the person's key.

    `zone`: the agency's when it was made. `series_id`: of appointments made together; that of the first one.
    `closed_at`: since when it is known what came of it.
    """

    __tablename__ = "appointment"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="period"),
        CheckConstraint("(status = 'rescheduled') = (replaced_by is not null)", name="replaced"),
        CheckConstraint("(status = 'scheduled') = (closed_at is null)", name="closed"),
        CheckConstraint("session_id is null or status = 'kept'", name="session"),
        ForeignKeyConstraint(
            ["agency_id", "session_id"], ["session_logging.peer_session.agency_id", "session_logging.peer_session.id"]
        ),
        Index("ix_appointment_worker", "agency_id", "staff_id", "starts_at", "id"),
        Index("ix_appointment_person", "agency_id", "participant_id", "starts_at", "id"),
        Index(
            "ix_appointment_open",
            "agency_id",
            "staff_id",
            "ends_at",
            "id",
            postgresql_where=text("status = 'scheduled'"),
        ),
        Index("ix_appointment_series", "agency_id", "series_id", postgresql_where=text("series_id is not null")),
        Index(
            "uq_appointment_session",
            "agency_id",
            "session_id",
            unique=True,
            postgresql_where=text("session_id is not null"),
        ),
        {"info": {"worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    episode_id: Mapped[UUID | None]
    program_id: Mapped[UUID | None]
    staff_id: Mapped[UUID]
    made_by: Mapped[UUID]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    zone: Mapped[str]
    modality: Mapped[str]
    location: Mapped[str | None]
    words: Mapped[bytes | None]
    reminders: Mapped[list[str]]
    status: Mapped[str]
    closed_at: Mapped[datetime | None]
    session_id: Mapped[UUID | None]
    replaced_by: Mapped[UUID | None]
    series_id: Mapped[UUID | None]
    made_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Task(Model):
    """What a member of staff is to do by a day. `words` are sealed: under the key of the person it is about, or else
    under the worker's own.
    """

    __tablename__ = "task"
    __table_args__ = (
        CheckConstraint("done_at is null or withdrawn_at is null", name="ended"),
        Index("ix_task_worker", "agency_id", "staff_id", "due_on", "id"),
        Index("ix_task_person", "agency_id", "participant_id", "due_on", "id"),
        Index(
            "ix_task_open",
            "agency_id",
            "staff_id",
            "due_on",
            "id",
            postgresql_where=text("done_at is null and withdrawn_at is null"),
        ),
        {"info": {"worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    opened_by: Mapped[UUID]
    participant_id: Mapped[UUID | None]
    kind: Mapped[str]
    due_on: Mapped[date]
    words: Mapped[bytes | None]
    opened_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
