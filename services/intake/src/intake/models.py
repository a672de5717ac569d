"""What intake remembers: people, episodes, notices, consents, disclosures, assessments, plans, assignments.

Every sealed column is sealed under the participant's own key. Foreign keys are deferred to the commit, because a
transaction (an import above all) writes parents and children in one flush of no particular order.
"""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from common.tables import COLUMN_TYPES, foundation, schema_metadata


class Model(DeclarativeBase):
    metadata = schema_metadata("intake")
    type_annotation_map: ClassVar = COLUMN_TYPES


TABLES = foundation(Model.metadata)
HEARD = {"info": {"api": "select", "worker": "select, insert, update"}}
CHANGING = {"info": {"api": "select, insert, update", "worker": ""}}
LASTING = {"info": {"api": "select, insert", "worker": ""}}


def _belongs(column: str, table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["agency_id", column],
        [f"intake.{table}.agency_id", f"intake.{table}.id"],
        deferrable=True,
        initially="DEFERRED",
    )


def _one_open(*columns: str, while_empty: str, name: str) -> Index:
    return Index(name, "agency_id", *columns, unique=True, postgresql_where=text(f"{while_empty} is null"))


class Agency(Model):
    """Heard from workforce: the zone in which the agency's days begin and end."""

    __tablename__ = "agency"
    __table_args__: Any = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    zone: Mapped[str]


class Program(Model):
    """Heard from workforce."""

    __tablename__ = "program"
    __table_args__: Any = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    opened_on: Mapped[date]


class Staff(Model):
    """Heard from workforce: who may be assigned, and while employed."""

    __tablename__ = "staff"
    __table_args__: Any = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    roles: Mapped[list[str]]
    employed_from: Mapped[date]
    employed_to: Mapped[date | None]


