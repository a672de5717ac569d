"""How appointments are made, changed, moved, cancelled, kept or not, and read."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.contracts.session_codes import AppointmentStatus
from common.http import Created, CurrentCall, answer, decode_cursor
from common.text import Day
from session_logging.api.admission import PLANS, WORKING, Limit
from session_logging.commands import appointments, closings
from session_logging.queries import appointments as queries

router = APIRouter(prefix="/v1")


@router.post("/appointments", status_code=201, response_model=appointments.Scheduled, dependencies=WORKING)
async def schedule(call: CurrentCall, body: appointments.Schedule) -> Response:
    """Make an appointment with somebody, or up to 26 weekly ones at the same wall-clock time."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: appointments.schedule_appointment(db, keys, actor, body))


@router.put("/appointments/{appointment_id}", response_model=appointments.Scheduled, dependencies=WORKING)
async def change(call: CurrentCall, appointment_id: UUID, body: appointments.ChangeAppointment) -> Response:
    """Replace the whole content of an appointment that still stands; its reminders follow by themselves."""
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, expected: appointments.change_appointment(db, keys, actor, appointment_id, expected, body)
    )


@router.post(
    "/appointments/{appointment_id}/reschedulings",
    status_code=201,
    response_model=appointments.Scheduled,
    dependencies=WORKING,
)
async def reschedule(call: CurrentCall, appointment_id: UUID, body: appointments.Reschedule) -> Response:
    """Move an appointment: answers the new one; the old one stays and names it."""
    actor = call.actor
    return await call.once(body, lambda db: appointments.reschedule_appointment(db, actor, appointment_id, body))


@router.put("/appointments/{appointment_id}/cancellation", response_model=Created, dependencies=WORKING)
async def cancel(call: CurrentCall, appointment_id: UUID, body: closings.Cancel) -> Response:
    """Cancel an appointment, and if asked what comes after it in its series."""
    actor = call.actor
    return await call.change(
        lambda db, expected: closings.cancel_appointment(db, actor, appointment_id, expected, body)
    )


@router.put("/appointments/{appointment_id}/kept", response_model=Created, dependencies=WORKING)
async def keep(call: CurrentCall, appointment_id: UUID, body: closings.Keep) -> Response:
    """Say that it was kept, and which session came of it; the session may be told later."""
    actor = call.actor
    return await call.change(lambda db, expected: closings.keep_appointment(db, actor, appointment_id, expected, body))


@router.put("/appointments/{appointment_id}/no-show", response_model=Created, dependencies=WORKING)
async def miss(call: CurrentCall, appointment_id: UUID) -> Response:
    """Say that nobody came; that is no service and writes no session."""
    actor = call.actor
    return await call.change(lambda db, expected: closings.miss_appointment(db, actor, appointment_id, expected))


@router.get("/appointments/{appointment_id}", response_model=queries.AppointmentRead, dependencies=PLANS)
async def appointment(call: CurrentCall, appointment_id: UUID) -> Response:
    async with call.reading("appointment.read", appointment_id) as db:
        read = await queries.appointment(db, call.runtime.keys, call.actor, appointment_id)
    return answer(read.model_dump_json().encode(), etag=read.version)


@router.get("/appointments", dependencies=PLANS)
async def appointment_page(
    call: CurrentCall,
    participant_id: UUID | None = None,
    staff_id: UUID | None = None,
    status: AppointmentStatus | None = None,
    first_day: Day | None = None,
    last_day: Day | None = None,
    next: str | None = None,
    limit: Limit = 50,
) -> queries.AppointmentPage:
    """Return appointments, the earliest first: those with a person, of a worker, or the caller's own."""
    asked = queries.AskedAppointments(participant_id, staff_id, status, first_day, last_day)
    async with call.reading("appointment.list", participant_id, staff_id=staff_id) as db:
        keys, after = call.runtime.keys, decode_cursor(next)
        return await queries.appointment_page(db, keys, call.actor, asked, after, limit)
