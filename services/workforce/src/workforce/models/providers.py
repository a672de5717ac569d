"""Identity providers that agencies sign in with instead of a password, and whom those know there."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from workforce.models.schema import Model
from workforce.models.signing import KNOWN

WITH_REMOVAL = "select, insert, update, delete"
PROVIDER = "workforce.provider.agency_id", "workforce.provider.id"


class EmailDomain(Model):
    """Which agency's addresses end in a domain: the operator says so, for it decides where people are sent."""

    __tablename__ = "email_domain"
    __table_args__ = (
        Index(None, "owner_agency_id"),
        {"info": {"reach": "shared", "api": WITH_REMOVAL, "worker": ""}},
    )

    domain: Mapped[str] = mapped_column(primary_key=True)
    owner_agency_id: Mapped[UUID]
    granted_at: Mapped[datetime]


class Provider(Model):
    """An OpenID Connect issuer and us as its client; the client secret is sealed under the provider's own key.

    Issuer and client never change: whom a provider knows is known by both.
    """

    __tablename__ = "provider"
    __table_args__ = (
        Index(None, "agency_id", "issuer", "client_id", unique=True),
        {"info": {"worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    issuer: Mapped[str]
    client_id: Mapped[str]
    client_secret: Mapped[bytes]
    email_domains: Mapped[list[str]]
    link_by_email: Mapped[bool]
    aal2_acr_values: Mapped[list[str]]
    aal2_amr_values: Mapped[list[str]]
    enabled: Mapped[bool]
    version: Mapped[int] = mapped_column(default=1)


class ProviderLink(Model):
    """Which member of staff a provider's account is: a keyed digest of the provider's name for them."""

    __tablename__ = "provider_link"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "staff_id"], KNOWN),
        ForeignKeyConstraint(["agency_id", "provider_id"], PROVIDER),
        Index(None, "agency_id", "provider_id", "staff_id", unique=True),
        Index(None, "agency_id", "staff_id"),
        {"info": {"api": WITH_REMOVAL, "worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    provider_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[bytes] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    linked_by: Mapped[str]
    linked_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class UsedProviderAttempt(Model):
    """The way to a provider and back that somebody has gone; browsers keep the open ones, so strangers fill nothing."""

    __tablename__ = "used_provider_attempt"
    __table_args__ = (
        Index(None, "agency_id", "used_at"),
        {"info": {"api": WITH_REMOVAL, "worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[datetime]
