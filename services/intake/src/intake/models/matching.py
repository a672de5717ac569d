"""Who waits for a peer, what peers say of themselves, whom a person does not wish, and what came of each match."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import CHANGING, CHANGING_READ, Model, Owned, belongs, one_open


class Waiting(Owned):
    """A place in a program's queue. `wishes` seals what the person wishes of a peer; one open per program."""

    __tablename__ = "waiting"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("episode_id", "episode"),
        belongs("assignment_id", "assignment"),
        CheckConstraint("(left_at is null) = (left_reason is null)", name="reason"),
        one_open("participant_id", "program_id", while_empty="left_at", name="uq_waiting_open"),
        Index("ix_waiting_queue", "agency_id", "program_id", "since", "id", postgresql_where=text("left_at is null")),
        Index(None, "agency_id", "participant_id"),
        CHANGING,
    )

    program_id: Mapped[UUID]
    episode_id: Mapped[UUID | None]
    wishes: Mapped[bytes]
    urgency: Mapped[str]
    since: Mapped[date]
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    left_reason: Mapped[str | None]
    assignment_id: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)


class PeerProfile(Model):
    """What a peer says of themselves; `pathways` and `gender` are sealed under the peer's own id."""

    __tablename__ = "peer_profile"
    __table_args__: Any = (
        CheckConstraint("caseload_limit between 0 and 200", name="limit"),
        CheckConstraint("(pathways is null) = (attested_at is null)", name="attested"),
        CheckConstraint("attested_by = staff_id", name="by_themself"),
        CHANGING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    pathways: Mapped[bytes | None]
    attested_at: Mapped[datetime | None]
    attested_by: Mapped[UUID | None]
    gender: Mapped[bytes | None]
    languages: Mapped[list[str]]
    schedule: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    caseload_limit: Mapped[int]
    accepting: Mapped[bool]
    changed_by: Mapped[UUID | None]
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Veto(Owned):
    """A peer whom a person does not wish to work with: never offered again, until the person takes it back."""

    __tablename__ = "veto"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        one_open("participant_id", "staff_id", while_empty="withdrawn_at", name="uq_veto_open"),
        Index(None, "agency_id", "participant_id"),
        CHANGING_READ,
    )

    staff_id: Mapped[UUID]
    reason: Mapped[str]
    match_id: Mapped[UUID | None]
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)


class Match(Owned):
    """One asking for peers that fit; `wishes` seals what was asked for."""

    __tablename__ = "match"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("episode_id", "episode"),
        belongs("waiting_id", "waiting"),
        belongs("assignment_id", "assignment"),
        CheckConstraint("(decided_at is null) = (assignment_id is null)", name="decided"),
        Index(None, "agency_id", "participant_id"),
        CHANGING,
    )

    program_id: Mapped[UUID]
    episode_id: Mapped[UUID | None]
    waiting_id: Mapped[UUID | None]
    wishes: Mapped[bytes]
    asked_by: Mapped[UUID | None]
    asked_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    assignment_id: Mapped[UUID | None]
    over_caseload_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)


class MatchCandidate(Model):
    """One peer of one match, and what came of it. `place`: from 1, the best; null if ruled out."""

    __tablename__ = "match_candidate"
    __table_args__: Any = (
        belongs("match_id", "match"),
        CheckConstraint("(place is null) = (cardinality(because) > 0)", name="place"),
        Index(None, "agency_id", "staff_id"),
        CHANGING,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    match_id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[int | None]
    score: Mapped[int]
    standings: Mapped[dict[str, Any]]
    because: Mapped[list[str]]
    caseload: Mapped[int]
    room: Mapped[int]
    outcome: Mapped[str]
    outcome_reason: Mapped[str | None]
    outcome_at: Mapped[datetime]
