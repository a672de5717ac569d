"""Finishing a report: every measure in one snapshot, its figures and its units frozen together."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

import orjson
from pydantic import Field
from sqlalchemy import ARRAY, BindParameter, Date, DateTime, Text, TextClause, bindparam, func, or_, select, text
from sqlalchemy.types import Uuid
from uuid_utils.compat import uuid7

from common.contracts.codes import Role
from common.contracts.compliance_reporting import REPORT_COMPLETED, ReportFacts
from common.database import Db
from common.errors import Refused
from common.http import Created
from common.identity import NOBODY
from common.packs import Rule
from common.text import Asked, Day
from compliance_reporting.guidelines import MEASURES
from compliance_reporting.guidelines.measure import Measure, Unit
from compliance_reporting.guidelines.regimes import Regimes, Spell, judged_by, regimes
from compliance_reporting.models import FactAgency, FactPlacement, FactProgram, FactProgramPack, FactStaff, Report
from compliance_reporting.reports.figures import Extra, Result, record_hash, result, results
from compliance_reporting.rules import Counts, heard_to, require_period

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 1, 1)
HEARD = frozenset({"workforce", "intake", "session-logging"})  # whose facts a report rests on


class CompleteReport(Asked):
    period_start: Day = Field(ge=FIRST_DAY, le=LAST_DAY, description="first day, included")
    period_end: Day = Field(ge=FIRST_DAY, le=LAST_DAY, description="last day, included; at most 400 days in all")


async def complete_report(db: Db, request: CompleteReport) -> Created:
    """Compute and freeze a report as of now. `db` must keep one snapshot, or its figures would not agree.

    `as_of` is the transaction's start, just before its snapshot: whatever was committed by then is in the figures.
    """
    require_period(request.period_start, request.period_end)
    agency = await db.get(FactAgency, (db.scope.agency_id, db.scope.agency_id))
    if agency is None:
        raise Refused("agency-not-heard-of", "The agency's settings have not arrived here yet. Try again in a moment.")
    as_of = await _snapshot(db)
    report_id = uuid7()
    reached, missing = await _heard(db)
    standing = await regimes_of(db)
    values = values_of(agency, request, report_id, as_of, standing)
    owners = await owners_of(db, request)
    found = [await measured(db, measure, values, judging(measure, standing, owners, request)) for measure in MEASURES]
    document = results(found).model_dump(mode="json")
    db.add(
        Report(
            agency_id=agency.agency_id,
            id=report_id,
            period_start=request.period_start,
            period_end=request.period_end,
            zone=agency.zone,
            as_of=as_of,
            heard_to=reached,
            missing_events=missing,
            rule_versions={measure.id: measure.rule_version for measure in MEASURES},
            results=document,
            record_hash=record_hash(document),
            requested_by=db.scope.actor_id,
            version=1,
        )
    )
    _tell(db, report_id, request, as_of)
    return Created(id=report_id, version=1)


async def _snapshot(db: Db) -> datetime:
    """Return the instant of the transaction's one snapshot."""
    isolation = func.current_setting("transaction_isolation").label("isolation")
    row = (await db.execute(select(func.now().label("started_at"), isolation))).one()
    assert row.isolation == "repeatable read"  # the caller opens the transaction so
    started_at: datetime = row.started_at
    return started_at


def _tell(db: Db, report_id: UUID, request: CompleteReport, as_of: datetime) -> None:
    facts = ReportFacts(
        report_id=report_id,
        requested_by=db.scope.actor_id,
        period_start=request.period_start,
        period_end=request.period_end,
        as_of=as_of,
    )
    db.publish(REPORT_COMPLETED, facts, about=report_id, seq=1)
    db.audit("report.complete", report_id)


async def _heard(db: Db) -> tuple[datetime | None, int]:
    """Return the instant up to which all facts are in, and how many are known to be missing."""
    freshness = db.tables.freshness
    asked = select(freshness.c.publisher, freshness.c.as_of, freshness.c.missing)
    rows = (await db.execute(asked.where(freshness.c.publisher.in_(HEARD)))).all()
    return heard_to({row.publisher: row.as_of for row in rows}, HEARD), sum(row.missing for row in rows)


async def regimes_of(db: Db) -> Regimes:
    """Return who stands under which packs; an agency has few programs, and a few spells of each worker."""
    pack, place = FactProgramPack, FactPlacement
    choices = await db.execute(
        select(pack.program_id, pack.pack_id, pack.valid_from, pack.valid_to).where(
            pack.agency_id == db.scope.agency_id
        )
    )
    placements = await db.execute(
        select(place.staff_id, place.program_id, place.valid_from, place.valid_to).where(
            place.agency_id == db.scope.agency_id
        )
    )
    return regimes([Spell(*row) for row in choices], [Spell(*row) for row in placements])


