"""Opening agencies, signing in, and the keys that verify who signed in."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID, uuid5

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field, SecretStr

from common.contracts.codes import Role
from common.database import Scope, transaction
from common.errors import Refused, Unauthenticated
from common.identity import NOBODY
from common.runtime import Runtime
from common.text import Asked
from workforce.commands import agencies
from workforce.commands import sign_in as signing
from workforce.commands.issuers import Issuers
from workforce.commands.sign_ins import SignedIn, agency_of_token, refresh, sign_out
from workforce.commands.throttles import known_device
from workforce.queries import sign_ins as queries
from workforce.rules.passkeys import RelyingParty
from workforce.rules.signing import secret_matches
from workforce.rules.throttling import Network, client_network
from workforce.tokens import Proof, Tokens

PUBLIC = frozenset(
    {
        "/v1/agencies",
        "/v1/sign-ins",
        "/v1/sign-in-enrolments",
        "/v1/sign-in-codes",
        "/v1/token-refreshes",
        "/v1/sign-outs",
        "/v1/service-tokens",
        "/v1/jwks",
        "/v1/ended-sign-ins",
    }
)
SERVICES = UUID("6f1b8f0e-2f65-5a53-9b3f-6c1f3f8f7c11")  # names of services become ids under this one
LEEWAY = timedelta(minutes=1)  # clocks differ, and a commit takes its time

router = APIRouter(prefix="/v1", tags=["sign-in"])


class AgencyOpened(BaseModel):
    agency_id: UUID
    administrator_id: UUID
    one_time_password: str


class AccessToken(BaseModel):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a scheme
    expires_in: int = Field(description="seconds")


class TokenPair(AccessToken):
    refresh_token: str
    known_device: str | None = Field(
        default=None, description="send it with the next sign-in from this device: strangers cannot hold that one up"
    )
    recovery_codes: list[str] = Field(default=[], description="after an enrolment: shown this once")


class ServiceToken(BaseModel):
    access_token: str
    expires_in: int = Field(description="seconds")


class RefreshRequest(Asked):
    refresh_token: str = Field(max_length=200)


class Enrolling(Asked):
    challenge: SecretStr = Field(max_length=200)


class NewTotp(BaseModel):
    secret: str = Field(description="base32, shown this once")
    otpauth_uri: str


class ServiceSignIn(Asked):
    service: str = Field(max_length=64)
    secret: SecretStr = Field(max_length=200)
    agency_id: UUID


@dataclass(frozen=True)
class Sign:
    """What signing in needs besides the runtime; set by `app.py` in the request's state."""

    tokens: Tokens
    operator_token: SecretStr
    services: Mapping[str, SecretStr]
    refresh_life: timedelta
    idle: timedelta
    access_life: timedelta
    passkey_party: RelyingParty | None
    issuers: Issuers
    trusted_proxies: Collection[Network] = ()

    @property
    def limits(self) -> signing.Limits:
        return signing.Limits(self.refresh_life, self.idle)


def scope_of(request: Request, agency_id: UUID, actor_id: UUID | None) -> Scope:
    return Scope(agency_id, actor_id, request.state.request_id, request.state.traceparent)


@router.post("/agencies", status_code=201)
async def open_agency(
    request: Request, body: agencies.OpenAgency, authorization: Annotated[str, Header()] = ""
) -> AgencyOpened:
    """Open an agency. The caller shows the operator's token; the answer holds the administrator's only password."""
    runtime: Runtime = request.state.runtime
    sign: Sign = request.state.sign
    if not secret_matches(authorization.removeprefix("Bearer "), sign.operator_token.get_secret_value()):
        raise Unauthenticated
    async with transaction(runtime.engine, runtime.tables, scope_of(request, body.agency_id, None)) as db:
        administrator_id, password = await agencies.open_agency(db, runtime.keys, body)
    runtime.bell.ring()
    return AgencyOpened(agency_id=body.agency_id, administrator_id=administrator_id, one_time_password=password)


@router.post("/sign-ins")
async def sign_in(request: Request, body: signing.PasswordSignIn) -> TokenPair:
    """Sign in with a password.

    Where a second factor is on file or demanded, the problem `second-factor-needed` or `second-factor-enrolment-needed`
    carries a `challenge` for the next step. Unknown names and wrong passwords answer and wait alike.
    """
    runtime: Runtime = request.state.runtime
    sign: Sign = request.state.sign
    network = _network(request, sign)
    async with transaction(runtime.engine, runtime.tables, scope_of(request, NOBODY, None)) as db:
        agency_id, staff_id, attempt = await signing.find_login(db, runtime.keys, body, network)
    async with transaction(runtime.engine, runtime.tables, scope_of(request, agency_id, staff_id)) as db:
        outcome = await signing.sign_in(db, runtime.keys, staff_id, body, sign.limits, attempt)
    if isinstance(outcome, Refused):
        raise outcome
    if isinstance(outcome, signing.Halfway):
        raise signing.SecondFactorNeeded(outcome)
    return token_pair(sign, outcome, known_device=known_device(runtime.keys, body.email))


