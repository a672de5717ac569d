"""How people prove who they are, and what a sign-in leaves behind."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, func
from sqlalchemy.orm import Mapped, mapped_column

from workforce.models.schema import Model


class Login(Model):
    """Which agency an e-mail address belongs to: a keyed digest, so that sign-in needs no agency's name."""

    __tablename__ = "login"
    __table_args__ = ({"info": {"reach": "shared", "api": "select, insert", "worker": ""}},)

    handle: Mapped[bytes] = mapped_column(primary_key=True)
    owner_agency_id: Mapped[UUID]
    staff_id: Mapped[UUID]


class Password(Model):
    __tablename__ = "password"
    __table_args__ = ({"info": {"worker": ""}},)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    hash: Mapped[str]
    one_time: Mapped[bool]
    changed_at: Mapped[datetime]


class RefreshToken(Model):
    """A link in a family of rotating tokens; using a used one ends the whole family."""

    __tablename__ = "refresh_token"
    __table_args__ = (Index(None, "agency_id", "family_id"), {"info": {"worker": ""}})

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    family_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
