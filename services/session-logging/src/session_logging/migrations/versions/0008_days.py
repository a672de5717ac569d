"""Appointments and to-dos."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SCHEMA = "session_logging"


def upgrade() -> None:
    _appointment()
    _task()


def _appointment() -> None:
    op.create_table(
        "appointment",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("participant_id", sa.UUID(), nullable=False),
        sa.Column("episode_id", sa.UUID(), nullable=True),
        sa.Column("program_id", sa.UUID(), nullable=True),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("made_by", sa.UUID(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("modality", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("reminders", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("session_id", sa.UUID(), nullable=True),
        sa.Column("replaced_by", sa.UUID(), nullable=True),
        sa.Column("series_id", sa.UUID(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_appointment_period")),
        sa.CheckConstraint(
            "(status = 'rescheduled') = (replaced_by is not null)", name=op.f("ck_appointment_replaced")
        ),
        sa.CheckConstraint("(status = 'scheduled') = (closed_at is null)", name=op.f("ck_appointment_closed")),
        sa.CheckConstraint("session_id is null or status = 'kept'", name=op.f("ck_appointment_session")),
        sa.ForeignKeyConstraint(
            ["agency_id", "session_id"],
            ["session_logging.peer_session.agency_id", "session_logging.peer_session.id"],
            name=op.f("fk_appointment_agency_id_session_id_peer_session"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_appointment")),
        schema=SCHEMA,
        info={"worker": ""},
    )
    for name, column in (("worker", "staff_id"), ("person", "participant_id")):
        columns = ["agency_id", column, "starts_at", "id"]
        op.create_index(f"ix_appointment_{name}", "appointment", columns, schema=SCHEMA)
    partial = (
        ("ix_appointment_open", ["agency_id", "staff_id", "ends_at", "id"], "status = 'scheduled'", False),
        ("ix_appointment_series", ["agency_id", "series_id"], "series_id is not null", False),
        ("uq_appointment_session", ["agency_id", "session_id"], "session_id is not null", True),
    )
    for index, columns, where, unique in partial:
        op.create_index(index, "appointment", columns, unique=unique, schema=SCHEMA, postgresql_where=sa.text(where))


def _task() -> None:
    op.create_table(
        "task",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("opened_by", sa.UUID(), nullable=False),
        sa.Column("participant_id", sa.UUID(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("done_at is null or withdrawn_at is null", name=op.f("ck_task_ended")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_task")),
        schema=SCHEMA,
        info={"worker": ""},
    )
    still_open = "done_at is null and withdrawn_at is null"
    for name, column, where in (
        ("worker", "staff_id", None),
        ("person", "participant_id", None),
        ("open", "staff_id", sa.text(still_open)),
    ):
        columns = ["agency_id", column, "due_on", "id"]
        op.create_index(f"ix_task_{name}", "task", columns, schema=SCHEMA, postgresql_where=where)
