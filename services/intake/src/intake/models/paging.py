"""Safety concerns that notification is yet to be told of, and who is on call as it told us."""

from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import HEARD, Model


class SafetyCall(Model):
    """A concern's state that is to be told over HTTP, whether or not the bus is there; ids, a number and an instant.

    `seq`: of the state to be told. The worker sees every agency's rows here.
    """

    __tablename__ = "safety_call"
    __table_args__ = (
        Index(None, "at"),
        {"info": {"reach": "platform", "api": "select, insert, update", "worker": "select, update, delete"}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    concern_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    at: Mapped[datetime]


class Duty(Model):
    """When somebody is on call, as notification told it last."""

    __tablename__ = "duty"
    __table_args__ = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    staff_id: Mapped[UUID]
    rung: Mapped[int]
    weekdays: Mapped[list[int]]
    begins: Mapped[time]
    ends: Mapped[time]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    withdrawn: Mapped[bool]
