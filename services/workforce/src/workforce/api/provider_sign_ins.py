"""Signing in with an identity provider, linking one's account there, and confirming a sensitive act with it."""

from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from common.database import transaction
from common.errors import Unauthenticated
from common.http import CurrentCall
from common.identity import NOBODY
from common.runtime import Runtime
from workforce.api.admission import OWN, PEOPLE
from workforce.api.sign_in import AccessToken, Sign, TokenPair, access_token, scope_of, token_pair
from workforce.commands import provider_attempts, provider_links, provider_sign_ins
from workforce.commands.provider_attempts import AttemptRefused, Begun, ComeBack, Purpose
from workforce.commands.sign_ins import agency_of_token
from workforce.queries import providers as queries

PUBLIC = frozenset({"/v1/provider-sign-in-attempts", "/v1/provider-sign-ins"})

router = APIRouter(prefix="/v1", tags=["providers"])


class Away(BaseModel):
    """Where the browser goes now. It keeps `attempt` for itself and sends it with what it comes back with."""

    authorization_url: str
    attempt: str = Field(description="keep it in this browser only (sessionStorage); good once")
    expires_in: int = Field(description="seconds")


@router.post("/provider-sign-in-attempts")
async def begin(request: Request, body: provider_attempts.BeginSignIn) -> Away:
    """Say where to sign in. Of an e-mail address only the domain is looked at, so that nobody learns who exists."""
    runtime: Runtime = request.state.runtime
    async with transaction(runtime.engine, runtime.tables, scope_of(request, NOBODY, None)) as db:
        agency_id = await provider_attempts.agency_of(db, body)
    async with transaction(runtime.engine, runtime.tables, scope_of(request, agency_id, None)) as db:
        begun = await provider_attempts.begin_sign_in(db, runtime.keys, body)
    return await _away(request.state.sign, begun)


@router.post("/provider-sign-ins")
async def sign_in(request: Request, body: ComeBack) -> TokenPair:
    """Finish a sign-in with what the provider's redirect said, in the browser that began it."""
    runtime: Runtime = request.state.runtime
    sign: Sign = request.state.sign
    agency_id, opaque = _of_attempt(body)
    scope = scope_of(request, agency_id, None)
    async with transaction(runtime.engine, runtime.tables, scope) as db:
        attempt = await provider_attempts.take_up(db, runtime.keys, opaque, body, Purpose.SIGN_IN)
    identity = await sign.issuers.identity(attempt.client, attempt.returned(body))
    async with transaction(runtime.engine, runtime.tables, scope) as db:
        signed_in = await provider_sign_ins.sign_in(db, runtime.keys, attempt, identity, sign.limits)
    return token_pair(sign, signed_in)


@router.get("/me/providers", dependencies=PEOPLE)
async def own_providers(call: CurrentCall) -> queries.OwnProviders:
    async with call.reading("provider-link.list", call.actor.staff_id) as db:
        return await queries.own_providers(db, call.actor.staff_id)


@router.post("/me/providers/{provider_id}/link-attempts", dependencies=OWN)
async def begin_link(request: Request, call: CurrentCall, provider_id: UUID) -> Away:
    return await _begin_own(request, call, provider_id, Purpose.LINK)


@router.post("/me/provider-links", status_code=204, dependencies=OWN)
async def link(request: Request, call: CurrentCall, body: ComeBack) -> None:
    """Link the account that the provider vouched for to who is signed in. Needs no Idempotency-Key: good once."""
    sign: Sign = request.state.sign
    attempt = await _take_up(call, body, Purpose.LINK)
    identity = await sign.issuers.identity(attempt.client, attempt.returned(body))
    me, keys = call.actor, call.runtime.keys
    async with call.transaction() as db:
        await provider_sign_ins.link(db, keys, attempt, identity, me.staff_id, me.sign_in_id)


@router.post("/me/providers/{provider_id}/link-removals", status_code=204, dependencies=OWN)
async def unlink(call: CurrentCall, provider_id: UUID) -> None:
    """Unlink one's own account, which ends one's other sign-ins."""
    async with call.transaction() as db:
        await provider_links.remove_own(db, call.actor.staff_id, provider_id, call.actor.sign_in_id)


@router.post("/me/providers/{provider_id}/step-up-attempts", dependencies=PEOPLE)
async def begin_step_up(request: Request, call: CurrentCall, provider_id: UUID) -> Away:
    return await _begin_own(request, call, provider_id, Purpose.STEP_UP)


@router.post("/provider-step-ups", dependencies=PEOPLE)
async def step_up(request: Request, call: CurrentCall, body: ComeBack) -> AccessToken:
    """Prove again who one is, at the provider; the answer is the access token to do the sensitive act with."""
    sign: Sign = request.state.sign
    me, keys = call.actor, call.runtime.keys
    attempt = await _take_up(call, body, Purpose.STEP_UP)
    identity = await sign.issuers.identity(attempt.client, attempt.returned(body))
    async with call.transaction() as db:
        proved = await provider_sign_ins.step_up(db, keys, attempt, identity, me.staff_id, me.sign_in_id)
    return access_token(sign, proved)


async def _begin_own(request: Request, call: CurrentCall, provider_id: UUID, purpose: Purpose) -> Away:
    async with call.transaction() as db:
        begun = await provider_attempts.begin_own(db, call.runtime.keys, provider_id, purpose, call.actor.sign_in_id)
    return await _away(request.state.sign, begun)


async def _away(sign: Sign, begun: Begun) -> Away:
    seconds = int(provider_attempts.OPEN_FOR.total_seconds())
    url = await provider_attempts.address_of(sign.issuers, begun)
    return Away(authorization_url=url, attempt=begun.attempt, expires_in=seconds)


async def _take_up(call: CurrentCall, body: ComeBack, purpose: Purpose) -> provider_attempts.Open:
    agency_id, opaque = _of_attempt(body)
    if agency_id != call.actor.agency_id:
        raise AttemptRefused
    async with call.transaction() as db:
        return await provider_attempts.take_up(db, call.runtime.keys, opaque, body, purpose, call.actor.sign_in_id)


def _of_attempt(body: ComeBack) -> tuple[UUID, str]:
    try:
        return agency_of_token(body.attempt.get_secret_value())
    except Unauthenticated:
        raise AttemptRefused from None
