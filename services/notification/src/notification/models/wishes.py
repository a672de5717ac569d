"""How members of staff want to hear of things, and on which devices."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from notification.models.schema import Model

DEVICE_ADDRESS = "device.address"


class Preference(Model):
    """One member of staff's choice. `channels`: by group of kinds, in order. `weekdays`: 0 is Monday.

    `quiet_from`, `quiet_to`: wall-clock times of the agency's zone in which nothing but safety leaves.
    """

    __tablename__ = "preference"

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    channels: Mapped[dict[str, Any]] = mapped_column(JSONB)
    quiet_from: Mapped[str | None]
    quiet_to: Mapped[str | None]
    weekdays: Mapped[list[int]]
    changed_at: Mapped[datetime]
    version: Mapped[int]


class Device(Model):
    """A browser that takes pushes, or a mobile number; `address` is sealed to its owner, `digest` finds it again.

    `code_round`: which code was sent last (the codes themselves are kept nowhere). `wrong_codes`: in this round.
    """

    __tablename__ = "device"
    __table_args__ = (
        CheckConstraint("kind in ('push', 'sms')", name="kind"),
        Index(
            "uq_device_address",
            "agency_id",
            "staff_id",
            "digest",
            unique=True,
            postgresql_where=sql("withdrawn_at is null"),
        ),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    kind: Mapped[str]
    address: Mapped[bytes | None]
    digest: Mapped[bytes]
    added_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    code_round: Mapped[int]
    code_sent_at: Mapped[datetime | None]
    wrong_codes: Mapped[int]
    version: Mapped[int]
