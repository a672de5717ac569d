"""From sessions to claim lines: what stops one, how days and months add up, and how much the limits leave.

Pure: the caller brings sessions, what was claimed before, and authorisations; this says what may be claimed now.
Travel, documentation, supervision and waiting are no sessions, so they are never here; no-shows have no minutes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from common.months import add_months
from session_logging.rules.contracts import Contract, ServiceLine, rounded, units_of
from session_logging.rules.payable import Part, Stopped, place_of, stopped
from session_logging.rules.units import is_daily_sum
from session_logging.rules.windows import room

NONE = Decimal(0)
Served = tuple[tuple[UUID, date], ...]  # sessions, each with the local day of the minutes that are meant


@dataclass(frozen=True, slots=True)
class Key:
    """What one line is about; minutes of one key are summed where the method or the month asks for it."""

    person_id: UUID
    coverage_id: UUID
    staff_id: UUID | None
    day: date
    code: str
    modifiers: tuple[str, ...]
    place: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A line of an earlier run that still stands. `stopped`: units that were due beside it and were over a limit."""

    key: Key
    minutes: int
    units: Decimal
    stopped: Decimal = NONE


@dataclass(slots=True)
class Authorised:
    """What is left of an authorisation; used up in the order of service."""

    id: UUID
    person_id: UUID
    code: str
    first: date
    last: date
    left: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """What is claimed now. `minutes`: those that it adds; `stopped`: units of theirs that were over a limit."""

    key: Key
    minutes: int
    units: Decimal
    served: Served
    authorisation_id: UUID | None
    rate: Decimal | None
    stopped: Decimal = NONE

    @property
    def charge(self) -> Decimal | None:
        return None if self.rate is None else rounded(self.units * self.rate)


@dataclass(frozen=True, slots=True)
class Stop:
    served: Served
    day: date
    minutes: int
    reason: Stopped
    units: Decimal = NONE


@dataclass(slots=True)
class Bill:
    lines: list[Line] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)


def bill(
    contract: Contract,
    parts: Iterable[Part],
    claimed: Sequence[Claimed],
    authorised: Sequence[Authorised],
    last: date,
) -> Bill:
    """Return what may be claimed of `parts`, none of which was claimed before, and what stops the rest.

    `claimed`: all standing lines of these people under this contract, for sums and limits. `last`: the run's last day;
    a month that is not over by then is left for a later run.
    """
    made, purse = Bill(), _Purse(claimed, authorised)
    daily: dict[tuple[date, str, int], list[Part]] = defaultdict(list)
    monthly: dict[tuple[date, str, int], list[Part]] = defaultdict(list)
    for part in sorted(parts, key=lambda one: (one.day, str(one.session_id))):
        place = place_of(contract, part)
        reason = place if isinstance(place, Stopped) else stopped(contract, contract.lines[place], part)
        if reason is not None or isinstance(place, Stopped):
            made.stops.append(Stop(_served([part]), part.day, part.minutes, reason or Stopped.CODE_NOT_COVERED))
        elif contract.lines[place].monthly:
            monthly[part.day.replace(day=1), str(part.person_id), place].append(part)
        else:
            daily[part.day, _summed(contract.lines[place], part), place].append(part)
    standing: dict[UUID, list[Claimed]] = defaultdict(list)
    for one in claimed:
        standing[one.key.person_id].append(one)
    for (_, _, place), told in sorted(daily.items(), key=_first):
        _bill_day(made, purse, contract.lines[place], told, standing[told[0].person_id])
    for (month, _, place), told in sorted(monthly.items(), key=_first):
        _bill_month(made, purse, contract.lines[place], month, told, standing[told[0].person_id], last)
    return made


def _first(group: tuple[tuple[date, str, int], list[Part]]) -> tuple[date, str, int]:
    return group[0]


def _served(told: Iterable[Part]) -> Served:
    return tuple((part.session_id, part.day) for part in told)


def _summed(line: ServiceLine, part: Part) -> str:
    """Return what joins the sessions of a day: each alone, or all of one person, worker, code and modifiers."""
    if not is_daily_sum(line.unit_method):
        return str(part.session_id)
    return f"{part.person_id} {part.staff_id} {line.code} {line.modifiers_of(part.method, part.format)}"


def _key(line: ServiceLine, part: Part) -> Key:
    modifiers = line.modifiers_of(part.method, part.format)
    return Key(part.person_id, part.coverage_id, part.staff_id, part.day, line.code, modifiers, part.place)


def _bill_day(made: Bill, purse: "_Purse", line: ServiceLine, told: list[Part], claimed: Sequence[Claimed]) -> None:
    """Claim what these sessions add to their day; one that is looked at alone adds its own units."""
    key = _key(line, max(told, key=lambda part: part.minutes))  # the place is that of the longest
    earlier = [one for one in claimed if is_daily_sum(line.unit_method) and _same_day(one.key, key)]
    before, already = sum(one.minutes for one in earlier), _owed(earlier)
    minutes = sum(part.minutes for part in told)
    units = max(NONE, units_of(before + minutes, line.unit_method, line.unit_minutes or 15) - already)
    _add(made, purse, line, _Due(key, minutes, units, _served(told), line.rate))


def _owed(lines: Iterable[Claimed]) -> Decimal:
    """Return the units that were due of these lines: once some were claimed, what was over a limit is settled."""
    return sum((one.units + one.stopped for one in lines), NONE)


