"""What compliance-reporting remembers: the state of every aggregate it heard of, its reports, its reminders.

A `fact_…` table holds one row per aggregate: the newest state that an event carried, under the names of the contract.
No names, no contacts, no words about anybody: those never travel.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.tables import COLUMN_TYPES, foundation, schema_metadata

PROJECTED = {"api": "select", "worker": "select, insert, update"}
FROZEN = {"api": "select, insert", "worker": "select"}


class Model(DeclarativeBase):
    metadata = schema_metadata("compliance_reporting")
    type_annotation_map: ClassVar = COLUMN_TYPES


TABLES = foundation(Model.metadata)


class Fact(Model):
    """What every projection has: `id` is the aggregate's, `seq` the event's place in the aggregate's life."""

    __abstract__ = True
    __table_args__: Any = ({"info": PROJECTED},)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-3)
    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-2)
    seq: Mapped[int] = mapped_column(sort_order=-1)


class FactAgency(Fact):
    __tablename__ = "fact_agency"

    zone: Mapped[str]
    holidays: Mapped[list[date]]
    activated_at: Mapped[datetime]


class KnownAgency(Model):
    """Which agencies there are, by their ids: the worker must know whose turn it is before it may see anything."""

    __tablename__ = "known_agency"
    __table_args__ = ({"info": {"reach": "shared", "api": "", "worker": "select, insert"}},)

    id: Mapped[UUID] = mapped_column(primary_key=True)


class FactProgram(Fact):
    __tablename__ = "fact_program"

    credential_required: Mapped[bool]
    required_specialty: Mapped[str | None]
    accepted_credentials: Mapped[list[str]]
    unit_method: Mapped[str]
    group_max: Mapped[int]
    group_modifier: Mapped[str | None]
    note_deadline_business_days: Mapped[int]
    plan_deadline_days: Mapped[int]
    opened_on: Mapped[date]


class FactStaff(Fact):
    __tablename__ = "fact_staff"

    roles: Mapped[list[str]]
    employed_from: Mapped[date]
    employed_to: Mapped[date | None]


class FactCredential(Fact):
    """Found by worker for each session (M01)."""

    __tablename__ = "fact_credential"
    __table_args__ = (Index(None, "agency_id", "staff_id"), {"info": PROJECTED})

    staff_id: Mapped[UUID]
    credential_type: Mapped[str]
    specialty: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    status: Mapped[str]


class FactSupervisor(Fact):
    __tablename__ = "fact_supervisor"

    staff_id: Mapped[UUID]
    supervisor_id: Mapped[UUID]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class FactParticipant(Fact):
    __tablename__ = "fact_participant"

    age_band: Mapped[str]
    sex: Mapped[str]
    enrolled_at: Mapped[datetime]
    imported: Mapped[bool]
    origin: Mapped[str | None]


class FactMerge(Fact):
    """Two records of one person, while `undone_at` is null; whose record stands for whose is read anew each time."""

    __tablename__ = "fact_merge"

    survivor_id: Mapped[UUID]
    merged_id: Mapped[UUID]
    moved_ids: Mapped[list[UUID]]
    merged_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class FactEpisode(Fact):
    """Found by the day it opened (M11, M13, M38)."""

    __tablename__ = "fact_episode"
    __table_args__ = (Index(None, "agency_id", "opened_on"), {"info": PROJECTED})

    participant_id: Mapped[UUID]
    program_id: Mapped[UUID]
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    close_reason: Mapped[str | None]
    single_contact_outreach: Mapped[bool]
    voluntary_acknowledged_at: Mapped[datetime | None]
    deceased_on: Mapped[date | None]
    imported: Mapped[bool]


class FactNotice(Fact):
    __tablename__ = "fact_notice"

    participant_id: Mapped[UUID]
    version: Mapped[str]
    given_at: Mapped[datetime]


class FactConsent(Fact):
    __tablename__ = "fact_consent"

    participant_id: Mapped[UUID]
    consent_type: Mapped[str]
    status: Mapped[str]
    signed_at: Mapped[datetime]
    starts_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    revoked_at: Mapped[datetime | None]
    revoked_recipients: Mapped[list[int]] = mapped_column(server_default="{}")
    ended: Mapped[bool] = mapped_column(server_default=text("false"))


class FactAgreement(Fact):
    """A written agreement with somebody outside: an auditor's allows to see who stands behind a figure."""

    __tablename__ = "fact_agreement"

    kind: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    ended_on: Mapped[date | None]


class FactDisclosure(Fact):
    """Found by the instant it was made (M12)."""

    __tablename__ = "fact_disclosure"
    __table_args__ = (Index(None, "agency_id", "made_at"), {"info": PROJECTED})

    participant_id: Mapped[UUID]
    basis: Mapped[str]
    consent_id: Mapped[UUID | None]
    basis_valid: Mapped[bool]
    made_at: Mapped[datetime]
    origin: Mapped[str | None]


