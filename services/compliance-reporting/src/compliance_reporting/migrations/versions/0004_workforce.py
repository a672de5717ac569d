"""What counts the workforce: packs, placements, histories of credentials, training, attestations and supervision."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fact_attestation",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_fact_attestation")),
        schema="compliance_reporting",
    )
    op.create_table(
        "fact_competency",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("assessor_id", sa.UUID(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("assessed_on", sa.Date(), nullable=False),
        sa.Column("categories", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("voided", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_fact_competency")),
        schema="compliance_reporting",
    )
    op.create_table(
        "fact_placement",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("program_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("fte", sa.Numeric(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_fact_placement")),
        schema="compliance_reporting",
    )
    op.create_table(
        "fact_program_pack",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("program_id", sa.UUID(), nullable=False),
        sa.Column("pack_id", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_fact_program_pack")),
        schema="compliance_reporting",
    )
    op.create_table(
        "fact_supervision",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("supervisor_id", sa.UUID(), nullable=False),
        sa.Column("staff_ids", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("topics", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("voided", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_fact_supervision")),
        schema="compliance_reporting",
    )
    op.create_index(
        op.f("ix_fact_supervision_agency_id_held_on"),
        "fact_supervision",
        ["agency_id", "held_on"],
        unique=False,
        schema="compliance_reporting",
    )
    op.create_table(
        "fact_training",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("hours", sa.Numeric(), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=False),
        sa.Column("categories", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("voided", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_fact_training")),
        schema="compliance_reporting",
    )
    op.create_table(
        "fact_work_hours",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("hours", sa.Numeric(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("voided", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_fact_work_hours")),
        schema="compliance_reporting",
    )
    op.add_column(
        "fact_credential",
        sa.Column("statuses", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        schema="compliance_reporting",
    )
    op.add_column("fact_credential", sa.Column("stage", sa.Text(), nullable=True), schema="compliance_reporting")
    op.add_column("fact_credential", sa.Column("cycle_from", sa.Date(), nullable=True), schema="compliance_reporting")
    op.add_column("fact_credential", sa.Column("renewal_on", sa.Date(), nullable=True), schema="compliance_reporting")
    op.add_column(
        "fact_credential", sa.Column("exam_passed_on", sa.Date(), nullable=True), schema="compliance_reporting"
    )
    op.add_column("fact_staff", sa.Column("caseload_to", sa.UUID(), nullable=True), schema="compliance_reporting")
    op.add_column(
        "fact_staff", sa.Column("fte", sa.Numeric(), server_default="1", nullable=False), schema="compliance_reporting"
    )
    op.add_column("fact_staff", sa.Column("peer_worker_since", sa.Date(), nullable=True), schema="compliance_reporting")
    op.add_column(
        "fact_supervisor",
        sa.Column("fte", sa.Numeric(), server_default="1", nullable=False),
        schema="compliance_reporting",
    )
    op.add_column("fact_consent", sa.Column("recipients", sa.Integer(), nullable=True), schema="compliance_reporting")
