"""What a measure is: its words, who stands behind it, and one statement that returns a row per unit."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from compliance_reporting.rules import Authority, Goal


class Unit(StrEnum):
    SESSION = "session"
    EPISODE = "episode"
    PLAN = "plan"
    DISCLOSURE = "disclosure"
    GROUP = "group"
    PERSON = "person"


@dataclass(frozen=True)
class Measure:
    """One measure under one version of its rule.

    `authority`: who stands behind the rule as it is judged here, with no state pack loaded. `content_authority`: who
    asks for the subject, where nobody binding says how to measure it or how much is enough.
    `units`: a SELECT that returns `unit_id`, `program_id` (or null) and `in_numerator` (null: a needed fact is
    missing), and value columns for `extras`; one row per unit, for persons one per unit and program.
    `extras`: a SELECT, which may read the rows as `unit`, returning `name`, `grouping` (jsonb) and `value`.
    Both take `:agency`, `:start`, `:end` (days, included), `:zone`, `:holidays` and `:as_of`.
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
    rule_version: str = "1"
