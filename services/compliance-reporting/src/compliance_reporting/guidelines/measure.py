"""What a measure is: its words, who stands behind it, and one statement that returns a row per unit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from common.packs import Authority, Parameter, Rule
from compliance_reporting.rules import Goal


class Unit(StrEnum):
    SESSION = "session"
    EPISODE = "episode"
    PLAN = "plan"
    DISCLOSURE = "disclosure"
    GROUP = "group"
    PERSON = "person"
    WORKER = "worker"
    INTERVAL = "interval"
    CONTACT = "contact"
    DAY = "day"


@dataclass(frozen=True)
class Measure:
    """One measure under one version of its rule.

    `authority`: who stands behind the rule as it is judged here, with no state pack loaded. `content_authority`: who
    asks for the subject, where nobody binding says how to measure it or how much is enough.
    `units`: a SELECT that returns `unit_id`, `program_id` (or null) and `in_numerator` (null: a needed fact is
    missing), and value columns for `extras`; one row per unit, for persons one per unit and program.
    `extras`: a SELECT, which may read the rows as `unit`, returning `name`, `grouping` (jsonb) and `value`.
    `parameters`: what packs may set; where a binding rule sets one, the measure is judged under that rule's authority.
    Both take `:agency`, `:start`, `:end` (days, included), `:zone`, `:holidays`, `:as_of` and `:regimes`.
    """

    id: str
    name: str
    unit: Unit
    guideline_ids: tuple[str, ...]
    authority: Authority
    citation: str
    numerator: str
    denominator: str
    units: str
    exclusions: str = "none"
    interpretation: tuple[str, ...] = ()
    goal: Goal = Goal.TARGET
    target: Decimal | None = None
    target_authority: Authority | None = None
    content_authority: Authority | None = None
    extras: str | None = None
    parameters: tuple[Parameter, ...] = ()
    rule_version: str = "1"

    def judged_under(self, rules: Sequence[Rule]) -> "Measure":
        """Return the measure as these binding rules make it, strongest first; itself where there are none."""
        if not rules:
            return self
        first = rules[0].authority
        return replace(
            self,
            authority=first,
            target=Decimal(100),
            target_authority=first,
            guideline_ids=tuple(dict.fromkeys(rule.guideline_id for rule in rules)),
            citation=" ".join(dict.fromkeys(rule.citation for rule in rules)),
        )
