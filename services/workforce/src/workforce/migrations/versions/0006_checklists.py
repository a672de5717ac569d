"""What people ticked on the lists for coming and leaving."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checklist_tick",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("changed_by", sa.UUID(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "staff_id"],
            ["workforce.staff.agency_id", "workforce.staff.id"],
            name=op.f("fk_checklist_tick_agency_id_staff_id_staff"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "staff_id", "item", name=op.f("pk_checklist_tick")),
        schema="workforce",
        info={"api": "select, insert, update", "worker": ""},
    )
