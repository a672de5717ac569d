"""Who supervises whom."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts import workforce as facts
from common.contracts.codes import Role
from common.database import Db
from common.errors import Refused, Unprocessable
from common.http import Created
from common.text import Asked, Day
from workforce.commands.staff import require_staff
from workforce.models import SupervisorAssignment


class AssignSupervisor(Asked):
    staff_id: UUID
    supervisor_id: UUID
    valid_from: Day
    valid_to: Day | None = None


async def assign_supervisor(db: Db, request: AssignSupervisor) -> Created:
    """Say who supervises whom from a day on; an open assignment before it ends the day before."""
    if request.staff_id == request.supervisor_id:
        raise Unprocessable("supervises-oneself", "Choose somebody else as supervisor.", "/supervisor_id")
    if request.valid_to and request.valid_to < request.valid_from:
        raise Unprocessable("supervision-ends-before-it-starts", "Correct the days.", "/valid_to")
    await require_staff(db, request.staff_id)
    supervisor = await require_staff(db, request.supervisor_id)
    if Role.SUPERVISOR not in supervisor.roles:
        raise Unprocessable("not-a-supervisor", "This member of staff has no supervisor role.", "/supervisor_id")
    await _end_open_supervision(db, request)
    assignment = SupervisorAssignment(agency_id=db.scope.agency_id, id=uuid7(), version=1, **request.model_dump())
    db.add(assignment)
    db.publish(facts.SUPERVISOR_ASSIGNED, _supervision(assignment), about=assignment.id, seq=1)
    db.audit("supervisor.assign", assignment.id)
    return Created(id=assignment.id, version=1)


async def _end_open_supervision(db: Db, request: AssignSupervisor) -> None:
    found = await db.scalars(
        select(SupervisorAssignment)
        .where(SupervisorAssignment.staff_id == request.staff_id, SupervisorAssignment.valid_to.is_(None))
        .with_for_update()
    )
    for earlier in found:
        if earlier.valid_from >= request.valid_from:
            raise Refused("supervision-overlaps", "A later supervisor is recorded already. Choose a later first day.")
        earlier.valid_to = request.valid_from - timedelta(days=1)
        earlier.version += 1
        db.publish(facts.SUPERVISOR_ASSIGNED, _supervision(earlier), about=earlier.id, seq=earlier.version)


def _supervision(assignment: SupervisorAssignment) -> facts.SupervisorFacts:
    return facts.SupervisorFacts(
        assignment_id=assignment.id,
        staff_id=assignment.staff_id,
        supervisor_id=assignment.supervisor_id,
        valid_from=assignment.valid_from,
        valid_to=assignment.valid_to,
    )
