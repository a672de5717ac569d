"""Recovery plans with their goals, tasks and earlier versions, and what is noted beside them as time goes on."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import CHANGING, LASTING, Model, Owned, belongs, one_open


class Plan(Owned):
    """A recovery plan agreed with the person; one in force per episode. `strengths` seals a list of their words."""

    __tablename__ = "plan"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("episode_id", "episode"),
        one_open("episode_id", while_empty="in_force_to", name="uq_plan_in_force"),
        Index("ix_plan_participant", "agency_id", "participant_id", "id"),
        Index("ix_plan_episode", "agency_id", "episode_id", "id"),
        CHANGING,
    )

    episode_id: Mapped[UUID]
    agreed_at: Mapped[datetime]
    in_force_to: Mapped[date | None]
    declined_dimensions: Mapped[list[str]]
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    strengths: Mapped[bytes | None]


class Goal(Model):
    """One goal of a plan, in the order agreed; `words` seals the goal as it was said, `measure` how they will know.

    `standing` and `standing_on` repeat the latest progress.
    """

    __tablename__ = "goal"
    __table_args__: Any = (
        belongs("plan_id", "plan"),
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
    other_dimensions: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    measure: Mapped[bytes | None]
    by_when: Mapped[date | None]
    standing: Mapped[str | None]
    standing_on: Mapped[date | None]


class GoalTask(Owned):
    """One step towards a goal, in the order agreed, and who takes it."""

    __tablename__ = "goal_task"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("plan_id", "plan"),
        belongs("goal_id", "goal"),
        CheckConstraint("(status = 'done') = (done_on is not null)", name="done"),
        Index(None, "agency_id", "plan_id"),
        CHANGING,
    )

    plan_id: Mapped[UUID]
    goal_id: Mapped[UUID]
    position: Mapped[int]
    words: Mapped[bytes]
    done_by: Mapped[str]
    due_on: Mapped[date | None]
    status: Mapped[str]
    done_on: Mapped[date | None]


class PlanVersion(Owned):
    """A plan as it stood until it was changed: `state` seals all of it, `change` says what ended the version.

    A plan that ends keeps no state: until then it stood as it does now, but for its last day.
    """

    __tablename__ = "plan_version"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("plan_id", "plan"),
        Index("uq_plan_version", "agency_id", "plan_id", "version", unique=True),
        LASTING,
    )

    plan_id: Mapped[UUID]
    version: Mapped[int]
    state: Mapped[bytes | None]
    change: Mapped[str]
    stood_until: Mapped[datetime]
    changed_by: Mapped[UUID | None]


class GoalProgress(Owned):
    """How near a goal was on a day, and who said so; `words` is sealed."""

    __tablename__ = "goal_progress"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("goal_id", "goal"),
        Index("ix_goal_progress_newest", "agency_id", "goal_id", "on", "id"),
        LASTING,
    )

    goal_id: Mapped[UUID]
    on: Mapped[date]
    standing: Mapped[str]
    said_by: Mapped[str]
    words: Mapped[bytes | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]


class PlanReview(Owned):
    """A look back at a plan; `words` is sealed."""

    __tablename__ = "plan_review"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("plan_id", "plan"),
        Index("ix_plan_review_newest", "agency_id", "plan_id", "reviewed_at", "id"),
        LASTING,
    )

    plan_id: Mapped[UUID]
    plan_version: Mapped[int]
    reviewed_at: Mapped[datetime]
    with_participant: Mapped[bool]
    words: Mapped[bytes | None]
    next_review_on: Mapped[date | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]


class PlanAgreement(Owned):
    """The person's own yes to one version of a plan; `terms` seals the signature or the words that were witnessed."""

    __tablename__ = "plan_agreement"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("plan_id", "plan"),
        Index(None, "agency_id", "plan_id", "id"),
        LASTING,
    )

    plan_id: Mapped[UUID]
    plan_version: Mapped[int]
    method: Mapped[str]
    agreed_at: Mapped[datetime]
    terms: Mapped[bytes]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]


class MeetingInvitation(Owned):
    """A warm invitation to a mutual-aid meeting: the kind and at most the directory's id, never who else was there."""

    __tablename__ = "meeting_invitation"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("plan_id", "plan"),
        CheckConstraint("plan_id is not null or session_id is not null", name="noted_on"),
        Index("ix_meeting_invitation_newest", "agency_id", "plan_id", "invited_on", "id"),
        Index("ix_meeting_invitation_person", "agency_id", "participant_id", "invited_on", "id"),
        CHANGING,
    )

    plan_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    meeting_id: Mapped[UUID | None]
    kind: Mapped[str]
    invited_on: Mapped[date]
    how: Mapped[str]
    went: Mapped[bool | None]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)
