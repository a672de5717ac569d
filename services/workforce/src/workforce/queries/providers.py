"""What somebody is told of an agency's identity providers, its e-mail domains and their own links."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import select

from common.database import Db
from common.errors import NotThere
from workforce.models import EmailDomain, Provider, ProviderLink


class ProviderEntry(BaseModel):
    """Never the client secret."""

    id: UUID
    name: str
    issuer: str
    client_id: str
    redirect_uri: str = Field(description="to be registered at the provider")
    email_domains: list[str]
    link_by_email: bool
    aal2_acr_values: list[str]
    aal2_amr_values: list[str]
    enabled: bool
    version: int


class Providers(BaseModel):
    items: list[ProviderEntry] = Field(description="at most ten")
    granted_domains: list[str] = Field(description="the operator says that these are the agency's")


class OwnProvider(BaseModel):
    """What a member of staff sees of a provider that they could link, or have linked."""

    provider_id: UUID
    name: str
    linked_at: datetime | None
    linked_by: str | None = Field(description="person or email; null without a link")
    last_used_at: datetime | None


class OwnProviders(BaseModel):
    items: list[OwnProvider]


async def providers(db: Db, redirect_uri: str) -> Providers:
    """Return the agency's providers, the oldest first."""
    found = await db.scalars(select(Provider).where(Provider.agency_id == db.scope.agency_id).order_by(Provider.id))
    mine = EmailDomain.owner_agency_id == db.scope.agency_id
    domains = await db.scalars(select(EmailDomain.domain).where(mine).order_by(EmailDomain.domain).limit(200))
    return Providers(items=[_entry(row, redirect_uri) for row in found], granted_domains=list(domains))


async def provider(db: Db, provider_id: UUID, redirect_uri: str) -> ProviderEntry:
    found = await db.get(Provider, (db.scope.agency_id, provider_id))
    if found is None:
        raise NotThere
    return _entry(found, redirect_uri)


def _entry(row: Provider, redirect_uri: str) -> ProviderEntry:
    return ProviderEntry(
        id=row.id,
        name=row.name,
        issuer=row.issuer,
        client_id=row.client_id,
        redirect_uri=redirect_uri,
        email_domains=row.email_domains,
        link_by_email=row.link_by_email,
        aal2_acr_values=row.aal2_acr_values,
        aal2_amr_values=row.aal2_amr_values,
        enabled=row.enabled,
        version=row.version,
    )


async def own_providers(db: Db, staff_id: UUID) -> OwnProviders:
    """Return the enabled providers, and whether somebody linked an account at each."""
    theirs = (ProviderLink.agency_id == Provider.agency_id, ProviderLink.provider_id == Provider.id)
    question = (
        select(Provider, ProviderLink)
        .outerjoin(ProviderLink, (theirs[0]) & (theirs[1]) & (ProviderLink.staff_id == staff_id))
        .where(Provider.agency_id == db.scope.agency_id, Provider.enabled)
        .order_by(Provider.id)
    )
    return OwnProviders(items=[_own(found, link) for found, link in await db.execute(question)])


def _own(found: Provider, link: ProviderLink | None) -> OwnProvider:
    return OwnProvider(
        provider_id=found.id,
        name=found.name,
        linked_at=link.linked_at if link else None,
        linked_by=link.linked_by if link else None,
        last_used_at=link.last_used_at if link else None,
    )
