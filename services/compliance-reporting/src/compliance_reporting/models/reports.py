"""Finished reports, who was shown what stands behind them, and reminders that were told."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from compliance_reporting.models.schema import FROZEN, Model


class Report(Model):
    """A finished report. Nothing in it changes: `record_hash` is the SHA-256 of its canonical `results`."""

    __tablename__ = "report"
    __table_args__ = ({"info": FROZEN},)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    period_start: Mapped[date]
    period_end: Mapped[date]
    zone: Mapped[str]
    as_of: Mapped[datetime]
    heard_to: Mapped[datetime | None]
    missing_events: Mapped[int]
    rule_versions: Mapped[dict[str, Any]]
    results: Mapped[dict[str, Any]]
    record_hash: Mapped[bytes]
    requested_by: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)


class ReportUnit(Model):
    """Which units a report counted, frozen with it; `in_numerator` is null where a needed fact was missing.

    `program_id` is the nil UUID where the unit belongs to no program. The key's order is the drill-down's.
    """

    __tablename__ = "report_unit"
    __table_args__ = ({"info": FROZEN},)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    report_id: Mapped[UUID] = mapped_column(primary_key=True)
    measure_id: Mapped[str] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(primary_key=True)
    program_id: Mapped[UUID] = mapped_column(primary_key=True)
    in_numerator: Mapped[bool | None]


class IdentityRelease(Model):
    """An auditor from outside was shown who stands behind a figure (42 CFR 2.53): whom, of which figure, and by what.

    `participant_ids`: at most 500, as many as one fact carries.
    """

    __tablename__ = "identity_release"
    __table_args__ = (Index(None, "agency_id", "agreement_id"), {"info": {"api": "select, insert", "worker": ""}})

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    agreement_id: Mapped[UUID]
    report_id: Mapped[UUID]
    measure_id: Mapped[str]
    part: Mapped[str]
    participant_ids: Mapped[list[UUID]]
    staff_id: Mapped[UUID]
    released_at: Mapped[datetime]


class OverdueNote(Model):
    """A session whose missing signature was told once."""

    __tablename__ = "overdue_note"
    __table_args__ = ({"info": {"api": "select", "worker": "select, insert"}},)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    told_at: Mapped[datetime]
