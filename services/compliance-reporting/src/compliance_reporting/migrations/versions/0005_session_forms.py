"""Every form of peer support, what was at work in it, its flags and its review."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

LISTS = ("competencies", "mechanisms", "navigation", "flags")
TEXTS = ("attempt_outcome", "handoff_way", "handoff_receiver", "late_reason", "review")


def upgrade() -> None:
    columns: list[sa.Column[Any]] = [
        *(sa.Column(name, postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False) for name in LISTS),
        *(sa.Column(name, sa.Text(), nullable=True) for name in TEXTS),
        sa.Column("handoff_accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cosigned_by", sa.UUID(), nullable=True),
        sa.Column("cosigned_at", sa.DateTime(timezone=True), nullable=True),
    ]
    for column in columns:
        op.add_column("fact_session", column, schema="compliance_reporting")
    cosignature = sa.Column("cosignature", sa.Text(), server_default="never", nullable=False)
    op.add_column("fact_program", cosignature, schema="compliance_reporting")
