"""What was heard of the people served: enrolment, consent, plans, sessions and what came of them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from compliance_reporting.models.schema import PROJECTED, Fact


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
    recipients: Mapped[int | None]
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
    competencies: Mapped[list[str]] = mapped_column(server_default="{}")
    mechanisms: Mapped[list[str]] = mapped_column(server_default="{}")
    navigation: Mapped[list[str]] = mapped_column(server_default="{}")
    attempt_outcome: Mapped[str | None]
    handoff_way: Mapped[str | None]
    handoff_receiver: Mapped[str | None]
    handoff_accepted_at: Mapped[datetime | None]
    flags: Mapped[list[str]] = mapped_column(server_default="{}")
    late_reason: Mapped[str | None]
    review: Mapped[str | None]
    cosigned_by: Mapped[UUID | None]
    cosigned_at: Mapped[datetime | None]


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
    """One meeting that somebody went to; one that was `withdrawn` is kept and counts nowhere."""

    __tablename__ = "fact_mutual_aid"

    participant_id: Mapped[UUID]
    mutual_aid: Mapped[str]
    attended_on: Mapped[date]
    imported: Mapped[bool]
    withdrawn: Mapped[bool] = mapped_column(server_default="false")
