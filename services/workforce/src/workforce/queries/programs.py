"""What can be asked about programs."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select

from common.contracts.codes import CredentialType, Specialty, UnitMethod
from common.database import Db
from common.errors import NotThere
from workforce.models import Program


class ProgramEntry(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    opened_on: date
    version: int


class ProgramRecord(ProgramEntry):
    """All of its settings: what PUT takes, and more."""

    credential_required: bool
    required_specialty: Specialty | None
    accepted_credentials: list[CredentialType]
    unit_method: UnitMethod
    group_max: int
    group_modifier: str | None
    note_deadline_business_days: int
    plan_deadline_days: int


class Programs(BaseModel):
    items: list[ProgramEntry]


async def programs(db: Db) -> Programs:
    """Return every program of the agency, oldest first; an agency has few."""
    found = await db.scalars(select(Program).where(Program.agency_id == db.scope.agency_id).order_by(Program.id))
    return Programs(items=[ProgramEntry.model_validate(one) for one in found])


async def program(db: Db, program_id: UUID) -> ProgramRecord:
    found = await db.get(Program, (db.scope.agency_id, program_id))
    if found is None:
        raise NotThere
    return ProgramRecord.model_validate(found)
