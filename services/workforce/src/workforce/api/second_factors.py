"""Authenticator apps and recovery codes: one's own, removing a lost one, and of whom the agency demands one."""

from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from common.http import Created, CurrentCall
from workforce.api.admission import OWN, PEOPLE, SENSITIVE, shown
from workforce.api.sign_in import AccessToken, NewTotp, Sign, access_token
from workforce.commands import proofs, second_factors
from workforce.queries import sign_ins as queries

router = APIRouter(prefix="/v1", tags=["second factors"])


class RecoveryCodes(BaseModel):
    recovery_codes: list[str] = Field(description="shown this once; each replaces the app's code once")


class Confirmed(AccessToken):
    recovery_codes: list[str] = Field(description="shown this once; each replaces the app's code once")


@router.get("/me/second-factors", dependencies=PEOPLE)
async def own_factors(call: CurrentCall) -> queries.SecondFactors:
    async with call.reading("second-factor.list", call.actor.staff_id) as db:
        return await queries.second_factors(db, call.actor.staff_id)


@router.post("/me/totp", status_code=201, dependencies=OWN)
async def enrol(call: CurrentCall) -> NewTotp:
    """Give the secret of an authenticator app. Needs no Idempotency-Key: the newest one is the one to confirm."""
    async with call.transaction() as db:
        made = await second_factors.enrol(db, call.runtime.keys, call.actor.staff_id)
    return NewTotp(secret=made.secret, otpauth_uri=made.otpauth_uri)


@router.post("/me/totp/confirmations", dependencies=OWN)
async def confirm(request: Request, call: CurrentCall, body: second_factors.GiveCode) -> Confirmed:
    """Show the first code of a new authenticator app; from now on sign-in asks for one."""
    sign: Sign = request.state.sign
    code = body.code.get_secret_value()
    async with call.transaction() as db:
        confirmed = await proofs.confirm_totp(db, call.runtime.keys, call.actor.sign_in_id, code)
    if confirmed is None:
        raise proofs.ProofRefused
    signed_in, codes = confirmed
    return Confirmed(**access_token(sign, signed_in).model_dump(), recovery_codes=codes)


@router.post("/me/recovery-codes", status_code=201, dependencies=OWN)
async def new_recovery_codes(call: CurrentCall) -> RecoveryCodes:
    """Make ten new recovery codes; the earlier ones are void."""
    async with call.transaction() as db:
        codes = await second_factors.new_recovery_codes(db, call.actor.staff_id, call.actor.sign_in_id)
    return RecoveryCodes(recovery_codes=codes)


@router.post("/me/totp/removals", status_code=204, dependencies=OWN)
async def remove_own(call: CurrentCall) -> None:
    """Remove one's own authenticator app and recovery codes."""
    async with call.transaction() as db:
        me = call.actor
        await second_factors.remove_own(db, me.staff_id, me.sign_in_id, sorted(me.roles))


@router.post("/staff/{staff_id}/second-factor-removals", status_code=204, dependencies=SENSITIVE)
async def remove_for(call: CurrentCall, staff_id: UUID) -> None:
    """Remove somebody's lost passkeys, authenticator app and recovery codes, which ends their sign-ins."""
    async with call.transaction() as db:
        await second_factors.remove_for(db, staff_id)


@router.get("/sign-in-policy", response_model=queries.Policy, dependencies=PEOPLE)
async def policy(call: CurrentCall) -> Response:
    async with call.reading("sign-in-policy.read") as db:
        found = await queries.policy(db)
    return shown(found, found.version)


@router.put("/sign-in-policy", response_model=Created, dependencies=SENSITIVE)
async def set_policy(call: CurrentCall, body: second_factors.SetPolicy) -> Response:
    """Say of whom a second factor is demanded; who has none enrols at the next sign-in."""
    return await call.change(lambda db, expected: second_factors.set_policy(db, body, expected))
