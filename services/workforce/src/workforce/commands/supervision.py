"""Who supervises whom, and for which share of the worker's time."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts import workforce as facts
from common.contracts.codes import Role
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.packs import LAST
from common.text import Asked, Day
from workforce.commands.staff import require_staff
from workforce.commands.stood import regimes_of
from workforce.models import Staff, SupervisorAssignment
from workforce.rules.limits import Load, Supervised, worst_span
from workforce.rules.supervision import Share, most_supervised

WHOLE = Decimal(1)
Fte = Annotated[Decimal, Field(gt=0, le=1, max_digits=3, decimal_places=2, description="1 is full time")]


class AssignSupervisor(Asked):
    """`beside_others`: whoever supervises the worker now goes on; the shares must not add to more than 1.

    `beyond_span`: the supervisor then has more than a confirmed rule allows; a worker without any would be worse.
    """

    staff_id: UUID
    supervisor_id: UUID
    valid_from: Day
    valid_to: Day | None = None
    fte: Fte = WHOLE
    beside_others: bool = False
    beyond_span: bool = Field(default=False, description="knowingly beyond the limit of a rule that binds; audited")


class EndSupervision(Asked):
    last_day: Day


class SpanExceeded(Refused):
    def __init__(self, span: Load) -> None:
        assert span.required is not None  # beyond it
        super().__init__(
            "span-exceeded",
            f"They would supervise {span.carried.normalize():f} full-time equivalents; {span.required.citation} allows "
            f"{span.required.value}. Choose another supervisor or a smaller share, or send beyond_span, knowingly.",
        )


async def assign_supervisor(db: Db, request: AssignSupervisor) -> Created:
    """Say who supervises whom from a day on; unless beside them, an open assignment before it ends the day before."""
    if request.staff_id == request.supervisor_id:
        raise Unprocessable("supervises-oneself", "Choose somebody else as supervisor.", "/supervisor_id")
    if request.valid_to and request.valid_to < request.valid_from:
        raise Unprocessable("supervision-ends-before-it-starts", "Correct the days.", "/valid_to")
    await _locked(db, request)
    supervisor = await require_staff(db, request.supervisor_id)
    if Role.SUPERVISOR not in supervisor.roles:
        raise Unprocessable("not-a-supervisor", "This member of staff has no supervisor role.", "/supervisor_id")
    if not _works_throughout(supervisor, request):
        detail = (
            "They do not work here on all of these days. Choose somebody who does, or a last day before they leave."
        )
        raise Unprocessable("supervisor-leaves", detail, "/supervisor_id")
    others = await _others(db, request.staff_id)
    if not request.beside_others:
        _end_open(db, others, request)
    _require_room(others, request)
    beyond = await _span(db, request)
    if beyond.is_forbidden and not request.beyond_span:
        raise SpanExceeded(beyond)
    said = request.model_dump(exclude={"beside_others", "beyond_span"})
    assignment = SupervisorAssignment(agency_id=db.scope.agency_id, id=uuid7(), version=1, **said)
    db.add(assignment)
    _tell(db, assignment)
    db.audit("supervisor.assign", assignment.id, staff_id=request.staff_id, beyond_span=beyond.is_forbidden)
    return Created(id=assignment.id, version=1)


def _works_throughout(supervisor: Staff, request: AssignSupervisor) -> bool:
    left = supervisor.employed_to
    return supervisor.employed_from <= request.valid_from and (left is None or (request.valid_to or LAST) <= left)


async def _locked(db: Db, request: AssignSupervisor) -> None:
    """Lock worker and supervisor, in order, so that two assignments cannot add up unseen. Raises `NotThere`."""
    both = Staff.agency_id == db.scope.agency_id, Staff.id.in_([request.staff_id, request.supervisor_id])
    rows = (await db.scalars(select(Staff).where(*both).order_by(Staff.id).with_for_update())).all()
    if request.staff_id not in {row.id for row in rows}:
        raise NotThere


async def _span(db: Db, request: AssignSupervisor) -> Load:
    """Return the worst that the supervisor would have from the new first day on, the new worker among them."""
    of = (
        SupervisorAssignment.agency_id == db.scope.agency_id,
        SupervisorAssignment.supervisor_id == request.supervisor_id,
    )
    shares = [
        (one.staff_id, Share(one.fte, one.valid_from, one.valid_to))
        for one in await db.scalars(select(SupervisorAssignment).where(*of))
    ]
    new = (request.staff_id, Share(request.fte, request.valid_from, request.valid_to))
    return worst_span(await supervised_by(db, [*shares, new]), request.valid_from, request.valid_to)


async def supervised_by(db: Db, shares: Sequence[tuple[UUID, Share]]) -> list[Supervised]:
    """Return workers with their shares, within the days of their employment."""
    ids = {staff_id for staff_id, _ in shares}
    known = Staff.agency_id == db.scope.agency_id, Staff.id.in_(ids)
    staff = {row.id: row for row in await db.scalars(select(Staff).where(*known))}
    stood = (await regimes_of(db, ids)).stood
    return [
        Supervised(
            one.fte * staff[staff_id].fte,
            max(one.valid_from, staff[staff_id].employed_from),
            min(one.valid_to or LAST, staff[staff_id].employed_to or LAST),
            stood[staff_id],
        )
        for staff_id, one in shares
    ]


async def _others(db: Db, staff_id: UUID) -> Sequence[SupervisorAssignment]:
    """Return every assignment of a worker."""
    question = select(SupervisorAssignment).where(
        SupervisorAssignment.agency_id == db.scope.agency_id, SupervisorAssignment.staff_id == staff_id
    )
    return (await db.scalars(question.with_for_update())).all()


def _end_open(db: Db, others: Sequence[SupervisorAssignment], request: AssignSupervisor) -> None:
    for earlier in others:
        if earlier.valid_to is not None:
            continue
        if earlier.valid_from >= request.valid_from:
            raise Refused("supervision-overlaps", "A later supervisor is recorded already. Choose a later first day.")
        earlier.valid_to = request.valid_from - timedelta(days=1)
        earlier.version += 1
        _tell(db, earlier)


def _require_room(others: Sequence[SupervisorAssignment], request: AssignSupervisor) -> None:
    """Raise `Refused` if on any day more than the whole of a worker would be supervised."""
    new = Share(request.fte, request.valid_from, request.valid_to)
    shares = [Share(one.fte, one.valid_from, one.valid_to) for one in others if _meets(one, new)]
    if most_supervised([*shares, new]) > WHOLE:
        raise Refused(
            "supervision-shares-exceeded",
            "On some day the shares would add to more than the whole. End another, or take a smaller share.",
        )


def _meets(one: SupervisorAssignment, new: Share) -> bool:
    begins_in_time = new.valid_to is None or one.valid_from <= new.valid_to
    return begins_in_time and (one.valid_to is None or new.valid_from <= one.valid_to)


async def end_supervision(db: Db, assignment_id: UUID, request: EndSupervision, expected: int) -> Created:
    """Set or move the last day of an assignment; it is never made longer."""
    assignment = await db.get(SupervisorAssignment, (db.scope.agency_id, assignment_id), with_for_update=True)
    if assignment is None:
        raise NotThere
    require_version(assignment.version, expected)
    if request.last_day < assignment.valid_from:
        raise Unprocessable("supervision-ends-before-it-starts", "The last day is before the first.", "/last_day")
    if assignment.valid_to is not None and request.last_day > assignment.valid_to:
        raise Refused("supervision-ended-earlier", "It ends earlier already. Assign the supervisor anew to go on.")
    assignment.valid_to = request.last_day
    assignment.version += 1
    _tell(db, assignment)
    db.audit("supervisor.end", assignment.id, staff_id=assignment.staff_id)
    return Created(id=assignment.id, version=assignment.version)


def pass_on(db: Db, assignment: SupervisorAssignment, to: UUID, following: date) -> None:
    """Let somebody else supervise from a day on, for as long and for the same share; what has not begun moves whole."""
    begins, ends = max(following, assignment.valid_from), assignment.valid_to
    if assignment.valid_from >= following:
        assignment.supervisor_id = to
    else:
        assignment.valid_to = following - timedelta(days=1)
        new = SupervisorAssignment(
            agency_id=assignment.agency_id,
            id=uuid7(),
            staff_id=assignment.staff_id,
            supervisor_id=to,
            valid_from=begins,
            valid_to=ends,
            fte=assignment.fte,
            version=1,
        )
        db.add(new)
        _tell(db, new)
    assignment.version += 1
    _tell(db, assignment)
    db.audit("supervisor.pass-on", assignment.id, staff_id=assignment.staff_id)


def _tell(db: Db, assignment: SupervisorAssignment) -> None:
    told = facts.SupervisorFacts(
        assignment_id=assignment.id,
        staff_id=assignment.staff_id,
        supervisor_id=assignment.supervisor_id,
        valid_from=assignment.valid_from,
        valid_to=assignment.valid_to,
        fte=assignment.fte,
    )
    db.publish(facts.SUPERVISOR_ASSIGNED, told, about=assignment.id, seq=assignment.version)