class Participant(Model):
    """A person served. `identity` seals names, contacts and birth date; the indexes are keyed digests of them."""

    __tablename__ = "participant"
    __table_args__: Any = (
        Index(None, "agency_id", "name_index"),
        Index(None, "agency_id", "alias_index"),
        Index(None, "agency_id", "birth_index"),
        Index(None, "agency_id", "phone_index"),
        Index(None, "agency_id", "email_index"),
        CHANGING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    identity: Mapped[bytes]
    sex: Mapped[str]
    name_index: Mapped[bytes | None]
    alias_index: Mapped[bytes | None]
    birth_index: Mapped[bytes | None]
    phone_index: Mapped[bytes | None]
    email_index: Mapped[bytes | None]
    enrolled_at: Mapped[datetime]
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class ImportedRow(Model):
    """What a row of another system became, so that a repeat of it answers the same ids and writes nothing."""

    __tablename__ = "imported_row"
    __table_args__: Any = (_belongs("participant_id", "participant"), LASTING)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    source_system: Mapped[str] = mapped_column(primary_key=True)
    external_index: Mapped[bytes] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    episode_id: Mapped[UUID]
    plan_id: Mapped[UUID | None]
    goal_ids: Mapped[list[UUID]]
    assignment_id: Mapped[UUID | None]
    imported_at: Mapped[datetime]


class Notice(Model):
    """The privacy notice (42 CFR 2.22) as it was given."""

    __tablename__ = "notice"
    __table_args__: Any = (
        _belongs("participant_id", "participant"),
        Index(None, "agency_id", "participant_id"),
        LASTING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    notice_version: Mapped[str]
    language: Mapped[str]
    channel: Mapped[str]
    given_at: Mapped[datetime]
    given_by: Mapped[UUID | None]
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]


class Episode(Model):
    """One person's time with one program, both days inclusive; one open at a time."""

    __tablename__ = "episode"
    __table_args__: Any = (
        _belongs("participant_id", "participant"),
        CheckConstraint("closed_on is null or closed_on >= opened_on", name="days"),
        CheckConstraint("(closed_on is null) = (close_reason is null)", name="reason"),
        _one_open("participant_id", "program_id", while_empty="closed_on", name="uq_episode_open"),
        Index(None, "agency_id", "participant_id"),
        CHANGING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    program_id: Mapped[UUID]
    opened_on: Mapped[date]
    closed_on: Mapped[date | None]
    close_reason: Mapped[str | None]
    deceased_on: Mapped[date | None]
    single_contact_outreach: Mapped[bool]
    voluntary_acknowledged_at: Mapped[datetime | None]
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Consent(Model):
    """A signed consent (42 CFR 2.31). `terms` seals what was agreed, and never changes; expiry is never stored."""

    __tablename__ = "consent"
    __table_args__: Any = (
        _belongs("participant_id", "participant"),
        Index(None, "agency_id", "participant_id"),
        CHANGING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    consent_type: Mapped[str]
    terms: Mapped[bytes]
    expires_on: Mapped[date | None]
    signed_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoker_capacity: Mapped[str | None]
    revocation_evidence: Mapped[str | None]
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Disclosure(Model):
    """One line of the accounting (42 CFR 2.25); `details` seals to whom and what. Nobody may change it.

    `basis_valid` is always true for what was disclosed here; another system's history may tell of a mistake.
    """

    __tablename__ = "disclosure"
    __table_args__: Any = (
        _belongs("participant_id", "participant"),
        _belongs("consent_id", "consent"),
        CheckConstraint("(basis = 'consent') = (consent_id is not null)", name="basis"),
        Index(None, "agency_id", "participant_id"),
        Index(None, "agency_id", "consent_id"),
        LASTING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    basis: Mapped[str]
    consent_id: Mapped[UUID | None]
    purpose: Mapped[str]
    categories: Mapped[list[str]]
    details: Mapped[bytes]
    notice_statement: Mapped[str | None]
    scope_attached: Mapped[str | None]
    reason_code: Mapped[str | None]
    reference: Mapped[str | None]
    subpoena_reference: Mapped[str | None]
    basis_valid: Mapped[bool]
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]
    source_system: Mapped[str | None]


class Assessment(Model):
    """Answers at one point; `use_days` seals which substances, `use_days_30` is the largest of their days."""

    __tablename__ = "assessment"
    __table_args__: Any = (
        _belongs("participant_id", "participant"),
        _belongs("episode_id", "episode"),
        CheckConstraint("use_days_30 between 0 and 30", name="use_days"),
        Index(None, "agency_id", "episode_id"),
        LASTING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    episode_id: Mapped[UUID]
    point: Mapped[str]
    collected_on: Mapped[date]
    use_days: Mapped[bytes | None]
    use_days_30: Mapped[int | None]
    employment: Mapped[str | None]
    in_education: Mapped[bool | None]
    housing: Mapped[str | None]
    arrests_30: Mapped[int | None]
    mutual_aid_count_30: Mapped[int | None]
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]


class Plan(Model):
    """A recovery plan agreed with the person; one in force per episode."""

    __tablename__ = "plan"
    __table_args__: Any = (
        _belongs("participant_id", "participant"),
        _belongs("episode_id", "episode"),
        _one_open("episode_id", while_empty="in_force_to", name="uq_plan_in_force"),
        CHANGING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    episode_id: Mapped[UUID]
    agreed_at: Mapped[datetime]
    in_force_to: Mapped[date | None]
    declined_dimensions: Mapped[list[str]]
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Goal(Model):
    """One goal of a plan, in the order agreed; `words` seals the goal as it was said."""

    __tablename__ = "goal"
    __table_args__: Any = (
        _belongs("plan_id", "plan"),
        CheckConstraint("active_to is null or active_to >= active_from", name="days"),
        Index(None, "agency_id", "plan_id"),
        CHANGING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    plan_id: Mapped[UUID]
    position: Mapped[int]
    dimension: Mapped[str]
    stated_by: Mapped[str]
    words: Mapped[bytes]
    active_from: Mapped[date]
    active_to: Mapped[date | None]


class Assignment(Model):
    """Which peer works with whom, both days inclusive: also who may see what (42 CFR 2.12(c)(3))."""

    __tablename__ = "assignment"
    __table_args__: Any = (
        _belongs("participant_id", "participant"),
        _belongs("episode_id", "episode"),
        CheckConstraint("valid_to is null or valid_to >= valid_from", name="days"),
        _one_open("episode_id", "staff_id", while_empty="valid_to", name="uq_assignment_open"),
        Index(None, "agency_id", "staff_id", "participant_id"),
        CHANGING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    episode_id: Mapped[UUID]
    program_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
