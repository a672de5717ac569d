"""What follows from counts: percentages, verdicts, the headline and the lag; pure decisions on plain numbers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from common.errors import Unprocessable
from common.packs import Authority

TENTH = Decimal("0.1")
MOST_DAYS = 400  # a year and a quarter's slack; longer periods are several reports


class Verdict(StrEnum):
    """FAIL misses a rule that binds, WARN misses guidance or a default; NOT_EVALUABLE never counts as a pass."""

    PASS = "PASS"  # noqa: S105 - a verdict
    FAIL = "FAIL"
    WARN = "WARN"
    NA = "NA"
    NOT_EVALUABLE = "NOT_EVALUABLE"


class Goal(StrEnum):
    """What a figure is held against."""

    TARGET = "target"  # at least the target's percentage
    AS_BASELINE = "as_baseline"  # at least as many as at baseline
    ABOVE_BASELINE = "above_baseline"  # more than at baseline, or everybody
    REPORT = "report"  # nothing: a count to be reported


@dataclass(frozen=True, slots=True)
class Counts:
    """Units that meet a measure, units that could, and units about which a needed fact is missing."""

    numerator: int
    denominator: int
    unevaluable: int = 0


@dataclass(frozen=True, slots=True)
class Standard:
    """What counts are judged by. `target`: percent. `at_baseline`: units that met the state at baseline."""

    goal: Goal
    authority: Authority
    target: Decimal | None = None
    at_baseline: int = 0

    def met(self, numerator: int, denominator: int) -> bool:
        """Compare exactly: a percentage that is only rounded up to its target has not reached it."""
        if self.goal is Goal.TARGET:
            assert self.target is not None  # a measure with this goal states its target
            return 100 * numerator >= self.target * denominator
        if self.goal is Goal.ABOVE_BASELINE:
            return numerator > self.at_baseline or numerator == denominator
        return numerator >= self.at_baseline


def percent(numerator: int, denominator: int) -> Decimal | None:
    """Return the percentage with one decimal, half up; None where there is nothing to divide by."""
    if denominator == 0:
        return None
    return (Decimal(100 * numerator) / denominator).quantize(TENTH, ROUND_HALF_UP)


def verdict(counts: Counts, standard: Standard) -> Verdict:
    """Judge counts; where missing facts could turn the outcome, the answer is NOT_EVALUABLE.

    A comparison with the baseline rests on complete pairs alone: who was lost is reported beside it.
    """
    if standard.goal is Goal.REPORT:
        return Verdict.NA
    if standard.goal is Goal.TARGET and counts.unevaluable:
        everybody = counts.denominator + counts.unevaluable
        worst = standard.met(counts.numerator, everybody)
        best = standard.met(counts.numerator + counts.unevaluable, everybody)
        if worst != best:
            return Verdict.NOT_EVALUABLE
    elif counts.denominator == 0:
        return Verdict.NA
    if standard.met(counts.numerator, counts.denominator):
        return Verdict.PASS
    return Verdict.FAIL if standard.authority.binds else Verdict.WARN


@dataclass(frozen=True, slots=True)
class Headline:
    """How many of the measures that bind and could be judged were passed."""

    passed: int
    judged: int

    @property
    def percent(self) -> Decimal | None:
        return percent(self.passed, self.judged)


def headline(verdicts: Iterable[tuple[Authority, Verdict]]) -> Headline:
    """Return the share of binding measures that pass. NA is left out; NOT_EVALUABLE counts as not passed."""
    judged = [verdict for authority, verdict in verdicts if authority.binds and verdict is not Verdict.NA]
    return Headline(passed=judged.count(Verdict.PASS), judged=len(judged))


def heard_to(reached: Mapping[str, datetime], needed: Iterable[str]) -> datetime | None:
    """Return the instant up to which every needed publisher was heard; None while one was never checked."""
    instants = [reached.get(publisher) for publisher in needed]
    known = [instant for instant in instants if instant is not None]
    return min(known) if known and len(known) == len(instants) else None


def lag_seconds(as_of: datetime, heard_to: datetime | None) -> float | None:
    """Return how far the facts lag behind `as_of`; None where nobody has checked yet."""
    return None if heard_to is None else max(0.0, (as_of - heard_to).total_seconds())


def require_period(start: date, end: date) -> None:
    """Raise `Unprocessable` unless the days make a period of at most 400 days, both included."""
    if end < start:
        raise Unprocessable("period-ends-before-it-starts", "Choose an end on or after the start.", "/period_end")
    if (end - start).days + 1 > MOST_DAYS:
        raise Unprocessable("period-too-long", f"Choose a period of at most {MOST_DAYS} days.", "/period_end")
