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
from common.packs.strictest import strictest

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
    where no chosen pack says anything. Among those left the strictest counts, which may be put together of several:
    see `common.packs.strictest`. A pack that this release does not know says nothing here: who may not go on without it
    refuses it.
    """
    chosen = _in_force(sorted(set(pack_ids) - {DEFAULT_PACK}), parameter, day)
    found = chosen or _in_force([DEFAULT_PACK], parameter, day)
    return strictest(parameter, [rule for rule in found if rule.authority.binds] or found)


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
