"""Whose notes a supervisor co-signs, program by program."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("cosignature", sa.Text(), server_default="never", nullable=False)
    op.add_column("program", column, schema="workforce")
