"""What is to be told on which day, and how each member of staff wants to hear it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SCHEMA = "notification"
BY_WORKER = {"api": ""}


def upgrade() -> None:
    op.add_column(
        "agency",
        sa.Column("holidays", postgresql.ARRAY(sa.Date()), server_default="{}", nullable=False),
        schema=SCHEMA,
    )
    _waiting()
    _heard()
    _wishes()
    # Agencies that were heard of before have their first morning at once.
    op.execute(
        "insert into notification.morning (agency_id, at) select distinct agency_id, now() from notification.agency"
    )


def _waiting() -> None:
    op.create_table(
        "upcoming",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about_id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=True),
        sa.Column("participant_id", sa.UUID(), nullable=True),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("agency_id", "kind", "about_id", name=op.f("pk_upcoming")),
        schema=SCHEMA,
        info=BY_WORKER,
    )
    waits = sa.text("open and next_on is not null")
    op.create_index("ix_upcoming_next", "upcoming", ["agency_id", "next_on"], schema=SCHEMA, postgresql_where=waits)
    op.create_index(op.f("ix_upcoming_agency_id_about_id"), "upcoming", ["agency_id", "about_id"], schema=SCHEMA)
    op.create_index(
        "ix_upcoming_topic",
        "upcoming",
        ["agency_id", "staff_id", "topic"],
        schema=SCHEMA,
        postgresql_where=sa.text("topic is not null"),
    )
    op.create_table(
        "told_of",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("message_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about_id", sa.UUID(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "message_id", "kind", "about_id", name=op.f("pk_told_of")),
        schema=SCHEMA,
        info=BY_WORKER,
    )
    op.create_table(
        "morning",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", name=op.f("pk_morning")),
        schema=SCHEMA,
        info={"reach": "platform", "api": ""},
    )
    op.create_index(op.f("ix_morning_at"), "morning", ["at"], schema=SCHEMA)


def _heard() -> None:
    _table(
        "supervision_held",
        sa.Column("staff_ids", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("voided", sa.Boolean(), nullable=False),
    )
    op.create_index(
        "ix_supervision_held_staff", "supervision_held", ["staff_ids"], schema=SCHEMA, postgresql_using="gin"
    )
    _table(
        "plan",
        sa.Column("participant_id", sa.UUID(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("in_force_to", sa.Date(), nullable=True),
    )
    _table(
        "plan_review",
        sa.Column("plan_id", sa.UUID(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index(op.f("ix_plan_review_agency_id_plan_id"), "plan_review", ["agency_id", "plan_id"], schema=SCHEMA)
    _table(
        "appointment",
        sa.Column("participant_id", sa.UUID(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
    )


def _table(name: str, *columns: sa.Column[object]) -> None:
    """Make the table of a fact that was heard: its newest state, by agency and id."""
    op.create_table(
        name,
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f(f"pk_{name}")),
        schema=SCHEMA,
        info=BY_WORKER,
    )


def _wishes() -> None:
    op.create_table(
        "preference",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("channels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("quiet_from", sa.Text(), nullable=True),
        sa.Column("quiet_to", sa.Text(), nullable=True),
        sa.Column("weekdays", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "staff_id", name=op.f("pk_preference")),
        schema=SCHEMA,
    )
    op.create_table(
        "device",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_round", sa.Integer(), nullable=False),
        sa.Column("code_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind in ('push', 'sms')", name=op.f("ck_device_kind")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_device")),
        schema=SCHEMA,
    )
    op.create_index(
        "uq_device_address",
        "device",
        ["agency_id", "staff_id", "digest"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("withdrawn_at is null"),
    )
