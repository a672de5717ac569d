"""Heard from the other services: agencies, programs, staff and attendance, of which the newest state is kept."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import HEARD, Model


class Agency(Model):
    """Heard from workforce: the zone in which the agency's days begin and end."""

    __tablename__ = "agency"
    __table_args__: Any = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    zone: Mapped[str]


class Program(Model):
    """Heard from workforce."""

    __tablename__ = "program"
    __table_args__: Any = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    opened_on: Mapped[date]


class ProgramPack(Model):
    """Heard from workforce: whose rules a program is judged by, from a day to a day, both included."""

    __tablename__ = "program_pack"
    __table_args__: Any = (Index(None, "agency_id", "program_id"), HEARD)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    program_id: Mapped[UUID]
    pack_id: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class Placement(Model):
    """Heard from workforce: who works in which program, from a day to a day, both included."""

    __tablename__ = "placement"
    __table_args__: Any = (Index(None, "agency_id", "staff_id"), HEARD)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    staff_id: Mapped[UUID]
    program_id: Mapped[UUID]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class Staff(Model):
    """Heard from workforce: who may be assigned, and while employed; who takes over when they have left."""

    __tablename__ = "staff"
    __table_args__: Any = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    roles: Mapped[list[str]]
    employed_from: Mapped[date]
    employed_to: Mapped[date | None]
    caseload_to: Mapped[UUID | None]


class Attendance(Model):
    """Heard from session-logging: on which days somebody was there, for packages that say no more than that."""

    __tablename__ = "attendance"
    __table_args__: Any = (Index(None, "agency_id", "participant_id", "service_date"), HEARD)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    participant_id: Mapped[UUID]
    service_date: Mapped[date]
    minutes: Mapped[int]
    modality: Mapped[str]
    outcome: Mapped[str]
    status: Mapped[str]
    signed_at: Mapped[datetime | None]
