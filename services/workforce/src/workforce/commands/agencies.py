"""Opening agencies and programs."""

from uuid import UUID

from pydantic import Field
from uuid_utils.compat import uuid7

from common.contracts import workforce as facts
from common.contracts.codes import CredentialType, Role, Specialty, UnitMethod
from common.database import Db
from common.errors import Refused
from common.http import Created
from common.privacy import KeyRing
from common.text import Asked, Day, Email, Line, Zone, local_day
from workforce.commands.passwords import give_one_time_password
from workforce.commands.staff import AddStaff, add_staff
from workforce.models import Agency, Program


class OpenAgency(Asked):
    """Only the operator opens agencies; the first administrator comes with it."""

    agency_id: UUID = Field(description="chosen by the caller, so that a repeat is noticed")
    name: Line
    zone: Zone
    holidays: list[Day] = Field(default=[], max_length=400, description="days that are no business days")
    administrator_name: Line
    administrator_email: Email


class OpenProgram(Asked):
    name: Line
    credential_required: bool = True
    required_specialty: Specialty | None = None
    accepted_credentials: list[CredentialType] = Field(default=[], description="empty accepts every type")
    unit_method: UnitMethod = UnitMethod.MIDPOINT_8
    group_max: int = Field(default=12, ge=2, le=100)
    group_modifier: str | None = Field(default="HQ", pattern="^[A-Z0-9]{2}$")
    note_deadline_business_days: int = Field(default=2, ge=0, le=60)
    plan_deadline_days: int = Field(default=30, ge=1, le=365)
    opened_on: Day


async def open_agency(db: Db, keys: KeyRing, request: OpenAgency) -> tuple[UUID, str]:
    """Open an agency; return its first administrator's id and one-time password."""
    if await db.get(Agency, request.agency_id):
        raise Refused("agency-exists", "An agency with this id is open already.")
    agency = Agency(
        agency_id=request.agency_id,
        name=request.name,
        zone=request.zone,
        holidays=sorted(set(request.holidays)),
        activated_at=db.now,
        version=1,
    )
    db.add(agency)
    db.publish(
        facts.AGENCY_ACTIVATED,
        facts.AgencyFacts(
            agency_id=agency.agency_id, zone=agency.zone, holidays=agency.holidays, activated_at=agency.activated_at
        ),
        about=agency.agency_id,
        seq=1,
    )
    db.audit("agency.open", agency.agency_id)
    administrator = await add_staff(
        db,
        keys,
        AddStaff(
            name=request.administrator_name,
            email=request.administrator_email,
            roles=[Role.ADMINISTRATOR],
            employed_from=local_day(db.now, request.zone),
        ),
    )
    return administrator.id, await give_one_time_password(db, administrator.id)


async def open_program(db: Db, request: OpenProgram) -> Created:
    program = Program(agency_id=db.scope.agency_id, id=uuid7(), version=1, **request.model_dump())
    db.add(program)
    db.publish(
        facts.PROGRAM_OPENED,
        facts.ProgramFacts(program_id=program.id, **request.model_dump(exclude={"name"})),
        about=program.id,
        seq=1,
    )
    db.audit("program.open", program.id)
    return Created(id=program.id, version=1)
