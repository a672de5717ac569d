"""What session-logging remembers: sessions, groups, addenda, attendance, contacts, and what it heard of the others."""

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.tables import COLUMN_TYPES, foundation, schema_metadata


class Model(DeclarativeBase):
    metadata = schema_metadata("session_logging")
    type_annotation_map: ClassVar = COLUMN_TYPES


TABLES = foundation(Model.metadata)
WRITTEN_ONCE = {"info": {"api": "select, insert", "worker": ""}}
HEARD = {"info": {"api": "select", "worker": "select, insert, update"}}
# What a sealed value is bound to; see `common.privacy`.
NOTE = "peer_session.note"
ADDENDUM = "addendum.words"
CONTACT = "collateral_contact.note"


class PeerGroup(Model):
    """One group meeting; every attendee has a session of their own with a note of their own."""

    __tablename__ = "peer_group"
    __table_args__ = (CheckConstraint("ended_at > started_at", name="period"), WRITTEN_ONCE)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    program_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    co_facilitator_id: Mapped[UUID | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    size: Mapped[int]
    recorded_at: Mapped[datetime]
    source_system: Mapped[str | None]


class PeerSession(Model):
    """One person's session. Once signed its row never changes, but for the version (trigger `signed_is_final`).

    `note` is sealed under the participant's key. `source_system` names where an imported row came from.
    """

    __tablename__ = "peer_session"
    __table_args__ = (
        ForeignKeyConstraint(
            ["agency_id", "group_id"], ["session_logging.peer_group.agency_id", "session_logging.peer_group.id"]
        ),
        CheckConstraint("ended_at > started_at", name="period"),
        CheckConstraint("minutes >= 0 and units >= 0", name="amounts"),
        CheckConstraint("(status = 'draft') = (signed_at is null)", name="signature"),
        CheckConstraint("(format = 'group') = (group_id is not null)", name="group"),
        Index(None, "agency_id", "started_at", "id"),
        Index(None, "agency_id", "participant_id", "started_at"),
        {"info": {"worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    episode_id: Mapped[UUID]
    program_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    group_id: Mapped[UUID | None]
    modality: Mapped[str]
    format: Mapped[str]
    delivery_method: Mapped[str]
    location: Mapped[str | None]
    service_code: Mapped[str | None]
    modifiers: Mapped[list[str]]
    activities: Mapped[list[str]]
    goal_ids: Mapped[list[UUID]]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    zone: Mapped[str]
    service_date: Mapped[date]
    minutes: Mapped[int]
    units: Mapped[Decimal] = mapped_column(Numeric(8, 2))
    unit_method: Mapped[str]
    outcome: Mapped[str]
    status: Mapped[str]
    note: Mapped[bytes | None]
    missing_elements: Mapped[list[str]]
    signed_at: Mapped[datetime | None]
    credential_at_signing: Mapped[str | None]
    recorded_at: Mapped[datetime]
    source_system: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)


class Addendum(Model):
    """A correction of a signed note: reason and words, sealed together; the original stays as it was signed."""

    __tablename__ = "addendum"
    __table_args__ = (
        ForeignKeyConstraint(
            ["agency_id", "session_id"], ["session_logging.peer_session.agency_id", "session_logging.peer_session.id"]
        ),
        Index(None, "agency_id", "session_id"),
        WRITTEN_ONCE,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID]
    author_id: Mapped[UUID]
    words: Mapped[bytes]
    written_at: Mapped[datetime]


class MutualAidAttendance(Model):
    """A count of one: no place, no other members."""

    __tablename__ = "mutual_aid_attendance"
    __table_args__ = (Index(None, "agency_id", "participant_id", "attended_on"), WRITTEN_ONCE)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    mutual_aid: Mapped[str]
    attended_on: Mapped[date]
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]
    source_system: Mapped[str | None]


class CollateralContact(Model):
    """Somebody outside was spoken with about a person, on a consent; `note` is sealed under the person's key."""

    __tablename__ = "collateral_contact"
    __table_args__ = (
        CheckConstraint("minutes > 0", name="minutes"),
        Index(None, "agency_id", "participant_id", "contacted_at"),
        WRITTEN_ONCE,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    consent_id: Mapped[UUID]
    recipient_place: Mapped[int]
    role: Mapped[str]
    staff_id: Mapped[UUID]
    contacted_at: Mapped[datetime]
    method: Mapped[str]
    minutes: Mapped[int]
    note: Mapped[bytes]
    recorded_at: Mapped[datetime]


class Imported(Model):
    """Which row of another system became which of ours, so that a repeated import writes nothing."""

    __tablename__ = "imported"
    __table_args__ = (WRITTEN_ONCE,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    source_system: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID]
    import_id: Mapped[UUID]


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
