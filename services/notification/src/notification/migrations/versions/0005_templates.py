"""An agency's own words for messages to persons, approved by another than who wrote them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message_template",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("texts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("written_by", sa.UUID(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.UUID(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state in ('draft', 'approved', 'retired')", name=op.f("ck_message_template_state")),
        sa.CheckConstraint(
            "approved_by is null or approved_by <> written_by", name=op.f("ck_message_template_approved_by")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_message_template")),
        schema="notification",
    )
    op.create_index(
        "uq_message_template_approved",
        "message_template",
        ["agency_id", "kind"],
        unique=True,
        schema="notification",
        postgresql_where=sa.text("state = 'approved'"),
    )