async def owners_of(db: Db, request: CompleteReport) -> list[UUID]:
    """Return the programs, and the peers employed on the last day: whoever a rule has to bind for a measure to bind."""
    programs = await db.scalars(select(FactProgram.id).where(FactProgram.agency_id == db.scope.agency_id))
    peers = await db.scalars(
        select(FactStaff.id).where(
            FactStaff.agency_id == db.scope.agency_id,
            FactStaff.roles.contains([Role.PEER.value]),
            FactStaff.employed_from <= request.period_end,
            or_(FactStaff.employed_to.is_(None), FactStaff.employed_to >= request.period_end),
        )
    )
    return [*programs, *peers]


def judging(measure: Measure, standing: Regimes, owners: Sequence[UUID], request: CompleteReport) -> list[Rule]:
    """Return the binding rules that packs set for a measure, if they bind everybody it judges."""
    days = (request.period_end,)
    return [rule for parameter in measure.parameters for rule in judged_by(standing, parameter, owners, days)]


def values_of(
    agency: FactAgency, request: CompleteReport, report_id: UUID, as_of: datetime, standing: Regimes
) -> dict[str, Any]:
    return {
        "agency": agency.agency_id,
        "report": report_id,
        "start": request.period_start,
        "end": request.period_end,
        "zone": agency.zone,
        "holidays": agency.holidays,
        "as_of": as_of,
        "no_program": NOBODY,
        "regimes": orjson.dumps(standing.document(), default=str).decode(),
    }


async def measured(db: Db, measure: Measure, values: dict[str, Any], rules: Sequence[Rule] = ()) -> Result:
    """Freeze a measure's units and return its result: one statement, so that its rows are read once.

    `rules`: the binding rules that packs set for it.
    """
    rows = (await db.execute(_statement(measure), values | {"measure": measure.id})).all()
    total = next(row for row in rows if row.whole)
    programs = [(row.program_id, _counts(row)) for row in rows if not row.whole and row.program_id != NOBODY]
    return result(
        measure.judged_under(rules), _counts(total), sorted(programs, key=lambda one: one[0]), _extras(total.extras)
    )


def _counts(row: Any) -> Counts:
    return Counts(row.numerator, row.denominator, row.unevaluable)


def _extras(rows: Sequence[dict[str, Any]] | None) -> list[Extra]:
    found = [Extra.model_validate(row) for row in rows or ()]
    return sorted(found, key=lambda extra: (extra.name, len(extra.grouping), tuple(sorted(extra.grouping.items()))))


PARAMETERS: tuple[BindParameter[Any], ...] = (
    bindparam("agency", type_=Uuid()),
    bindparam("report", type_=Uuid()),
    bindparam("no_program", type_=Uuid()),
    bindparam("measure", type_=Text()),
    bindparam("start", type_=Date()),
    bindparam("end", type_=Date()),
    bindparam("zone", type_=Text()),
    bindparam("holidays", type_=ARRAY(Date)),
    bindparam("as_of", type_=DateTime(timezone=True)),
    bindparam("regimes", type_=Text()),
)


@cache
def _statement(measure: Measure) -> TextClause:
    """Return the statement that freezes and counts: rows = the agency as a whole, then each program.

    Every unit has one row, but for persons, who have one per program: the whole agency counts each of them once.
    """
    whole = "unit"
    if measure.unit is Unit.PERSON:
        whole = "(select unit_id, bool_or(in_numerator) as in_numerator from unit group by unit_id)"
    sql = f"""
        with unit as materialized ({measure.units}),
        frozen as (
            insert into report_unit (agency_id, report_id, measure_id, unit_id, program_id, in_numerator)
            select :agency, :report, :measure, unit_id, coalesce(program_id, :no_program), in_numerator
            from unit order by unit_id, program_id -- in the key's order, which makes the index grow at one place
        ), extra as ({measure.extras or NO_EXTRAS})
        select true as whole, :no_program as program_id, {COUNTED},
            (select jsonb_agg(to_jsonb(extra)) from extra) as extras
        from {whole} w
        union all
        select false, coalesce(program_id, :no_program), {COUNTED}, null from unit group by program_id
    """
    return text(sql).bindparams(*(one for one in PARAMETERS if f":{one.key}" in sql))


COUNTED = """
    count(*) filter (where in_numerator) as numerator,
    count(in_numerator) as denominator,
    count(*) filter (where in_numerator is null) as unevaluable
"""
NO_EXTRAS = "select null::text as name, null::jsonb as grouping, null::numeric as value where false"
