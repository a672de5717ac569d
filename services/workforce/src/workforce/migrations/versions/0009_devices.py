"""Phones set up for work offline."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INFO = {"api": "select, insert, update", "worker": ""}
STAFF = ["workforce.staff.agency_id", "workforce.staff.id"]


def upgrade() -> None:
    op.create_table(
        "device",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("label", sa.LargeBinary(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("unlock_secret", sa.LargeBinary(), nullable=True),
        sa.Column("unlocks", sa.Integer(), nullable=False),
        sa.Column("unlocks_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.UUID(), nullable=True),
        sa.CheckConstraint("(ended_at is null) = (unlock_secret is not null)", name=op.f("ck_device_secret")),
        sa.CheckConstraint("(ended_at is null) = (end_reason is null)", name=op.f("ck_device_ended")),
        sa.ForeignKeyConstraint(["agency_id", "staff_id"], STAFF, name=op.f("fk_device_agency_id_staff_id_staff")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_device")),
        schema="workforce",
        info=INFO,
    )
    op.create_index(op.f("ix_device_agency_id_staff_id"), "device", ["agency_id", "staff_id"], schema="workforce")
