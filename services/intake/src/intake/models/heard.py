"""Heard from workforce: agencies, programs and staff, of which the newest state is kept."""

from datetime import date
from typing import Any
from uuid import UUID

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


class Staff(Model):
    """Heard from workforce: who may be assigned, and while employed."""

    __tablename__ = "staff"
    __table_args__: Any = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    roles: Mapped[list[str]]
    employed_from: Mapped[date]
    employed_to: Mapped[date | None]
