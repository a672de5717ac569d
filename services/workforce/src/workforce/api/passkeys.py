"""Passkeys: one's own, signing in with one, and confirming a sensitive act with one."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from common.database import transaction
from common.errors import Refused
from common.http import Created, CurrentCall
from common.identity import NOBODY
from common.runtime import Runtime
from workforce.api.admission import OWN, PEOPLE
from workforce.api.sign_in import AccessToken, Sign, TokenPair, access_token, scope_of, token_pair
from workforce.commands import passkeys
from workforce.queries import passkeys as queries

PUBLIC = frozenset({"/v1/passkey-options", "/v1/passkey-sign-ins"})

router = APIRouter(prefix="/v1", tags=["passkeys"])


class Registered(Created):
    recovery_codes: list[str] = Field(description="with the first second factor: shown this once")


def site_of(request: Request) -> passkeys.Site:
    runtime: Runtime = request.state.runtime
    sign: Sign = request.state.sign
    if sign.passkey_party is None:
        detail = "Passkeys need https and a domain name: set HANDRAIL_PUBLIC_URL. Sign in another way meanwhile."
        raise Refused("passkeys-unavailable", detail)
    return passkeys.Site(sign.passkey_party, runtime.keys.platform_index_key())


@router.post("/me/passkey-options", dependencies=OWN)
async def registration_options(request: Request, call: CurrentCall) -> dict[str, Any]:
    """What `navigator.credentials.create` takes, as `PublicKeyCredential.parseCreationOptionsFromJSON` reads it."""
    me = call.actor
    async with call.transaction() as db:
        return await passkeys.registration_options(db, call.runtime.keys, site_of(request), me.staff_id, me.sign_in_id)


@router.post("/me/passkeys", status_code=201, dependencies=OWN)
async def register(request: Request, call: CurrentCall, body: passkeys.RegisterPasskey) -> Registered:
    """Register a passkey. Needs no Idempotency-Key: its challenge is good once."""
    keys, me = call.runtime.keys, call.actor
    async with call.transaction() as db:
        made, codes = await passkeys.register(db, keys, site_of(request), me.staff_id, me.sign_in_id, body)
    return Registered(id=made.id, version=made.version, recovery_codes=codes)


@router.get("/me/passkeys", dependencies=PEOPLE)
async def own_passkeys(call: CurrentCall) -> queries.Passkeys:
    async with call.reading("passkey.list", call.actor.staff_id) as db:
        return await queries.passkeys(db, call.runtime.keys, call.actor.staff_id)


@router.put("/me/passkeys/{passkey_id}", response_model=Created, dependencies=PEOPLE)
async def rename(call: CurrentCall, passkey_id: UUID, body: passkeys.RenamePasskey) -> Response:
    keys, mine = call.runtime.keys, call.actor.staff_id
    return await call.change(lambda db, expected: passkeys.rename(db, keys, mine, passkey_id, body, expected))


@router.post("/me/passkeys/{passkey_id}/removals", status_code=204, dependencies=OWN)
async def remove(call: CurrentCall, passkey_id: UUID) -> None:
    async with call.transaction() as db:
        me = call.actor
        await passkeys.remove(db, me.staff_id, me.sign_in_id, sorted(me.roles), passkey_id)


@router.post("/me/passkey-step-up-options", dependencies=PEOPLE)
async def step_up_options(request: Request, call: CurrentCall) -> dict[str, Any]:
    async with call.transaction() as db:
        return await passkeys.step_up_options(db, site_of(request), call.actor.staff_id, call.actor.sign_in_id)


@router.post("/passkey-step-ups", dependencies=PEOPLE)
async def step_up(request: Request, call: CurrentCall, body: passkeys.UsePasskey) -> AccessToken:
    """Prove again who one is, with a passkey; the answer is the access token to do the sensitive act with."""
    me = call.actor
    async with call.transaction() as db:
        signed_in = await passkeys.step_up(db, site_of(request), me.staff_id, me.sign_in_id, body)
    if signed_in is None:
        raise passkeys.PasskeyRefused
    return access_token(request.state.sign, signed_in)


@router.post("/passkey-options")
async def sign_in_options(request: Request) -> dict[str, Any]:
    """What `navigator.credentials.get` takes to sign in; the person chooses who they are, on their own device."""
    runtime: Runtime = request.state.runtime
    async with transaction(runtime.engine, runtime.tables, scope_of(request, NOBODY, None)) as db:
        return passkeys.sign_in_options(site_of(request), db.now)


@router.post("/passkey-sign-ins")
async def sign_in(request: Request, body: passkeys.UsePasskey) -> TokenPair:
    """Sign in with a passkey: two factors in one, for it wants its owner's finger, face or PIN first."""
    runtime: Runtime = request.state.runtime
    sign: Sign = request.state.sign
    agency_id, staff_id = passkeys.person_in(body.credential)
    async with transaction(runtime.engine, runtime.tables, scope_of(request, agency_id, staff_id)) as db:
        signed_in = await passkeys.sign_in(db, site_of(request), staff_id, body, sign.limits)
    if signed_in is None:
        raise passkeys.PasskeyRefused
    return token_pair(sign, signed_in)
