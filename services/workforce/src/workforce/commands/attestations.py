"""Declarations of staff: signed by the person alone, on paper before a witness, and withdrawn by the person."""

from datetime import date
from uuid import UUID

from uuid_utils.compat import uuid7

from common.contracts import workforce as facts
from common.contracts.workforce_codes import AttestationKind
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.text import Asked, Code, Day
from workforce.commands.reach import today_of
from workforce.commands.staff import require_staff
from workforce.models import Attestation
from workforce.rules.learning import Sha256


class Sign(Asked):
    """What the signed-in person declares, today. `text_version`: of the text that they read."""

    kind: AttestationKind
    text_version: Code


class RecordPaper(Asked):
    """A paper that somebody signed before the administrator who records it."""

    staff_id: UUID
    kind: AttestationKind
    text_version: Code
    signed_on: Day
    evidence_sha256: Sha256 | None = None


class Withdraw(Asked):
    """From today on, the declaration no longer stands."""


async def sign(db: Db, actor: Actor, request: Sign) -> Created:
    await require_staff(db, actor.staff_id)
    return _keep(db, _row(db, actor.staff_id, request.kind, request.text_version, await today_of(db)))


async def record_paper(db: Db, actor: Actor, request: RecordPaper) -> Created:
    """Keep that a paper was signed; the caller is its witness, and so cannot be who signed it."""
    if request.staff_id == actor.staff_id:
        raise Unprocessable("own-witness", "Sign your own here, or have another administrator record it.", "/staff_id")
    await require_staff(db, request.staff_id)
    if request.signed_on > await today_of(db):
        raise Unprocessable("signed-in-the-future", "Record a paper once it is signed.", "/signed_on")
    row = _row(db, request.staff_id, request.kind, request.text_version, request.signed_on)
    row.witness_id = actor.staff_id
    row.evidence_sha256 = None if request.evidence_sha256 is None else bytes.fromhex(request.evidence_sha256)
    return _keep(db, row)


def _row(db: Db, staff_id: UUID, kind: AttestationKind, text_version: str, signed_on: date) -> Attestation:
    return Attestation(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        staff_id=staff_id,
        kind=kind,
        text_version=text_version,
        signed_on=signed_on,
        recorded_at=db.now,
        version=1,
    )


def _keep(db: Db, attestation: Attestation) -> Created:
    db.add(attestation)
    _tell(db, attestation)
    db.audit("attestation.sign", attestation.id, staff_id=attestation.staff_id)
    return Created(id=attestation.id, version=1)


def _tell(db: Db, attestation: Attestation) -> None:
    told = facts.AttestationFacts(
        attestation_id=attestation.id,
        staff_id=attestation.staff_id,
        kind=AttestationKind(attestation.kind),
        signed_on=attestation.signed_on,
        withdrawn_on=attestation.withdrawn_on,
    )
    db.publish(facts.ATTESTATION_SIGNED, told, about=attestation.id, seq=attestation.version)


async def withdraw(db: Db, actor: Actor, attestation_id: UUID, expected: int) -> Created:
    """Withdraw one's own declaration; somebody else's answers as if there were none."""
    attestation = await db.get(Attestation, (db.scope.agency_id, attestation_id), with_for_update=True)
    if attestation is None or attestation.staff_id != actor.staff_id:
        raise NotThere
    require_version(attestation.version, expected)
    if attestation.withdrawn_on is not None:
        raise Refused("attestation-withdrawn-already", "You withdrew this already. Sign a new one if you wish.")
    attestation.withdrawn_on = await today_of(db)
    attestation.version += 1
    _tell(db, attestation)
    db.audit("attestation.withdraw", attestation.id, staff_id=attestation.staff_id)
    return Created(id=attestation.id, version=attestation.version)
