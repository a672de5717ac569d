"""Every form of peer support, its review and its flags; whose rules a program is judged by, and who supervises whom."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SIGNED_IS_FINAL = """
create or replace function session_logging.signed_is_final() returns trigger language plpgsql
set search_path = pg_catalog as $f$
declare
  may_change text[] := array['version', 'status', 'review', 'cosigned_by', 'cosigned_at', 'voided_at', 'void_reason'];
begin
  if old.status = 'voided' then
    may_change := array['version'];
  elsif old.review = 'awaited' and new.review = 'returned' and new.status = 'draft' then
    may_change := may_change || array['signed_at', 'missing_elements', 'flags', 'late_reason', 'credential_at_signing',
      'credential_id', 'credential_specialty', 'credential_status', 'credential_valid_from', 'credential_valid_to'];
  elsif new.status = 'draft' or (old.cosigned_at is not null and new.cosigned_at is distinct from old.cosigned_at) then
    raise exception 'a signed session never changes; a signature stays' using errcode = 'integrity_constraint_violation';
  end if;
  if to_jsonb(new) - may_change is distinct from to_jsonb(old) - may_change then
    raise exception 'a signed session never changes; write an addendum' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $f$
"""
CREDENTIAL = (
    ("credential_id", sa.UUID()),
    ("credential_specialty", sa.Text()),
    ("credential_status", sa.Text()),
    ("credential_valid_from", sa.Date()),
    ("credential_valid_to", sa.Date()),
)
TEXTS = ("attempt_outcome", "handoff_way", "handoff_receiver", "late_reason", "review", "void_reason")
LISTS = ("competencies", "mechanisms", "navigation", "flags")
INSTANTS = ("handoff_accepted_at", "cosigned_at", "voided_at")
SCHEMA = "session_logging"
HEARD = {"api": "select", "worker": "select, insert, update"}


def upgrade() -> None:
    for name in LISTS:
        _add("peer_session", sa.Column(name, postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False))
    for name in TEXTS:
        _add("peer_session", sa.Column(name, sa.Text(), nullable=True))
    for name in INSTANTS:
        _add("peer_session", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    for name, kind in CREDENTIAL:
        _add("peer_session", sa.Column(name, kind, nullable=True))
    _add("peer_session", sa.Column("cosigned_by", sa.UUID(), nullable=True))
    _constrain_sessions()
    _step()
    _heard()
    op.execute(SIGNED_IS_FINAL)
    op.execute("drop trigger signed_is_final on session_logging.peer_session")
    op.execute(
        "create trigger signed_is_final before update on session_logging.peer_session for each row "
        "when (old.status <> 'draft') execute function session_logging.signed_is_final()"
    )


def _add(table: str, column: "sa.Column[Any]") -> None:
    op.add_column(table, column, schema=SCHEMA)


def _constrain_sessions() -> None:
    op.drop_constraint(op.f("ck_peer_session_signature"), "peer_session", type_="check", schema=SCHEMA)
    checks = {
        "signature": "status = 'voided' or (status = 'draft') = (signed_at is null)",
        "cosignature": "(cosigned_at is null) = (cosigned_by is null)",
        "voided": "(status = 'voided') = (voided_at is not null)",
    }
    for name, rule in checks.items():
        op.create_check_constraint(op.f(f"ck_peer_session_{name}"), "peer_session", rule, schema=SCHEMA)
    staff = ["agency_id", "staff_id", "started_at"]
    op.create_index(op.f("ix_peer_session_agency_id_staff_id_started_at"), "peer_session", staff, schema=SCHEMA)
    drafts, awaited = sa.text("status = 'draft'"), sa.text("review = 'awaited'")
    unfinished = ("ix_peer_session_unfinished", "peer_session", ["agency_id", "staff_id"])
    op.create_index(*unfinished, postgresql_where=drafts, schema=SCHEMA)
    waiting = ("ix_peer_session_awaited", "peer_session", ["agency_id", "signed_at"])
    op.create_index(*waiting, postgresql_where=awaited, schema=SCHEMA)


def _step() -> None:
    op.create_table(
        "review_step",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("session_id", sa.UUID(), nullable=False),
        sa.Column("author_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("signed_note", sa.LargeBinary(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id", "session_id"],
            ["session_logging.peer_session.agency_id", "session_logging.peer_session.id"],
            name=op.f("fk_review_step_agency_id_session_id_peer_session"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_review_step")),
        schema=SCHEMA,
        info={"api": "select, insert", "worker": ""},
    )
    columns = ["agency_id", "session_id"]
    op.create_index(op.f("ix_review_step_agency_id_session_id"), "review_step", columns, schema=SCHEMA)


def _heard() -> None:
    deadline = sa.Column("note_deadline_business_days", sa.Integer(), server_default="2", nullable=False)
    _add("program", deadline)
    _add("program", sa.Column("cosignature", sa.Text(), server_default="never", nullable=False))
    _projection("program_pack", "program_id", sa.Column("pack_id", sa.Text(), nullable=False))
    _projection("supervisor", "supervisor_id", sa.Column("staff_id", sa.UUID(), nullable=False))


def _projection(table: str, owner: str, other: "sa.Column[Any]") -> None:
    op.create_table(
        table,
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column(owner, sa.UUID(), nullable=False),
        other,
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f(f"pk_{table}")),
        schema=SCHEMA,
        info=HEARD,
    )
    op.create_index(op.f(f"ix_{table}_agency_id_{owner}"), table, ["agency_id", owner], schema=SCHEMA)
