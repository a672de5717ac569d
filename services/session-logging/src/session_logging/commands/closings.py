"""What came of an appointment: cancelled, kept or not; a no-show makes no session, so it never counts as service."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import select

from common.contracts.codes import Outcome, SessionStatus
from common.contracts.session_codes import AppointmentStatus
from common.database import Db
from common.errors import Refused
from common.http import Created
from common.identity import Actor
from common.text import Asked
from session_logging.commands.appointments import closed, own
from session_logging.commands.lookups import is_one_of, unknown
from session_logging.commands.planning import within_work
from session_logging.models import Appointment, PeerSession
from session_logging.queries.people import family_of, in_reach
from session_logging.rules.appointments import require_becomes, require_begun
from session_logging.rules.units import is_delivered

NEAR = timedelta(days=1)  # a session that came of an appointment may have begun earlier or later that day


class Cancel(Asked):
    by: Literal["person", "program"]
    following: bool = Field(default=False, description="also those of its series that come after it")


class Keep(Asked):
    session_id: UUID | None = Field(default=None, description="the session that came of it; may be told later")


async def cancel_appointment(db: Db, actor: Actor, appointment_id: UUID, expected: int, request: Cancel) -> Created:
    """Cancel an appointment, and if asked those of its series that come after it and still stand."""
    appointment = await own(db, actor, appointment_id, expected)
    after = AppointmentStatus(f"cancelled_by_{request.by}")
    require_becomes(appointment.status, after)
    following = await _following(db, appointment) if request.following else []
    for one in following:
        closed(db, one, after, "appointment.cancel")
    return closed(db, appointment, after, "appointment.cancel")


async def _following(db: Db, appointment: Appointment) -> Sequence[Appointment]:
    if appointment.series_id is None:
        raise Refused("no-series", "This appointment belongs to no series. Cancel it by itself.")
    found = await db.scalars(
        select(Appointment)
        .where(Appointment.agency_id == appointment.agency_id, Appointment.series_id == appointment.series_id)
        .where(Appointment.starts_at > appointment.starts_at, Appointment.status == AppointmentStatus.SCHEDULED)
        .order_by(Appointment.starts_at, Appointment.id)
        .with_for_update()
    )
    return found.all()


async def keep_appointment(db: Db, actor: Actor, appointment_id: UUID, expected: int, request: Keep) -> Created:
    """Say that it was kept, and which session came of it, then or later; a link that stands is never replaced."""
    appointment = await own(db, actor, appointment_id, expected)
    require_becomes(appointment.status, AppointmentStatus.KEPT)
    if request.session_id is None:
        require_begun(appointment.starts_at, db.now)
    elif request.session_id != appointment.session_id:
        await _unlink(db, appointment)
        await _require_came_of_it(db, actor, appointment, request.session_id)
        appointment.session_id = request.session_id
    return closed(db, appointment, AppointmentStatus.KEPT, "appointment.keep")


async def _unlink(db: Db, appointment: Appointment) -> None:
    """Let go of a session that was voided since. Raises `Refused` if it stands: then the appointment was kept."""
    if appointment.session_id is None:
        return
    session = await db.get(PeerSession, (appointment.agency_id, appointment.session_id))
    if session is None or session.status != SessionStatus.VOIDED:
        raise Refused("session-came-of-it", "A session is linked to this appointment, so it was kept.")
    appointment.session_id = None


async def _require_came_of_it(db: Db, actor: Actor, appointment: Appointment, session_id: UUID) -> None:
    """Raise unless the session is of the same person, took place and came of no other appointment; it stays locked."""
    family = await family_of(db, appointment.participant_id)
    reach = await in_reach(db, within_work(actor), PeerSession, family)
    of_theirs = select(PeerSession).where(PeerSession.id == session_id, is_one_of(PeerSession.participant_id, family))
    session = await db.scalar(of_theirs.where(reach).with_for_update(of=PeerSession))
    if session is None:
        raise unknown("session", "/session_id")
    if session.status == SessionStatus.VOIDED:
        raise Refused("session-voided", "That session was voided. Link the one that stands, or none.")
    if not is_delivered(Outcome(session.outcome)):
        raise Refused("session-not-held", "That session did not take place. Say no-show, or that it was cancelled.")
    if abs(session.started_at - appointment.starts_at) > NEAR:
        raise Refused("session-of-another-time", "That session was on another day. Choose the one that came of this.")
    linked = select(Appointment.id).where(Appointment.agency_id == db.scope.agency_id)
    if await db.scalar(linked.where(Appointment.session_id == session_id)) is not None:
        raise Refused("session-already-linked", "That session came of another appointment. Choose the right one.")


async def miss_appointment(db: Db, actor: Actor, appointment_id: UUID, expected: int) -> Created:
    """Say that nobody came. No session is written: a no-show is no service."""
    appointment = await own(db, actor, appointment_id, expected)
    require_becomes(appointment.status, AppointmentStatus.NO_SHOW)
    require_begun(appointment.starts_at, db.now)
    await _unlink(db, appointment)
    return closed(db, appointment, AppointmentStatus.NO_SHOW, "appointment.miss")
