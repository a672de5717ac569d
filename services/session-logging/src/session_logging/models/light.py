"""What is recorded beside sessions in a few taps: check-ins, work with people nobody enrolled, work with nobody.

Of each row nothing ever changes but its withdrawal; the trigger `only_withdrawn` holds this against every role.
"""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from session_logging.models.schema import Model

# What a sealed value is bound to; see `common.privacy`.
CHECK_IN = "check_in.words"
WORK_TIME = "work_time.words"
WITHDRAWN = "(withdrawn_at is null) = (withdrawal_reason is null) and (withdrawn_at is null) = (withdrawn_by is null)"
API_ONLY = {"info": {"worker": ""}}


class CheckIn(Model):
    """A light contact, or an attempt at one. `words` are sealed under the person's key; never billed.

    `contacted_on`: the calendar day in the agency's zone as it was then.
    """

    __tablename__ = "check_in"
    __table_args__ = (
        CheckConstraint("minutes between 0 and 60", name="minutes"),
        CheckConstraint("minutes = 0 or outcome in ('reached', 'crisis_escalated')", name="spoken_with"),
        CheckConstraint(WITHDRAWN, name="withdrawal"),
        Index("ix_check_in_person", "agency_id", "participant_id", "contacted_at", "id"),
        Index("ix_check_in_worker", "agency_id", "staff_id", "contacted_at"),
        API_ONLY,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    episode_id: Mapped[UUID]
    program_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    method: Mapped[str]
    outcome: Mapped[str]
    minutes: Mapped[int]
    contacted_at: Mapped[datetime]
    contacted_on: Mapped[date]
    words: Mapped[bytes | None]
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[UUID | None]
    withdrawal_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)


class AnonymousContact(Model):
    """Work with people whom nobody enrolled: counts of people and of what was handed out, no column for words."""

    __tablename__ = "anonymous_contact"
    __table_args__ = (
        CheckConstraint("ended_at > started_at", name="period"),
        CheckConstraint("people between 0 and 1000", name="people"),
        CheckConstraint("threads_answered = 0 or modality = 'online_forum'", name="threads"),
        CheckConstraint(WITHDRAWN, name="withdrawal"),
        Index("ix_anonymous_contact_day", "agency_id", "service_date", "id"),
        Index("ix_anonymous_contact_worker", "agency_id", "staff_id", "service_date", "id"),
        API_ONLY,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    program_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    modality: Mapped[str]
    location: Mapped[str | None]
    activities: Mapped[list[str]]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    service_date: Mapped[date]
    minutes: Mapped[int]
    people: Mapped[int]
    naloxone_kits: Mapped[int]
    test_strips: Mapped[int]
    hygiene_kits: Mapped[int]
    information: Mapped[int]
    threads_answered: Mapped[int]
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[UUID | None]
    withdrawal_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)


class WorkTime(Model):
    """Time and miles of a worker with nobody served. `words` are sealed under the worker's own key."""

    __tablename__ = "work_time"
    __table_args__ = (
        CheckConstraint("minutes between 0 and 1440 and miles between 0 and 2000", name="amounts"),
        CheckConstraint("minutes > 0 or miles > 0", name="something"),
        CheckConstraint(WITHDRAWN, name="withdrawal"),
        ForeignKeyConstraint(
            ["agency_id", "session_id"], ["session_logging.peer_session.agency_id", "session_logging.peer_session.id"]
        ),
        Index("ix_work_time_worker", "agency_id", "staff_id", "worked_on", "id"),
        Index("ix_work_time_day", "agency_id", "worked_on", "id"),
        API_ONLY,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    program_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    kind: Mapped[str]
    worked_on: Mapped[date]
    minutes: Mapped[int]
    miles: Mapped[Decimal] = mapped_column(Numeric(6, 1))
    words: Mapped[bytes | None]
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[UUID | None]
    withdrawal_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
