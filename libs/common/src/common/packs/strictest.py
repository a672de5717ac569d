"""What counts where several packs ask at once: a rule that asks for no less than each of them, where one can be said.

Numbers: the greater or the smaller, whichever is harder to meet. Topics: each topic with its greatest hours.
Credentials and modes: only what every list accepts. Limits of units: all of them. Intervals: for each worker the
shorter of those that fit. Routes to qualify cannot be put together, for a route of each list would have to be met at
once: one list is taken whole, of the highest authority, and among equals of the pack whose id comes first.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

from common.packs.model import Accepted, Authority, Confidence, Interval, Parameter, Rule, Topics, UnitLimit

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
A_MONTH = 31  # days as which a calendar month is compared, so that every 30 days is the shorter


def strictest(parameter: Parameter, rules: Sequence[Rule]) -> Rule | None:
    """Return the rule that counts among `rules`, which come in the order of their packs' ids; None if there is none.

    Of rules that ask for the same a confirmed one is named, then the higher authority.
    """
    ordered = sorted(rules, key=lambda rule: (not rule.is_required, RANK[rule.authority]))
    if not ordered:
        return None
    if parameter in GREATER:
        return max(ordered, key=lambda rule: rule.value)
    if parameter in SMALLER:
        return min(ordered, key=lambda rule: rule.value)
    if parameter is Parameter.SUPERVISOR_ROUTES:
        return min(rules, key=lambda rule: RANK[rule.authority])
    return _together(parameter, ordered)


def _together(parameter: Parameter, rules: list[Rule]) -> Rule:
    """Return one rule that says what all of them say; the only one that matters, where the others add nothing."""
    combine = COMBINED[parameter]
    value = reduce(combine, (rule.value for rule in rules))
    needed = [*rules]
    for rule in reversed(rules):
        rest = [one for one in needed if one is not rule]
        if rest and _meaning(reduce(combine, (one.value for one in rest))) == _meaning(value):
            needed = rest
    return needed[0] if len(needed) == 1 else _joined(needed, value)


def _meaning(value: Any) -> Any:
    """Return a value so that two which ask for the same are equal: only intervals depend on their order."""
    if isinstance(value, Mapping) or any(isinstance(one, Interval) for one in value):
        return value
    return frozenset(value)


def _joined(rules: Sequence[Rule], value: Any) -> Rule:
    """Return the value under the weakest of the authorities and every citation; unconfirmed if any part is."""
    weakest = max(rules, key=lambda rule: RANK[rule.authority])
    doubtful = any(rule.confidence is Confidence.RECHECK for rule in rules)
    return weakest.model_copy(
        update={
            "value": value,
            "citation": " ".join(dict.fromkeys(rule.citation for rule in rules)),
            "confidence": Confidence.RECHECK if doubtful else weakest.confidence,
            "effective_from": max((rule.effective_from for rule in rules if rule.effective_from), default=None),
            "effective_to": min((rule.effective_to for rule in rules if rule.effective_to), default=None),
            "note": " ".join(dict.fromkeys(rule.note for rule in rules if rule.note)) or None,
        }
    )


def _most_of_each(one: Topics, other: Topics) -> Topics:
    topics = [*one, *(topic for topic in other if topic not in one)]
    return {topic: max(said[topic] for said in (one, other) if topic in said) for topic in topics}


def _accepted_by_both(one: Sequence[Accepted], other: Sequence[Accepted]) -> tuple[Accepted, ...]:
    pairs = ((a, b) for a in one for b in other if a.credential_type is b.credential_type)
    return tuple(
        Accepted(credential_type=a.credential_type, to=min((day for day in (a.to, b.to) if day), default=None))
        for a, b in pairs
    )


def _in_both(one: Sequence[Any], other: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(each for each in one if each in other)


def _all_limits(one: Sequence[UnitLimit], other: Sequence[UnitLimit]) -> tuple[UnitLimit, ...]:
    return tuple(dict.fromkeys([*one, *other]))


def _shorter_of_both(one: Sequence[Interval], other: Sequence[Interval]) -> tuple[Interval, ...]:
    """Return lines of which the first that fits is the shorter of the first of each list; a list may fit nobody."""
    both = [found for a in one for b in other if (found := _both_fit(a, b)) is not None]
    return _without_needless([*both, *one, *other])


def _both_fit(one: Interval, other: Interval) -> Interval | None:
    """Return the shorter interval for whoever both lines fit; None where they name two stages."""
    stages = {line.stage for line in (one, other) if line.stage is not None}
    if len(stages) > 1:
        return None
    under = [line.employed_under_days for line in (one, other) if line.employed_under_days is not None]
    shorter = min(one, other, key=lambda line: line.days if line.days is not None else A_MONTH)
    return shorter.model_copy(
        update={"stage": next(iter(stages), None), "employed_under_days": min(under, default=None)}
    )


def _without_needless(lines: Sequence[Interval]) -> tuple[Interval, ...]:
    """Leave out lines that an earlier one hides, and lines whose followers say the same to more people."""
    kept: list[Interval] = []
    for line in lines:
        if not any(_covers(earlier, line) for earlier in kept):
            kept.append(line)
    for place in reversed(range(len(kept) - 1)):
        line, following = kept[place], kept[place + 1]
        if (line.every, line.days) == (following.every, following.days) and _covers(following, line):
            del kept[place]
    return tuple(kept)


def _covers(wide: Interval, narrow: Interval) -> bool:
    under = wide.employed_under_days
    long = under is None or (narrow.employed_under_days is not None and narrow.employed_under_days <= under)
    return long and wide.stage in (None, narrow.stage)


COMBINED: Mapping[Parameter, Callable[[Any, Any], Any]] = {
    Parameter.CORE_TRAINING_TOPICS: _most_of_each,
    Parameter.CE_TOPICS: _most_of_each,
    Parameter.ACCEPTED_CREDENTIALS: _accepted_by_both,
    Parameter.SUPERVISION_MODES: _in_both,
    Parameter.UNIT_LIMITS: _all_limits,
    Parameter.SUPERVISION_INTERVAL: _shorter_of_both,
}
