"""A consent's words never change once it was signed, and it moves along the allowed ways only."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

CONSENT_IS_FINAL = """
create function intake.consent_is_final() returns trigger language plpgsql set search_path = pg_catalog as $f$
declare
  fixed text[] := array['agency_id', 'id', 'participant_id', 'recorded_at', 'recorded_by', 'source_system',
    'replaces_id'];
  path text := old.state || ' ' || new.state;
begin
  if new.state <> old.state and path not in (
    'draft presented', 'draft discarded', 'presented signed', 'presented declined',
    'signed suspended', 'signed revoked', 'signed superseded', 'signed void',
    'suspended signed', 'suspended revoked', 'suspended void'
  ) then
    raise exception 'a consent does not go that way' using errcode = 'integrity_constraint_violation';
  end if;
  if old.state in ('presented', 'discarded', 'declined') or old.signed_at is not null then
    fixed := fixed || array['words', 'words_sha256', 'language', 'consent_type', 'starts_on', 'presented_at',
      'presented_by'];
  end if;
  if old.state in ('discarded', 'declined') or old.signed_at is not null then
    fixed := fixed || array['terms', 'signature', 'signature_method', 'signed_at'];
    if old.expires_on is not null then fixed := fixed || array['expires_on']; end if;
    if old.revocable_from is not null then fixed := fixed || array['revocable_from']; end if;
  end if;
  if old.revoked_at is not null then
    fixed := fixed || array['revoked_at', 'revoker_capacity', 'revocation_evidence'];
  end if;
  if old.found_false_at is not null then fixed := fixed || array['found_false_at']; end if;
  if exists (select from unnest(fixed) as f where to_jsonb(old) -> f is distinct from to_jsonb(new) -> f) then
    raise exception 'a signed consent never changes; replace it' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $f$
"""


def upgrade() -> None:
    op.execute(CONSENT_IS_FINAL)
    op.execute(
        "create trigger consent_is_final before update on intake.consent for each row "
        "execute function intake.consent_is_final()"
    )
    op.create_index(
        "ix_consent_suspended",
        "consent",
        ["agency_id", "id"],
        unique=False,
        schema="intake",
        postgresql_where=sa.text("state = 'suspended'"),
    )
    op.create_index(
        "ix_consent_expiring",
        "consent",
        ["agency_id", "expires_on"],
        unique=False,
        schema="intake",
        postgresql_where=sa.text("state = 'signed'"),
    )


def downgrade() -> None:
    raise NotImplementedError("schemas only grow")
