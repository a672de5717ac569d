"""Demands of the law, what agreements promise, what an order reaches, and what a determination looked at."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "legal_demand",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.UUID(), nullable=True),
        sa.Column("answer_due_on", sa.Date(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.UUID(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'open') = (closed_at is null)", name=op.f("ck_legal_demand_closed")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_legal_demand")),
        schema="intake",
        info={"api": "select, insert, update", "worker": ""},
    )
    op.create_index("ix_legal_demand_state", "legal_demand", ["agency_id", "state", "id"], schema="intake")
    op.add_column("agreement", sa.Column("agreed_by", sa.Text(), nullable=True), schema="intake")
    promises: sa.Column[list[str]] = sa.Column(
        "promises", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False
    )
    op.add_column("agreement", promises, schema="intake")
    reaches: sa.Column[bool] = sa.Column(
        "confidential_communications", sa.Boolean(), server_default=sa.text("false"), nullable=False
    )
    op.add_column("court_order", reaches, schema="intake")
    op.add_column("court_order", sa.Column("subpoena_by", sa.UUID(), nullable=True), schema="intake")
    op.add_column("court_order", sa.Column("end_reason", sa.Text(), nullable=True), schema="intake")
    # A relation that turned out never to have held ends on the day before it began.
    period = op.f("ck_care_relation_period")
    op.drop_constraint(period, "care_relation", schema="intake")
    op.create_check_constraint(
        period, "care_relation", "valid_to is null or valid_to >= valid_from - 1", schema="intake"
    )
    looked_at: sa.Column[list[str]] = sa.Column(
        "ground_codes", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False
    )
    op.add_column("determination", looked_at, schema="intake")
