"""What somebody declared: all of it for themself and administrators, for supervisors only whether it is on file."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import select

from common.contracts.codes import Role
from common.contracts.workforce_codes import AttestationKind
from common.database import Db
from common.identity import Actor
from workforce.commands.reach import reach_staff, today_of
from workforce.models import Attestation
from workforce.rules.attestations import Declared, on_file

MOST = 200


class AttestationEntry(BaseModel):
    """`witness_id`: the administrator who saw the paper; null where the person signed here."""

    id: UUID
    kind: AttestationKind
    text_version: str
    signed_on: date
    witness_id: UUID | None
    withdrawn_on: date | None
    version: int


class Attestations(BaseModel):
    on_file: dict[AttestationKind, bool]
    items: list[AttestationEntry] | None = Field(
        max_length=MOST, description="the newest first; null for a supervisor, who sees only what is on file"
    )


async def attestations_of(db: Db, actor: Actor, staff_id: UUID) -> Attestations:
    await reach_staff(db, actor, staff_id)
    row = Attestation
    question = select(row).where(row.agency_id == db.scope.agency_id, row.staff_id == staff_id)
    rows = (await db.scalars(question.order_by(row.signed_on.desc(), row.id.desc()).limit(MOST))).all()
    declared = (Declared(AttestationKind(one.kind), one.signed_on, one.withdrawn_on) for one in rows)
    standing = on_file(declared, await today_of(db))
    if staff_id != actor.staff_id and not actor.may(Role.ADMINISTRATOR):
        return Attestations(on_file=standing, items=None)
    items = [AttestationEntry.model_validate(one, from_attributes=True) for one in rows]
    return Attestations(on_file=standing, items=items)
