"""What the rules of a day ask of people and what they have: a fixed number of questions, however many people."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import func, or_, select

from common.contracts.codes import CredentialType, Specialty
from common.contracts.workforce_codes import TrainingKind, TrainingTopic, WorkHoursKind
from common.database import Db
from common.errors import Unprocessable
from common.http import Cursor, encode_cursor
from common.identity import Actor
from common.packs import LAST, Authority
from common.packs.model import Confidence
from workforce.commands.reach import OVERSIGHT, reach_staff, supervised_on, today_of, within_reach
from workforce.commands.stood import Regimes, regimes_of
from workforce.models import Placement, Program, ProgramPack, Staff, SupervisorAssignment, Training, WorkHours
from workforce.queries.practised import assessed_days, credentials_held, declared_by, supervisions_of, trained_days
from workforce.rules.signing import is_employed
from workforce.rules.standing import Asked, Learnt, Line, Needs, Person, State, packs_on
from workforce.rules.standing_words import SOURCES, TEXTS, certainty, lines_of

SINCE_EVER = date(1900, 1, 1)
AHEAD = timedelta(days=731)


class StandingWords(BaseModel):
    en: str
    es: str


class StandingLine(BaseModel):
    """One thing asked. `about`: the program or the credential it is asked for, if one.

    `authority`, `citation`: who asks. `certainty` says in words whether it binds and whether it is confirmed.
    """

    asked: Asked
    about: UUID | None
    text: StandingWords
    state: State
    needed: Any
    has: Any
    missing: Any
    due_on: date | None
    authority: Authority
    confidence: Confidence
    citation: str
    guideline_id: str
    note: str | None
    certainty: StandingWords


class Counts(BaseModel):
    met: int
    due_soon: int
    open: int
    not_met: int


class Standing(BaseModel):
    staff_id: UUID
    on: date
    packs: list[str] = Field(description="under which they stand on that day; without any the defaults count")
    counts: Counts
    lines: list[StandingLine]


class StandingEntry(BaseModel):
    """What is behind or due soon of one person: codes only."""

    staff_id: UUID
    counts: Counts
    not_met: list[Asked]
    due_soon: list[Asked]
    next_due_on: date | None


class Standings(BaseModel):
    on: date
    items: list[StandingEntry]
    next: str | None = None


async def standing_of(db: Db, actor: Actor, staff_id: UUID, on: date | None) -> Standing:
    """Return one's own standing, of whom one supervises, or anybody's for administrators and auditors."""
    staff = await reach_staff(db, actor, staff_id, OVERSIGHT)
    day = await day_asked(db, on)
    person = (await known(db, [staff], day))[staff_id]
    lines = lines_of(person, day)
    return Standing(
        staff_id=staff_id,
        on=day,
        packs=sorted(person.packs_on(day)),
        counts=_counts(lines),
        lines=[_shown(line) for line in lines],
    )


async def standings(
    db: Db, actor: Actor, on: date | None, program_id: UUID | None, after: Cursor | None, limit: int
) -> Standings:
    """Page through who works here on a day and stands within the caller's reach, by id."""
    day = await day_asked(db, on)
    question = select(Staff).where(
        Staff.agency_id == db.scope.agency_id,
        Staff.employed_from <= day,
        or_(Staff.employed_to.is_(None), Staff.employed_to >= day),
        within_reach(actor, day, Staff.id, OVERSIGHT),
    )
    if program_id is not None:
        question = question.where(Staff.id.in_(_placed_in(db, program_id, day)))
    if after is not None:
        question = question.where(Staff.id > after.id)
    rows = (await db.scalars(question.order_by(Staff.id).limit(limit + 1))).all()
    people = await known(db, rows[:limit], day)
    items = [_entry(one.id, lines_of(people[one.id], day)) for one in rows[:limit]]
    more = len(rows) > limit
    return Standings(on=day, items=items, next=encode_cursor(day, items[-1].staff_id) if more else None)


async def day_asked(db: Db, on: date | None) -> date:
    """Return the day asked about, or today. Raises `Unprocessable` for one that nobody plans for yet."""
    today = await today_of(db)
    if on is not None and on > today + AHEAD:
        raise Unprocessable("day-too-far", "Ask about a day within two years from now.", "/on")
    return on or today


def _placed_in(db: Db, program_id: UUID, day: date) -> Any:
    there = Placement.agency_id == db.scope.agency_id, Placement.program_id == program_id, *_holds(Placement, day)
    return select(Placement.staff_id).where(*there)


def _holds(row: Any, day: date) -> tuple[Any, ...]:
    return row.valid_from <= day, or_(row.valid_to.is_(None), row.valid_to >= day)


def _entry(staff_id: UUID, lines: Sequence[Line]) -> StandingEntry:
    due = [line.due_on for line in lines if line.due_on and line.state in (State.DUE_SOON, State.OPEN)]
    behind, soon = (
        sorted({line.asked for line in lines if line.state is state}) for state in (State.NOT_MET, State.DUE_SOON)
    )
    return StandingEntry(
        staff_id=staff_id, counts=_counts(lines), not_met=behind, due_soon=soon, next_due_on=min(due, default=None)
    )


def _counts(lines: Sequence[Line]) -> Counts:
    return Counts.model_validate({state.value: sum(line.state is state for line in lines) for state in State})


