"""Whose rules a program is judged by: packs as data, and the rule in force on a day.

A record is judged by what was in force on its own day, never by what is in force when somebody looks.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from itertools import zip_longest
from typing import Any

from common.packs.model import ADAPTERS, Authority, Pack, Parameter, Rule

__all__ = [
    "DEFAULT_PACK",
    "FIRST",
    "LAST",
    "PACKS",
    "Authority",
    "Pack",
    "Parameter",
    "Rule",
    "plain_value",
    "rule_on",
    "timeline",
]

DEFAULT_PACK = "HANDRAIL-DEFAULT"
FIRST, LAST = date(1900, 1, 1), date(9999, 12, 31)
# Of two numbers that both bind, which one is the stricter: the greater, or the smaller.
GREATER = frozenset(
    {
        Parameter.CORE_TRAINING_HOURS,
        Parameter.WORK_HOURS,
        Parameter.WORK_HOURS_INFORMATION,
        Parameter.SUPERVISION_HOURS,
        Parameter.CE_HOURS,
        Parameter.SUPERVISION_MINUTES,
        Parameter.SUPERVISION_BEFORE_WORK_MINUTES,
    }
)
SMALLER = frozenset(
    {
        Parameter.CE_CYCLE_YEARS,
        Parameter.ETHICS_ATTESTATION_MONTHS,
        Parameter.COMPETENCY_MONTHS,
        Parameter.SUPERVISOR_SPAN_FTE,
        Parameter.CASELOAD_MAX,
        Parameter.PROVISIONAL_ALLOWED,
        Parameter.GROUP_MAX,
        Parameter.NOTE_DEADLINE_BUSINESS_DAYS,
    }
)
RANK = {authority: place for place, authority in enumerate(Authority)}


def _load() -> Mapping[str, Pack]:
    data = files("common.packs").joinpath("data")
    texts = [file.read_text(encoding="utf-8") for file in data.iterdir() if file.name.endswith(".json")]
    packs = [Pack.model_validate(json.loads(text)) for text in texts]
    assert len({pack.id for pack in packs}) == len(packs)  # two files of one id would hide each other
    return {pack.id: pack for pack in sorted(packs, key=lambda pack: pack.id)}


PACKS: Mapping[str, Pack] = _load()


def rule_on(pack_ids: Iterable[str], parameter: Parameter, day: date) -> Rule | None:
    """Return the rule that counts on a day for whoever chose these packs, whatever their order; None if nobody has one.

    A rule that binds goes before one that does not, for a certifying body's word outweighs guidance; the default counts
    where no chosen pack says anything. Among equals the stricter number counts; lists are taken from the highest
    authority, and among equals from the pack whose id comes first, for no list is stricter than another.
    """
    chosen = _in_force(sorted(set(pack_ids) - {DEFAULT_PACK}), parameter, day)
    found = chosen or _in_force([DEFAULT_PACK], parameter, day)
    binding = [rule for rule in found if rule.authority.binds] or found
    if not binding:
        return None
    if parameter in GREATER:
        return max(binding, key=lambda rule: rule.value)
    if parameter in SMALLER:
        return min(binding, key=lambda rule: rule.value)
    return min(binding, key=lambda rule: RANK[rule.authority])


def _in_force(pack_ids: Iterable[str], parameter: Parameter, day: date) -> list[Rule]:
    rules = (rule for pack_id in pack_ids if pack_id in PACKS for rule in PACKS[pack_id].rules)
    return [rule for rule in rules if rule.parameter is parameter and rule.in_force(day)]


@cache
def timeline(pack_ids: frozenset[str], parameter: Parameter) -> tuple[tuple[date, date, Rule], ...]:
    """Return the rules that count for these packs, each with its first and last day, in order."""
    starts = {FIRST}
    for rule in (rule for pack in PACKS.values() for rule in pack.rules if rule.parameter is parameter):
        starts |= {day for day in (rule.effective_from, _after(rule.effective_to)) if day}
    days = sorted(starts)
    return tuple(
        (since, following - timedelta(days=1) if following else LAST, found)
        for since, following in zip_longest(days, days[1:])
        if (found := rule_on(pack_ids, parameter, since)) is not None
    )


def _after(day: date | None) -> date | None:
    return day + timedelta(days=1) if day else None


def plain_value(rule: Rule) -> Any:
    """Return a rule's value as JSON holds it: lists, objects, numbers and words."""
    return ADAPTERS[rule.parameter].dump_python(rule.value, mode="json")
