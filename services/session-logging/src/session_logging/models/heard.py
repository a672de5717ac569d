"""What session-logging heard of the others: agencies, staff, people, plans and papers."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from session_logging.models.schema import HEARD, Model


class Agency(Model):
    """Heard of workforce; `id` is the agency's own."""

    __tablename__ = "agency"
    __table_args__ = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    zone: Mapped[str]
    holidays: Mapped[list[date]]


class Program(Model):
    __tablename__ = "program"
    __table_args__ = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    unit_method: Mapped[str]
    group_max: Mapped[int]
    group_modifier: Mapped[str | None]
    credential_required: Mapped[bool]
    required_specialty: Mapped[str | None]
    accepted_credentials: Mapped[list[str]]
    note_deadline_business_days: Mapped[int] = mapped_column(server_default="2")
    cosignature: Mapped[str] = mapped_column(server_default="never")


class ProgramPack(Model):
    """Whose rules a program is judged by, from and to (inclusive) a day."""

    __tablename__ = "program_pack"
    __table_args__ = (Index(None, "agency_id", "program_id"), HEARD)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    program_id: Mapped[UUID]
    pack_id: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class Supervisor(Model):
    """Who supervises whom, from and to (inclusive) a day: whose notes a supervisor looks at first."""

    __tablename__ = "supervisor"
    __table_args__ = (Index(None, "agency_id", "supervisor_id"), HEARD)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    staff_id: Mapped[UUID]
    supervisor_id: Mapped[UUID]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class Staff(Model):
    __tablename__ = "staff"
    __table_args__ = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    roles: Mapped[list[str]]
    employed_from: Mapped[date]
    employed_to: Mapped[date | None]


class Credential(Model):
    """`status_days`, `status_codes`: since which day which status held, by day; empty in what early releases told."""

    __tablename__ = "credential"
    __table_args__ = (Index(None, "agency_id", "staff_id"), HEARD)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    staff_id: Mapped[UUID]
    credential_type: Mapped[str]
    specialty: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    status: Mapped[str]
    status_days: Mapped[list[date]] = mapped_column(server_default="{}")
    status_codes: Mapped[list[str]] = mapped_column(server_default="{}")


class Participant(Model):
    """`origin`: under 42 CFR Part 2; null in what earlier releases told, which is the program's own."""

    __tablename__ = "participant"
    __table_args__ = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    origin: Mapped[str | None]


class Notice(Model):
    """The privacy notice was given, or why it must wait was recorded (`deferred`)."""

    __tablename__ = "notice"
    __table_args__ = (Index(None, "agency_id", "participant_id"), HEARD)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    participant_id: Mapped[UUID]
    deferred: Mapped[bool]


class PrivacyStatus(Model):
    """How the agency stands under 42 CFR Part 2; `id` is the agency's own."""

    __tablename__ = "privacy_status"
    __table_args__ = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    is_program: Mapped[bool]


class Consent(Model):
    """The newest state of a consent that was heard; whether it has begun or run out follows from the day.

    `recipients`: how many it names; null in what earlier releases told.
    """

    __tablename__ = "consent"
    __table_args__ = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    participant_id: Mapped[UUID]
    consent_type: Mapped[str]
    status: Mapped[str]
    signed_at: Mapped[datetime]
    starts_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    recipients: Mapped[int | None]
    revoked_recipients: Mapped[list[int]]
    ended: Mapped[bool]
    revoked_at: Mapped[datetime | None]


class Agreement(Model):
    """A written agreement with a party outside; auditors from outside see people on a live one only."""

    __tablename__ = "agreement"
    __table_args__ = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    kind: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    ended_on: Mapped[date | None]


class BreakGlass(Model):
    """Who opened whose record in an emergency, and until when."""

    __tablename__ = "break_glass"
    __table_args__ = (Index(None, "agency_id", "staff_id"), HEARD)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    participant_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Merge(Model):
    """Two records of one person while `undone_at` is null; sessions stay with the record they were written for."""

    __tablename__ = "merge"
    __table_args__ = (Index(None, "agency_id", "survivor_id"), HEARD)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    survivor_id: Mapped[UUID]
    merged_id: Mapped[UUID]
    moved_ids: Mapped[list[UUID]]
    merged_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class Episode(Model):
    __tablename__ = "episode"
    __table_args__ = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    participant_id: Mapped[UUID]
    program_id: Mapped[UUID]
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]


class Plan(Model):
    __tablename__ = "plan"
    __table_args__ = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    participant_id: Mapped[UUID]
    episode_id: Mapped[UUID]
    agreed_at: Mapped[datetime]
    in_force_to: Mapped[date | None]


class Goal(Model):
    """A goal as one plan has it: a later plan may carry the same goal on, with an order of its own."""

    __tablename__ = "goal"
    __table_args__ = (Index(None, "agency_id", "participant_id"), HEARD)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    participant_id: Mapped[UUID]
    dimension: Mapped[str]
    active_from: Mapped[date]
    active_to: Mapped[date | None]


class Assignment(Model):
    """Which peer serves whom, from and to (inclusive) a day."""

    __tablename__ = "assignment"
    __table_args__ = (Index(None, "agency_id", "staff_id", "participant_id"), HEARD)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    participant_id: Mapped[UUID]
    episode_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
