"""What the agency is called on papers, and to which recipient of its consent a package goes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "agency_privacy",
        sa.Column("names", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        schema="intake",
    )
    op.add_column("package", sa.Column("recipient_place", sa.Integer(), nullable=True), schema="intake")
