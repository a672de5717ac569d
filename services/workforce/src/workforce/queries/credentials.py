"""Which credentials there are, what each was on a day, and everything that is known of one."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import ColumnElement, ScalarSelect, Select, exists, select, tuple_
from sqlalchemy.orm import aliased

from common.contracts.codes import CredentialStatus, CredentialType, Role, Specialty
from common.contracts.workforce_codes import CertificateStage
from common.database import Db
from common.errors import NotThere
from common.http import Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing
from workforce.commands.credentials import NUMBER
from workforce.commands.reach import OVERSIGHT, reach_staff, today_of, within_reach
from workforce.models import Credential, CredentialCorrection, CredentialState
from workforce.queries.pages import day_of
from workforce.rules.credentials import CorrectionReason, StatusReason, is_in_force

MOST = 200
LATER = aliased(Credential)
RENEWED = exists().where(LATER.agency_id == Credential.agency_id, LATER.renews == Credential.id)


class CredentialEntry(BaseModel):
    id: UUID
    staff_id: UUID
    credential_type: CredentialType
    specialty: Specialty
    issuer: str
    stage: CertificateStage | None
    valid_from: date
    valid_to: date
    cycle_from: date | None
    renewal_on: date | None
    status: CredentialStatus | None = Field(description="on the day asked about; null before the first")
    in_force: bool = Field(description="on the day asked about: valid, and active or provisional")
    renewed: bool
    version: int


class CredentialPage(BaseModel):
    on: date
    items: list[CredentialEntry]
    next: str | None = None


class StaffCredentials(BaseModel):
    on: date
    items: list[CredentialEntry] = Field(max_length=MOST, description="the longest valid first")


class StatusEntry(BaseModel):
    status: CredentialStatus
    since: date
    reason: StatusReason
    recorded_by: UUID | None
    recorded_at: AwareDatetime


class Correction(BaseModel):
    """What the credential said before, in codes and days. `number`: the one before, if it had one."""

    reason: CorrectionReason
    said: dict[str, Any]
    number: str | None
    corrected_by: UUID | None
    corrected_at: AwareDatetime


class CredentialRecord(CredentialEntry):
    number: str | None
    exam_passed_on: date | None
    renews: UUID | None
    statuses: list[StatusEntry] = Field(max_length=MOST, description="in the order recorded")
    corrections: list[Correction] = Field(max_length=MOST)


class Wanted(BaseModel):
    """Which credentials are asked for; `expiring_from` and `expiring_before` bound the last day of validity."""

    on: date | None = None
    staff_id: UUID | None = None
    credential_type: CredentialType | None = None
    status: CredentialStatus | None = None
    expiring_from: date | None = None
    expiring_before: date | None = None


def _status_on(day: date) -> ScalarSelect[str]:
    return (
        select(CredentialState.status)
        .where(
            CredentialState.agency_id == Credential.agency_id,
            CredentialState.credential_id == Credential.id,
            CredentialState.since <= day,
        )
        .order_by(CredentialState.since.desc(), CredentialState.place.desc())
        .limit(1)
        .correlate(Credential)
        .scalar_subquery()
    )


def _entries(db: Db, day: date) -> Select[Credential, str, bool]:
    status, agency = _status_on(day).label("status_on"), db.scope.agency_id
    return select(Credential, status, RENEWED.label("renewed")).where(Credential.agency_id == agency)


async def credential_page(db: Db, actor: Actor, wanted: Wanted, after: Cursor | None, limit: int) -> CredentialPage:
    """Return credentials within reach, the first to expire first."""
    today = await today_of(db)
    day = wanted.on or today
    question = _entries(db, day).where(*_conditions(wanted, today, day))
    question = question.where(within_reach(actor, today, Credential.staff_id, OVERSIGHT))
    if after:
        question = question.where(tuple_(Credential.valid_to, Credential.id) > tuple_(day_of(after), after.id))
    found = await db.execute(question.order_by(Credential.valid_to, Credential.id).limit(limit + 1))
    rows = found.all()
    items = [CredentialEntry.model_validate(_entry(row, day)) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return CredentialPage(on=day, items=items, next=encode_cursor(last.valid_to, last.id) if last else None)


def _conditions(wanted: Wanted, today: date, day: date) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.staff_id:
        conditions.append(Credential.staff_id == wanted.staff_id)
    if wanted.credential_type:
        conditions.append(Credential.credential_type == wanted.credential_type)
    if wanted.status:
        conditions.append(_status_on(day) == wanted.status)
    if wanted.expiring_before:  # what has expired already is not about to
        conditions.append(Credential.valid_to < wanted.expiring_before)
        conditions.append(Credential.valid_to >= (wanted.expiring_from or today))
    elif wanted.expiring_from:
        conditions.append(Credential.valid_to >= wanted.expiring_from)
    return conditions


def _entry(row: Any, day: date) -> dict[str, Any]:
    credential: Credential = row.Credential
    shown = {name: getattr(credential, name, None) for name in CredentialEntry.model_fields}
    status = None if row.status_on is None else CredentialStatus(row.status_on)
    in_force = is_in_force(credential.valid_from, credential.valid_to, status, day)
    return shown | {"status": status, "in_force": in_force, "renewed": row.renewed}


async def credentials_of(db: Db, actor: Actor, staff_id: UUID, on: date | None) -> StaffCredentials:
    """Return a person's credentials, with what each was on a day; `in_force` says which let them work then."""
    await reach_staff(db, actor, staff_id, OVERSIGHT)
    day = on or await today_of(db)
    question = _entries(db, day).where(Credential.staff_id == staff_id)
    found = await db.execute(question.order_by(Credential.valid_to.desc(), Credential.id).limit(MOST))
    return StaffCredentials(on=day, items=[CredentialEntry.model_validate(_entry(row, day)) for row in found])


