"""Whose rules a program is judged by, and who works in it."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from workforce.models.schema import Model


class ProgramPack(Model):
    """A pack that a program is judged by, from a day to a day, both included."""

    __tablename__ = "program_pack"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "program_id"], ["workforce.program.agency_id", "workforce.program.id"]),
        CheckConstraint("valid_to is null or valid_to >= valid_from", name="period"),
        Index(None, "agency_id", "program_id"),
        {"info": {"api": "select, insert, update", "worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    program_id: Mapped[UUID]
    pack_id: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1)


class Placement(Model):
    """Somebody's work in a program: as what, with which share of full time, from a day to a day, both included."""

    __tablename__ = "placement"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "program_id"], ["workforce.program.agency_id", "workforce.program.id"]),
        ForeignKeyConstraint(["agency_id", "staff_id"], ["workforce.staff.agency_id", "workforce.staff.id"]),
        CheckConstraint("valid_to is null or valid_to >= valid_from", name="period"),
        CheckConstraint("fte > 0 and fte <= 1", name="share"),
        Index(None, "agency_id", "staff_id"),
        Index(None, "agency_id", "program_id"),
        {"info": {"api": "select, insert, update", "worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    program_id: Mapped[UUID]
    role: Mapped[str]
    fte: Mapped[Decimal] = mapped_column(Numeric(3, 2))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1)
