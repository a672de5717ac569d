"""Who agreed to which messages, which numbers want none, and what people answered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contact_standing",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_by", sa.Text(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("helped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("channel in ('sms', 'email')", name=op.f("ck_contact_standing_channel")),
        sa.CheckConstraint("(stopped_at is null) = (stopped_by is null)", name=op.f("ck_contact_standing_stopped_by")),
        sa.PrimaryKeyConstraint("digest", "channel", name=op.f("pk_contact_standing")),
        schema="notification",
        info={"reach": "shared", "api": "select, insert, update", "worker": "select, insert, update"},
    )
    op.create_table(
        "inbound",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("routed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("raises", sa.Boolean(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_inbound")),
        schema="notification",
        info={"reach": "shared", "api": "select, insert", "worker": "select, update"},
    )
    op.create_index(
        "ix_inbound_due",
        "inbound",
        ["at"],
        unique=False,
        schema="notification",
        postgresql_where=sa.text("routed_at is null or raises and raised_at is null"),
    )
    op.create_table(
        "correspondent",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("participant_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "participant_id", "channel", "digest", name=op.f("pk_correspondent")),
        schema="notification",
        info={"reach": "platform", "api": "select", "worker": "select, insert, update"},
    )
    op.create_index(
        "ix_correspondent_digest", "correspondent", ["digest", "last_at"], unique=False, schema="notification"
    )
    op.create_table(
        "message_consent",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("participant_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("purposes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("shown", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_by", sa.UUID(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("channel in ('sms', 'email')", name=op.f("ck_message_consent_channel")),
        sa.CheckConstraint("cardinality(purposes) > 0", name=op.f("ck_message_consent_purposes")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_message_consent")),
        schema="notification",
    )
    op.create_index(
        "uq_message_consent_standing",
        "message_consent",
        ["agency_id", "participant_id", "channel", "digest"],
        unique=True,
        schema="notification",
        postgresql_where=sa.text("withdrawn_at is null"),
    )
    op.create_table(
        "reply",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("participant_id", sa.UUID(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("resolved_by", sa.UUID(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_reply")),
        schema="notification",
        info={"api": "select, update"},
    )
    op.create_index(
        op.f("ix_reply_agency_id_participant_id_id"),
        "reply",
        ["agency_id", "participant_id", "id"],
        unique=False,
        schema="notification",
    )
    op.create_index(
        "ix_reply_waiting",
        "reply",
        ["agency_id", "id"],
        unique=False,
        schema="notification",
        postgresql_where=sa.text("waits and resolved_at is null"),
    )
    op.create_index("uq_reply_provider", "reply", ["agency_id", "provider_id"], unique=True, schema="notification")
