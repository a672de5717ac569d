"""What a disclosure may rest on or be stopped by: parties outside, relations, agreements, orders, restrictions."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import CHANGING, CHANGING_READ, Model, Owned, belongs


class Party(Model):
    """An organization or office outside the program: in no way about a participant, so in plain words."""

    __tablename__ = "party"
    __table_args__: Any = (Index("ix_party_name", "agency_id", "name"), CHANGING_READ)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    address: Mapped[str | None]
    covered_entity: Mapped[bool]
    part2_program: Mapped[bool]
    medical_personnel: Mapped[bool]
    ended_on: Mapped[date | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class CareRelation(Owned):
    """That a party stands in a relation to one person, so that a class in a consent means it."""

    __tablename__ = "care_relation"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("party_id", "party"),
        # One that turned out never to have held ends on the day before it began.
        CheckConstraint("valid_to is null or valid_to >= valid_from - 1", name="period"),
        Index(None, "agency_id", "participant_id", "party_id"),
        CHANGING,
    )

    party_id: Mapped[UUID]
    relation: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)


class Agreement(Model):
    """A written agreement with a party: qualified service, audit and evaluation, research, contractor.

    Live from `valid_from` to `valid_to`, both included; from `ended_on` on, that day included, it is not.
    """

    __tablename__ = "agreement"
    __table_args__: Any = (
        belongs("party_id", "party"),
        CheckConstraint("valid_to >= valid_from", name="period"),
        Index(None, "agency_id", "kind", "party_id"),
        CHANGING_READ,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    party_id: Mapped[UUID]
    services: Mapped[str]
    categories: Mapped[list[str]]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    copies_allowed: Mapped[bool]
    destroy_by: Mapped[date | None]
    approving_body: Mapped[str | None]
    agreed_by: Mapped[str | None]
    promises: Mapped[list[str]] = mapped_column(server_default="{}")
    evidence_sha256: Mapped[str]
    ended_on: Mapped[date | None]
    end_reason: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)


class CourtOrder(Owned):
    """A court's order about one person's records and, beside it, the subpoena that compels. `details` is sealed."""

    __tablename__ = "court_order"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("party_id", "party"),
        Index(None, "agency_id", "participant_id"),
        CHANGING,
    )

    section: Mapped[str]
    party_id: Mapped[UUID | None]
    details: Mapped[bytes]
    findings: Mapped[list[str]]
    notice_given: Mapped[bool]
    categories: Mapped[list[str]]
    names_counseling_notes: Mapped[bool]
    confidential_communications: Mapped[bool] = mapped_column(server_default=text("false"))
    against_patient: Mapped[bool]
    issued_on: Mapped[date]
    expires_on: Mapped[date | None]
    subpoena_on: Mapped[date | None]
    subpoena_by: Mapped[UUID | None]
    counsel_signed_at: Mapped[datetime | None]
    counsel_signed_by: Mapped[UUID | None]
    ended_on: Mapped[date | None]
    end_reason: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)


class LegalDemand(Model):
    """What somebody demanded by subpoena, warrant or word, for counsel. `words` is sealed under the demand's own key.

    It names no participant, so that nothing done about it depends on whether the person is known here.
    """

    __tablename__ = "legal_demand"
    __table_args__: Any = (
        CheckConstraint("(state = 'open') = (closed_at is null)", name="closed"),
        Index("ix_legal_demand_state", "agency_id", "state", "id"),
        CHANGING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    state: Mapped[str]
    words: Mapped[bytes]
    received_at: Mapped[datetime]
    received_by: Mapped[UUID | None]
    answer_due_on: Mapped[date | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]
    outcome: Mapped[str | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Restriction(Owned):
    """What a person asked not to be disclosed (42 CFR 2.26) and what the program answered; `words` is sealed.

    Ended by the program, it goes on for the records made up to the day of `ended_at`.
    """

    __tablename__ = "restriction"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        ForeignKeyConstraint(["agency_id", "party_id"], ["intake.party.agency_id", "intake.party.id"]),
        CheckConstraint("(state = 'asked') = (decided_at is null)", name="decided"),
        CheckConstraint("(state = 'ended') = (ended_at is not null)", name="ended"),
        Index(None, "agency_id", "participant_id"),
        CHANGING,
    )

    state: Mapped[str]
    words: Mapped[bytes]
    categories: Mapped[list[str]]
    purposes: Mapped[list[str]]
    party_id: Mapped[UUID | None]
    to_health_plan: Mapped[bool]
    paid_in_full: Mapped[bool]
    asked_at: Mapped[datetime]
    asked_by_capacity: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    reason: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]
    end_kind: Mapped[str | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
