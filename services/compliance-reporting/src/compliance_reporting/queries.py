"""What can be asked of compliance-reporting: one function per question."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import ColumnElement, func, select

from common.contracts.codes import RecordOrigin
from common.database import Db
from common.errors import NotThere
from common.http import PAGE_MOST, Cursor, encode_cursor
from compliance_reporting.models import Report, ReportUnit
from compliance_reporting.reports.figures import HeadlineFigure, Results
from compliance_reporting.rules import lag_seconds


class Part(StrEnum):
    """Which units of a figure: those that met it, all it counted, those that did not, those it could not judge."""

    NUMERATOR = "numerator"
    DENOMINATOR = "denominator"
    MISSED = "missed"
    UNEVALUABLE = "unevaluable"


class ReportEntry(BaseModel):
    id: UUID
    period_start: date
    period_end: date
    as_of: AwareDatetime
    headline: HeadlineFigure
    version: int


class ReportPage(BaseModel):
    items: list[ReportEntry]
    next: str | None = None


class ReportAnswer(BaseModel):
    """A frozen report."""

    id: UUID
    period_start: date
    period_end: date
    zone: str
    as_of: AwareDatetime = Field(description="the instant of the snapshot: what was known here by then is counted")
    heard_to: AwareDatetime | None = Field(description="facts recorded before this had arrived; null: not measured")
    lag_seconds: float | None = Field(description="as_of less heard_to; null: not measured")
    missing_events: int = Field(description="facts that are known to exist and had not arrived")
    rule_versions: dict[str, str]
    record_hash: str = Field(description="SHA-256 of the canonical results, in hex")
    results: Results
    version: int


class UnitPage(BaseModel):
    """Ids behind a figure; `origins` labels each by the records of the people behind it, and travels with them."""

    items: list[UUID]
    origins: dict[UUID, RecordOrigin] = {}
    next: str | None = None


async def report(db: Db, report_id: UUID) -> ReportAnswer:
    """Return a report. Raises `NotThere`, also for another agency's."""
    row = await _report(db, report_id)
    return ReportAnswer(
        id=row.id,
        period_start=row.period_start,
        period_end=row.period_end,
        zone=row.zone,
        as_of=row.as_of,
        heard_to=row.heard_to,
        lag_seconds=lag_seconds(row.as_of, row.heard_to),
        missing_events=row.missing_events,
        rule_versions=row.rule_versions,
        record_hash=row.record_hash.hex(),
        results=Results.model_validate(row.results),
        version=row.version,
    )


async def _report(db: Db, report_id: UUID) -> Report:
    row = await db.get(Report, (db.scope.agency_id, report_id))
    if row is None:
        raise NotThere
    return row


async def report_page(db: Db, after: Cursor | None, limit: int) -> ReportPage:
    """Return up to `limit` reports, newest first: their ids grow with time."""
    limit = min(limit, PAGE_MOST)
    columns = (Report.id, Report.period_start, Report.period_end, Report.as_of, Report.version)
    headline = Report.results["headline"].label("headline")
    question = select(*columns, headline).order_by(Report.id.desc()).limit(limit + 1)
    if after:
        question = question.where(Report.id < after.id)
    rows = (await db.execute(question)).mappings().all()
    items = [ReportEntry.model_validate(dict(row)) for row in rows[:limit]]
    return ReportPage(items=items, next=encode_cursor("", items[-1].id) if len(rows) > limit else None)


async def report_units(
    db: Db, report_id: UUID, measure_id: str, part: Part, after: Cursor | None, limit: int
) -> UnitPage:
    """Return up to `limit` ids behind a figure, each once. Raises `NotThere` for an unknown report or measure."""
    if measure_id not in (await _report(db, report_id)).rule_versions:
        raise NotThere
    limit = min(limit, PAGE_MOST)
    question = (
        select(ReportUnit.unit_id)
        .where(
            ReportUnit.agency_id == db.scope.agency_id,
            ReportUnit.report_id == report_id,
            ReportUnit.measure_id == measure_id,
        )
        .group_by(ReportUnit.unit_id)
        .having(_belongs(part))
        .order_by(ReportUnit.unit_id)
        .limit(limit + 1)
    )
    if after:
        question = question.where(ReportUnit.unit_id > after.id)
    ids = (await db.scalars(question)).all()
    items = list(ids[:limit])
    return UnitPage(items=items, next=encode_cursor("", items[-1]) if len(ids) > limit else None)


def _belongs(part: Part) -> ColumnElement[bool]:
    met = func.bool_or(ReportUnit.in_numerator)
    if part is Part.NUMERATOR:
        return met
    if part is Part.DENOMINATOR:
        return met.is_not(None)
    if part is Part.MISSED:
        return met.is_(False)
    return met.is_(None)
