"""Tables of sign-ins, second factors and throttles."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
STAFF = ["workforce.staff.agency_id", "workforce.staff.id"]


def upgrade() -> None:
    short: sa.Column[bool] = sa.Column("short", sa.Boolean(), server_default="false", nullable=False)
    op.add_column("password", short, schema="workforce")
    _sign_ins()
    _second_factors()
    op.create_table(
        "throttle",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_throttle")),
        schema="workforce",
        info={"reach": "shared", "api": "select, insert, update, delete", "worker": ""},
    )
    op.create_index(op.f("ix_throttle_last_at"), "throttle", ["last_at"], schema="workforce")
    op.create_table(
        "staff_access",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.UUID(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _of_staff("staff_access"),
        sa.PrimaryKeyConstraint("agency_id", "staff_id", name=op.f("pk_staff_access")),
        schema="workforce",
        info={"worker": ""},
    )
    op.create_table(
        "sign_in_policy",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("second_factor", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", name=op.f("pk_sign_in_policy")),
        schema="workforce",
        info={"worker": ""},
    )


def _sign_ins() -> None:
    op.create_table(
        "sign_in",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("aal", sa.SmallInteger(), nullable=False),
        sa.Column("device_id", sa.UUID(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("authenticated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("idle_seconds", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("aal in (1, 2)", name=op.f("ck_sign_in_aal")),
        sa.CheckConstraint("(ended_at is null) = (end_reason is null)", name=op.f("ck_sign_in_ended")),
        _of_staff("sign_in"),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_sign_in")),
        schema="workforce",
        info={"worker": ""},
    )
    by_person, by_device = ["agency_id", "staff_id", "started_at"], ["agency_id", "device_id"]
    op.create_index(op.f("ix_sign_in_agency_id_staff_id_started_at"), "sign_in", by_person, schema="workforce")
    op.create_index(op.f("ix_sign_in_agency_id_device_id"), "sign_in", by_device, schema="workforce")
    op.create_table(
        "ended_sign_in",
        sa.Column("sign_in_id", sa.UUID(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sign_in_id", name=op.f("pk_ended_sign_in")),
        schema="workforce",
        info={"reach": "shared", "api": "select, insert, update, delete", "worker": ""},
    )
    op.create_index(op.f("ix_ended_sign_in_ended_at"), "ended_sign_in", ["ended_at"], schema="workforce")


def _second_factors() -> None:
    op.create_table(
        "totp",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("pending", sa.LargeBinary(), nullable=True),
        sa.Column("pending_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        _of_staff("totp"),
        sa.PrimaryKeyConstraint("agency_id", "staff_id", name=op.f("pk_totp")),
        schema="workforce",
        info={"worker": ""},
    )
    op.create_table(
        "recovery_code",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        _of_staff("recovery_code"),
        sa.PrimaryKeyConstraint("agency_id", "staff_id", "digest", name=op.f("pk_recovery_code")),
        schema="workforce",
        info={"api": "select, insert, update, delete", "worker": ""},
    )
    op.create_table(
        "sign_in_challenge",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("enrols", sa.Boolean(), nullable=False),
        sa.Column("new_hash", sa.Text(), nullable=True),
        sa.Column("new_is_short", sa.Boolean(), nullable=False),
        sa.Column("attempts_left", sa.SmallInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        _of_staff("sign_in_challenge"),
        sa.PrimaryKeyConstraint("agency_id", "digest", name=op.f("pk_sign_in_challenge")),
        schema="workforce",
        info={"api": "select, insert, update, delete", "worker": ""},
    )
    by_person = ["agency_id", "staff_id"]
    name = op.f("ix_sign_in_challenge_agency_id_staff_id")
    op.create_index(name, "sign_in_challenge", by_person, schema="workforce")


def _of_staff(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_agency_id_staff_id_staff")
    return sa.ForeignKeyConstraint(["agency_id", "staff_id"], STAFF, name=name)
