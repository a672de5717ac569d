"""Recording trainings, one at a time or a spreadsheet of them, and taking one back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator
from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from common.contracts import workforce as facts
from common.contracts.codes import Role
from common.contracts.workforce_codes import TrainingKind, TrainingTopic
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing, Sealer, blind_index
from common.text import Asked, Day, Distinct, Email, Line
from workforce.commands.reach import reach_to_record, today_of
from workforce.models import Login, Staff, Training
from workforce.rules.competencies import Category
from workforce.rules.learning import Sha256, TrainingHours, VoidReason

WORDS = "training.words"
MOST_ROWS = 500
KNOWN = "These hours are recorded already: same person, title, topic, day and hours. Leave them out."
NOBODY = "No member of staff here is this. Correct it."
FUTURE = "Record a training once it is completed."


class Completed(Asked):
    """One training that somebody completed. `categories`: core competencies 1 to 12 that it trained."""

    kind: TrainingKind
    topic: TrainingTopic
    hours: TrainingHours
    completed_on: Day
    title: Line
    provider: Line
    categories: Annotated[list[Category], Distinct] = Field(default=[], max_length=12)
    evidence_sha256: Sha256 | None = Field(default=None, description="digest of the certificate kept elsewhere")


class RecordTraining(Completed):
    staff_id: UUID


class TrainingRow(Completed):
    """A row of a spreadsheet: the person by id or by the e-mail address they sign in with."""

    staff_id: UUID | None = None
    email: Email | None = None

    @model_validator(mode="after")
    def _one_person(self) -> Self:
        if (self.staff_id is None) == (self.email is None):
            raise ValueError("name the person by either staff_id or email")
        return self


class ImportTrainings(Asked):
    trainings: list[TrainingRow] = Field(min_length=1, max_length=MOST_ROWS)


class Imported(BaseModel):
    """What was recorded, in the order of the rows."""

    id: UUID
    ids: list[UUID] = Field(max_length=MOST_ROWS)


class VoidTraining(Asked):
    reason: VoidReason


@dataclass(slots=True)
class Checked:
    """Rows of an import: who each is about, and what is wrong with which row."""

    staff_ids: list[UUID | None]
    faults: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def fault(self, place: int, code: str, detail: str, name: str) -> None:
        self.faults.append((code, {"pointer": f"/trainings/{place}/{name}", "detail": detail}))

    def refuse(self) -> None:
        """Raise `Unprocessable` with every fault of every row, if there is one."""
        if self.faults:
            refusal = Unprocessable(
                self.faults[0][0], "Nothing was recorded. Correct the rows named, then send all again."
            )
            refusal.fields = tuple(fault for _, fault in self.faults)
            raise refusal


async def record_training(db: Db, keys: KeyRing, actor: Actor, request: RecordTraining) -> Created:
    await reach_to_record(db, actor, request.staff_id)
    if request.completed_on > await today_of(db):
        raise Unprocessable("training-in-the-future", FUTURE, "/completed_on")
    sealer = await keys.sealer(db, db.scope.agency_id, request.staff_id)
    likeness = _likeness(await keys.index_key(db, db.scope.agency_id), request.staff_id, request)
    if await _known(db, [likeness]):
        raise Refused("training-recorded-already", KNOWN)
    training = _keep(db, sealer, request.staff_id, request, likeness)
    return Created(id=training.id, version=1)


def _likeness(key: bytes, staff_id: UUID, said: Completed) -> bytes:
    """Return what two tellings of the same hours have in common."""
    parts = (str(staff_id), said.topic, str(said.completed_on), str(said.hours.normalize()), said.title)
    return blind_index(key, "training", *parts)


async def _known(db: Db, likenesses: Sequence[bytes]) -> set[bytes]:
    """Return those that are recorded already; others who record trainings of this agency wait until the commit."""
    lock = func.pg_advisory_xact_lock(func.hashtextextended(f"{db.scope.agency_id}training", 0))
    await db.execute(select(lock))
    question = select(Training.likeness).where(
        Training.agency_id == db.scope.agency_id, Training.likeness.in_(likenesses), Training.void_reason.is_(None)
    )
    return {bytes(one) for one in await db.scalars(question)}


def _keep(db: Db, sealer: Sealer, staff_id: UUID, said: Completed, likeness: bytes) -> Training:
    training = Training(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        staff_id=staff_id,
        kind=said.kind,
        topic=said.topic,
        hours=said.hours,
        completed_on=said.completed_on,
        categories=sorted(said.categories),
        words=sealer.seal(WORDS, {"title": said.title, "provider": said.provider}),
        evidence_sha256=None if said.evidence_sha256 is None else bytes.fromhex(said.evidence_sha256),
        likeness=likeness,
        recorded_by=db.scope.actor_id,
        recorded_at=db.now,
        version=1,
    )
    db.add(training)
    _tell(db, training)
    db.audit("training.record", training.id, staff_id=staff_id)
    return training


def _tell(db: Db, training: Training) -> None:
    told = facts.TrainingFacts(
        training_id=training.id,
        staff_id=training.staff_id,
        kind=TrainingKind(training.kind),
        topic=TrainingTopic(training.topic),
        hours=training.hours,
        completed_on=training.completed_on,
        categories=training.categories,
        voided=training.void_reason is not None,
    )
    db.publish(facts.TRAINING_RECORDED, told, about=training.id, seq=training.version)


async def import_trainings(db: Db, keys: KeyRing, request: ImportTrainings) -> Imported:
    """Record a spreadsheet of trainings, or nothing and every fault with its row."""
    checked = Checked(await _people(db, keys, request.trainings))
    await _check_people(db, request.trainings, checked)
    await _check_days(db, request.trainings, checked)
    checked.refuse()
    about = [staff_id for staff_id in checked.staff_ids if staff_id is not None]
    likenesses = await _likenesses(db, keys, about, request.trainings)
    await _check_new(db, likenesses, checked)
    checked.refuse()
    sealers = await keys.sealers(db, db.scope.agency_id, set(about))
    rows = zip(about, request.trainings, likenesses, strict=True)
    kept = [_keep(db, sealers[staff_id], staff_id, said, likeness) for staff_id, said, likeness in rows]
    return Imported(id=uuid7(), ids=[training.id for training in kept])


async def _people(db: Db, keys: KeyRing, rows: Sequence[TrainingRow]) -> list[UUID | None]:
    """Return each row's person; None where an e-mail address signs nobody of this agency in."""
    handles = {row.email: blind_index(keys.platform_index_key(), "login", row.email) for row in rows if row.email}
    question = select(Login.handle, Login.staff_id).where(
        Login.handle.in_(list(handles.values())), Login.owner_agency_id == db.scope.agency_id
    )
    found = {bytes(row.handle): row.staff_id for row in await db.execute(question)} if handles else {}
    return [row.staff_id or found.get(handles.get(row.email or "", b"")) for row in rows]


