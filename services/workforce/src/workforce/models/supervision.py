"""Who supervises whom, the supervisions that were held, and what was to follow from them."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, func
from sqlalchemy.orm import Mapped, mapped_column

from workforce.models.schema import Model

STAFF = ["workforce.staff.agency_id", "workforce.staff.id"]
HELD = ["workforce.supervision.agency_id", "workforce.supervision.id"]


class SupervisorAssignment(Model):
    """`fte`: the share of the worker's time that is supervised here; 1 is all of it."""

    __tablename__ = "supervisor_assignment"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "staff_id"], STAFF),
        ForeignKeyConstraint(["agency_id", "supervisor_id"], STAFF),
        CheckConstraint("staff_id <> supervisor_id", name="not_oneself"),
        Index(None, "agency_id", "staff_id"),
        Index(None, "agency_id", "supervisor_id"),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    supervisor_id: Mapped[UUID]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1)
    fte: Mapped[Decimal] = mapped_column(Numeric(3, 2), server_default="1")


class Supervision(Model):
    """One supervision. `own_notes`: the supervisor's alone, sealed under the supervisor's key."""

    __tablename__ = "supervision"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "supervisor_id"], STAFF),
        CheckConstraint("minutes between 1 and 600", name="minutes"),
        Index(None, "agency_id", "supervisor_id", "held_on", "id"),
        Index(None, "agency_id", "held_on", "id"),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supervisor_id: Mapped[UUID]
    held_on: Mapped[date]
    minutes: Mapped[int]
    mode: Mapped[str]
    topics: Mapped[list[str]]
    state: Mapped[str]
    own_notes: Mapped[bytes | None]
    void_reason: Mapped[str | None]
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    version: Mapped[int] = mapped_column(default=1)


class SupervisedWorker(Model):
    """Who took part; `words`: what they and the supervisor wrote down together, sealed under the worker's key."""

    __tablename__ = "supervised_worker"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "supervision_id"], HELD),
        ForeignKeyConstraint(["agency_id", "staff_id"], STAFF),
        Index(None, "agency_id", "staff_id", "supervision_id"),
        {"info": {"api": "select, insert", "worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    supervision_id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    words: Mapped[bytes | None]


class FollowUp(Model):
    """Something agreed in a supervision that a worker does next; `what` is sealed under the worker's key."""

    __tablename__ = "supervision_follow_up"
    __table_args__ = (
        ForeignKeyConstraint(
            ["agency_id", "supervision_id", "staff_id"],
            [f"workforce.supervised_worker.{column}" for column in ("agency_id", "supervision_id", "staff_id")],
            name="fk_supervision_follow_up_worker",
        ),
        Index(None, "agency_id", "staff_id", "due_on", "id"),
        Index(None, "agency_id", "supervision_id"),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    supervision_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    what: Mapped[bytes]
    due_on: Mapped[date]
    done_on: Mapped[date | None]
    done_by: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)
