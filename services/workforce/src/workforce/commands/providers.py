"""Identity providers: adding, changing and disabling them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, SecretStr, StringConstraints
from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.privacy import KeyRing
from common.text import Asked, Distinct, Label
from workforce.commands.email_domains import Domain
from workforce.commands.issuers import Client
from workforce.models import Agency, EmailDomain, Provider
from workforce.rules.providers import is_acceptable_url

SECRET = "provider.client_secret"  # noqa: S105 - a place
PROVIDERS_MOST = 10
Url = Annotated[str, StringConstraints(pattern=r"^[!-~]+$", max_length=500)]
Token = Annotated[str, StringConstraints(pattern=r"^[!-~]+$", max_length=200)]


class ProviderTerms(Asked):
    """What an administrator may change about a provider."""

    name: Label = Field(description="as people read it where they sign in, such as: Agency account")
    email_domains: Annotated[list[Domain], Distinct] = Field(
        default=[], max_length=20, description="whose addresses this provider signs in; granted by the operator"
    )
    link_by_email: bool = Field(
        default=False, description="link an account at its first sign-in by an address that the provider verified"
    )
    aal2_acr_values: Annotated[list[Token], Distinct] = Field(
        default=[], max_length=10, description="`acr` values of the ID token that mean two factors; asked for as well"
    )
    aal2_amr_values: Annotated[list[Token], Distinct] = Field(
        default=[], max_length=10, description="`amr` values of the ID token that mean two factors, such as mfa"
    )


class AddProvider(ProviderTerms):
    issuer: Url = Field(description="exactly as its discovery document says")
    client_id: Token
    client_secret: SecretStr = Field(min_length=1, max_length=500, description="never shown again")


class ChangeProvider(ProviderTerms):
    """Issuer and client stay: add another provider for others."""

    enabled: bool
    client_secret: SecretStr | None = Field(
        default=None, min_length=1, max_length=500, description="a new one; without it the old one stays"
    )


def require_acceptable_issuer(issuer: str, *, development: bool) -> None:
    """Raise `Unprocessable` unless an issuer is an https address."""
    if not is_acceptable_url(issuer, development=development) or "?" in issuer:
        detail = "must be an https address without user, query or fragment"
        raise Unprocessable("issuer-not-accepted", detail, "/issuer")


async def add(db: Db, keys: KeyRing, request: AddProvider) -> Created:
    await _lock_providers(db)
    count = select(func.count()).select_from(Provider).where(Provider.agency_id == db.scope.agency_id)
    if (await db.scalar(count) or 0) >= PROVIDERS_MOST:
        raise Refused("too-many-providers", f"An agency has at most {PROVIDERS_MOST} providers. Change one of them.")
    same = Provider.issuer == request.issuer, Provider.client_id == request.client_id
    if await db.scalar(select(Provider.id).where(Provider.agency_id == db.scope.agency_id, *same)):
        raise Refused("provider-known", "This issuer and client are set up already. Change or enable that provider.")
    provider = Provider(
        agency_id=db.scope.agency_id, id=uuid7(), issuer=request.issuer, client_id=request.client_id, enabled=True
    )
    provider.version = 1
    await _require_domains(db, request.email_domains, provider.id)
    _set_terms(provider, request)
    await _set_secret(db, keys, provider, request.client_secret)
    db.add(provider)
    db.audit("provider.add", provider.id, link_by_email=provider.link_by_email)
    return Created(id=provider.id, version=1)


async def change(db: Db, keys: KeyRing, provider_id: UUID, request: ChangeProvider, expected: int) -> Created:
    """Change a provider. Sign-ins on their way there have to start again; those that are open go on."""
    await _lock_providers(db)
    provider = await db.get(Provider, (db.scope.agency_id, provider_id), with_for_update=True)
    if provider is None:
        raise NotThere
    require_version(provider.version, expected)
    if request.enabled:
        await _require_domains(db, request.email_domains, provider_id)
    _set_terms(provider, request)
    provider.enabled = request.enabled
    if request.client_secret is not None:
        await _set_secret(db, keys, provider, request.client_secret)
    provider.version += 1
    new_secret = request.client_secret is not None
    db.audit("provider.change", provider_id, enabled=provider.enabled, new_secret=new_secret)
    return Created(id=provider_id, version=provider.version)


async def _lock_providers(db: Db) -> None:
    """Let one change of an agency's providers at a time through: two could take the same domain."""
    await db.get(Agency, db.scope.agency_id, with_for_update=True)


async def _require_domains(db: Db, domains: list[str], provider_id: UUID) -> None:
    """Raise `Unprocessable` unless all domains are granted to the agency and no other provider of it has them."""
    mine = EmailDomain.owner_agency_id == db.scope.agency_id
    granted = set(await db.scalars(select(EmailDomain.domain).where(mine, EmailDomain.domain.in_(domains))))
    if set(domains) - granted:
        detail = "must only name domains that the operator granted to your agency"
        raise Unprocessable("domain-not-granted", detail, "/email_domains")
    others = select(Provider.id).where(
        Provider.agency_id == db.scope.agency_id,
        Provider.id != provider_id,
        Provider.enabled,
        Provider.email_domains.overlap(domains),
    )
    if domains and await db.scalar(others.limit(1)):
        detail = "must not name a domain that another enabled provider has"
        raise Unprocessable("domain-in-use", detail, "/email_domains")


def _set_terms(provider: Provider, terms: ProviderTerms) -> None:
    provider.name = terms.name
    provider.email_domains = sorted(terms.email_domains)
    provider.link_by_email = terms.link_by_email
    provider.aal2_acr_values = terms.aal2_acr_values
    provider.aal2_amr_values = terms.aal2_amr_values


async def _set_secret(db: Db, keys: KeyRing, provider: Provider, secret: SecretStr) -> None:
    sealer = await keys.sealer(db, db.scope.agency_id, provider.id)
    provider.client_secret = sealer.seal(SECRET, secret.get_secret_value())


async def client_of(db: Db, keys: KeyRing, provider: Provider) -> Client:
    """Return the issuer and us as its client, with the secret."""
    sealer = await keys.sealer(db, db.scope.agency_id, provider.id)
    return Client(provider.issuer, provider.client_id, str(sealer.open(SECRET, provider.client_secret)))
