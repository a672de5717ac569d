"""Since which day a credential had which status."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    days: sa.Column[list[object]] = sa.Column(
        "status_days", postgresql.ARRAY(sa.Date()), server_default="{}", nullable=False
    )
    codes: sa.Column[list[str]] = sa.Column(
        "status_codes", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False
    )
    op.add_column("credential", days, schema="session_logging")
    op.add_column("credential", codes, schema="session_logging")
