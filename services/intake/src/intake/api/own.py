"""What the person served sees and fills in by themselves, with a code and no account; and who gives them the code."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from common.database import Db, Scope, transaction
from common.http import Created, CurrentCall, decode_cursor
from common.identity import NOBODY
from common.runtime import Runtime
from common.text import Asked
from intake.api.admission import SEEING, SERVING, Limit
from intake.commands import own, own_answers, self_intakes
from intake.models import OwnCode
from intake.queries import own as reading
from intake.queries import own_instruments
from intake.queries import self_intakes as said
from intake.rules.own import OwnPurpose

router = APIRouter(prefix="/v1")


class TypeCode(Asked):
    code: own.TypedCode = Field(description="as it was handed over, with or without its dashes")


@asynccontextmanager
async def code_opened(
    request: Request, typed: str, purpose: OwnPurpose, *, to_use: bool = False
) -> AsyncGenerator[tuple[Db, OwnCode]]:
    """Open a transaction of the agency whose code was typed. Raises `OwnCodeUnknown`, whatever is wrong with it."""
    runtime: Runtime = request.state.runtime
    async with transaction(runtime.engine, runtime.tables, _scope(request, NOBODY)) as db:
        owner = await own.find_owner(db, runtime.keys, typed)
    async with transaction(runtime.engine, runtime.tables, _scope(request, owner.agency_id)) as db:
        yield db, await own.code_for(db, owner.own_code_id, purpose, lock=to_use, spent=to_use)
    runtime.bell.ring()


def _scope(request: Request, agency_id: UUID) -> Scope:
    return Scope(agency_id, None, request.state.request_id, request.state.traceparent)


@router.post("/own/plan")
async def own_plan(request: Request, body: TypeCode) -> reading.OwnPlans:
    """The plan in the person's own words; the code opens it until it is over."""
    runtime: Runtime = request.state.runtime
    async with code_opened(request, body.code, OwnPurpose.PLAN) as (db, code):
        return await reading.own_plans(db, runtime.keys, code)


@router.post("/own/intake-form")
async def own_form(request: Request, body: TypeCode) -> reading.OwnForm:
    """What is known, as far as the person may correct it, until they have sent it."""
    runtime: Runtime = request.state.runtime
    async with code_opened(request, body.code, OwnPurpose.INTAKE) as (db, code):
        return await reading.own_form(db, runtime.keys, code)


@router.post("/own/intake", status_code=201)
async def send_own_intake(request: Request, body: self_intakes.SendOwnIntake) -> reading.OwnIntakeReceived:
    """Send it, once. It waits for somebody who serves the person, and changes nothing before."""
    runtime: Runtime = request.state.runtime
    async with code_opened(request, body.code, OwnPurpose.INTAKE, to_use=True) as (db, code):
        return reading.thanks(await self_intakes.receive_self_intake(db, runtime.keys, code, body.answers))


@router.post("/own/instrument-form")
async def own_instrument(request: Request, body: TypeCode) -> own_instruments.OwnInstrument:
    """The instrument's questions in the language of the code."""
    async with code_opened(request, body.code, OwnPurpose.INSTRUMENT) as (db, code):
        return await own_instruments.own_instrument(db, code)


@router.post("/own/instrument", status_code=201)
async def send_own_answers(request: Request, body: own_answers.SendOwnAnswers) -> own_instruments.OwnAnswerReceived:
    """Send the answers, or that the person would rather not, once; a danger said opens a safety concern with them."""
    runtime: Runtime = request.state.runtime
    async with code_opened(request, body.code, OwnPurpose.INSTRUMENT, to_use=True) as (db, code):
        received = await own_answers.receive_own_answers(db, runtime.keys, code, body)
        return own_instruments.thanks(code, received)


@router.post(
    "/participants/{participant_id}/own-codes",
    status_code=201,
    response_model=own.OwnCodeMade,
    dependencies=SERVING,
)
async def make_own_code(call: CurrentCall, participant_id: UUID, body: own.MakeOwnCode) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: own.make_own_code(db, keys, call.actor, participant_id, body))


@router.get("/participants/{participant_id}/own-codes", dependencies=SEEING)
async def own_codes(call: CurrentCall, participant_id: UUID) -> said.OwnCodes:
    async with call.reading("own-code.list", participant_id) as db:
        return await said.own_codes(db, call.actor, participant_id)


@router.get("/own-codes/{own_code_id}/code", dependencies=SERVING)
async def show_own_code(call: CurrentCall, own_code_id: UUID) -> own.ShownCode:
    """The code to hand over, for whoever made it and while it is good."""
    async with call.transaction() as db:
        return await own.show_own_code(db, call.runtime.keys, call.actor, own_code_id)


@router.put("/own-codes/{own_code_id}/end", response_model=Created, dependencies=SERVING)
async def end_own_code(call: CurrentCall, own_code_id: UUID) -> Response:
    return await call.change(lambda db, expected: own.end_own_code(db, call.actor, own_code_id, expected=expected))


@router.get("/self-intakes", dependencies=SEEING)
async def waiting(call: CurrentCall, next: str | None = None, limit: Limit = 50) -> said.WaitingPage:
    """What people said of themselves and nobody has looked at yet, the oldest first."""
    async with call.transaction() as db:
        page = await said.waiting(db, call.actor, decode_cursor(next), limit)
        db.audit("self-intake.waiting", None, seen=[entry.participant_id for entry in page.items])
    return page


@router.get("/participants/{participant_id}/self-intakes", dependencies=SEEING)
async def self_intakes_of(call: CurrentCall, participant_id: UUID) -> said.SelfIntakes:
    async with call.reading("self-intake.read", participant_id) as db:
        return await said.self_intakes(db, call.runtime.keys, call.actor, participant_id)


@router.put(
    "/self-intakes/{self_intake_id}/acceptance",
    response_model=self_intakes.SelfIntakeAccepted,
    dependencies=SERVING,
)
async def accept(call: CurrentCall, self_intake_id: UUID, body: self_intakes.AcceptSelfIntake) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, expected: self_intakes.accept_self_intake(db, keys, actor, self_intake_id, body, expected=expected)
    )


@router.put("/self-intakes/{self_intake_id}/dismissal", response_model=Created, dependencies=SERVING)
async def dismiss(call: CurrentCall, self_intake_id: UUID, body: self_intakes.DismissSelfIntake) -> Response:
    actor = call.actor
    return await call.change(
        lambda db, expected: self_intakes.dismiss_self_intake(db, actor, self_intake_id, body, expected=expected)
    )
