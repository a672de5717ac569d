"""Giving and changing passwords, proving again who one is, one's own sign-ins, and ending somebody's access."""

from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from common.http import Created, CurrentCall
from common.text import Asked
from workforce.api.admission import ADMINISTERING, PEOPLE, SENSITIVE, shown
from workforce.api.sign_in import AccessToken, Sign, access_token
from workforce.commands import access, passwords, proofs
from workforce.commands.sign_ins import end_sign_ins, hold_person
from workforce.queries import sign_ins as queries
from workforce.rules.signing import EndReason

router = APIRouter(prefix="/v1", tags=["sign-in"])


class OneTimePassword(BaseModel):
    one_time_password: str


class EndOwn(Asked):
    """`sign_in_id`: one of one's own; without it all, this one too."""

    sign_in_id: UUID | None = None


class Ended(BaseModel):
    ended: int = Field(description="how many sign-ins are over now that were not before")


@router.post("/staff/{staff_id}/one-time-passwords", status_code=201, dependencies=SENSITIVE)
async def give_one_time_password(call: CurrentCall, staff_id: UUID) -> OneTimePassword:
    """Give a new one-time password. Needs no Idempotency-Key: the newest one is the only one that works."""
    async with call.transaction() as db:
        password = await passwords.give_one_time_password(db, staff_id)
    return OneTimePassword(one_time_password=password)


@router.post("/me/password-changes", status_code=204, dependencies=PEOPLE)
async def change_password(call: CurrentCall, body: passwords.ChangePassword) -> None:
    """Change one's own password, which ends one's other sign-ins. Needs no Idempotency-Key: the old one works once."""
    async with call.transaction() as db:
        changed = await proofs.change_password(db, call.runtime.keys, call.actor.sign_in_id, body)
    if not changed:
        raise proofs.ProofRefused


@router.post("/step-ups", dependencies=PEOPLE)
async def step_up(request: Request, call: CurrentCall, body: proofs.StepUp) -> AccessToken:
    """Prove again who one is, before a sensitive act; the answer is the access token to do it with."""
    sign: Sign = request.state.sign
    async with call.transaction() as db:
        signed_in = await proofs.step_up(db, call.runtime.keys, call.actor.sign_in_id, body)
    if signed_in is None:
        raise proofs.ProofRefused
    return access_token(sign, signed_in)


@router.get("/me/sign-ins", dependencies=PEOPLE)
async def own_sign_ins(call: CurrentCall) -> queries.OwnSignIns:
    async with call.reading("sign-in.list", call.actor.staff_id) as db:
        return await queries.own_sign_ins(db, call.actor.staff_id, call.actor.sign_in_id)


@router.post("/me/sign-outs", dependencies=PEOPLE)
async def end_own(call: CurrentCall, body: EndOwn) -> Ended:
    """End one or all of one's own sign-ins, everywhere within a minute. Needs no Idempotency-Key: over is over."""
    mine = call.actor.staff_id
    async with call.transaction() as db:
        await hold_person(db, mine)
        ended = await end_sign_ins(db, staff_id=mine, sign_in_id=body.sign_in_id, reason=EndReason.ENDED_ELSEWHERE)
    return Ended(ended=ended)


@router.get("/staff/{staff_id}/access", response_model=queries.AccessState, dependencies=ADMINISTERING)
async def access_state(call: CurrentCall, staff_id: UUID) -> Response:
    async with call.reading("access.read", staff_id) as db:
        state = await queries.access_state(db, staff_id)
    return shown(state, state.version)


@router.put("/staff/{staff_id}/access", response_model=Created, dependencies=SENSITIVE)
async def change_access(call: CurrentCall, staff_id: UUID, body: access.ChangeAccess) -> Response:
    """End or restore somebody's access; ending it ends their sign-ins everywhere within a minute."""
    return await call.change(lambda db, expected: access.change_access(db, staff_id, body, expected))
