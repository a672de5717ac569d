"""Payers, coverages, authorisations, and the claim lines that are made of sessions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _payers()
    _runs()
    _lines()


def _payers() -> None:
    op.create_table(
        "payer_contract",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("party_id", sa.UUID(), nullable=True),
        sa.Column("program_ids", postgresql.ARRAY(sa.UUID()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_payer_contract")),
        schema="session_logging",
        info={"worker": ""},
    )
    op.create_table(
        "coverage",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("participant_id", sa.UUID(), nullable=False),
        sa.Column("contract_id", sa.UUID(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=True),
        sa.Column("visited_on", sa.Date(), nullable=True),
        sa.Column("consent_id", sa.UUID(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_coverage")),
        schema="session_logging",
        info={"worker": ""},
    )
    op.create_index(
        op.f("ix_coverage_agency_id_contract_id"),
        "coverage",
        ["agency_id", "contract_id"],
        unique=False,
        schema="session_logging",
    )
    op.create_index(
        op.f("ix_coverage_agency_id_participant_id"),
        "coverage",
        ["agency_id", "participant_id"],
        unique=False,
        schema="session_logging",
    )
    op.create_table(
        "authorisation",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("participant_id", sa.UUID(), nullable=False),
        sa.Column("contract_id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("units", sa.Numeric(precision=8, scale=2), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("units > 0 and valid_to >= valid_from", name=op.f("ck_authorisation_amounts")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_authorisation")),
        schema="session_logging",
        info={"worker": ""},
    )
    op.create_index(
        op.f("ix_authorisation_agency_id_contract_id_participant_id"),
        "authorisation",
        ["agency_id", "contract_id", "participant_id"],
        unique=False,
        schema="session_logging",
    )


def _runs() -> None:
    op.create_table(
        "claim_run",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("contract_id", sa.UUID(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("party_id", sa.UUID(), nullable=True),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("made_by", sa.UUID(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_claim_run")),
        schema="session_logging",
        info={"api": "select, insert", "worker": ""},
    )
    op.create_index(
        op.f("ix_claim_run_agency_id_made_at"),
        "claim_run",
        ["agency_id", "made_at"],
        unique=False,
        schema="session_logging",
    )


def _lines() -> None:
    op.create_table(
        "claim_line",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.UUID(), nullable=False),
        sa.Column("participant_id", sa.UUID(), nullable=False),
        sa.Column("coverage_id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=True),
        sa.Column("service_date", sa.Date(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("modifiers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("units", sa.Numeric(precision=8, scale=2), nullable=False),
        sa.Column("stopped_units", sa.Numeric(precision=8, scale=2), nullable=False),
        sa.Column("sealed_for", sa.UUID(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("charge", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("authorisation_id", sa.UUID(), nullable=True),
        sa.Column("reverses", sa.UUID(), nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_id", "run_id"],
            ["session_logging.claim_run.agency_id", "session_logging.claim_run.id"],
            name=op.f("fk_claim_line_agency_id_run_id_claim_run"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_claim_line")),
        schema="session_logging",
        info={"api": "select, insert", "worker": ""},
    )
    op.create_index(
        op.f("ix_claim_line_agency_id_contract_id_service_date"),
        "claim_line",
        ["agency_id", "contract_id", "service_date"],
        unique=False,
        schema="session_logging",
    )
    op.create_index(
        op.f("ix_claim_line_agency_id_reverses"),
        "claim_line",
        ["agency_id", "reverses"],
        unique=True,
        schema="session_logging",
    )
    op.create_index(
        op.f("ix_claim_line_agency_id_run_id_position"),
        "claim_line",
        ["agency_id", "run_id", "position"],
        unique=True,
        schema="session_logging",
    )
    op.create_table(
        "claimed_session",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("line_id", sa.UUID(), nullable=False),
        sa.Column("session_id", sa.UUID(), nullable=False),
        sa.Column("service_date", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "line_id", "session_id", "service_date", name=op.f("pk_claimed_session")),
        schema="session_logging",
        info={"api": "select, insert", "worker": ""},
    )
    op.create_index(
        op.f("ix_claimed_session_agency_id_session_id"),
        "claimed_session",
        ["agency_id", "session_id"],
        unique=False,
        schema="session_logging",
    )
    op.create_table(
        "claim_stop",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("run_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.UUID(), nullable=False),
        sa.Column("service_date", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("units", sa.Numeric(precision=8, scale=2), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "run_id"],
            ["session_logging.claim_run.agency_id", "session_logging.claim_run.id"],
            name=op.f("fk_claim_stop_agency_id_run_id_claim_run"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "run_id", "position", name=op.f("pk_claim_stop")),
        schema="session_logging",
        info={"api": "select, insert", "worker": ""},
    )
