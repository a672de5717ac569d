"""Meetings that were counted by mistake."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "fact_mutual_aid",
        sa.Column("withdrawn", sa.Boolean(), server_default="false", nullable=False),
        schema="compliance_reporting",
    )
