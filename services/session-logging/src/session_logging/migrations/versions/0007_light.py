"""Check-ins, work with people nobody enrolled, work with nobody; what was counted by mistake can be withdrawn."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SCHEMA = "session_logging"
WITHDRAWN = "(withdrawn_at is null) = (withdrawal_reason is null) and (withdrawn_at is null) = (withdrawn_by is null)"
ONLY_WITHDRAWN = """
create function session_logging.only_withdrawn() returns trigger language plpgsql
set search_path = pg_catalog as $f$
declare
  may_change text[] := array['version', 'withdrawn_at', 'withdrawn_by', 'withdrawal_reason'];
begin
  if old.withdrawn_at is not null or new.withdrawn_at is null
      or to_jsonb(new) - may_change is distinct from to_jsonb(old) - may_change then
    raise exception 'this never changes; withdraw it' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $f$
"""
GUARDED = ("check_in", "anonymous_contact", "work_time", "mutual_aid_attendance")


def upgrade() -> None:
    _check_in()
    _anonymous_contact()
    _work_time()
    _mutual_aid()
    op.execute(ONLY_WITHDRAWN)
    for table in GUARDED:
        op.execute(
            f"create trigger only_withdrawn before update on {SCHEMA}.{table} "
            "for each row execute function session_logging.only_withdrawn()"
        )


def _withdrawal() -> "list[sa.Column[Any]]":
    return [
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.UUID(), nullable=True),
        sa.Column("withdrawal_reason", sa.Text(), nullable=True),
    ]


def _check_in() -> None:
    op.create_table(
        "check_in",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("participant_id", sa.UUID(), nullable=False),
        sa.Column("episode_id", sa.UUID(), nullable=False),
        sa.Column("program_id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("contacted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contacted_on", sa.Date(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        *_withdrawal(),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("minutes between 0 and 60", name=op.f("ck_check_in_minutes")),
        sa.CheckConstraint(
            "minutes = 0 or outcome in ('reached', 'crisis_escalated')", name=op.f("ck_check_in_spoken_with")
        ),
        sa.CheckConstraint(WITHDRAWN, name=op.f("ck_check_in_withdrawal")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_check_in")),
        schema=SCHEMA,
        info={"worker": ""},
    )
    person, worker = ["agency_id", "participant_id", "contacted_at", "id"], ["agency_id", "staff_id", "contacted_at"]
    op.create_index("ix_check_in_person", "check_in", person, schema=SCHEMA)
    op.create_index("ix_check_in_worker", "check_in", worker, schema=SCHEMA)


def _anonymous_contact() -> None:
    amounts = ("minutes", "people", "naloxone_kits", "test_strips", "hygiene_kits", "information", "threads_answered")
    op.create_table(
        "anonymous_contact",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("program_id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("modality", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("activities", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("service_date", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in amounts),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        *_withdrawal(),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("ended_at > started_at", name=op.f("ck_anonymous_contact_period")),
        sa.CheckConstraint("people between 0 and 1000", name=op.f("ck_anonymous_contact_people")),
        sa.CheckConstraint(
            "threads_answered = 0 or modality = 'online_forum'", name=op.f("ck_anonymous_contact_threads")
        ),
        sa.CheckConstraint(WITHDRAWN, name=op.f("ck_anonymous_contact_withdrawal")),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_anonymous_contact")),
        schema=SCHEMA,
        info={"worker": ""},
    )
    day, worker = ["agency_id", "service_date", "id"], ["agency_id", "staff_id", "service_date", "id"]
    op.create_index("ix_anonymous_contact_day", "anonymous_contact", day, schema=SCHEMA)
    op.create_index("ix_anonymous_contact_worker", "anonymous_contact", worker, schema=SCHEMA)


def _work_time() -> None:
    op.create_table(
        "work_time",
        sa.Column("agency_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("staff_id", sa.UUID(), nullable=False),
        sa.Column("program_id", sa.UUID(), nullable=True),
        sa.Column("session_id", sa.UUID(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("worked_on", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("miles", sa.Numeric(6, 1), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        *_withdrawal(),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "minutes between 0 and 1440 and miles between 0 and 2000", name=op.f("ck_work_time_amounts")
        ),
        sa.CheckConstraint("minutes > 0 or miles > 0", name=op.f("ck_work_time_something")),
        sa.CheckConstraint(WITHDRAWN, name=op.f("ck_work_time_withdrawal")),
        sa.ForeignKeyConstraint(
            ["agency_id", "session_id"],
            ["session_logging.peer_session.agency_id", "session_logging.peer_session.id"],
            name=op.f("fk_work_time_agency_id_session_id_peer_session"),
        ),
        sa.PrimaryKeyConstraint("agency_id", "id", name=op.f("pk_work_time")),
        schema=SCHEMA,
        info={"worker": ""},
    )
    day, worker = ["agency_id", "worked_on", "id"], ["agency_id", "staff_id", "worked_on", "id"]
    op.create_index("ix_work_time_day", "work_time", day, schema=SCHEMA)
    op.create_index("ix_work_time_worker", "work_time", worker, schema=SCHEMA)


def _mutual_aid() -> None:
    version = sa.Column("version", sa.Integer(), server_default="1", nullable=False)
    for column in (*_withdrawal(), version):
        op.add_column("mutual_aid_attendance", column, schema=SCHEMA)
    check = op.f("ck_mutual_aid_attendance_withdrawal")
    op.create_check_constraint(check, "mutual_aid_attendance", WITHDRAWN, schema=SCHEMA)
