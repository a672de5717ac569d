"""Consents as they may stand now, agreements, labels of origin, and who was shown to an auditor."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fact_agreement",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_fact_agreement")),
        schema="compliance_reporting",
    )
    op.create_table(
        "identity_release",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("agreement_id", sa.UUID(), nullable=False),
        sa.Column("report_id", sa.UUID(), nullable=False),
        sa.Column("measure_id", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("participant_ids", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_identity_release")),
        schema="compliance_reporting",
    )
    op.create_index(
        op.f("ix_identity_release_agency_id_agreement_id"),
        "identity_release",
        ["agency_id", "agreement_id"],
        unique=False,
        schema="compliance_reporting",
    )
    op.add_column("fact_consent", sa.Column("starts_on", sa.Date(), nullable=True), schema="compliance_reporting")
    op.add_column(
        "fact_consent",
        sa.Column("revoked_recipients", postgresql.ARRAY(sa.Integer()), server_default="{}", nullable=False),
        schema="compliance_reporting",
    )
    op.add_column(
        "fact_consent",
        sa.Column("ended", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="compliance_reporting",
    )
    op.add_column("fact_disclosure", sa.Column("origin", sa.Text(), nullable=True), schema="compliance_reporting")
    op.add_column("fact_participant", sa.Column("origin", sa.Text(), nullable=True), schema="compliance_reporting")
