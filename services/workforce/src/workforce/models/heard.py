"""What workforce heard from others."""

from datetime import date
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from workforce.models.schema import Model


class Assignment(Model):
    """Heard from intake: how many people somebody accompanies when they leave; whom, workforce need not know."""

    __tablename__ = "assignment"
    __table_args__ = (
        Index(None, "agency_id", "staff_id"),
        {"info": {"api": "select", "worker": "select, insert, update"}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    staff_id: Mapped[UUID]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
