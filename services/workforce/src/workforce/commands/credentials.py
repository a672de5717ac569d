"""Recording a credential, renewing it, changing its status, and correcting what was recorded of it."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts import workforce as facts
from common.contracts.codes import CredentialStatus, CredentialType, Specialty
from common.contracts.envelope import Fact
from common.contracts.workforce_codes import CertificateStage
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.privacy import KeyRing
from common.text import Asked, Day, Line
from workforce.commands.reach import today_of
from workforce.commands.staff import require_staff
from workforce.models import Credential, CredentialCorrection, CredentialState
from workforce.rules.credentials import (
    CorrectionReason,
    Since,
    StatusFault,
    StatusReason,
    status_fault,
    timeline,
)

NUMBER = "credential.number"
OF_RENEWAL = ("credential_type", "specialty")
CORRECTED = (
    "credential_type", "specialty", "issuer", "valid_from", "valid_to", "stage", "cycle_from", "renewal_on",
    "exam_passed_on",
)  # fmt: skip
STATUS_REFUSED = {
    StatusFault.UNCHANGED: "It has this status already. Reload it.",
    StatusFault.BEFORE_AN_EARLIER_CHANGE: "A later change is recorded already. Choose that day or a later one.",
    StatusFault.REVOKED: "What was revoked stays so unless the revocation was overturned. Record a new credential.",
}
STATUS_UNPROCESSABLE = {
    StatusFault.IN_THE_FUTURE: ("Record the change on the day it takes effect.", "/since"),
    StatusFault.NOT_RECORDED_BY_HAND: ("Say why the status changed.", "/reason"),
}


class Validity(Asked):
    """What an issuer wrote on one certificate. `renewal_on`: continuing education has to be complete by this day."""

    valid_from: Day
    valid_to: Day
    number: Line | None = None
    stage: CertificateStage | None = None
    cycle_from: Day | None = None
    renewal_on: Day | None = None
    exam_passed_on: Day | None = None


class RecordCredential(Validity):
    staff_id: UUID
    credential_type: CredentialType
    specialty: Specialty
    issuer: Line
    status: CredentialStatus = CredentialStatus.ACTIVE


class RenewCredential(Validity):
    """A new validity; type and specialty stay."""

    issuer: Line | None = None
    status: CredentialStatus = CredentialStatus.ACTIVE


class CorrectCredential(Validity):
    """All that the certificate says, as it should have been recorded."""

    reason: CorrectionReason
    credential_type: CredentialType
    specialty: Specialty
    issuer: Line


class ChangeStatus(Asked):
    status: CredentialStatus
    since: Day
    reason: StatusReason


async def record_credential(db: Db, keys: KeyRing, request: RecordCredential) -> Created:
    await _require_plausible(db, request)
    await require_staff(db, request.staff_id)
    return await _keep_new(db, keys, request, request.model_dump(exclude={"number"}))


async def renew_credential(db: Db, keys: KeyRing, credential_id: UUID, request: RenewCredential) -> Created:
    """Record the validity that follows a credential's; the one before stays as it was."""
    await _require_plausible(db, request)
    earlier = await _locked(db, credential_id)
    if earlier.status == CredentialStatus.REVOKED:
        raise Refused("credential-revoked", "What was revoked is not renewed. Record a new credential.")
    if await db.scalar(select(Credential.id).where(Credential.renews == earlier.id).limit(1)) is not None:
        raise Refused("credential-renewed-already", "This credential was renewed already. Renew the newer one.")
    if request.valid_from <= earlier.valid_from:
        raise Unprocessable("renewal-before-the-credential", "A renewal begins after what it renews.", "/valid_from")
    kept = {name: getattr(earlier, name) for name in OF_RENEWAL}
    said = request.model_dump(exclude={"number"}) | kept | {"issuer": request.issuer or earlier.issuer}
    return await _keep_new(db, keys, request, said | {"staff_id": earlier.staff_id, "renews": earlier.id})


async def _require_plausible(db: Db, request: Validity) -> None:
    if request.valid_to < request.valid_from:
        raise Unprocessable("credential-ends-before-it-starts", "Correct the days of validity.", "/valid_to")
    if request.cycle_from and request.renewal_on and request.renewal_on < request.cycle_from:
        raise Unprocessable("cycle-ends-before-it-starts", "Correct the days of the cycle.", "/renewal_on")
    if request.exam_passed_on and request.exam_passed_on > await today_of(db):
        raise Unprocessable("exam-in-the-future", "Record an exam once it was passed.", "/exam_passed_on")


async def _keep_new(db: Db, keys: KeyRing, request: Validity, said: dict[str, Any]) -> Created:
    credential = Credential(agency_id=db.scope.agency_id, id=uuid7(), version=1, **said)
    credential.number = await _sealed(db, keys, credential.staff_id, request.number)
    db.add(credential)
    await db.flush()
    first = _state(db, credential, Since(CredentialStatus(credential.status), credential.valid_from), 0)
    _tell(db, facts.CREDENTIAL_RECORDED, credential, [first])
    db.audit("credential.record", credential.id, staff_id=credential.staff_id)
    return Created(id=credential.id, version=1)


