"""What people ticked on the lists for coming and leaving; what Handrail sees by itself is kept nowhere twice."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from workforce.models.schema import Model


class ChecklistTick(Model):
    """One item on one person's lists; without `done_on` it was ticked and then unticked again."""

    __tablename__ = "checklist_tick"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "staff_id"], ["workforce.staff.agency_id", "workforce.staff.id"]),
        {"info": {"api": "select, insert, update", "worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    done_on: Mapped[date | None]
    changed_by: Mapped[UUID | None]
    changed_at: Mapped[datetime]
    version: Mapped[int]
