"""What staff learnt, declared and practised: trainings, attestations, assessments of competencies, hours of work."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, func, text
from sqlalchemy.orm import Mapped, mapped_column

from workforce.models.schema import Model

STAFF = ["workforce.staff.agency_id", "workforce.staff.id"]


class Training(Model):
    """`words`: title and provider, sealed; `likeness`: a keyed digest of what would be the same hours told twice."""

    __tablename__ = "training"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "staff_id"], STAFF),
        CheckConstraint("hours > 0 and hours * 4 = trunc(hours * 4)", name="quarter_hours"),
        Index(None, "agency_id", "staff_id", "completed_on", "id"),
        Index(
            "ix_training_likeness", "agency_id", "likeness", unique=True, postgresql_where=text("void_reason is null")
        ),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    kind: Mapped[str]
    topic: Mapped[str]
    hours: Mapped[Decimal] = mapped_column(Numeric(6, 2))
    completed_on: Mapped[date]
    categories: Mapped[list[int]]
    words: Mapped[bytes]
    evidence_sha256: Mapped[bytes | None]
    likeness: Mapped[bytes]
    void_reason: Mapped[str | None]
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    version: Mapped[int] = mapped_column(default=1)


class Attestation(Model):
    """What somebody declared. `witness_id`: who saw the paper; null where the person signed here themself."""

    __tablename__ = "attestation"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "staff_id"], STAFF),
        CheckConstraint("witness_id <> staff_id", name="not_own_witness"),
        Index(None, "agency_id", "staff_id"),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    kind: Mapped[str]
    text_version: Mapped[str]
    signed_on: Mapped[date]
    witness_id: Mapped[UUID | None]
    evidence_sha256: Mapped[bytes | None]
    withdrawn_on: Mapped[date | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    version: Mapped[int] = mapped_column(default=1)


class CompetencyAssessment(Model):
    """`levels`: the level of each item and a note, sealed; they stay between the worker and their supervisor."""

    __tablename__ = "competency_assessment"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "staff_id"], STAFF),
        Index(None, "agency_id", "staff_id", "id"),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    assessor_id: Mapped[UUID]
    method: Mapped[str]
    assessed_on: Mapped[date]
    categories: Mapped[list[int]]
    levels: Mapped[bytes]
    void_reason: Mapped[str | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    version: Mapped[int] = mapped_column(default=1)


class WorkHours(Model):
    """Hours that a certifying body counts, both days included; `place`: where, sealed."""

    __tablename__ = "work_hours"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "staff_id"], STAFF),
        CheckConstraint("to_on >= from_on", name="period"),
        CheckConstraint("hours > 0 and hours * 4 = trunc(hours * 4)", name="quarter_hours"),
        Index(None, "agency_id", "staff_id", "to_on", "id"),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    kind: Mapped[str]
    hours: Mapped[Decimal] = mapped_column(Numeric(7, 2))
    from_on: Mapped[date]
    to_on: Mapped[date]
    place: Mapped[bytes | None]
    void_reason: Mapped[str | None]
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    version: Mapped[int] = mapped_column(default=1)
