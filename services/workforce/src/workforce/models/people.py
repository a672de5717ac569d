"""Agencies, programs and the people who work for them."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from workforce.models.schema import Model


class Agency(Model):
    __tablename__ = "agency"

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    zone: Mapped[str]
    holidays: Mapped[list[date]]
    activated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Program(Model):
    """`credential_required`, `accepted_credentials` and `required_specialty` say whose work counts."""

    __tablename__ = "program"

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    credential_required: Mapped[bool]
    required_specialty: Mapped[str | None]
    accepted_credentials: Mapped[list[str]]
    unit_method: Mapped[str]
    group_max: Mapped[int]
    group_modifier: Mapped[str | None]
    note_deadline_business_days: Mapped[int]
    plan_deadline_days: Mapped[int]
    opened_on: Mapped[date]
    cosignature: Mapped[str] = mapped_column(server_default="never")
    version: Mapped[int] = mapped_column(default=1)


class Staff(Model):
    """A person who works for the agency; `identity` seals name and e-mail under this person's key.

    `schedule`: weekly hours as `rules.staff` writes them. `caseload_to`: who takes over from the day after they leave.
    """

    __tablename__ = "staff"
    __table_args__ = (CheckConstraint("employed_to is null or employed_to >= employed_from", name="employment"),)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    identity: Mapped[bytes]
    language: Mapped[str]
    roles: Mapped[list[str]]
    employed_from: Mapped[date]
    employed_to: Mapped[date | None]
    fte: Mapped[Decimal] = mapped_column(Numeric(3, 2), server_default="1")
    peer_worker_since: Mapped[date | None]
    languages: Mapped[list[str]] = mapped_column(server_default="{}")
    schedule: Mapped[list[str]] = mapped_column(server_default="{}")
    caseload_to: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)