def _same_day(one: Key, other: Key) -> bool:
    """Tell whether the payer sums two keys: wherever the sessions took place."""
    return (one.person_id, one.staff_id, one.day, one.code, one.modifiers) == (
        other.person_id, other.staff_id, other.day, other.code, other.modifiers,
    )  # fmt: skip


def _bill_month(
    made: Bill,
    purse: "_Purse",
    line: ServiceLine,
    month: date,
    told: list[Part],
    claimed: Sequence[Claimed],
    last: date,
) -> None:
    """Claim a calendar month: the first part once its minutes are whole, then each further whole part."""
    rule, newest = line.monthly, max(told, key=lambda part: part.day)
    assert rule is not None  # only such lines come here
    served, minutes = _served(told), sum(part.minutes for part in told)
    if _month_end(month) > last:
        made.stops.append(Stop(served, newest.day, minutes, Stopped.MONTH_NOT_OVER))
        return
    month_lines = [one for one in claimed if _is_of(one.key, line, month)]
    total = minutes + sum(one.minutes for one in month_lines)
    if total < rule.first_minutes:
        made.stops.append(Stop(served, newest.day, minutes, Stopped.BELOW_FIRST_PART))
        return
    owed = {line.code: Decimal(1), rule.next_code: Decimal((total - rule.first_minutes) // rule.next_minutes)}
    rates = {line.code: line.rate, rule.next_code: rule.next_rate}
    for code, units in owed.items():
        units -= _owed([one for one in month_lines if one.key.code == code])
        if units > 0:
            key = Key(newest.person_id, newest.coverage_id, None, newest.day, code, tuple(line.modifiers), newest.place)
            _add(made, purse, line, _Due(key, minutes, units, served, rates[code]))
            served, minutes = (), 0  # the minutes stand on the month's first line, so that they are counted once
    if minutes:
        made.stops.append(Stop(served, newest.day, minutes, Stopped.NO_UNITS))


def _month_end(month: date) -> date:
    return add_months(month, 1) - timedelta(days=1)


def _is_of(key: Key, line: ServiceLine, month: date) -> bool:
    codes = {line.code, line.monthly.next_code} if line.monthly else {line.code}
    return key.code in codes and key.day.replace(day=1) == month


class _Purse:
    """What limits and authorisations leave while lines are made, in the order of service."""

    def __init__(self, claimed: Sequence[Claimed], authorised: Sequence[Authorised]) -> None:
        self._used: dict[tuple[UUID, str], dict[date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self._authorised = sorted(authorised, key=lambda one: (one.last, str(one.id)))
        for one in claimed:
            self._used[one.key.person_id, one.key.code][one.key.day] += one.units

    def used(self, key: Key) -> Mapping[date, Decimal]:
        return self._used[key.person_id, key.code]

    def take(self, key: Key, units: Decimal, authorised: Authorised | None) -> None:
        self._used[key.person_id, key.code][key.day] += units
        if authorised:
            authorised.left -= units

    def authorised(self, key: Key) -> Authorised | None:
        """Return the authorisation that ends first among those with something left for this code and day."""
        fits = (
            one
            for one in self._authorised
            if (one.person_id, one.code) == (key.person_id, key.code) and one.first <= key.day <= one.last and one.left
        )
        return next(fits, None)


@dataclass(frozen=True, slots=True)
class _Due:
    """Units that would be claimed if nothing limited them."""

    key: Key
    minutes: int
    units: Decimal
    served: Served
    rate: Decimal | None


def _add(made: Bill, purse: _Purse, line: ServiceLine, due: _Due) -> None:
    """Claim as many of the units as limits and authorisations leave; say what stopped the rest."""
    if due.units == 0:
        made.stops.append(Stop(due.served, due.key.day, due.minutes, Stopped.NO_UNITS))
        return
    used = purse.used(due.key)
    hard = min((room(limit, due.key.day, used) for limit in line.limits if not limit.exceedable), default=due.units)
    free = min((room(limit, due.key.day, used) for limit in line.limits), default=due.units)
    taken = NONE
    if not line.needs_authorisation:
        taken += _claim(made, purse, due, min(due.units, free), None, first=True)
    while taken < min(due.units, hard) and (authorised := purse.authorised(due.key)) is not None:
        units = min(due.units - taken, hard - taken, authorised.left)
        taken += _claim(made, purse, due, units, authorised, first=taken == 0)
    if 0 < taken < due.units:
        made.lines[-1] = replace(made.lines[-1], stopped=due.units - taken)
    if taken < due.units:
        reason = Stopped.NEEDS_AUTHORISATION if line.needs_authorisation and taken < hard else Stopped.OVER_LIMIT
        made.stops.append(Stop(due.served, due.key.day, due.minutes, reason, due.units - taken))


def _claim(
    made: Bill, purse: _Purse, due: _Due, units: Decimal, authorised: Authorised | None, *, first: bool
) -> Decimal:
    """Make a line of so many units; its minutes and sessions stand on the first line of what was due."""
    if units > 0:
        purse.take(due.key, units, authorised)
        minutes, served = (due.minutes, due.served) if first else (0, ())
        made.lines.append(Line(due.key, minutes, units, served, authorised.id if authorised else None, due.rate))
    return units
