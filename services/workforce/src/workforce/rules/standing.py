"""What the rules of a day ask of somebody, what they have, what is missing and until when: pure decisions.

The measures M01 to M08 judge whole periods by the same rules; this judges one person on one day.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from common.contracts.codes import CredentialStatus, CredentialType, Specialty
from common.contracts.workforce_codes import AttestationKind, TrainingKind, TrainingTopic, WorkHoursKind
from common.months import add_months
from common.packs import Parameter, Rule, timeline
from workforce.rules.attestations import Declared
from workforce.rules.credentials import KnownCredential, status_on
from workforce.rules.supervision import HeldSupervision

SOON = timedelta(days=30)
CATEGORIES = frozenset(range(1, 13))  # SAMHSA's twelve categories of core competencies
SETTLING_MONTHS = 12  # competencies are looked at of whom works here for a year


class Asked(StrEnum):
    CREDENTIAL = "credential"
    CORE_TRAINING = "core_training"
    CORE_TOPICS = "core_topics"
    WORK_HOURS = "work_hours"
    SUPERVISION_HOURS = "supervision_hours"
    CONTINUING_EDUCATION = "continuing_education"
    CONTINUING_TOPICS = "continuing_topics"
    CODE_OF_ETHICS = "code_of_ethics"
    LIVED_EXPERIENCE = "lived_experience"
    COMPETENCIES = "competencies"
    SUPERVISION = "supervision"
    SUPERVISION_BEFORE_WORK = "supervision_before_work"
    SUPERVISOR = "supervisor"
    SUPERVISOR_ROUTE = "supervisor_route"


class State(StrEnum):
    """`open`: not yet there and not yet due. `due_soon`: to be done, or done again, within 30 days."""

    MET = "met"
    DUE_SOON = "due_soon"
    OPEN = "open"
    NOT_MET = "not_met"


@dataclass(frozen=True, slots=True)
class Stood:
    """A pack that somebody stood under because of a placement, from a day to a day, both included."""

    pack_id: str
    since: date
    until: date | None


def packs_on(stood: Iterable[Stood], day: date) -> frozenset[str]:
    return frozenset(one.pack_id for one in stood if one.since <= day and (one.until is None or day <= one.until))


@dataclass(frozen=True, slots=True)
class Needs:
    """What a program where they work asks of a credential. No types listed: any. `packs`: the program's own."""

    program_id: UUID
    specialty: Specialty | None
    accepted: frozenset[CredentialType]
    packs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Learnt:
    kind: TrainingKind
    topic: TrainingTopic
    hours: Decimal
    completed_on: date


@dataclass(frozen=True)
class Person:
    """What is known of one member of staff. `practised`: the latest day of each competency category.

    `worked`: hours recorded from elsewhere and here, by kind. `supervisees_packs`: of each worker they supervise.
    """

    roles: frozenset[str]
    employed_from: date
    peer_worker_since: date | None = None
    stood: Sequence[Stood] = ()
    needs: Sequence[Needs] = ()
    learnt: Sequence[Learnt] = ()
    credentials: Sequence[KnownCredential] = ()
    declared: Sequence[Declared] = ()
    practised: Mapping[int, date] = field(default_factory=dict)
    worked: Mapping[WorkHoursKind, Decimal] = field(default_factory=dict)
    supervisions: Sequence[HeldSupervision] = ()
    supervised: bool = False
    supervisees_packs: frozenset[frozenset[str]] = frozenset()

    def packs_on(self, day: date) -> frozenset[str]:
        return packs_on(self.stood, day)

    def rule(self, parameter: Parameter, day: date) -> Rule | None:
        return rule_in(self.packs_on(day), parameter, day)


