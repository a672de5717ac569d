"""A report as CSV: one line per figure, figures and codes only."""

from collections.abc import Iterator
from datetime import date, datetime

from common.sheets import table
from compliance_reporting.reports.figures import Figure, Result, Results
from compliance_reporting.reports.small_cells import shown, shown_extras

COLUMNS = (
    "period_start",
    "period_end",
    "as_of",
    "measure_id",
    "name",
    "authority",
    "target",
    "target_authority",
    "rule_version",
    "program_id",
    "figure",
    "support",
    "age_band",
    "sex",
    "numerator",
    "denominator",
    "unevaluable",
    "percent",
    "value",
    "verdict",
)


def sheet(results: Results, period_start: date, period_end: date, as_of: datetime, *, external: bool) -> str:
    """Return the CSV text. `external`: with small cells suppressed and without figures by program."""
    period = {"period_start": str(period_start), "period_end": str(period_end), "as_of": as_of.isoformat()}
    return table(COLUMNS, (period | line for result in results.measures for line in _lines(result, external=external)))


def _lines(result: Result, *, external: bool) -> Iterator[dict[str, str]]:
    rule = {
        "measure_id": result.measure_id,
        "name": result.name,
        "authority": result.authority,
        "target": "" if result.target is None else f"{result.target:g}",
        "target_authority": result.target_authority or "",
        "rule_version": result.rule_version,
    }
    yield rule | _counts(result, external=external) | {"figure": "measure", "verdict": result.verdict}
    for program in () if external else result.by_program:
        yield rule | _counts(program, external=False) | {"figure": "by_program", "program_id": str(program.program_id)}
    for extra in shown_extras(result, external=external):
        yield rule | dict(extra.grouping) | {"figure": extra.name, "value": extra.value}


def _counts(figure: Figure, *, external: bool) -> dict[str, str]:
    cells = shown(figure, external=external)
    return {
        "numerator": cells.numerator,
        "denominator": cells.denominator,
        "unevaluable": cells.unevaluable,
        "percent": cells.percent,
    }