async def _check_people(db: Db, rows: Sequence[TrainingRow], checked: Checked) -> None:
    named = {staff_id for staff_id in checked.staff_ids if staff_id}
    question = select(Staff.id).where(Staff.agency_id == db.scope.agency_id, Staff.id.in_(named))
    known = set(await db.scalars(question))
    for place, row in enumerate(rows):
        if checked.staff_ids[place] not in known:
            checked.fault(place, "no-such-staff", NOBODY, "staff_id" if row.staff_id else "email")


async def _check_days(db: Db, rows: Sequence[TrainingRow], checked: Checked) -> None:
    today: date = await today_of(db)
    for place, row in enumerate(rows):
        if row.completed_on > today:
            checked.fault(place, "training-in-the-future", FUTURE, "completed_on")


async def _likenesses(db: Db, keys: KeyRing, about: Sequence[UUID], rows: Sequence[TrainingRow]) -> list[bytes]:
    key = await keys.index_key(db, db.scope.agency_id)
    return [_likeness(key, staff_id, row) for staff_id, row in zip(about, rows, strict=True)]


async def _check_new(db: Db, likenesses: Sequence[bytes], checked: Checked) -> None:
    seen = await _known(db, likenesses)
    for place, likeness in enumerate(likenesses):
        if likeness in seen:
            checked.fault(place, "training-recorded-already", KNOWN, "title")
        seen.add(likeness)


async def void_training(db: Db, actor: Actor, training_id: UUID, request: VoidTraining, expected: int) -> Created:
    """Take a training back; its hours count no longer, its row stays. By an administrator or who recorded it."""
    training = await db.get(Training, (db.scope.agency_id, training_id), with_for_update=True)
    if training is None:
        raise NotThere
    await reach_to_record(db, actor, training.staff_id)
    if not actor.may(Role.ADMINISTRATOR) and training.recorded_by != actor.staff_id:
        raise Refused("voided-by-recorder", "Ask who recorded it, or an administrator, to take it back.")
    require_version(training.version, expected)
    if training.void_reason is not None:
        raise Refused("training-voided-already", "It was taken back already. Reload it.")
    training.void_reason = request.reason
    training.version += 1
    _tell(db, training)
    db.audit("training.void", training.id, staff_id=training.staff_id, reason=request.reason)
    return Created(id=training.id, version=training.version)
