"""A report's figures, complete with the words they were computed under, so that a frozen report explains itself."""

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from uuid import UUID

import orjson
from pydantic import BaseModel, Field

from common.packs import Authority
from compliance_reporting.guidelines import goal_words
from compliance_reporting.guidelines.measure import Measure, Unit
from compliance_reporting.rules import Counts, Goal, Headline, Standard, Verdict, headline, percent, verdict

AT_BASELINE = "at_baseline"


class Figure(BaseModel):
    """One count of units: how many met the measure, of how many."""

    numerator: int
    denominator: int
    unevaluable: int = Field(description="units about which a needed fact is missing; for pairs, persons lost")
    percent: float | None = Field(description="one decimal, half up; null where the denominator is 0")


class ProgramFigure(Figure):
    program_id: UUID


class Extra(BaseModel):
    """A further number, such as a mean or a cell of a table."""

    name: str
    grouping: dict[str, str] = {}
    value: int | float


class Result(Figure):
    """One measure's outcome and everything needed to read it later."""

    measure_id: str
    name: str
    unit: Unit
    verdict: Verdict
    required: bool = Field(description="whether the rule binds; guidance and defaults do not count in the headline")
    authority: Authority
    content_authority: Authority | None
    goal: Goal
    goal_words: str
    target: float | None
    target_authority: Authority | None
    rule_version: str
    guideline_ids: list[str]
    citation: str
    numerator_words: str
    denominator_words: str
    exclusions: str
    interpretation: list[str]
    by_program: list[ProgramFigure]
    extras: list[Extra]

    @property
    def counts(self) -> Counts:
        return Counts(self.numerator, self.denominator, self.unevaluable)


class HeadlineFigure(BaseModel):
    passed: int
    judged: int
    percent: float | None


class Results(BaseModel):
    """What a report found: the headline, then each measure in the order of the guidelines."""

    headline: HeadlineFigure
    measures: list[Result]

    @property
    def required(self) -> list[Result]:
        return [result for result in self.measures if result.required]

    @property
    def guidance(self) -> list[Result]:
        return [result for result in self.measures if not result.required]


def result(
    measure: Measure, total: Counts, by_program: Iterable[tuple[UUID, Counts]], extras: Sequence[Extra]
) -> Result:
    """Judge one measure's counts and put its words beside them."""
    return Result(
        **_figure(total),
        measure_id=measure.id,
        verdict=verdict(total, _standard(measure, extras)),
        required=measure.authority.binds,
        goal_words=goal_words(measure),
        target=None if measure.target is None else float(measure.target),
        numerator_words=measure.numerator,
        denominator_words=measure.denominator,
        by_program=[ProgramFigure(program_id=program_id, **_figure(counts)) for program_id, counts in by_program],
        extras=list(extras),
        **{name: getattr(measure, name) for name in _AS_THEY_ARE},
    )


_AS_THEY_ARE = (
    "name",
    "unit",
    "authority",
    "content_authority",
    "goal",
    "target_authority",
    "rule_version",
    "guideline_ids",
    "citation",
    "exclusions",
    "interpretation",
)


def _figure(counts: Counts) -> dict[str, object]:
    share = percent(counts.numerator, counts.denominator)
    return {
        "numerator": counts.numerator,
        "denominator": counts.denominator,
        "unevaluable": counts.unevaluable,
        "percent": _number(share),
    }


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _standard(measure: Measure, extras: Sequence[Extra]) -> Standard:
    at_baseline = next((int(extra.value) for extra in extras if extra.name == AT_BASELINE), 0)
    return Standard(measure.goal, measure.target_authority or measure.authority, measure.target, at_baseline)


def results(measures: Sequence[Result]) -> Results:
    """Return a report's results with their headline."""
    found: Headline = headline((one.authority, one.verdict) for one in measures if one.goal is not Goal.REPORT)
    figure = HeadlineFigure(passed=found.passed, judged=found.judged, percent=_number(found.percent))
    return Results(headline=figure, measures=list(measures))


def record_hash(document: dict[str, object]) -> bytes:
    """Return the SHA-256 of results in their one canonical form: JSON with sorted keys and no spaces."""
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).digest()
