"""What supervision the rules of a day ask of somebody, and what qualifies who supervises: pure decisions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from common.contracts.codes import CredentialStatus, Role
from common.contracts.workforce_codes import CertificateStage
from common.months import add_months
from common.packs import Parameter, Rule
from common.packs.model import Every, Interval, Route
from workforce.rules.credentials import status_on
from workforce.rules.standing import SOON, Asked, Line, Person, State, rule_in

NO_PACK: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Stretch:
    """One interval in which supervision is due, both days included. `whole`: its days, begun late or not."""

    first_day: date
    last_day: date
    whole: int
    rule: Rule


def stretch_from(person: Person, first_day: date) -> Stretch | None:
    """Return the interval that begins on a day: by the first line that fits of their own packs, else of the default."""
    for packs in (person.packs_on(first_day), NO_PACK):
        rule = rule_in(packs, Parameter.SUPERVISION_INTERVAL, first_day)
        for line in rule.value if rule else ():
            if _fits(line, person, first_day):
                assert rule is not None  # it had a line
                return _stretch(line, first_day, rule)
    return None


def _fits(line: Interval, person: Person, day: date) -> bool:
    new = line.employed_under_days is None or (day - person.employed_from).days < line.employed_under_days
    return new and (line.stage is None or line.stage in _stages(person, day))


def _stages(person: Person, day: date) -> set[CertificateStage | None]:
    return {
        one.stage
        for one in person.credentials
        if one.valid_from <= day <= one.valid_to and status_on(one.statuses, day) is CredentialStatus.ACTIVE
    }


def _stretch(line: Interval, first_day: date, rule: Rule) -> Stretch:
    if line.every is Every.CALENDAR_MONTH:
        begins = first_day.replace(day=1)
        last_day = add_months(begins, 1) - timedelta(days=1)
        return Stretch(first_day, last_day, (last_day - begins).days + 1, rule)
    assert line.days is not None  # a line in days has them
    return Stretch(first_day, first_day + timedelta(days=line.days - 1), line.days, rule)


def stretches(person: Person, day: date) -> list[Stretch]:
    """Return the intervals from the first day of employment to the one that `day` is in; none if they begin later."""
    found: list[Stretch] = []
    first_day = person.employed_from
    while first_day <= day and (following := stretch_from(person, first_day)) is not None:
        found.append(following)
        first_day = following.last_day + timedelta(days=1)
    return found


def is_held_in(person: Person, stretch: Stretch) -> bool:
    """Tell whether one supervision of the interval was long enough by itself, and held in a way that counts."""
    minutes, modes = (
        _beside(stretch, person.rule(parameter, stretch.first_day))
        for parameter in (Parameter.SUPERVISION_MINUTES, Parameter.SUPERVISION_MODES)
    )
    return any(
        stretch.first_day <= one.held_on <= stretch.last_day
        and (minutes is None or one.minutes >= minutes.value)
        and (modes is None or one.mode in modes.value)
        for one in person.supervisions
    )


def _each(person: Person, stretch: Stretch) -> dict[str, object]:
    """Return what each supervision of an interval has to be, where a rule says so: its minutes and its ways."""
    minutes, modes = (
        _beside(stretch, person.rule(parameter, stretch.first_day))
        for parameter in (Parameter.SUPERVISION_MINUTES, Parameter.SUPERVISION_MODES)
    )
    told = {"minutes": None if minutes is None else minutes.value, "modes": None if modes is None else modes.value}
    return {name: value for name, value in told.items() if value is not None}


def _beside(stretch: Stretch, rule: Rule | None) -> Rule | None:
    """Return a rule about a supervision, unless a binding interval comes without one and only a default says any."""
    return None if rule and stretch.rule.authority.binds and not rule.authority.binds else rule


def supervision_lines(person: Person, day: date) -> Iterable[Line]:
    """Yield whether somebody supervises them, and how the running interval stands: M07's question, for today."""
    yield Line(Asked.SUPERVISOR, State.MET if person.supervised else State.NOT_MET)
    found = stretches(person, day)
    if not found:
        return
    now, before = found[-1], found[-2] if len(found) > 1 else None
    latest = max((one.held_on for one in person.supervisions if one.held_on <= day), default=None)
    if is_held_in(person, now):
        state = State.MET
    elif before is not None and not is_held_in(person, before):
        state = State.NOT_MET
    else:
        state = State.DUE_SOON if now.last_day - day <= min(SOON, timedelta(days=7)) else State.OPEN
    needed = {"from": now.first_day.isoformat(), "to": now.last_day.isoformat()} | _each(person, now)
    yield Line(Asked.SUPERVISION, state, now.rule, needed, latest and latest.isoformat(), due_on=now.last_day)


def first_lines(person: Person, day: date) -> Iterable[Line]:
    """Yield how many minutes of supervision were held so far, where a pack asks for some before the first work."""
    rule = person.rule(Parameter.SUPERVISION_BEFORE_WORK_MINUTES, day)
    if rule is None:
        return
    held = sum(one.minutes for one in person.supervisions if one.held_on <= day)
    missing = max(0, int(rule.value) - held)
    state = State.NOT_MET if missing else State.MET
    yield Line(Asked.SUPERVISION_BEFORE_WORK, state, rule, int(rule.value), held, missing or None)


def route_lines(person: Person, day: date) -> Iterable[Line]:
    """Yield, for each set of routes that counts for whom they supervise, whether they meet one: M08."""
    if Role.SUPERVISOR not in person.roles:
        return
    sets = person.supervisees_packs | {person.packs_on(day)}
    rules = {rule.citation: rule for packs in sets if (rule := rule_in(packs, Parameter.SUPERVISOR_ROUTES, day))}
    for _, rule in sorted(rules.items()):
        missing = {route.name: _missing(route, person, day) for route in rule.value}
        met = [name for name, lacks in missing.items() if not lacks]
        state = State.MET if met else State.NOT_MET
        yield Line(Asked.SUPERVISOR_ROUTE, state, rule, sorted(missing), met, None if met else missing)


def _missing(route: Route, person: Person, day: date) -> list[str]:
    """Return what of a route somebody lacks: `credential`, `peer_years` or the kind of a training."""
    lacks = []
    held = {
        one.credential_type
        for one in person.credentials
        if one.valid_from <= day <= one.valid_to and status_on(one.statuses, day) is CredentialStatus.ACTIVE
    }
    if route.credential_types and held.isdisjoint(route.credential_types):
        lacks.append("credential")
    if route.peer_years is not None and (
        person.peer_worker_since is None or add_months(person.peer_worker_since, 12 * route.peer_years) > day
    ):
        lacks.append("peer_years")
    for kind, hours in route.training.items():
        done = [one.hours for one in person.learnt if one.kind is kind and one.completed_on <= day]
        if not done or sum(done) < hours:
            lacks.append(kind)
    return lacks
