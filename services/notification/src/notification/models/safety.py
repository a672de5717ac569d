"""Who is on call, and how far a safety concern has climbed; nothing about the person but an id."""

from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from notification.models.schema import Model


class Duty(Model):
    """When somebody is on call, week by week on the agency's clock; `rung` 1 is paged first."""

    __tablename__ = "duty"
    __table_args__ = (
        CheckConstraint("rung between 1 and 9", name="rung"),
        CheckConstraint("valid_to >= valid_from", name="valid"),
        {"info": {"api": "select, insert, update", "worker": "select"}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    rung: Mapped[int]
    weekdays: Mapped[list[int]]
    begins: Mapped[time]
    ends: Mapped[time]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    withdrawn_at: Mapped[datetime | None]
    recorded_by: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)


class Escalation(Model):
    """A safety concern as notification last heard of it (`seq`), and the pages that went out.

    `level`: how many times somebody was paged; `told`: how many facts were. `handed_over_at`: when a provider took the
    first page. `nobody_on_call`: when it was paged last.
    """

    __tablename__ = "escalation"
    __table_args__ = (Index(None, "agency_id", "status"),)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    participant_id: Mapped[UUID | None]
    status: Mapped[str]
    opened_at: Mapped[datetime]
    opened_by: Mapped[UUID | None]
    acknowledged_at: Mapped[datetime | None]
    contacted_at: Mapped[datetime | None]
    handed_off_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    level: Mapped[int] = mapped_column(default=0)
    told: Mapped[int] = mapped_column(default=0)
    paged_at: Mapped[datetime | None]
    next_page_at: Mapped[datetime | None]
    handed_over_at: Mapped[datetime | None]
    nobody_on_call: Mapped[bool] = mapped_column(default=False)


class Climb(Model):
    """When a concern goes on to the next rung unless somebody does something; the worker sees every agency's."""

    __tablename__ = "climb"
    __table_args__ = (
        Index(None, "at"),
        {
            "info": {
                "reach": "platform",
                "api": "select, insert, update, delete",
                "worker": "select, insert, update, delete",
            }
        },
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    concern_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
