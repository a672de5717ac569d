"""Who takes over from whom that leaves."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff", sa.Column("caseload_to", sa.UUID(), nullable=True), schema="intake")
