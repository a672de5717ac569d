"""Tables of trainings, attestations, competencies, hours and supervisions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attestation",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text_version", sa.Text(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("witness_id", sa.UUID(), nullable=True),
        sa.Column("evidence_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("witness_id <> staff_id", name=op.f("ck_attestation_not_own_witness")),
        sa.ForeignKeyConstraint(
            ["agency_id", "staff_id"],
            ["workforce.staff.agency_id", "workforce.staff.id"],
            name=op.f("fk_attestation_agency_id_staff_id_staff"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_attestation")),
        schema="workforce",
    )
    op.create_index(
        op.f("ix_attestation_agency_id_staff_id"),
        "attestation",
        ["agency_id", "staff_id"],
        unique=False,
        schema="workforce",
    )
    op.create_table(
        "competency_assessment",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("assessor_id", sa.UUID(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("assessed_on", sa.Date(), nullable=False),
        sa.Column("categories", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("levels", sa.LargeBinary(), nullable=False),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "staff_id"],
            ["workforce.staff.agency_id", "workforce.staff.id"],
            name=op.f("fk_competency_assessment_agency_id_staff_id_staff"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_competency_assessment")),
        schema="workforce",
    )
    op.create_index(
        op.f("ix_competency_assessment_agency_id_staff_id_id"),
        "competency_assessment",
        ["agency_id", "staff_id", "id"],
        unique=False,
        schema="workforce",
    )
    op.create_table(
        "supervision",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("supervisor_id", sa.UUID(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("topics", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("own_notes", sa.LargeBinary(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.UUID(), nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("minutes between 1 and 600", name=op.f("ck_supervision_minutes")),
        sa.ForeignKeyConstraint(
            ["agency_id", "supervisor_id"],
            ["workforce.staff.agency_id", "workforce.staff.id"],
            name=op.f("fk_supervision_agency_id_supervisor_id_staff"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_supervision")),
        schema="workforce",
    )
    op.create_index(
        op.f("ix_supervision_agency_id_held_on_id"),
        "supervision",
        ["agency_id", "held_on", "id"],
        unique=False,
        schema="workforce",
    )
    op.create_index(
        op.f("ix_supervision_agency_id_supervisor_id_held_on_id"),
        "supervision",
        ["agency_id", "supervisor_id", "held_on", "id"],
        unique=False,
        schema="workforce",
    )
    op.create_table(
        "training",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("hours", sa.Numeric(precision=6, scale=2), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=False),
        sa.Column("categories", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("evidence_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("likeness", sa.LargeBinary(), nullable=False),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.UUID(), nullable=True),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("hours > 0 and hours * 4 = trunc(hours * 4)", name=op.f("ck_training_quarter_hours")),
        sa.ForeignKeyConstraint(
            ["agency_id", "staff_id"],
            ["workforce.staff.agency_id", "workforce.staff.id"],
            name=op.f("fk_training_agency_id_staff_id_staff"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_training")),
        schema="workforce",
    )
    op.create_index(
        op.f("ix_training_agency_id_staff_id_completed_on_id"),
        "training",
        ["agency_id", "staff_id", "completed_on", "id"],
        unique=False,
        schema="workforce",
    )
    op.create_index(
        "ix_training_likeness",
        "training",
        ["agency_id", "likeness"],
        unique=True,
        schema="workforce",
        postgresql_where=sa.text("void_reason is null"),
    )
    op.create_table(
        "work_hours",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("hours", sa.Numeric(precision=7, scale=2), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("place", sa.LargeBinary(), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.UUID(), nullable=True),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("hours > 0 and hours * 4 = trunc(hours * 4)", name=op.f("ck_work_hours_quarter_hours")),
        sa.CheckConstraint("to_on >= from_on", name=op.f("ck_work_hours_period")),
        sa.ForeignKeyConstraint(
            ["agency_id", "staff_id"],
            ["workforce.staff.agency_id", "workforce.staff.id"],
            name=op.f("fk_work_hours_agency_id_staff_id_staff"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_work_hours")),
        schema="workforce",
    )
    op.create_index(
        op.f("ix_work_hours_agency_id_staff_id_to_on_id"),
        "work_hours",
        ["agency_id", "staff_id", "to_on", "id"],
        unique=False,
        schema="workforce",
    )
    op.create_table(
        "credential_correction",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("credential_id", sa.UUID(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("said", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=True),
        sa.Column("corrected_by", sa.UUID(), nullable=True),
        sa.Column(
            "corrected_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "credential_id"],
            ["workforce.credential.agency_id", "workforce.credential.id"],
            name=op.f("fk_credential_correction_agency_id_credential_id_credential"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_credential_correction")),
        schema="workforce",
        info={"api": "select, insert", "worker": ""},
    )
    op.create_index(
        op.f("ix_credential_correction_agency_id_credential_id"),
        "credential_correction",
        ["agency_id", "credential_id"],
        unique=False,
        schema="workforce",
    )
    op.create_table(
        "credential_status",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("credential_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("recorded_by", sa.UUID(), nullable=True),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "credential_id"],
            ["workforce.credential.agency_id", "workforce.credential.id"],
            name=op.f("fk_credential_status_agency_id_credential_id_credential"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_credential_status")),
        schema="workforce",
    )
    op.create_index(
        op.f("ix_credential_status_agency_id_credential_id_since"),
        "credential_status",
        ["agency_id", "credential_id", "since"],
        unique=False,
        schema="workforce",
    )
    op.create_table(
        "supervised_worker",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("supervision_id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_id", "staff_id"],
            ["workforce.staff.agency_id", "workforce.staff.id"],
            name=op.f("fk_supervised_worker_agency_id_staff_id_staff"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "supervision_id"],
            ["workforce.supervision.agency_id", "workforce.supervision.id"],
            name=op.f("fk_supervised_worker_agency_id_supervision_id_supervision"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "supervision_id", "staff_id", name=op.f("pk_supervised_worker")),
        schema="workforce",
        info={"api": "select, insert", "worker": ""},
    )
    op.create_index(
        op.f("ix_supervised_worker_agency_id_staff_id_supervision_id"),
        "supervised_worker",
        ["agency_id", "staff_id", "supervision_id"],
        unique=False,
        schema="workforce",
    )
    op.create_table(
        "supervision_follow_up",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("supervision_id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("what", sa.LargeBinary(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("done_by", sa.UUID(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "supervision_id", "staff_id"],
            [
                "workforce.supervised_worker.agency_id",
                "workforce.supervised_worker.supervision_id",
                "workforce.supervised_worker.staff_id",
            ],
            name="fk_supervision_follow_up_worker",
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_supervision_follow_up")),
        schema="workforce",
    )
    op.create_index(
        op.f("ix_supervision_follow_up_agency_id_staff_id_due_on_id"),
        "supervision_follow_up",
        ["agency_id", "staff_id", "due_on", "id"],
        unique=False,
        schema="workforce",
    )
    op.create_index(
        op.f("ix_supervision_follow_up_agency_id_supervision_id"),
        "supervision_follow_up",
        ["agency_id", "supervision_id"],
        unique=False,
        schema="workforce",
    )
    op.add_column("credential", sa.Column("number", sa.LargeBinary(), nullable=True), schema="workforce")
    op.add_column("credential", sa.Column("stage", sa.Text(), nullable=True), schema="workforce")
    op.add_column("credential", sa.Column("cycle_from", sa.Date(), nullable=True), schema="workforce")
    op.add_column("credential", sa.Column("renewal_on", sa.Date(), nullable=True), schema="workforce")
    op.add_column("credential", sa.Column("exam_passed_on", sa.Date(), nullable=True), schema="workforce")
    op.add_column("credential", sa.Column("renews", sa.UUID(), nullable=True), schema="workforce")
    op.create_index(
        op.f("ix_credential_agency_id_valid_to_id"),
        "credential",
        ["agency_id", "valid_to", "id"],
        unique=False,
        schema="workforce",
    )
    op.create_index("ix_credential_renews", "credential", ["agency_id", "renews"], unique=True, schema="workforce")
    op.create_foreign_key(
        op.f("fk_credential_agency_id_renews_credential"),
        "credential",
        "credential",
        ["agency_id", "renews"],
        ["agency_id", "id"],
        source_schema="workforce",
        referent_schema="workforce",
    )
    op.add_column(
        "supervisor_assignment",
        sa.Column("fte", sa.Numeric(precision=3, scale=2), server_default="1", nullable=False),
        schema="workforce",
    )
    op.create_index(
        op.f("ix_supervisor_assignment_agency_id_supervisor_id"),
        "supervisor_assignment",
        ["agency_id", "supervisor_id"],
        unique=False,
        schema="workforce",
    )

    # A credential that was recorded before there was a history has had one status, from its first day on.
    op.execute(
        "insert into workforce.credential_status (agency_id, id, credential_id, status, since, reason, place) "
        "select agency_id, gen_random_uuid(), id, status, valid_from, 'recorded', 0 from workforce.credential"
    )