class FactPlan(Fact):
    """A recovery plan; `goals` as the contract has them, because they change only together. Found by episode (M13)."""

    __tablename__ = "fact_plan"
    __table_args__ = (Index(None, "agency_id", "episode_id"), {"info": PROJECTED})

    participant_id: Mapped[UUID]
    episode_id: Mapped[UUID]
    agreed_at: Mapped[datetime]
    in_force_to: Mapped[date | None]
    declined_dimensions: Mapped[list[str]]
    goals: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class FactAssessment(Fact):
    """Found by episode: baseline and follow-up are of the same one (M31, M32)."""

    __tablename__ = "fact_assessment"
    __table_args__ = (Index(None, "agency_id", "episode_id"), {"info": PROJECTED})

    participant_id: Mapped[UUID]
    episode_id: Mapped[UUID]
    point: Mapped[str]
    collected_on: Mapped[date]
    use_days_30: Mapped[int | None]
    employment: Mapped[str | None]
    in_education: Mapped[bool | None]
    housing: Mapped[str | None]
    arrests_30: Mapped[int | None]
    mutual_aid_count_30: Mapped[int | None]


class FactAssignment(Fact):
    __tablename__ = "fact_assignment"

    participant_id: Mapped[UUID]
    episode_id: Mapped[UUID]
    program_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    imported: Mapped[bool]


class FactSession(Fact):
    """One person's session.

    An agency's quarter is read by (agency_id, service_date): one contiguous range of the index, and of the table too,
    for sessions arrive by day. An episode's sessions (M11, M38) and a group's lines (M21) have an index each; the last
    index holds only notes that wait for a signature, so that looking for overdue ones never reads the finished.
    """

    __tablename__ = "fact_session"
    __table_args__ = (
        Index(None, "agency_id", "service_date"),
        Index(None, "agency_id", "episode_id", "service_date"),
        Index(None, "agency_id", "group_id", postgresql_where=text("group_id is not null")),
        Index(
            "ix_fact_session_unsigned",
            "agency_id",
            "ended_at",
            postgresql_where=text("signed_at is null and not imported and status <> 'voided'"),
        ),
        {"info": PROJECTED},
    )

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
    units: Mapped[Decimal]
    unit_method: Mapped[str]
    outcome: Mapped[str]
    status: Mapped[str]
    missing_elements: Mapped[list[str]]
    signed_at: Mapped[datetime | None]
    credential_at_signing: Mapped[str | None]
    recorded_at: Mapped[datetime]
    imported: Mapped[bool]


class FactGroup(Fact):
    """Found by the instant it started (M21)."""

    __tablename__ = "fact_group"
    __table_args__ = (Index(None, "agency_id", "started_at"), {"info": PROJECTED})

    program_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    co_facilitator_id: Mapped[UUID | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    size: Mapped[int]
    imported: Mapped[bool]


class FactMutualAid(Fact):
    __tablename__ = "fact_mutual_aid"

    participant_id: Mapped[UUID]
    mutual_aid: Mapped[str]
    attended_on: Mapped[date]
    imported: Mapped[bool]


class Report(Model):
    """A finished report. Nothing in it changes: `record_hash` is the SHA-256 of its canonical `results`."""

    __tablename__ = "report"
    __table_args__ = ({"info": FROZEN},)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    period_start: Mapped[date]
    period_end: Mapped[date]
    zone: Mapped[str]
    as_of: Mapped[datetime]
    heard_to: Mapped[datetime | None]
    missing_events: Mapped[int]
    rule_versions: Mapped[dict[str, Any]]
    results: Mapped[dict[str, Any]]
    record_hash: Mapped[bytes]
    requested_by: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)


class ReportUnit(Model):
    """Which units a report counted, frozen with it; `in_numerator` is null where a needed fact was missing.

    `program_id` is the nil UUID where the unit belongs to no program. The key's order is the drill-down's.
    """

    __tablename__ = "report_unit"
    __table_args__ = ({"info": FROZEN},)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    report_id: Mapped[UUID] = mapped_column(primary_key=True)
    measure_id: Mapped[str] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(primary_key=True)
    program_id: Mapped[UUID] = mapped_column(primary_key=True)
    in_numerator: Mapped[bool | None]


class IdentityRelease(Model):
    """An auditor from outside was shown who stands behind a figure (42 CFR 2.53): whom, of which figure, and by what.

    `participant_ids`: at most 500, as many as one fact carries.
    """

    __tablename__ = "identity_release"
    __table_args__ = (Index(None, "agency_id", "agreement_id"), {"info": {"api": "select, insert", "worker": ""}})

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    agreement_id: Mapped[UUID]
    report_id: Mapped[UUID]
    measure_id: Mapped[str]
    part: Mapped[str]
    participant_ids: Mapped[list[UUID]]
    staff_id: Mapped[UUID]
    released_at: Mapped[datetime]


class OverdueNote(Model):
    """A session whose missing signature was told once."""

    __tablename__ = "overdue_note"
    __table_args__ = ({"info": {"api": "select", "worker": "select, insert"}},)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    told_at: Mapped[datetime]
