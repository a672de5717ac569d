"""Who works in which program, as what, and with which share of full time."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import Field
from sqlalchemy import or_, select
from uuid_utils.compat import uuid7

from common.contracts import workforce as facts
from common.contracts.codes import Role
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.text import Asked, Day
from workforce.commands.packs import require_program
from workforce.models import Placement, Staff


class PlaceStaff(Asked):
    program_id: UUID
    role: Role
    fte: Decimal = Field(default=Decimal(1), gt=0, le=1, decimal_places=2, description="1 is full time")
    valid_from: Day
    valid_to: Day | None = None


class EndPlacement(Asked):
    valid_to: Day = Field(description="the last day in the program")


async def place_staff(db: Db, staff_id: UUID, request: PlaceStaff) -> Created:
    """Place somebody in a program in one of their roles, within their employment. Raises `NotThere`, `Refused`."""
    staff = await db.get(Staff, (db.scope.agency_id, staff_id), with_for_update=True)
    if staff is None:
        raise NotThere
    await require_program(db, request.program_id)
    _require_sound(staff, request)
    await _require_apart(db, staff_id, request)
    placement = Placement(
        agency_id=db.scope.agency_id, id=uuid7(), staff_id=staff_id, version=1, **request.model_dump()
    )
    db.add(placement)
    _tell(db, placement)
    db.audit("placement.begin", staff_id, program_id=request.program_id, role=request.role)
    return Created(id=placement.id, version=1)


def _require_sound(staff: Staff, request: PlaceStaff) -> None:
    if request.valid_to is not None and request.valid_to < request.valid_from:
        raise Unprocessable("placement-ends-before-it-starts", "Correct the days.", "/valid_to")
    if request.role not in staff.roles:
        raise Unprocessable("role-not-theirs", "Give them the role first, or place them in one they have.", "/role")
    left = staff.employed_to is not None and request.valid_from > staff.employed_to
    if request.valid_from < staff.employed_from or left:
        raise Unprocessable("not-employed-then", "The first day is outside the employment. Correct it.", "/valid_from")
    if staff.employed_to is not None and (request.valid_to is None or request.valid_to > staff.employed_to):
        raise Unprocessable(
            "not-employed-then", "They leave before. Choose their last day or an earlier one.", "/valid_to"
        )


async def _require_apart(db: Db, staff_id: UUID, request: PlaceStaff) -> None:
    same = select(Placement.id).where(
        Placement.agency_id == db.scope.agency_id,
        Placement.staff_id == staff_id,
        Placement.program_id == request.program_id,
        Placement.role == request.role,
        or_(Placement.valid_to.is_(None), Placement.valid_to >= request.valid_from),
    )
    if request.valid_to is not None:
        same = same.where(Placement.valid_from <= request.valid_to)
    if await db.scalar(same.limit(1)) is not None:
        raise Refused("placed-already", "They work there in this role on some of these days. End that placement first.")


async def end_placement(db: Db, placement_id: UUID, request: EndPlacement, expected: int) -> Created:
    placement = await db.get(Placement, (db.scope.agency_id, placement_id), with_for_update=True)
    if placement is None:
        raise NotThere
    require_version(placement.version, expected)
    if request.valid_to < placement.valid_from:
        raise Unprocessable("placement-ends-before-it-starts", "Choose the first day or a later one.", "/valid_to")
    if placement.valid_to is not None and request.valid_to > placement.valid_to:
        raise Refused("placement-ended-already", "It ends sooner already. Place them anew from the day after.")
    placement.valid_to = request.valid_to
    placement.version += 1
    _tell(db, placement)
    db.audit("placement.end", placement.staff_id, program_id=placement.program_id)
    return Created(id=placement.id, version=placement.version)


async def end_placements(db: Db, staff_id: UUID, last_day: date) -> None:
    """End with their last day where somebody who leaves works."""
    beyond = or_(Placement.valid_to.is_(None), Placement.valid_to > last_day)
    theirs = select(Placement).where(Placement.agency_id == db.scope.agency_id, Placement.staff_id == staff_id, beyond)
    for placement in (await db.scalars(theirs.order_by(Placement.id).with_for_update())).all():
        placement.valid_to = max(last_day, placement.valid_from)  # of what would have begun later a bare day is left
        placement.version += 1
        _tell(db, placement)


def _tell(db: Db, placement: Placement) -> None:
    state = facts.PlacementFacts(
        placement_id=placement.id,
        staff_id=placement.staff_id,
        program_id=placement.program_id,
        role=Role(placement.role),
        fte=placement.fte,
        valid_from=placement.valid_from,
        valid_to=placement.valid_to,
    )
    db.publish(facts.STAFF_PLACED, state, about=placement.id, seq=placement.version)
