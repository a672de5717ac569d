"""Opening agencies."""

from uuid import UUID

from pydantic import Field

from common.contracts import workforce as facts
from common.contracts.codes import Role
from common.database import Db
from common.errors import Refused
from common.privacy import KeyRing
from common.text import Asked, Day, Email, Line, Zone, local_day
from workforce.commands.passwords import give_one_time_password
from workforce.commands.staff import AddStaff, add_staff
from workforce.models import Agency


class OpenAgency(Asked):
    """Only the operator opens agencies; the first administrator comes with it."""

    agency_id: UUID = Field(description="chosen by the caller, so that a repeat is noticed")
    name: Line
    zone: Zone
    holidays: list[Day] = Field(default=[], max_length=400, description="days that are no business days")
    administrator_name: Line
    administrator_email: Email


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
