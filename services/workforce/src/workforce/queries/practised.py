"""What a worker's standing is judged from: rows of one or several people, whoever asks having been admitted before."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from common.contracts.codes import CredentialStatus, CredentialType, Specialty
from common.contracts.workforce_codes import AttestationKind, CertificateStage, SupervisionMode
from common.database import Db
from workforce.models import (
    Attestation,
    CompetencyAssessment,
    Credential,
    CredentialState,
    SupervisedWorker,
    Supervision,
    Training,
)
from workforce.rules.attestations import Declared
from workforce.rules.competencies import latest_days
from workforce.rules.credentials import KnownCredential, Since, timeline
from workforce.rules.supervision import HeldSupervision, SupervisionState


def _of(row: Any, db: Db, staff_ids: Collection[UUID]) -> Any:
    return (row.agency_id == db.scope.agency_id) & row.staff_id.in_(staff_ids)


async def supervisions_of(db: Db, staff_ids: Collection[UUID], since: date) -> dict[UUID, list[HeldSupervision]]:
    """Return each worker's supervisions that were held on `since` or later, the first first."""
    question = (
        select(SupervisedWorker.staff_id, Supervision)
        .join(
            Supervision,
            (Supervision.agency_id == SupervisedWorker.agency_id) & (Supervision.id == SupervisedWorker.supervision_id),
        )
        .where(_of(SupervisedWorker, db, staff_ids))
        .where(Supervision.state == SupervisionState.HELD, Supervision.held_on >= since)
    )
    held: dict[UUID, list[HeldSupervision]] = {staff_id: [] for staff_id in staff_ids}
    for staff_id, one in await db.execute(question.order_by(Supervision.held_on, Supervision.id)):
        mode = SupervisionMode(one.mode)
        held[staff_id].append(HeldSupervision(one.id, one.supervisor_id, one.held_on, one.minutes, mode))
    return held


async def last_supervised_on(db: Db, staff_ids: Collection[UUID]) -> dict[UUID, date]:
    """Return the day of each worker's latest supervision; who has none is not in it."""
    question = (
        select(SupervisedWorker.staff_id, func.max(Supervision.held_on))
        .join(
            Supervision,
            (Supervision.agency_id == SupervisedWorker.agency_id) & (Supervision.id == SupervisedWorker.supervision_id),
        )
        .where(_of(SupervisedWorker, db, staff_ids), Supervision.state == SupervisionState.HELD)
    )
    return {row[0]: row[1] for row in await db.execute(question.group_by(SupervisedWorker.staff_id))}


async def declared_by(db: Db, staff_ids: Collection[UUID]) -> dict[UUID, list[Declared]]:
    """Return each person's declarations; see `rules.attestations.on_file`."""
    declared: dict[UUID, list[Declared]] = {staff_id: [] for staff_id in staff_ids}
    found = await db.scalars(select(Attestation).where(_of(Attestation, db, staff_ids)).order_by(Attestation.id))
    for one in found:
        declared[one.staff_id].append(Declared(AttestationKind(one.kind), one.signed_on, one.withdrawn_on))
    return declared


async def credentials_held(db: Db, staff_ids: Collection[UUID]) -> dict[UUID, list[KnownCredential]]:
    """Return each person's credentials, the longest valid first."""
    states: dict[UUID, list[Since]] = {}
    question = (
        select(CredentialState)
        .join(
            Credential,
            (Credential.agency_id == CredentialState.agency_id) & (Credential.id == CredentialState.credential_id),
        )
        .where(_of(Credential, db, staff_ids))
    )
    for state in await db.scalars(question.order_by(CredentialState.place)):
        states.setdefault(state.credential_id, []).append(Since(CredentialStatus(state.status), state.since))
    held: dict[UUID, list[KnownCredential]] = {staff_id: [] for staff_id in staff_ids}
    rows = select(Credential).where(_of(Credential, db, staff_ids))
    for one in await db.scalars(rows.order_by(Credential.valid_to.desc(), Credential.id)):
        held[one.staff_id].append(_known(one, states[one.id]))
    return held


def _known(row: Credential, states: list[Since]) -> KnownCredential:
    return KnownCredential(
        credential_id=row.id,
        credential_type=CredentialType(row.credential_type),
        specialty=Specialty(row.specialty),
        stage=None if row.stage is None else CertificateStage(row.stage),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        cycle_from=row.cycle_from,
        renewal_on=row.renewal_on,
        statuses=tuple(timeline(states)),
    )


async def assessed_days(db: Db, staff_ids: Collection[UUID], until: date | None = None) -> dict[UUID, dict[int, date]]:
    """Return for each person the latest day, up to `until`, on which each category was assessed."""
    return await _days(db, CompetencyAssessment, CompetencyAssessment.assessed_on, staff_ids, until)


async def trained_days(db: Db, staff_ids: Collection[UUID], until: date | None = None) -> dict[UUID, dict[int, date]]:
    """Return for each person the latest day, up to `until`, on which each category was trained."""
    return await _days(db, Training, Training.completed_on, staff_ids, until)


async def _days(
    db: Db, row: Any, day: Any, staff_ids: Collection[UUID], until: date | None
) -> dict[UUID, dict[int, date]]:
    seen: dict[UUID, list[tuple[list[int], date]]] = {staff_id: [] for staff_id in staff_ids}
    question = select(row.staff_id, row.categories, day).where(_of(row, db, staff_ids), row.void_reason.is_(None))
    if until is not None:
        question = question.where(day <= until)
    for staff_id, categories, on in await db.execute(question):
        seen[staff_id].append((categories, on))
    return {staff_id: latest_days(covered) for staff_id, covered in seen.items()}
