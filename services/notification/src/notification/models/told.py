"""What waits for somebody and on which day they are told, with the facts that it follows from."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from notification.models.schema import READ_BY_WORKER, Model


class Upcoming(Model):
    """Something that waits while `open`; `about_id`: the note, credential, plan, person's point it is about.

    `due_on`: its day, from which reminders are counted. `step` and `next_on`: which is next and when; null: none.
    `round`: counts how often it began anew, so that the old round's reminders are moot.
    `topic`: what a later one of the same kind and worker must equal to stand in for it.
    """

    __tablename__ = "upcoming"
    __table_args__ = (
        Index("ix_upcoming_next", "agency_id", "next_on", postgresql_where=sql("open and next_on is not null")),
        Index(None, "agency_id", "about_id"),
        Index("ix_upcoming_topic", "agency_id", "staff_id", "topic", postgresql_where=sql("topic is not null")),
        READ_BY_WORKER,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    about_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    staff_id: Mapped[UUID | None]
    participant_id: Mapped[UUID | None]
    topic: Mapped[str | None]
    due_on: Mapped[date]
    open: Mapped[bool]
    round: Mapped[int]
    step: Mapped[int]
    next_on: Mapped[date | None]


class ToldOf(Model):
    """Of what a message tells: once none of it waits any more, the message is moot."""

    __tablename__ = "told_of"
    __table_args__ = (READ_BY_WORKER,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    about_id: Mapped[UUID] = mapped_column(primary_key=True)
    round: Mapped[int]


class Morning(Model):
    """When an agency's next morning begins: ids and an instant, which the worker sees of every agency."""

    __tablename__ = "morning"
    __table_args__ = (Index(None, "at"), {"info": {"reach": "platform", "api": ""}})

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class SupervisionHeld(Model):
    """One supervision and who took part."""

    __tablename__ = "supervision_held"
    __table_args__ = (
        Index("ix_supervision_held_staff", "staff_ids", postgresql_using="gin"),
        READ_BY_WORKER,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    staff_ids: Mapped[list[UUID]]
    held_on: Mapped[date]
    voided: Mapped[bool]


class Plan(Model):
    """A recovery plan, in force until `in_force_to` if that is known."""

    __tablename__ = "plan"
    __table_args__ = (READ_BY_WORKER,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    participant_id: Mapped[UUID]
    agreed_at: Mapped[datetime]
    in_force_to: Mapped[date | None]


class PlanReview(Model):
    """One review of a plan together with the person."""

    __tablename__ = "plan_review"
    __table_args__ = (Index(None, "agency_id", "plan_id"), READ_BY_WORKER)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    plan_id: Mapped[UUID]
    reviewed_at: Mapped[datetime]


class Appointment(Model):
    """When a person is expected, and whether they still are."""

    __tablename__ = "appointment"
    __table_args__ = (READ_BY_WORKER,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    participant_id: Mapped[UUID]
    starts_at: Mapped[datetime]
    status: Mapped[str]
