"""What staff are credentialed for, and who supervises whom."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from workforce.models.schema import Model


class Credential(Model):
    __tablename__ = "credential"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "staff_id"], ["workforce.staff.agency_id", "workforce.staff.id"]),
        CheckConstraint("valid_to >= valid_from", name="validity"),
        Index(None, "agency_id", "staff_id"),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    credential_type: Mapped[str]
    specialty: Mapped[str]
    issuer: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    status: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)


class SupervisorAssignment(Model):
    __tablename__ = "supervisor_assignment"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "staff_id"], ["workforce.staff.agency_id", "workforce.staff.id"]),
        ForeignKeyConstraint(["agency_id", "supervisor_id"], ["workforce.staff.agency_id", "workforce.staff.id"]),
        CheckConstraint("staff_id <> supervisor_id", name="not_oneself"),
        Index(None, "agency_id", "staff_id"),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    supervisor_id: Mapped[UUID]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1)
