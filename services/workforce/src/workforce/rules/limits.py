"""How many people may be supervised or accompanied at once, by the packs of a day: pure decisions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from common.packs import LAST, Parameter, Rule, timeline
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
    """What somebody carries on a day, and the smallest limit that a rule sets; none where nobody sets one.

    `required`: the smallest that is confirmed and binds, which may be another than the smallest of all.
    """

    carried: Decimal
    rule: Rule | None
    required: Rule | None

    @property
    def is_beyond(self) -> bool:
        return self.rule is not None and self.carried > self.rule.value

    @property
    def is_forbidden(self) -> bool:
        """Tell whether it is beyond what a confirmed rule allows, which somebody has to answer for."""
        return self.required is not None and self.carried > self.required.value


def span_on(supervised: Iterable[Supervised], day: date) -> Load:
    """Return the full-time equivalents supervised on a day; of several workers' limits the smallest counts: M09."""
    there = [one for one in supervised if one.since <= day <= (one.until or LAST)]
    found = [rule_in(packs_on(one.stood, day), Parameter.SUPERVISOR_SPAN_FTE, day) for one in there]
    return _load(sum((one.fte for one in there), Decimal(0)), [rule for rule in found if rule])


def _load(carried: Decimal, rules: Sequence[Rule]) -> Load:
    smallest, required = (
        min(some, key=lambda rule: Decimal(rule.value), default=None)
        for some in (rules, [rule for rule in rules if rule.is_required])
    )
    return Load(carried, smallest, required)


def worst_span(supervised: Sequence[Supervised], since: date, until: date | None) -> Load:
    """Return the first span beyond what is allowed on any day of a stretch, else the one on its first day.

    Spans grow, and limits shrink, only on a day on which something begins: a share, a choice of packs, a rule.
    """
    begins = {one.since for one in supervised} | {pack.since for one in supervised for pack in one.stood}
    packs = frozenset(pack.pack_id for one in supervised for pack in one.stood)
    begins |= {first for first, _, _ in timeline(packs, Parameter.SUPERVISOR_SPAN_FTE)}
    days = sorted({since} | {day for day in begins if since <= day <= (until or LAST)})
    spans = [span_on(supervised, day) for day in days]
    return next((span for span in spans if span.is_forbidden), spans[0])


def caseload_on(stood: Iterable[Stood], people: int, day: date) -> Load:
    """Return how many people somebody accompanies on a day, beside their packs' limit: M10."""
    rule = rule_in(packs_on(stood, day), Parameter.CASELOAD_MAX, day)
    return _load(Decimal(people), [rule] if rule else [])
