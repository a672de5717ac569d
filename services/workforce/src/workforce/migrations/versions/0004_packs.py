"""Whose rules a program is judged by, and who works in it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INFO = {"api": "select, insert, update", "worker": ""}
PROGRAM = ["workforce.program.agency_id", "workforce.program.id"]
STAFF = ["workforce.staff.agency_id", "workforce.staff.id"]


def upgrade() -> None:
    op.create_table(
        "program_pack",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("program_id", sa.UUID(), nullable=False),
        sa.Column("pack_id", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("valid_to is null or valid_to >= valid_from", name=op.f("ck_program_pack_period")),
        sa.ForeignKeyConstraint(
            ["agency_id", "program_id"], PROGRAM, name=op.f("fk_program_pack_agency_id_program_id_program")
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_program_pack")),
        schema="workforce",
        info=INFO,
    )
    op.create_table(
        "placement",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("program_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("fte", sa.Numeric(precision=3, scale=2), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("valid_to is null or valid_to >= valid_from", name=op.f("ck_placement_period")),
        sa.CheckConstraint("fte > 0 and fte <= 1", name=op.f("ck_placement_share")),
        sa.ForeignKeyConstraint(
            ["agency_id", "program_id"], PROGRAM, name=op.f("fk_placement_agency_id_program_id_program")
        ),
        sa.ForeignKeyConstraint(["agency_id", "staff_id"], STAFF, name=op.f("fk_placement_agency_id_staff_id_staff")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_placement")),
        schema="workforce",
        info=INFO,
    )
    for table, column in (("program_pack", "program_id"), ("placement", "staff_id"), ("placement", "program_id")):
        name = op.f(f"ix_{table}_agency_id_{column}")
        op.create_index(name, table, ["agency_id", column], schema="workforce")
