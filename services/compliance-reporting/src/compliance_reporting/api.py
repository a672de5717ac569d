"""How a person or program asks compliance-reporting: reports as JSON, CSV and page, and the ids behind a figure."""

from dataclasses import replace
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, Response

from common.contracts.codes import Role
from common.http import Call, Created, CurrentCall, allow, answer, decode_cursor
from compliance_reporting import queries
from compliance_reporting.commands import releases, reports
from compliance_reporting.reports.page import Heading, page, policy
from compliance_reporting.reports.sheet import sheet

router = APIRouter(prefix="/v1", dependencies=[allow(Role.ADMINISTRATOR, Role.AUDITOR)])
Limit = Annotated[int, Query(ge=1, le=100)]


class Audience(StrEnum):
    """Who will read it: outside the agency, small cells are suppressed."""

    INTERNAL = "internal"
    EXTERNAL = "external"


class Sheet(Response):
    media_type = "text/csv"


def _steady(call: Call) -> Call:
    """Return the same call with transactions that keep one snapshot from their first statement to their last."""
    engine = call.runtime.engine.execution_options(isolation_level="REPEATABLE READ")
    return replace(call, runtime=replace(call.runtime, engine=engine))


@router.post("/reports", status_code=201, response_model=Created)
async def complete_report(call: CurrentCall, body: reports.CompleteReport) -> Response:
    """Compute a period's report from what is known now, and freeze it."""
    return await _steady(call).once(
        body, lambda db: reports.complete_report(db, body), location="/api/compliance-reporting/v1/reports/{id}"
    )


@router.get("/reports")
async def report_page(call: CurrentCall, next: str | None = None, limit: Limit = 50) -> queries.ReportPage:
    async with call.reading("report.list") as db:
        return await queries.report_page(db, decode_cursor(next), limit)


@router.get("/reports/{report_id}", response_model=queries.ReportAnswer)
async def report(call: CurrentCall, report_id: UUID) -> Response:
    async with call.reading("report.read", report_id) as db:
        found = await queries.report(db, report_id)
    return answer(found.model_dump_json().encode(), etag=found.version)


@router.get("/reports/{report_id}/csv", response_model=str, response_class=Sheet)
async def report_sheet(call: CurrentCall, report_id: UUID, audience: Audience = Audience.INTERNAL) -> Response:
    async with call.reading("report.export", report_id, form="csv", audience=audience) as db:
        found = await queries.report(db, report_id)
    external = audience is Audience.EXTERNAL
    text = sheet(found.results, found.period_start, found.period_end, found.as_of, external=external)
    return _file(found, text, "text/csv; charset=utf-8", "csv")


@router.get("/reports/{report_id}/html", response_model=str, response_class=HTMLResponse)
async def report_html(call: CurrentCall, report_id: UUID, audience: Audience = Audience.INTERNAL) -> Response:
    async with call.reading("report.export", report_id, form="html", audience=audience) as db:
        found = await queries.report(db, report_id)
    shown = page(_heading(found), found.results, external=audience is Audience.EXTERNAL)
    response = _file(found, shown, "text/html; charset=utf-8", "html", inline=True)
    response.headers["Content-Security-Policy"] = f"{policy()}; frame-ancestors 'none'"
    return response


@router.get("/reports/{report_id}/measures/{measure_id}/units")
async def report_units(
    call: CurrentCall,
    report_id: UUID,
    measure_id: str,
    part: queries.Part = queries.Part.DENOMINATOR,
    next: str | None = None,
    limit: Limit = 100,
) -> queries.UnitPage:
    """The ids behind a figure, as frozen with it; for an auditor from outside, each reading is a disclosure."""
    async with call.reading("report.units", report_id, measure=measure_id[:16], part=part) as db:
        page = await queries.report_units(db, report_id, measure_id, part, decode_cursor(next), limit)
        shown = await releases.show(db, call.actor, report_id, measure_id, part, page)
    call.runtime.bell.ring()
    return shown


def _heading(found: queries.ReportAnswer) -> Heading:
    return Heading(
        found.id,
        found.period_start,
        found.period_end,
        found.zone,
        found.as_of,
        found.lag_seconds,
        found.missing_events,
        found.record_hash,
    )


def _file(found: queries.ReportAnswer, text: str, media_type: str, suffix: str, *, inline: bool = False) -> Response:
    name = f"report-{found.period_start}-{found.period_end}.{suffix}"
    place = "inline" if inline else "attachment"
    return Response(text, headers={"Content-Disposition": f'{place}; filename="{name}"'}, media_type=media_type)