def _shown(line: Line) -> StandingLine:
    source = line.rule or SOURCES[line.asked]
    said = {name: getattr(line, name) for name in ("asked", "about", "state", "needed", "has", "missing", "due_on")}
    where = {name: getattr(source, name) for name in ("authority", "confidence", "citation", "guideline_id")}
    texts = {"text": TEXTS[line.asked], "certainty": certainty(source)}
    note = line.rule.note if line.rule else None
    return StandingLine.model_validate(said | where | texts | {"note": note}, from_attributes=True)


async def known(db: Db, staff: Sequence[Staff], day: date) -> dict[UUID, Person]:
    """Return what is known on a day of members of staff: twelve questions for all of them together."""
    ids = [one.id for one in staff]
    supervisees = await _supervisees(db, ids, day)
    everybody = {*ids, *(one for some in supervisees.values() for one in some)}
    regimes = await regimes_of(db, everybody)
    places = await _places(db, regimes, day)
    learnt, worked = await _learnt(db, ids), await _worked(db, ids, day)
    credentials, declared = await credentials_held(db, ids), await declared_by(db, ids)
    assessed, trained = await assessed_days(db, ids, day), await trained_days(db, ids, day)
    supervisions, supervised = await supervisions_of(db, ids, SINCE_EVER), await _supervised(db, ids, day)
    found = {}
    for one in staff:
        packs = {packs_on(regimes.stood[supervisee], day) for supervisee in supervisees.get(one.id, ())}
        found[one.id] = Person(
            roles=frozenset(one.roles),
            employed_from=one.employed_from,
            peer_worker_since=one.peer_worker_since,
            stood=regimes.stood[one.id],
            needs=places.get(one.id, ()) if is_employed(one.employed_from, one.employed_to, day) else (),
            learnt=learnt[one.id],
            credentials=credentials[one.id],
            declared=declared[one.id],
            practised=_latest(assessed[one.id], trained[one.id]),
            worked=worked[one.id],
            supervisions=supervisions[one.id],
            supervised=one.id in supervised,
            supervisees_packs=frozenset(packs),
        )
    return found


def _latest(*days: Mapping[int, date]) -> dict[int, date]:
    found: dict[int, date] = {}
    for some in days:
        for category, day in some.items():
            found[category] = max(day, found.get(category, day))
    return found


async def _places(db: Db, regimes: Regimes, day: date) -> dict[UUID, list[Needs]]:
    """Return what the programs in which each one works on a day ask of a credential."""
    there = [one for one in regimes.placements if one.valid_from <= day <= (one.valid_to or LAST)]
    asking = Program.agency_id == db.scope.agency_id, Program.id.in_({one.program_id for one in there})
    rows = await db.scalars(select(Program).where(*asking, Program.credential_required))
    needs = {one.id: _needs(one, regimes.choices.get(one.id, ()), day) for one in rows}
    places: dict[UUID, dict[UUID, Needs]] = {}
    for one in there:
        if one.program_id in needs:
            places.setdefault(one.staff_id, {})[one.program_id] = needs[one.program_id]
    return {staff_id: list(some.values()) for staff_id, some in places.items()}


def _needs(program: Program, choices: Sequence[ProgramPack], day: date) -> Needs:
    return Needs(
        program.id,
        Specialty(program.required_specialty) if program.required_specialty else None,
        frozenset(CredentialType(one) for one in program.accepted_credentials),
        frozenset(one.pack_id for one in choices if one.valid_from <= day <= (one.valid_to or LAST)),
    )


async def _learnt(db: Db, ids: Collection[UUID]) -> dict[UUID, list[Learnt]]:
    row = Training
    question = select(row.staff_id, row.kind, row.topic, row.hours, row.completed_on).where(
        row.agency_id == db.scope.agency_id, row.staff_id.in_(ids), row.void_reason.is_(None)
    )
    found: dict[UUID, list[Learnt]] = {staff_id: [] for staff_id in ids}
    for staff_id, kind, topic, hours, completed_on in await db.execute(question):
        found[staff_id].append(Learnt(TrainingKind(kind), TrainingTopic(topic), hours, completed_on))
    return found


async def _worked(db: Db, ids: Collection[UUID], day: date) -> dict[UUID, dict[WorkHoursKind, Decimal]]:
    row = WorkHours
    question = select(row.staff_id, row.kind, func.sum(row.hours)).where(
        row.agency_id == db.scope.agency_id, row.staff_id.in_(ids), row.void_reason.is_(None), row.to_on <= day
    )
    found: dict[UUID, dict[WorkHoursKind, Decimal]] = {staff_id: {} for staff_id in ids}
    for staff_id, kind, hours in await db.execute(question.group_by(row.staff_id, row.kind)):
        found[staff_id][WorkHoursKind(kind)] = hours
    return found


async def _supervised(db: Db, ids: Collection[UUID], day: date) -> set[UUID]:
    row = SupervisorAssignment
    question = select(row.staff_id).where(
        row.agency_id == db.scope.agency_id, row.staff_id.in_(ids), supervised_on(day)
    )
    return set(await db.scalars(question))


async def _supervisees(db: Db, ids: Collection[UUID], day: date) -> dict[UUID, list[UUID]]:
    row = SupervisorAssignment
    question = select(row.supervisor_id, row.staff_id).where(
        row.agency_id == db.scope.agency_id, row.supervisor_id.in_(ids), supervised_on(day)
    )
    found: dict[UUID, list[UUID]] = {}
    for supervisor_id, staff_id in await db.execute(question):
        found.setdefault(supervisor_id, []).append(staff_id)
    return found
