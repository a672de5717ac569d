"""Opening programs, and changing what they ask of whom works there and how work is written down."""

from uuid import UUID

from pydantic import Field
from uuid_utils.compat import uuid7

from common.contracts import workforce as facts
from common.contracts.codes import CredentialType, Specialty, UnitMethod
from common.contracts.envelope import Fact
from common.contracts.session_codes import Cosignature
from common.database import Db
from common.http import Created, require_version
from common.text import Asked, Day, Line
from workforce.commands.packs import require_program
from workforce.models import Program


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
    cosignature: Cosignature = Field(default=Cosignature.NEVER, description="whose notes a supervisor co-signs")


class ChangeProgram(OpenProgram):
    """All of a program's settings, as they count from now on; reports made before keep what they said."""


async def open_program(db: Db, request: OpenProgram) -> Created:
    program = Program(agency_id=db.scope.agency_id, id=uuid7(), version=1, **request.model_dump())
    db.add(program)
    _tell(db, facts.PROGRAM_OPENED, program, request)
    db.audit("program.open", program.id)
    return Created(id=program.id, version=1)


async def change_program(db: Db, program_id: UUID, request: ChangeProgram, expected: int) -> Created:
    program = await require_program(db, program_id)
    require_version(program.version, expected)
    for name, value in request.model_dump().items():
        setattr(program, name, value)
    program.version += 1
    _tell(db, facts.PROGRAM_CHANGED, program, request)
    db.audit("program.change", program.id)
    return Created(id=program.id, version=program.version)


def _tell(db: Db, fact: Fact, program: Program, request: OpenProgram) -> None:
    state = facts.ProgramFacts(program_id=program.id, **request.model_dump(exclude={"name"}))
    db.publish(fact, state, about=program.id, seq=program.version)
