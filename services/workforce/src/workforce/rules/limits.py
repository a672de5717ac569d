"""How many people may be supervised or accompanied at once, by the packs of a day: pure decisions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from common.packs import LAST, Parameter, Rule
from workforce.rules.standing import Stood, packs_on, rule_in


@dataclass(frozen=True, slots=True)
class Supervised:
    """One worker under a supervisor, both days included. `fte`: the worker's share of full time times the share of it
    that this supervisor supervises."""

    fte: Decimal
    since: date
    until: date | None
    stood: Sequence[Stood] = ()


@dataclass(frozen=True, slots=True)
class Load:
    """What somebody carries on a day, and the smallest limit that a rule sets; none where nobody sets one."""

    carried: Decimal
    rule: Rule | None

    @property
    def is_beyond(self) -> bool:
        return self.rule is not None and self.carried > self.rule.value

    @property
    def is_forbidden(self) -> bool:
        """Tell whether it is beyond what a confirmed rule allows, which somebody has to answer for."""
        return self.rule is not None and self.is_beyond and self.rule.is_required


def span_on(supervised: Iterable[Supervised], day: date) -> Load:
    """Return the full-time equivalents supervised on a day; of several workers' limits the smallest counts: M09."""
    there = [one for one in supervised if one.since <= day <= (one.until or LAST)]
    rules = [rule_in(packs_on(one.stood, day), Parameter.SUPERVISOR_SPAN_FTE, day) for one in there]
    smallest = min((rule for rule in rules if rule), key=lambda rule: Decimal(rule.value), default=None)
    return Load(sum((one.fte for one in there), Decimal(0)), smallest)


def worst_span(supervised: Sequence[Supervised], since: date, until: date | None) -> Load:
    """Return the first span beyond what is allowed on any day of a stretch, else the one on its first day.

    Spans grow, and limits shrink, only on a day on which something begins, so these are all that need looking at.
    """
    begins = {one.since for one in supervised} | {pack.since for one in supervised for pack in one.stood}
    days = sorted({since} | {day for day in begins if since <= day <= (until or LAST)})
    spans = [span_on(supervised, day) for day in days]
    return next((span for span in spans if span.is_forbidden), spans[0])


def caseload_on(stood: Iterable[Stood], people: int, day: date) -> Load:
    """Return how many people somebody accompanies on a day, beside their packs' limit: M10."""
    return Load(Decimal(people), rule_in(packs_on(stood, day), Parameter.CASELOAD_MAX, day))
