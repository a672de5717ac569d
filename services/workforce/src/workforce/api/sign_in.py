"""Opening agencies, signing in, and the keys that verify who signed in."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID, uuid5

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field, SecretStr

from common.contracts.codes import Role
from common.database import Scope, transaction
from common.errors import Unauthenticated
from common.http import CurrentCall
from common.identity import NOBODY
from common.runtime import Runtime
from common.text import Asked
from workforce.api.admission import ADMINISTERING
from workforce.commands import agencies
from workforce.commands import sign_in as signing
from workforce.rules.signing import secret_matches
from workforce.tokens import Tokens

PUBLIC = frozenset(
    {"/v1/agencies", "/v1/sign-ins", "/v1/token-refreshes", "/v1/sign-outs", "/v1/service-tokens", "/v1/jwks"}
)
SERVICES = UUID("6f1b8f0e-2f65-5a53-9b3f-6c1f3f8f7c11")  # names of services become ids under this one

router = APIRouter(prefix="/v1", tags=["sign-in"])


class AgencyOpened(BaseModel):
    agency_id: UUID
    administrator_id: UUID
    one_time_password: str


class TokenPair(BaseModel):
    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a scheme
    expires_in: int = Field(description="seconds")


class ServiceToken(BaseModel):
    access_token: str
    expires_in: int = Field(description="seconds")


class OneTimePassword(BaseModel):
    one_time_password: str


class RefreshRequest(Asked):
    refresh_token: str = Field(max_length=200)


class ServiceSignIn(Asked):
    service: str = Field(max_length=64)
    secret: SecretStr = Field(max_length=200)
    agency_id: UUID


class Sign:
    """What signing in needs besides the runtime; set by `app.py` in the request's state."""

    def __init__(
        self, tokens: Tokens, operator_token: SecretStr, services: Mapping[str, SecretStr], refresh_life: timedelta
    ) -> None:
        self.tokens = tokens
        self.operator_token = operator_token
        self.services = services
        self.refresh_life = refresh_life


def _scope(request: Request, agency_id: UUID, actor_id: UUID | None) -> Scope:
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
    async with transaction(runtime.engine, runtime.tables, _scope(request, body.agency_id, None)) as db:
        administrator_id, password = await agencies.open_agency(db, runtime.keys, body)
    runtime.bell.ring()
    return AgencyOpened(agency_id=body.agency_id, administrator_id=administrator_id, one_time_password=password)


@router.post("/sign-ins")
async def sign_in(request: Request, body: signing.SignIn) -> TokenPair:
    runtime: Runtime = request.state.runtime
    sign: Sign = request.state.sign
    async with transaction(runtime.engine, runtime.tables, _scope(request, NOBODY, None)) as db:
        found = await signing.find_login(db, runtime.keys, body.email)
    if found is None:
        await signing.waste_the_same_time(body.password.get_secret_value())
        raise signing.SignInRefused
    agency_id, staff_id = found
    async with transaction(runtime.engine, runtime.tables, _scope(request, agency_id, staff_id)) as db:
        signed_in = await signing.sign_in(db, staff_id, body, sign.refresh_life)
    return _pair(sign, signed_in)


@router.post("/token-refreshes")
async def refresh(request: Request, body: RefreshRequest) -> TokenPair:
    """Exchange a refresh token, once; using one twice ends every token that came from the same sign-in."""
    runtime: Runtime = request.state.runtime
    agency_id, secret = signing.agency_of_token(body.refresh_token)
    async with transaction(runtime.engine, runtime.tables, _scope(request, agency_id, None)) as db:
        signed_in = await signing.refresh(db, secret)
    if signed_in is None:
        raise Unauthenticated
    return _pair(request.state.sign, signed_in)


@router.post("/sign-outs", status_code=204)
async def sign_out(request: Request, body: RefreshRequest) -> None:
    runtime: Runtime = request.state.runtime
    agency_id, secret = signing.agency_of_token(body.refresh_token)
    async with transaction(runtime.engine, runtime.tables, _scope(request, agency_id, None)) as db:
        await signing.sign_out(db, secret)


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


def _pair(sign: Sign, signed_in: signing.SignedIn) -> TokenPair:
    token, seconds = sign.tokens.issue(signed_in.staff_id, signed_in.agency_id, signed_in.roles)
    return TokenPair(access_token=token, refresh_token=signed_in.refresh_token, expires_in=seconds)


@router.post("/staff/{staff_id}/one-time-passwords", status_code=201, dependencies=ADMINISTERING)
async def give_one_time_password(call: CurrentCall, staff_id: UUID) -> OneTimePassword:
    """Give a new one-time password. Needs no Idempotency-Key: the newest one is the only one that works."""
    async with call.transaction() as db:
        password = await signing.give_one_time_password(db, staff_id)
    return OneTimePassword(one_time_password=password)
