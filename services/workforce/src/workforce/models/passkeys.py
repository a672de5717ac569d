"""Passkeys, and the challenges that were answered with them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from workforce.models.schema import Model
from workforce.models.signing import KNOWN

WITH_REMOVAL = "select, insert, update, delete"


class Passkey(Model):
    """The public half of a key that somebody's phone, computer or token keeps; the label is sealed.

    `count_went_back_at`: the last time that an answer had counted no further, as a copy's would.
    """

    __tablename__ = "passkey"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "staff_id"], KNOWN),
        Index(None, "agency_id", "credential_id", unique=True),
        Index(None, "agency_id", "staff_id"),
        {"info": {"api": WITH_REMOVAL, "worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    credential_id: Mapped[bytes]
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    backed_up: Mapped[bool]
    label: Mapped[bytes]
    registered_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    count_went_back_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class UsedChallenge(Model):
    """The digest of a challenge that was answered: nobody answers it again. Old ones make room."""

    __tablename__ = "used_passkey_challenge"
    __table_args__ = (Index(None, "agency_id", "used_at"), {"info": {"api": WITH_REMOVAL, "worker": ""}})

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    used_at: Mapped[datetime]