def rule_in(packs: frozenset[str], parameter: Parameter, day: date) -> Rule | None:
    """Return what `rule_on` does, quickly for many days of the same packs."""
    return next((rule for since, last, rule in timeline(packs, parameter) if since <= day <= last), None)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing asked. `needed`, `has`, `missing`: as JSON holds them. `about`: the program or credential meant.

    `rule`: none where no pack says anything and the source stands in `SOURCES`.
    """

    asked: Asked
    state: State
    rule: Rule | None = None
    needed: Any = None
    has: Any = None
    missing: Any = None
    due_on: date | None = None
    about: UUID | None = None


def until(due_on: date, day: date) -> State:
    """Return how what holds up to and including `due_on` stands on `day`."""
    if due_on < day:
        return State.NOT_MET
    return State.DUE_SOON if due_on - day <= SOON else State.MET


def credential_lines(person: Person, day: date) -> Iterable[Line]:
    """Yield a line for each program of theirs that asks for a credential: M01's question, for today."""
    for need in person.needs:
        listed = rule_in(need.packs, Parameter.ACCEPTED_CREDENTIALS, day)
        lenient = rule_in(need.packs, Parameter.PROVISIONAL_ALLOWED, day)
        counting = {CredentialStatus.ACTIVE} | ({CredentialStatus.PROVISIONAL} if lenient and lenient.value else set())
        fitting = [
            one
            for one in person.credentials
            if one.valid_from <= day <= one.valid_to
            and status_on(one.statuses, day) in counting
            and need.specialty in (None, one.specialty)
            and (not need.accepted or one.credential_type in need.accepted)
            and (listed is None or _is_listed(listed, one.credential_type, day))
        ]
        best = max(fitting, key=lambda one: one.valid_to, default=None)
        state = State.NOT_MET if best is None else until(best.valid_to, day)
        kinds = sorted(need.accepted)
        yield Line(
            Asked.CREDENTIAL,
            state,
            listed,
            needed={"credential_types": kinds, "specialty": need.specialty},
            has={"credential_type": best.credential_type} if best else None,
            due_on=best.valid_to if best else None,
            about=need.program_id,
        )


def _is_listed(listed: Rule, kind: CredentialType, day: date) -> bool:
    return any(one.credential_type is kind and (one.to is None or day <= one.to) for one in listed.value)


def training_lines(person: Person, day: date) -> Iterable[Line]:
    """Yield what is asked before certification, whenever it was completed: M02 and M03."""
    core = [one for one in person.learnt if one.kind is TrainingKind.CORE and one.completed_on <= day]
    if rule := person.rule(Parameter.CORE_TRAINING_HOURS, day):
        yield _hours(Asked.CORE_TRAINING, rule, _sum(core))
    if rule := person.rule(Parameter.CORE_TRAINING_TOPICS, day):
        yield _topics(Asked.CORE_TOPICS, rule, core)
    if rule := person.rule(Parameter.WORK_HOURS, day):
        yield _hours(Asked.WORK_HOURS, rule, person.worked.get(WorkHoursKind.SUPERVISED_WORK, Decimal(0)))
    if rule := person.rule(Parameter.SUPERVISION_HOURS, day):
        here = Decimal(sum(one.minutes for one in person.supervisions if one.held_on <= day)) / 60
        elsewhere = person.worked.get(WorkHoursKind.SUPERVISION_RECEIVED, Decimal(0))
        yield _hours(Asked.SUPERVISION_HOURS, rule, (here + elsewhere).quantize(Decimal("0.01")))


def renewal_lines(person: Person, day: date) -> Iterable[Line]:
    """Yield what the running cycle of each credential asks for up to its renewal: M04, before it is too late."""
    for one in person.credentials:
        if one.renewal_on is None or one.renewal_on < day or status_on(one.statuses, day) is CredentialStatus.REVOKED:
            continue
        since = cycle_start(person, one)
        done = [
            each
            for each in person.learnt
            if each.kind is TrainingKind.CONTINUING and since <= each.completed_on <= min(day, one.renewal_on)
        ]
        hours, topics = (person.rule(which, one.renewal_on) for which in (Parameter.CE_HOURS, Parameter.CE_TOPICS))
        lines = [
            *([_hours(Asked.CONTINUING_EDUCATION, hours, _sum(done))] if hours else []),
            *([_topics(Asked.CONTINUING_TOPICS, topics, done)] if topics else []),
        ]
        yield from (_before(line, one.renewal_on, day, one.credential_id) for line in lines)


def cycle_start(person: Person, credential: KnownCredential) -> date:
    """Return the first day of a credential's cycle: as recorded, or as many years back as the pack names."""
    assert credential.renewal_on is not None  # asked of those to be renewed only
    if credential.cycle_from is not None:
        return credential.cycle_from
    years = person.rule(Parameter.CE_CYCLE_YEARS, credential.renewal_on)
    return add_months(credential.renewal_on, -12 * int(years.value if years else 0)) + timedelta(days=1)


