"""How somebody works, and who takes over when they leave."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff", sa.Column("fte", sa.Numeric(3, 2), server_default="1", nullable=False), schema="workforce")
    op.add_column("staff", sa.Column("peer_worker_since", sa.Date(), nullable=True), schema="workforce")
    for name in ("languages", "schedule"):
        op.add_column(
            "staff", sa.Column(name, sa.ARRAY(sa.Text()), server_default="{}", nullable=False), schema="workforce"
        )
    op.add_column("staff", sa.Column("caseload_to", sa.UUID(), nullable=True), schema="workforce")
    op.create_table(
        "assignment",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_assignment")),
        schema="workforce",
        info={"api": "select", "worker": "select, insert, update"},
    )
    op.create_index(
        op.f("ix_assignment_agency_id_staff_id"), "assignment", ["agency_id", "staff_id"], schema="workforce"
    )
