"""Whose rules count for a program or a worker on a day: the packs chosen, as rows that a measure can join.

A regime is a set of packs; regime 0 is no pack at all, where the defaults count. What a regime asks for on a day is
decided by `common.packs.rule_on` and by nothing else; SQL only looks it up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import zip_longest
from typing import Any
from uuid import UUID

from common.errors import Refused
from common.packs import LAST, PACKS, Authority, Parameter, Rule, plain_value, rule_on, timeline

NO_PACK = 0
PACK_NOT_KNOWN = (
    "A program chose a pack that this release does not know. Update Handrail, then ask for the report again."
)


@dataclass(frozen=True, slots=True)
class Spell:
    """Something that holds for `of` from a day to a day, both included."""

    of: UUID
    what: Any
    since: date
    until: date | None


@dataclass(slots=True)
class Regimes:
    """The sets of packs that were chosen, and who stood under which of them when."""

    of_programs: list[Spell]
    of_staff: list[Spell]
    numbers: dict[frozenset[str], int] = field(default_factory=lambda: {frozenset(): NO_PACK})

    def document(self) -> dict[str, Any]:
        """Return the three lists of rows that `TABLES` reads."""
        programs, staff = self._rows(self.of_programs), self._rows(self.of_staff)
        return {"rules": self._rules(), "programs": programs, "staff": staff}

    def _rows(self, spells: Iterable[Spell]) -> list[dict[str, Any]]:
        return [
            {"of": spell.of, "regime": self.number(spell.what), "since": spell.since, "until": spell.until}
            for spell in spells
        ]

    def number(self, packs: frozenset[str]) -> int:
        return self.numbers.setdefault(packs, len(self.numbers))

    def _rules(self) -> list[dict[str, Any]]:
        return [
            {"regime": number, "parameter": parameter, "since": since, "until": until} | _said(rule)
            for packs, number in self.numbers.items()
            for parameter in Parameter
            for since, until, rule in timeline(packs, parameter)
        ]


def _said(rule: Rule) -> dict[str, Any]:
    value = plain_value(rule)
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return {"number": number, "detail": value, "binds": rule.authority.binds}


def regimes(choices: Sequence[Spell], placements: Sequence[Spell]) -> Regimes:
    """Work out who stands under which packs. `choices`: program, pack id; `placements`: worker, program.

    A worker stands under the packs of every program that they work in on the day; one without a placement, or in
    programs without packs, under none. Raises `Refused` for a pack of a later release: nobody is judged without it.
    """
    if any(choice.what not in PACKS for choice in choices):
        raise Refused("pack-not-known-here", PACK_NOT_KNOWN)
    of_programs = [
        Spell(program, packs, since, until)
        for program, spells in _by_owner(choices).items()
        for since, until, packs in _sets(spells)
    ]
    packs_of: dict[UUID, list[Spell]] = _by_owner(of_programs)
    of_staff = [
        Spell(worker, packs, since, until)
        for worker, spells in _by_owner(placements).items()
        for since, until, packs in _sets(_under(spells, packs_of))
    ]
    return Regimes(of_programs, of_staff)


def _under(placements: Iterable[Spell], packs_of: Mapping[UUID, list[Spell]]) -> list[Spell]:
    """Return each pack that a worker stands under because of a placement, for as long as both hold."""
    return [
        Spell(one.of, pack, max(one.since, spell.since), min(one.until or LAST, spell.until or LAST))
        for one in placements
        for spell in packs_of.get(one.what, ())
        for pack in spell.what
        if max(one.since, spell.since) <= min(one.until or LAST, spell.until or LAST)
    ]


def _by_owner(spells: Iterable[Spell]) -> dict[UUID, list[Spell]]:
    found: dict[UUID, list[Spell]] = {}
    for spell in spells:
        found.setdefault(spell.of, []).append(spell)
    return found


def _sets(spells: Sequence[Spell]) -> Iterable[tuple[date, date, frozenset[str]]]:
    """Cut overlapping spells into stretches in which the same set holds; stretches in which none holds are left out."""
    cuts = {spell.since for spell in spells} | {_next(spell.until) for spell in spells if spell.until}
    days = sorted(day for day in cuts if day <= LAST)
    for since, following in zip_longest(days, days[1:]):
        holding = frozenset(one.what for one in spells if one.since <= since <= (one.until or LAST))
        if holding:
            yield since, following - timedelta(days=1) if following else LAST, holding


def _next(day: date) -> date:
    return day + timedelta(days=1) if day < LAST else LAST


def judged_by(found: Regimes, parameter: Parameter, owners: Iterable[UUID], days: Sequence[date]) -> list[Rule]:
    """Return the required rules on a parameter under which all of `owners` stood on all of `days`, by authority.

    None if anybody stood under none, or under one that is yet to be confirmed: what only a default asks of one program
    is never shown as required of it, because another program's state requires it there.
    """
    spells = _by_owner([*found.of_programs, *found.of_staff])
    rules: dict[tuple[str, str], Rule] = {}
    for owner in owners:
        for day in days:
            packs = next((one.what for one in spells.get(owner, ()) if one.since <= day <= (one.until or LAST)), ())
            rule = rule_on(packs, parameter, day)
            if rule is None or not rule.is_required:
                return []
            rules[(rule.guideline_id, rule.citation)] = rule
    order = list(Authority)
    return sorted(rules.values(), key=lambda rule: (order.index(rule.authority), rule.guideline_id, rule.citation))


# Read by every measure that packs decide about, from the one document that the report binds.
TABLES = """
    rule as materialized (
        select * from jsonb_to_recordset(cast(:regimes as jsonb) -> 'rules')
        as r(regime int, parameter text, since date, until date, number numeric, detail jsonb, binds boolean)
    ), program_regime as materialized (
        select * from jsonb_to_recordset(cast(:regimes as jsonb) -> 'programs')
        as r("of" uuid, regime int, since date, until date)
    ), staff_regime as materialized (
        select * from jsonb_to_recordset(cast(:regimes as jsonb) -> 'staff')
        as r("of" uuid, regime int, since date, until date)
    )"""


def rule_of(owner: str, parameter: Parameter, day: str, *, of: str = "staff", name: str = "r") -> str:
    """Return the join of the rule that counts for `owner` on a day; a left join, for there may be none."""
    return f"""
        left join lateral (
            select x.* from rule x
            where x.parameter = '{parameter}' and {day} between x.since and x.until
            and x.regime = coalesce((
                select g.regime from {of}_regime g where g.of = {owner} and {day} between g.since and g.until
            ), {NO_PACK})
        ) {name} on true"""