def _before(line: Line, due_on: date, day: date, about: UUID) -> Line:
    """Return a line that may still be fulfilled up to `due_on`."""
    state = line.state
    if state is State.NOT_MET:
        state = State.DUE_SOON if due_on - day <= SOON else State.OPEN
    return Line(line.asked, state, line.rule, line.needed, line.has, line.missing, due_on, about)


def declared_lines(person: Person, day: date) -> Iterable[Line]:
    """Yield the attestations: M05. Of lived experience only whether it is on file, and nothing more."""
    signed = {
        kind: [
            one.signed_on
            for one in person.declared
            if one.kind is kind and one.signed_on <= day and (one.withdrawn_on is None or day < one.withdrawn_on)
        ]
        for kind in (AttestationKind.CODE_OF_ETHICS, AttestationKind.LIVED_EXPERIENCE)
    }
    rule = person.rule(Parameter.ETHICS_ATTESTATION_MONTHS, day)
    months = int(rule.value) if rule else SETTLING_MONTHS
    latest = max(signed[AttestationKind.CODE_OF_ETHICS], default=None)
    again_on = latest and last_day_within(latest, months)
    state = until(again_on, day) if again_on else State.NOT_MET
    yield Line(Asked.CODE_OF_ETHICS, state, rule, needed={"months": months}, due_on=again_on)
    there = State.MET if signed[AttestationKind.LIVED_EXPERIENCE] else State.NOT_MET
    yield Line(Asked.LIVED_EXPERIENCE, there)


def last_day_within(done_on: date, months: int) -> date:
    """Return the last day on which `done_on` is no longer ago than so many months, counted back from that day."""
    last = add_months(done_on, months)
    while add_months(last + timedelta(days=1), -months) <= done_on:  # a short month before a long one
        last += timedelta(days=1)
    return last


def competency_lines(person: Person, day: date) -> Iterable[Line]:
    """Yield which of the twelve categories nobody looked at or trained lately: M06; never how well."""
    rule = person.rule(Parameter.COMPETENCY_MONTHS, day)
    months = int(rule.value) if rule else 24
    since = add_months(day, -months)
    fresh = {category: done for category, done in person.practised.items() if since <= done <= day}
    missing = sorted(CATEGORIES - fresh.keys())
    needed = {"categories": len(CATEGORIES), "months": months}
    settled_on = add_months(person.employed_from, SETTLING_MONTHS)
    if not missing:
        due_on = min(last_day_within(done, months) for done in fresh.values())
        yield Line(Asked.COMPETENCIES, until(due_on, day), rule, needed, len(fresh), due_on=due_on)
    elif settled_on > day:
        state = State.DUE_SOON if settled_on - day <= SOON else State.OPEN
        yield Line(Asked.COMPETENCIES, state, rule, needed, len(fresh), missing, settled_on)
    else:
        yield Line(Asked.COMPETENCIES, State.NOT_MET, rule, needed, len(fresh), missing)


def _hours(asked: Asked, rule: Rule, has: Decimal) -> Line:
    needed = Decimal(rule.value)
    state = State.MET if has >= needed else State.NOT_MET
    return Line(asked, state, rule, _number(needed), _number(has), _number(max(needed - has, Decimal(0))))


def _topics(asked: Asked, rule: Rule, learnt: Iterable[Learnt]) -> Line:
    """Compare topic by topic; hours of one topic never make up for another's."""
    has: dict[TrainingTopic, Decimal] = {}
    for one in learnt:
        has[one.topic] = has.get(one.topic, Decimal(0)) + one.hours
    short = {
        topic: hours - has.get(topic, Decimal(0))
        for topic, hours in rule.value.items()
        if has.get(topic, Decimal(0)) < hours
    }
    needed, there = (
        {topic: _number(hours) for topic, hours in some.items()}
        for some in (rule.value, {topic: has.get(topic, Decimal(0)) for topic in rule.value})
    )
    missing = {topic: _number(hours) for topic, hours in short.items()}
    return Line(asked, State.NOT_MET if short else State.MET, rule, needed, there, missing)


def _sum(learnt: Iterable[Learnt]) -> Decimal:
    return sum((one.hours for one in learnt), Decimal(0))


def _number(value: Decimal) -> str:
    """Return hours as JSON holds them, without zeros behind."""
    return f"{value.normalize():f}"