async def credential(db: Db, keys: KeyRing, actor: Actor, credential_id: UUID) -> CredentialRecord:
    """Return everything about one credential; auditors see no number."""
    today = await today_of(db)
    found = await db.execute(_entries(db, today).where(Credential.id == credential_id))
    row = found.first()
    if row is None:
        raise NotThere
    held: Credential = row.Credential
    await reach_staff(db, actor, held.staff_id, OVERSIGHT)
    numbers = Numbers(keys, held.staff_id, shown=held.staff_id == actor.staff_id or _sees_numbers(actor))
    more = {
        "number": await numbers.open(db, held.number),
        "exam_passed_on": held.exam_passed_on,
        "renews": held.renews,
        "statuses": await _statuses(db, credential_id),
        "corrections": await _corrections(db, numbers, credential_id),
    }
    return CredentialRecord.model_validate(_entry(row, today) | more)


def _sees_numbers(actor: Actor) -> bool:
    return actor.may(Role.ADMINISTRATOR, Role.SUPERVISOR)


class Numbers:
    """Opens the numbers of one person's certificates, for whom may see them."""

    def __init__(self, keys: KeyRing, staff_id: UUID, *, shown: bool) -> None:
        self._keys, self._staff_id, self._shown = keys, staff_id, shown

    async def open(self, db: Db, sealed: bytes | None) -> str | None:
        if sealed is None or not self._shown:
            return None
        return str((await self._keys.sealer(db, db.scope.agency_id, self._staff_id)).open(NUMBER, sealed))


async def _statuses(db: Db, credential_id: UUID) -> list[StatusEntry]:
    row = CredentialState
    question = select(row).where(row.agency_id == db.scope.agency_id, row.credential_id == credential_id)
    found = await db.scalars(question.order_by(row.place).limit(MOST))
    return [StatusEntry.model_validate(one, from_attributes=True) for one in found]


async def _corrections(db: Db, numbers: Numbers, credential_id: UUID) -> list[Correction]:
    row = CredentialCorrection
    question = select(row).where(row.agency_id == db.scope.agency_id, row.credential_id == credential_id)
    found = await db.scalars(question.order_by(row.id).limit(MOST))
    return [
        Correction(
            reason=CorrectionReason(one.reason),
            said=one.said,
            number=await numbers.open(db, one.number),
            corrected_by=one.corrected_by,
            corrected_at=one.corrected_at,
        )
        for one in found
    ]
