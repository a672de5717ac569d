"""A report as one HTML page: no script, nothing fetched, readable in print, in the dark and by a screen reader."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from common.packs import Authority
from compliance_reporting.reports.figures import Result, Results
from compliance_reporting.reports.small_cells import (
    PERCENT_SERVED,
    PERSONS,
    SUPPORT,
    Shown,
    ShownExtra,
    shown,
    shown_extras,
)
from compliance_reporting.rules import Verdict

TEMPLATES = Environment(
    loader=PackageLoader("compliance_reporting.reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
AUTHORITIES = {
    Authority.FED_REQ: "Federal requirement",
    Authority.STATE_REQ: "State requirement",
    Authority.CERT_REQ: "Certification requirement",
    Authority.FED_GUIDE: "Federal guidance",
    Authority.EVID: "Evidence",
    Authority.DEFAULT: "Handrail default",
}
VERDICTS = {
    Verdict.PASS: ("✓", "Reached"),
    Verdict.FAIL: ("✗", "Not reached"),
    Verdict.WARN: ("!", "Below the goal"),
    Verdict.NA: ("–", "Nothing to judge"),
    Verdict.NOT_EVALUABLE: ("?", "Facts missing"),
}


@dataclass(frozen=True)
class Heading:
    """What a report says about itself."""

    report_id: UUID
    period_start: date
    period_end: date
    zone: str
    as_of: datetime
    lag_seconds: float | None
    missing_events: int
    record_hash: str


@dataclass(frozen=True)
class Bar:
    """One bar of a chart; `share` and `goal` in percent."""

    label: str
    text: str
    share: float | None
    goal: float | None = None


def page(heading: Heading, results: Results, *, external: bool) -> str:
    """Return the page. `external`: with small cells suppressed and without figures by program."""
    return TEMPLATES.get_template("report.html").render(
        heading=heading,
        as_of=heading.as_of.astimezone(ZoneInfo(heading.zone)),
        lag=lag_words(heading.lag_seconds),
        results=results,
        external=external,
        style=_style(),
        policy=policy(),
        authorities=AUTHORITIES,
        verdicts=VERDICTS,
        shown=lambda figure: shown(figure, external=external),
        extras=lambda result: [extra for extra in shown_extras(result, external=external) if not extra.grouping],
        supports=lambda result: [extra for extra in shown_extras(result, external=external) if extra.grouping],
        figure_bars=lambda results: [_bar(result, shown(result, external=external)) for result in results],
        support_bars=lambda result: list(_support_bars(shown_extras(result, external=external))),
        grouped=lambda count: f"{int(count):,}" if count.isdecimal() else count,
        words=lambda code: code.replace("_", " "),
    )


def _style() -> str:
    source, _, _ = TEMPLATES.loader.get_source(TEMPLATES, "report.css")  # type: ignore[union-attr]  # set above
    return source


def policy() -> str:
    """Return the page's Content-Security-Policy: its own style sheet, by hash, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def lag_words(seconds: float | None) -> str:
    """Return the lag of the facts in words: a lag that nobody measured is never called none."""
    if seconds is None:
        return "not measured yet"
    return "less than a second" if seconds < 1 else str(timedelta(seconds=round(seconds)))


def _bar(result: Result, cells: Shown) -> Bar:
    text = f"{cells.percent} %" if cells.bar is not None else cells.percent or "nothing to count"
    return Bar(f"{result.measure_id} {result.name}", text, cells.bar, result.target)


def _support_bars(extras: Iterable[ShownExtra]) -> Iterable[Bar]:
    """Persons by support type, most first; the bar is the share of all persons served."""
    lines = list(extras)
    shares = {line.grouping[SUPPORT]: line.value for line in lines if line.name == PERCENT_SERVED}
    totals = [line for line in lines if line.name == PERSONS and len(line.grouping) == 1]
    for line in sorted(totals, key=lambda line: (-_number(line.value), line.grouping[SUPPORT])):
        share = shares[line.grouping[SUPPORT]]
        label = line.grouping[SUPPORT].replace("_", " ")
        yield Bar(label, f"{line.value} ({share} %)" if _number(share) >= 0 else line.value, max(_number(share), 0.0))


def _number(text: str) -> float:
    return float(text) if text.replace(".", "", 1).isdecimal() else -1.0
