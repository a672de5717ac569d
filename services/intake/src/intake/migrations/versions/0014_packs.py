"""Whose rules programs are judged by, and who works in which: what limits a caseload."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, owner, other in (("program_pack", "program_id", "pack_id"), ("placement", "staff_id", "program_id")):
        op.create_table(
            table,
            sa.Column("agency_id", sa.UUID(), nullable=False),
            sa.Column("id", sa.UUID(), nullable=False),
            sa.Column("seq", sa.Integer(), nullable=False),
            sa.Column(owner, sa.UUID(), nullable=False),
            sa.Column(other, sa.Text() if other == "pack_id" else sa.UUID(), nullable=False),
            sa.Column("valid_from", sa.Date(), nullable=False),
            sa.Column("valid_to", sa.Date(), nullable=True),
            sa.PrimaryKeyConstraint("agency_id", "id", name=op.f(f"pk_{table}")),
            schema="intake",
            info={"api": "select", "worker": "select, insert, update"},
        )
        op.create_index(op.f(f"ix_{table}_agency_id_{owner}"), table, ["agency_id", owner], schema="intake")
