"""Emergencies, packages and consents, and what rests on them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assignment",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_assignment")),
        schema="notification",
    )
    op.create_index(
        op.f("ix_assignment_agency_id_participant_id"),
        "assignment",
        ["agency_id", "participant_id"],
        unique=False,
        schema="notification",
    )
    op.create_table(
        "break_glass",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_break_glass")),
        schema="notification",
    )
    op.create_index(
        op.f("ix_break_glass_agency_id_opened_at"),
        "break_glass",
        ["agency_id", "opened_at"],
        unique=False,
        schema="notification",
    )
    op.create_table(
        "consent",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("participant_id", sa.UUID(), nullable=False),
        sa.Column("consent_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("revoked_recipients", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_consent")),
        schema="notification",
    )
    op.create_table(
        "merge",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("survivor_id", sa.UUID(), nullable=False),
        sa.Column("merged_id", sa.UUID(), nullable=False),
        sa.Column("moved_ids", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_merge")),
        schema="notification",
    )
    op.create_table(
        "package",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("consent_id", sa.UUID(), nullable=True),
        sa.Column("prepared_by", sa.UUID(), nullable=True),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_package")),
        schema="notification",
    )
    op.add_column("message", sa.Column("consent_id", sa.UUID(), nullable=True), schema="notification")
    op.create_index(
        op.f("ix_message_agency_id_consent_id"),
        "message",
        ["agency_id", "consent_id"],
        unique=False,
        schema="notification",
        postgresql_where=sa.text("consent_id is not null"),
    )
    op.add_column(
        "staff",
        sa.Column("roles", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        schema="notification",
    )
