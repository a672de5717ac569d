"""What was heard of agencies, programs and the people who work there."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from compliance_reporting.models.schema import PROJECTED, Fact, Model


class FactAgency(Fact):
    __tablename__ = "fact_agency"

    zone: Mapped[str]
    holidays: Mapped[list[date]]
    activated_at: Mapped[datetime]


class KnownAgency(Model):
    """Which agencies there are, by their ids: the worker must know whose turn it is before it may see anything."""

    __tablename__ = "known_agency"
    __table_args__ = ({"info": {"reach": "shared", "api": "", "worker": "select, insert"}},)

    id: Mapped[UUID] = mapped_column(primary_key=True)


class FactProgram(Fact):
    __tablename__ = "fact_program"

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


class FactStaff(Fact):
    __tablename__ = "fact_staff"

    roles: Mapped[list[str]]
    employed_from: Mapped[date]
    employed_to: Mapped[date | None]
    caseload_to: Mapped[UUID | None]
    fte: Mapped[Decimal] = mapped_column(server_default="1")
    peer_worker_since: Mapped[date | None]


class FactPlacement(Fact):
    __tablename__ = "fact_placement"

    staff_id: Mapped[UUID]
    program_id: Mapped[UUID]
    role: Mapped[str]
    fte: Mapped[Decimal]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class FactProgramPack(Fact):
    """Whose rules a program is judged by, and when."""

    __tablename__ = "fact_program_pack"

    program_id: Mapped[UUID]
    pack_id: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class FactCredential(Fact):
    """Found by worker for each session (M01). `statuses`: each status with its first day; empty in early facts."""

    __tablename__ = "fact_credential"
    __table_args__ = (Index(None, "agency_id", "staff_id"), {"info": PROJECTED})

    staff_id: Mapped[UUID]
    credential_type: Mapped[str]
    specialty: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    status: Mapped[str]
    statuses: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    stage: Mapped[str | None]
    cycle_from: Mapped[date | None]
    renewal_on: Mapped[date | None]
    exam_passed_on: Mapped[date | None]


class FactTraining(Fact):
    __tablename__ = "fact_training"

    staff_id: Mapped[UUID]
    kind: Mapped[str]
    topic: Mapped[str]
    hours: Mapped[Decimal]
    completed_on: Mapped[date]
    categories: Mapped[list[int]]
    voided: Mapped[bool]


class FactAttestation(Fact):
    __tablename__ = "fact_attestation"

    staff_id: Mapped[UUID]
    kind: Mapped[str]
    signed_on: Mapped[date]
    withdrawn_on: Mapped[date | None]


class FactCompetency(Fact):
    """One assessment: which of the twelve categories it looked at; never how well."""

    __tablename__ = "fact_competency"

    staff_id: Mapped[UUID]
    assessor_id: Mapped[UUID]
    method: Mapped[str]
    assessed_on: Mapped[date]
    categories: Mapped[list[int]]
    voided: Mapped[bool]


class FactWorkHours(Fact):
    __tablename__ = "fact_work_hours"

    staff_id: Mapped[UUID]
    kind: Mapped[str]
    hours: Mapped[Decimal]
    from_on: Mapped[date]
    to_on: Mapped[date]
    voided: Mapped[bool]


class FactSupervisor(Fact):
    __tablename__ = "fact_supervisor"

    staff_id: Mapped[UUID]
    supervisor_id: Mapped[UUID]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    fte: Mapped[Decimal] = mapped_column(server_default="1")


class FactSupervision(Fact):
    """Found by the day on which it was held (M07, M08)."""

    __tablename__ = "fact_supervision"
    __table_args__ = (Index(None, "agency_id", "held_on"), {"info": PROJECTED})

    supervisor_id: Mapped[UUID]
    staff_ids: Mapped[list[UUID]]
    held_on: Mapped[date]
    minutes: Mapped[int]
    mode: Mapped[str]
    topics: Mapped[list[str]]
    voided: Mapped[bool]
