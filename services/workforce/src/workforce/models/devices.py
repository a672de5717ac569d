"""The phones that staff set up for work offline."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from workforce.models.schema import Model
from workforce.models.signing import KNOWN


class Device(Model):
    """One person on one phone. `unlock_secret` is sealed, and gone once the device ended: nothing brings it back.

    `token_digest`: of what the phone shows to bind a sign-in to itself. `waiting`: entries that it had not sent yet.
    """

    __tablename__ = "device"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "staff_id"], KNOWN),
        CheckConstraint("(ended_at is null) = (unlock_secret is not null)", name="secret"),
        CheckConstraint("(ended_at is null) = (end_reason is null)", name="ended"),
        Index(None, "agency_id", "staff_id"),
        {"info": {"api": "select, insert, update", "worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    label: Mapped[bytes]
    token_digest: Mapped[bytes]
    unlock_secret: Mapped[bytes | None]
    unlocks: Mapped[int] = mapped_column(default=0)
    unlocks_since: Mapped[datetime | None]
    registered_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    waiting: Mapped[int] = mapped_column(default=0)
    waiting_since: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    ended_by: Mapped[UUID | None]