def _network(request: Request, sign: Sign) -> str | None:
    peer = request.client.host if request.client else None
    return client_network(peer, request.headers.get("x-forwarded-for"), sign.trusted_proxies)


@router.post("/sign-in-enrolments")
async def enrol_at_sign_in(request: Request, body: Enrolling) -> NewTotp:
    """Give the secret of a second factor to somebody whose agency demands one; `sign-in-codes` confirms it."""
    runtime: Runtime = request.state.runtime
    agency_id, secret = agency_of_token(body.challenge.get_secret_value())
    async with transaction(runtime.engine, runtime.tables, scope_of(request, agency_id, None)) as db:
        made = await signing.enrol_halfway(db, runtime.keys, secret)
    return NewTotp(secret=made.secret, otpauth_uri=made.otpauth_uri)


@router.post("/sign-in-codes")
async def second_step(request: Request, body: signing.SecondStep) -> TokenPair:
    """Finish a sign-in with the code of an authenticator app or a recovery code."""
    runtime: Runtime = request.state.runtime
    sign: Sign = request.state.sign
    agency_id, secret = agency_of_token(body.challenge.get_secret_value())
    async with transaction(runtime.engine, runtime.tables, scope_of(request, agency_id, None)) as db:
        code = body.code.get_secret_value()
        finished = await signing.second_step(db, runtime.keys, secret, code, sign.limits, body.known_device)
    if finished is None:
        raise signing.CodeRefused
    signed_in, email, codes = finished
    return token_pair(sign, signed_in, known_device=known_device(runtime.keys, email), recovery_codes=codes)


@router.post("/token-refreshes")
async def exchange(request: Request, body: RefreshRequest) -> TokenPair:
    """Exchange a refresh token, once; using one twice ends every token that came from the same sign-in."""
    runtime: Runtime = request.state.runtime
    agency_id, secret = agency_of_token(body.refresh_token)
    async with transaction(runtime.engine, runtime.tables, scope_of(request, agency_id, None)) as db:
        signed_in = await refresh(db, secret)
    if signed_in is None:
        raise Unauthenticated
    return token_pair(request.state.sign, signed_in)


@router.post("/sign-outs", status_code=204)
async def leave(request: Request, body: RefreshRequest) -> None:
    runtime: Runtime = request.state.runtime
    agency_id, secret = agency_of_token(body.refresh_token)
    async with transaction(runtime.engine, runtime.tables, scope_of(request, agency_id, None)) as db:
        await sign_out(db, secret)


@router.post("/service-tokens")
async def service_token(request: Request, body: ServiceSignIn) -> ServiceToken:
    """Give another service of this platform a token for one agency."""
    sign: Sign = request.state.sign
    expected = sign.services.get(body.service)
    if expected is None or not secret_matches(body.secret.get_secret_value(), expected.get_secret_value()):
        raise Unauthenticated
    token, seconds = sign.tokens.issue(uuid5(SERVICES, body.service), body.agency_id, [Role.SERVICE])
    return ServiceToken(access_token=token, expires_in=seconds)


@router.get("/jwks")
async def jwks(request: Request) -> dict[str, object]:
    """The keys that verify access tokens."""
    sign: Sign = request.state.sign
    return sign.tokens.public_keys()


@router.get("/ended-sign-ins")
async def ended(request: Request) -> queries.EndedSignIns:
    """The sign-ins that ended within the life of an access token, by ids that name nobody; for every service."""
    return queries.EndedSignIns(sign_in_ids=await ended_ids(request.state.runtime, request.state.sign.access_life))


async def ended_ids(runtime: Runtime, access_life: timedelta) -> frozenset[UUID]:
    async with transaction(runtime.engine, runtime.tables, Scope(NOBODY, None, NOBODY)) as db:
        return await queries.ended_sign_ins(db, db.now - access_life - LEEWAY)


def token_pair(
    sign: Sign, signed_in: SignedIn, *, known_device: str | None = None, recovery_codes: Collection[str] = ()
) -> TokenPair:
    return TokenPair(
        **access_token(sign, signed_in).model_dump(),
        refresh_token=signed_in.refresh_token,
        known_device=known_device,
        recovery_codes=list(recovery_codes),
    )


def access_token(sign: Sign, signed_in: SignedIn) -> AccessToken:
    proof = Proof(signed_in.sign_in_id, signed_in.aal, signed_in.authenticated_at, signed_in.until)
    token, seconds = sign.tokens.issue(signed_in.staff_id, signed_in.agency_id, signed_in.roles, proof)
    return AccessToken(access_token=token, expires_in=seconds)
