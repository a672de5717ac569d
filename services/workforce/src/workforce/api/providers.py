"""Identity providers of an agency, and the e-mail domains that the operator grants."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request
from starlette.responses import Response

from common.database import transaction
from common.errors import Unauthenticated
from common.http import Created, CurrentCall
from common.runtime import Runtime
from workforce.api.admission import ADMINISTERING, CREATED, SENSITIVE, shown
from workforce.api.sign_in import Sign, scope_of
from workforce.commands import email_domains, provider_links, providers
from workforce.queries import providers as queries
from workforce.rules.signing import secret_matches

PUBLIC = frozenset({"/v1/email-domains", "/v1/email-domain-withdrawals"})  # by the operator's token
Authorization = Annotated[str, Header()]

router = APIRouter(prefix="/v1", tags=["providers"])


@router.get("/providers", dependencies=ADMINISTERING)
async def list_providers(request: Request, call: CurrentCall) -> queries.Providers:
    sign: Sign = request.state.sign
    async with call.reading("provider.list") as db:
        return await queries.providers(db, sign.issuers.redirect_uri)


@router.get("/providers/{provider_id}", response_model=queries.ProviderEntry, dependencies=ADMINISTERING)
async def read_provider(request: Request, call: CurrentCall, provider_id: UUID) -> Response:
    sign: Sign = request.state.sign
    async with call.reading("provider.read", provider_id) as db:
        found = await queries.provider(db, provider_id, sign.issuers.redirect_uri)
    return shown(found, found.version)


@router.post("/providers", dependencies=SENSITIVE, **CREATED)
async def add(request: Request, call: CurrentCall, body: providers.AddProvider) -> Response:
    """Add a provider; its discovery document is looked at first, so that a mistake shows now."""
    keys = call.runtime.keys
    sign: Sign = request.state.sign
    providers.require_acceptable_issuer(body.issuer, development=sign.issuers.development)
    await sign.issuers.metadata(body.issuer)
    return await call.once(body, lambda db: providers.add(db, keys, body), location="/v1/providers/{id}")


@router.put("/providers/{provider_id}", response_model=Created, dependencies=SENSITIVE)
async def change(call: CurrentCall, provider_id: UUID, body: providers.ChangeProvider) -> Response:
    """Change, disable or enable a provider; who is signed in by it stays so."""
    keys = call.runtime.keys
    return await call.change(lambda db, expected: providers.change(db, keys, provider_id, body, expected))


@router.post("/staff/{staff_id}/provider-link-removals", status_code=204, dependencies=SENSITIVE)
async def unlink(call: CurrentCall, staff_id: UUID) -> None:
    """Remove somebody's links to providers, which ends their sign-ins."""
    async with call.transaction() as db:
        await provider_links.remove_for(db, staff_id)


@router.post("/email-domains", status_code=204)
async def grant_domain(request: Request, body: email_domains.GrantDomain, authorization: Authorization = "") -> None:
    """Say that addresses of a domain are an agency's. The caller shows the operator's token."""
    _require_operator(request, authorization)
    runtime: Runtime = request.state.runtime
    async with transaction(runtime.engine, runtime.tables, scope_of(request, body.agency_id, None)) as db:
        await email_domains.grant(db, body)


@router.post("/email-domain-withdrawals", status_code=204)
async def withdraw_domain(
    request: Request, body: email_domains.WithdrawDomain, authorization: Authorization = ""
) -> None:
    """Take a domain back. The caller shows the operator's token."""
    _require_operator(request, authorization)
    runtime: Runtime = request.state.runtime
    async with transaction(runtime.engine, runtime.tables, scope_of(request, body.agency_id, None)) as db:
        await email_domains.withdraw(db, body)


def _require_operator(request: Request, authorization: str) -> None:
    sign: Sign = request.state.sign
    if not secret_matches(authorization.removeprefix("Bearer "), sign.operator_token.get_secret_value()):
        raise Unauthenticated
