"""An agency's own systems, and what they are told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SCHEMA = "notification"
ALL = "select, insert, update, delete"


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("url", sa.LargeBinary(), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("old_secret", sa.LargeBinary(), nullable=True),
        sa.Column("old_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("participants_because", sa.LargeBinary(), nullable=True),
        sa.Column("registered_by", sa.UUID(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_webhook")),
        schema=SCHEMA,
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("webhook_id", sa.UUID(), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('queued', 'sending', 'delivered', 'cancelled')", name=op.f("ck_webhook_delivery_state")
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "webhook_id"],
            ["notification.webhook.agency_id", "notification.webhook.id"],
            name=op.f("fk_webhook_delivery_agency_id_webhook"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "webhook_id", "event_id", name=op.f("pk_webhook_delivery")),
        schema=SCHEMA,
        info={"worker": ALL},
    )
    op.create_index(
        op.f("ix_webhook_delivery_agency_id_created_at"), "webhook_delivery", ["agency_id", "created_at"], schema=SCHEMA
    )
    op.create_table(
        "webhook_due",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("webhook_id", sa.UUID(), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "webhook_id", "event_id", name=op.f("pk_webhook_due")),
        schema=SCHEMA,
        info={"reach": "platform", "api": ALL, "worker": ALL},
    )
    op.create_index(op.f("ix_webhook_due_at"), "webhook_due", ["at"], schema=SCHEMA)
