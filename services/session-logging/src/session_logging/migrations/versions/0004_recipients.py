"""How many recipients a consent names, so that there is no contact with one that it does not."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consent", sa.Column("recipients", sa.Integer(), nullable=True), schema="session_logging")
