"""Who is on call, and how far a safety concern has climbed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "climb",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("concern_id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "concern_id", name=op.f("pk_climb")),
        schema="notification",
        info={"reach": "platform", "api": "select, insert, update, delete", "worker": "select, insert, update, delete"},
    )
    op.create_index(op.f("ix_climb_at"), "climb", ["at"], unique=False, schema="notification")
    op.create_table(
        "duty",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("weekdays", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("begins", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_by", sa.UUID(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("rung between 1 and 9", name=op.f("ck_duty_rung")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_duty_valid")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_duty")),
        schema="notification",
        info={"api": "select, insert, update", "worker": "select"},
    )
    op.create_table(
        "escalation",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.UUID(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.UUID(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_off_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("paged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_page_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("nobody_on_call", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_escalation")),
        schema="notification",
    )
    op.create_index(
        op.f("ix_escalation_agency_id_status"),
        "escalation",
        ["agency_id", "status"],
        unique=False,
        schema="notification",
    )
