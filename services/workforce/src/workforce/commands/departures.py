"""Seeing somebody off: their last day, who takes over whom they accompany, and who supervises after them."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from common.contracts import workforce as facts
from common.contracts.codes import Role
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.text import Asked, Day
from workforce.commands.access import require_another_administrator
from workforce.commands.devices import end_devices
from workforce.commands.placements import end_placements
from workforce.commands.reach import today_of
from workforce.commands.sign_ins import end_sign_ins
from workforce.commands.staff import tell_staff
from workforce.commands.supervision import pass_on
from workforce.models import Assignment, Staff, SupervisorAssignment
from workforce.rules.devices import DeviceEnd
from workforce.rules.signing import EndReason, is_employed

LEAVES_TOO = "Their own last day is recorded. Choose somebody who stays, or say first who takes over from them."


class Depart(Asked):
    """From the day after, `caseload_to` accompanies whom they still accompany, and `supervisees_to` supervises."""

    last_day: Day
    caseload_to: UUID | None = None
    supervisees_to: UUID | None = None


async def depart(db: Db, staff_id: UUID, request: Depart, expected: int) -> Created:
    """Record or correct somebody's last day, which ends their sign-ins; from the day after nobody lets them in.

    Raises `Refused` while people would be left without a peer, peers without a supervisor, the agency without an
    administrator.
    """
    await require_another_administrator(db, staff_id, request.last_day)
    staff = await db.get(Staff, (db.scope.agency_id, staff_id), with_for_update=True)
    if staff is None:
        raise NotThere
    require_version(staff.version, expected)
    if request.last_day < staff.employed_from:
        raise Unprocessable("employment-ends-before-it-starts", "The last day is before the first.", "/last_day")
    await _require_successor(db, staff, request)
    await _pass_on_supervisees(db, staff, request)
    await end_placements(db, staff.id, request.last_day)
    staff.employed_to = request.last_day
    staff.caseload_to = request.caseload_to
    staff.version += 1
    if request.last_day < await today_of(db):  # until then what waits on their phones can still be sent
        await end_devices(db, staff.id, DeviceEnd.LEFT)
    await end_sign_ins(db, staff_id=staff.id, reason=EndReason.DEPARTURE)
    tell_staff(db, facts.STAFF_LEFT, staff)
    db.audit("staff.depart", staff.id, caseload_to=request.caseload_to and str(request.caseload_to))
    return Created(id=staff.id, version=staff.version)


async def _require_successor(db: Db, staff: Staff, request: Depart) -> None:
    """Intake knows whom they accompany; what it assigns meanwhile falls to the same successor there."""
    if request.caseload_to is not None:
        successor = await _require_fit(db, staff, request.caseload_to, Role.PEER, request.last_day, "/caseload_to")
        await _require_somebody_stays(db, staff, successor)
    elif await accompanies(db, staff.id, request.last_day):
        detail = "They still accompany people. Say in caseload_to who takes over, or hand these people over first."
        raise Refused("caseload-without-owner", detail, fields=[{"pointer": "/caseload_to", "detail": detail}])


async def accompanies(db: Db, staff_id: UUID, last_day: date) -> bool:
    """Tell whether somebody accompanies people beyond a day, or is to take over those of somebody who leaves."""
    of_agency, open_still = Staff.agency_id == db.scope.agency_id, Assignment.valid_to.is_(None)
    theirs = and_(Assignment.staff_id == staff_id, or_(open_still, Assignment.valid_to > last_day))
    # Intake hands these over only after the last day of whoever has them now, and from one who left to the next.
    leavers = select(Staff.id).where(of_agency, Staff.caseload_to == staff_id).cte("leavers", recursive=True)
    leavers = leavers.union(select(Staff.id).where(of_agency, Staff.caseload_to == leavers.c.id))
    promised = and_(Assignment.staff_id.in_(select(leavers.c.id)), open_still)
    found = select(Assignment.id).where(Assignment.agency_id == db.scope.agency_id, or_(theirs, promised))
    return await db.scalar(found.limit(1)) is not None


async def _pass_on_supervisees(db: Db, staff: Staff, request: Depart) -> None:
    question = select(SupervisorAssignment).where(supervises_beyond(db, staff.id, request.last_day))
    supervised = (await db.scalars(question.order_by(SupervisorAssignment.id).with_for_update())).all()
    to = request.supervisees_to
    if to is not None:
        successor = await _require_fit(db, staff, to, Role.SUPERVISOR, request.last_day, "/supervisees_to")
        if any(_outlasts(assignment, successor.employed_to) for assignment in supervised):
            raise Unprocessable("successor-leaves-too", LEAVES_TOO, "/supervisees_to")
    elif supervised:
        detail = "They still supervise people. Say in supervisees_to who does so from the day after."
        raise Refused(
            "supervisees-without-supervisor", detail, fields=[{"pointer": "/supervisees_to", "detail": detail}]
        )
    for assignment in supervised:
        if assignment.staff_id == to:
            detail = "They supervise this person, who cannot supervise themself. Assign them to somebody else first."
            raise Unprocessable("supervises-oneself", detail, "/supervisees_to")
        if to is not None:
            pass_on(db, assignment, to, request.last_day + timedelta(days=1))


def supervises_beyond(db: Db, staff_id: UUID, last_day: date) -> ColumnElement[bool]:
    return and_(
        SupervisorAssignment.agency_id == db.scope.agency_id,
        SupervisorAssignment.supervisor_id == staff_id,
        or_(SupervisorAssignment.valid_to.is_(None), SupervisorAssignment.valid_to > last_day),
    )


async def _require_fit(db: Db, leaver: Staff, staff_id: UUID, role: Role, last_day: date, pointer: str) -> Staff:
    """Return somebody else, locked, who works here in `role` on the day after the last one. Raises `Unprocessable`."""
    successor = await db.get(Staff, (db.scope.agency_id, staff_id), with_for_update={"read": True})
    if successor is None:
        raise Unprocessable("no-such-staff", "No member of staff has this id.", pointer)
    following = last_day + timedelta(days=1)
    works = is_employed(successor.employed_from, successor.employed_to, following) and role in successor.roles
    if successor.id == leaver.id or not works:
        detail = f"Choose somebody else, who works here as {role.value} on the day after the last one."
        raise Unprocessable("successor-does-not-fit", detail, pointer)
    return successor


async def _require_somebody_stays(db: Db, leaver: Staff, successor: Staff) -> None:
    """Raise `Unprocessable` unless one successor after the other, as intake asks them, ends with one who stays.

    So two who leave cannot name each other, nor somebody whose own last day is recorded without anybody after them.
    """
    seen, one = {leaver.id}, successor
    while one.employed_to is not None:
        seen.add(one.id)
        if one.caseload_to is None or one.caseload_to in seen:
            raise Unprocessable("successor-leaves-too", LEAVES_TOO, "/caseload_to")
        one = await db.get_one(Staff, (db.scope.agency_id, one.caseload_to))


def _outlasts(assignment: SupervisorAssignment, last_day: date | None) -> bool:
    return last_day is not None and (assignment.valid_to is None or assignment.valid_to > last_day)
