"""A message leaves by one of several channels, and every try keeps the provider's answer."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MESSAGE: tuple[sa.Column[Any], ...] = (
    sa.Column("audience", sa.Text(), server_default="staff", nullable=False),
    sa.Column("purpose", sa.Text(), server_default="work", nullable=False),
    sa.Column("only_by", sa.Text(), nullable=True),
    sa.Column("channel", sa.Text(), nullable=True),
    sa.Column("failed_channels", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    sa.Column("template_id", sa.UUID(), nullable=True),
    sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
    sa.Column("useful_until", sa.DateTime(timezone=True), nullable=True),
    sa.Column("held_by", sa.Text(), nullable=True),
    sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
)
ATTEMPT: tuple[sa.Column[Any], ...] = (
    sa.Column("channel", sa.Text(), server_default="email", nullable=False),
    sa.Column("provider_id", sa.Text(), nullable=True),
    sa.Column("provider_status", sa.Text(), nullable=True),
    sa.Column("provider_at", sa.DateTime(timezone=True), nullable=True),
)


def upgrade() -> None:
    for table, columns in (("message", MESSAGE), ("delivery_attempt", ATTEMPT)):
        for column in columns:
            op.add_column(table, column, schema="notification")
    op.drop_constraint(op.f("uq_message_agency_id_template_recipient_id_occasion"), "message", schema="notification")
    states = "state in ('queued', 'sending', 'unknown', 'sent', 'failed', 'cancelled')"
    op.drop_constraint(op.f("ck_message_state"), "message", schema="notification")
    op.create_check_constraint(op.f("ck_message_state"), "message", states, schema="notification")
    op.create_unique_constraint(
        "uq_message_intent",
        "message",
        ["agency_id", "template", "recipient_id", "occasion", "only_by"],
        schema="notification",
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("ix_message_recipient", "message", ["agency_id", "recipient_id", "id"], schema="notification")
    op.create_index(
        "ix_message_held",
        "message",
        ["agency_id", "recipient_id"],
        schema="notification",
        postgresql_where=sa.text("held_by is not null"),
    )
