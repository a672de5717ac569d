"""Passkeys, and the challenges that were answered with them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INFO = {"api": "select, insert, update, delete", "worker": ""}
STAFF = ["workforce.staff.agency_id", "workforce.staff.id"]


def upgrade() -> None:
    op.create_table(
        "passkey",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("label", sa.LargeBinary(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("count_went_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id", "staff_id"], STAFF, name=op.f("fk_passkey_agency_id_staff_id_staff")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_passkey")),
        schema="workforce",
        info=INFO,
    )
    of_agency = ["agency_id", "credential_id"]
    op.create_index(
        op.f("ix_passkey_agency_id_credential_id"), "passkey", of_agency, unique=True, schema="workforce"
    )
    op.create_index(op.f("ix_passkey_agency_id_staff_id"), "passkey", ["agency_id", "staff_id"], schema="workforce")
    op.create_table(
        "used_passkey_challenge",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "digest", name=op.f("pk_used_passkey_challenge")),
        schema="workforce",
        info=INFO,
    )
    op.create_index(
        op.f("ix_used_passkey_challenge_agency_id_used_at"),
        "used_passkey_challenge",
        ["agency_id", "used_at"],
        schema="workforce",
    )
