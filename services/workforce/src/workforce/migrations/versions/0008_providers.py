"""Identity providers, whom they know, and who went there and back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WITH_REMOVAL = "select, insert, update, delete"
TEXTS = postgresql.ARRAY(sa.Text())


def upgrade() -> None:
    op.create_table(
        "email_domain",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("owner_agency_id", sa.UUID(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_email_domain")),
        schema="workforce",
        info={"reach": "shared", "api": WITH_REMOVAL, "worker": ""},
    )
    _index("email_domain", "owner_agency_id")
    op.create_table(
        "provider",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("client_secret", sa.LargeBinary(), nullable=False),
        sa.Column("email_domains", TEXTS, nullable=False),
        sa.Column("link_by_email", sa.Boolean(), nullable=False),
        sa.Column("aal2_acr_values", TEXTS, nullable=False),
        sa.Column("aal2_amr_values", TEXTS, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_provider")),
        schema="workforce",
        info={"worker": ""},
    )
    _index("provider", "agency_id", "issuer", "client_id", unique=True)
    _links()
    op.create_table(
        "used_provider_attempt",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("agency_id", "digest", name=op.f("pk_used_provider_attempt")),
        schema="workforce",
        info={"api": WITH_REMOVAL, "worker": ""},
    )
    _index("used_provider_attempt", "agency_id", "used_at")


def _links() -> None:
    op.create_table(
        "provider_link",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("provider_id", sa.UUID(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("linked_by", sa.Text(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["agency_id", "staff_id"],
            ["workforce.staff.agency_id", "workforce.staff.id"],
            name=op.f("fk_provider_link_agency_id_staff_id_staff"),
        ),
        sa.ForeignKeyConstraint(
            ["agency_id", "provider_id"],
            ["workforce.provider.agency_id", "workforce.provider.id"],
            name=op.f("fk_provider_link_agency_id_provider_id_provider"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "provider_id", "subject", name=op.f("pk_provider_link")),
        schema="workforce",
        info={"api": WITH_REMOVAL, "worker": ""},
    )
    _index("provider_link", "agency_id", "provider_id", "staff_id", unique=True)
    _index("provider_link", "agency_id", "staff_id")


def _index(table: str, *columns: str, unique: bool = False) -> None:
    name = op.f(f"ix_{table}_{'_'.join(columns)}")
    op.create_index(name, table, list(columns), unique=unique, schema="workforce")
