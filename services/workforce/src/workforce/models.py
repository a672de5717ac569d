"""What workforce remembers: agencies, programs, staff, how they sign in, what they are credentialed for."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.tables import COLUMN_TYPES, foundation, schema_metadata


class Model(DeclarativeBase):
    metadata = schema_metadata("workforce")
    type_annotation_map: ClassVar = COLUMN_TYPES


TABLES = foundation(Model.metadata)


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
    version: Mapped[int] = mapped_column(default=1)


class Staff(Model):
    """A person who works for the agency; `identity` seals name and e-mail under this person's key."""

    __tablename__ = "staff"
    __table_args__ = (CheckConstraint("employed_to is null or employed_to >= employed_from", name="employment"),)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    identity: Mapped[bytes]
    language: Mapped[str]
    roles: Mapped[list[str]]
    employed_from: Mapped[date]
    employed_to: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1)


class Login(Model):
    """Which agency an e-mail address belongs to: a keyed digest, so that sign-in needs no agency's name."""

    __tablename__ = "login"
    __table_args__ = ({"info": {"reach": "shared", "api": "select, insert", "worker": ""}},)

    handle: Mapped[bytes] = mapped_column(primary_key=True)
    owner_agency_id: Mapped[UUID]
    staff_id: Mapped[UUID]


class Password(Model):
    __tablename__ = "password"
    __table_args__ = ({"info": {"worker": ""}},)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    hash: Mapped[str]
    one_time: Mapped[bool]
    changed_at: Mapped[datetime]


class RefreshToken(Model):
    """A link in a family of rotating tokens; using a used one ends the whole family."""

    __tablename__ = "refresh_token"
    __table_args__ = (Index(None, "agency_id", "family_id"), {"info": {"worker": ""}})

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    family_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


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