async def _sealed(db: Db, keys: KeyRing, staff_id: UUID, number: str | None) -> bytes | None:
    if number is None:
        return None
    return (await keys.sealer(db, db.scope.agency_id, staff_id)).seal(NUMBER, number)


def _state(
    db: Db, credential: Credential, held: Since, place: int, reason: StatusReason = StatusReason.RECORDED
) -> CredentialState:
    state = CredentialState(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        credential_id=credential.id,
        status=held.status,
        since=held.since,
        reason=reason,
        place=place,
        recorded_by=db.scope.actor_id,
        recorded_at=db.now,
    )
    db.add(state)
    return state


async def change_status(db: Db, credential_id: UUID, request: ChangeStatus, expected: int) -> Created:
    """Change a credential's status from a day on. Raises `Refused` if that status may not follow the newest."""
    credential = await _locked(db, credential_id)
    require_version(credential.version, expected)
    states = await _states(db, credential)
    asked = Since(request.status, request.since)
    fault = status_fault(_since(states[-1]), asked, request.reason, await today_of(db))
    if fault is not None:
        raise _refusal(fault)
    states.append(_state(db, credential, asked, len(states), request.reason))
    credential.status = request.status
    _changed(db, credential, states, "credential.status", status=request.status, reason=request.reason)
    return Created(id=credential.id, version=credential.version)


def _refusal(fault: StatusFault) -> Refused:
    if fault in STATUS_UNPROCESSABLE:
        sentence, pointer = STATUS_UNPROCESSABLE[fault]
        return Unprocessable(fault, sentence, pointer)
    return Refused(fault, STATUS_REFUSED[fault])


async def correct_credential(
    db: Db, keys: KeyRing, credential_id: UUID, request: CorrectCredential, expected: int
) -> Created:
    """Correct what was recorded; what it said before is kept beside it."""
    await _require_plausible(db, request)
    credential = await _locked(db, credential_id)
    require_version(credential.version, expected)
    states = await _states(db, credential)
    _move_first(states, request.valid_from)
    db.add(_correction(db, credential, request.reason))
    for name in CORRECTED:
        setattr(credential, name, getattr(request, name))
    credential.number = await _sealed(db, keys, credential.staff_id, request.number)
    _changed(db, credential, states, "credential.correct", reason=request.reason)
    return Created(id=credential.id, version=credential.version)


def _move_first(states: list[CredentialState], valid_from: date) -> None:
    """Have the first status begin with the validity, as it did when it was recorded."""
    if len(states) > 1 and states[1].since < valid_from:
        raise Refused(
            "status-before-validity", "Its status changed before that day. Choose a first day that is not later."
        )
    states[0].since = valid_from


def _correction(db: Db, credential: Credential, reason: CorrectionReason) -> CredentialCorrection:
    said = {name: getattr(credential, name) for name in CORRECTED}
    return CredentialCorrection(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        credential_id=credential.id,
        reason=reason,
        said={name: str(value) if isinstance(value, date) else value for name, value in said.items()},
        number=credential.number,
        corrected_by=db.scope.actor_id,
        corrected_at=db.now,
    )


async def _locked(db: Db, credential_id: UUID) -> Credential:
    credential = await db.get(Credential, (db.scope.agency_id, credential_id), with_for_update=True)
    if credential is None:
        raise NotThere
    return credential


async def _states(db: Db, credential: Credential) -> list[CredentialState]:
    """Return every status in the order recorded."""
    question = select(CredentialState).where(
        CredentialState.agency_id == credential.agency_id, CredentialState.credential_id == credential.id
    )
    return list(await db.scalars(question.order_by(CredentialState.place)))


def _since(state: CredentialState) -> Since:
    return Since(CredentialStatus(state.status), state.since)


def _changed(db: Db, credential: Credential, states: list[CredentialState], action: str, **codes: str) -> None:
    credential.version += 1
    _tell(db, facts.CREDENTIAL_CHANGED, credential, states)
    db.audit(action, credential.id, staff_id=credential.staff_id, **codes)


def _tell(db: Db, fact: Fact, credential: Credential, states: list[CredentialState]) -> None:
    held = timeline([_since(state) for state in states])
    told = facts.CredentialFacts(
        credential_id=credential.id,
        staff_id=credential.staff_id,
        credential_type=CredentialType(credential.credential_type),
        specialty=Specialty(credential.specialty),
        valid_from=credential.valid_from,
        valid_to=credential.valid_to,
        status=held[-1].status,
        statuses=[facts.StatusSince(status=one.status, since=one.since) for one in held],
        stage=None if credential.stage is None else CertificateStage(credential.stage),
        cycle_from=credential.cycle_from,
        renewal_on=credential.renewal_on,
        exam_passed_on=credential.exam_passed_on,
    )
    db.publish(fact, told, about=credential.id, seq=credential.version)
