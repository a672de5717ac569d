"""referrals"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('eligibility',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('program_id', sa.UUID(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('rules', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('set_by', sa.UUID(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('agency_id', 'program_id', 'version', name=op.f('pk_eligibility')),
    schema='intake',
    info={'api': 'select, insert', 'worker': 'select'}
    )
    op.create_table('referral_import',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('source_system', sa.Text(), nullable=False),
    sa.Column('program_id', sa.UUID(), nullable=True),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('done', sa.Integer(), nullable=False),
    sa.Column('recorded', sa.Integer(), nullable=False),
    sa.Column('repeated', sa.Integer(), nullable=False),
    sa.Column('refused', sa.Integer(), nullable=False),
    sa.Column('possible_duplicates', sa.Integer(), nullable=False),
    sa.Column('requested_by', sa.UUID(), nullable=True),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('stopped', sa.Boolean(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_referral_import')),
    schema='intake',
    info={'reach': 'platform', 'api': 'select, insert', 'worker': 'select, update'}
    )
    op.create_index(op.f('ix_referral_import_agency_id_requested_at'), 'referral_import', ['agency_id', 'requested_at'], unique=False, schema='intake')
    op.create_index('ix_referral_import_waiting', 'referral_import', ['requested_at'], unique=False, schema='intake', postgresql_where=sa.text('finished_at is null'))
    op.create_table('referral_import_part',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('import_id', sa.UUID(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('lines', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['agency_id', 'import_id'], ['intake.referral_import.agency_id', 'intake.referral_import.id'], name=op.f('fk_referral_import_part_agency_id_import_id_referral_import'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'import_id', 'place', name=op.f('pk_referral_import_part')),
    schema='intake',
    info={'api': 'select, insert', 'worker': 'select, delete'}
    )
    op.create_table('referral_import_refusal',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('import_id', sa.UUID(), nullable=False),
    sa.Column('line', sa.Integer(), nullable=False),
    sa.Column('column', sa.Text(), nullable=True),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['agency_id', 'import_id'], ['intake.referral_import.agency_id', 'intake.referral_import.id'], name=op.f('fk_referral_import_refusal_agency_id_import_id_referral_import'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'import_id', 'line', name=op.f('pk_referral_import_refusal')),
    schema='intake',
    info={'api': 'select', 'worker': 'select, insert'}
    )
    op.create_table('referral',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('direction', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('referred_on', sa.Date(), nullable=False),
    sa.Column('program_id', sa.UUID(), nullable=True),
    sa.Column('participant_id', sa.UUID(), nullable=True),
    sa.Column('episode_id', sa.UUID(), nullable=True),
    sa.Column('said', sa.LargeBinary(), nullable=False),
    sa.Column('name_index', sa.LargeBinary(), nullable=True),
    sa.Column('alias_index', sa.LargeBinary(), nullable=True),
    sa.Column('birth_index', sa.LargeBinary(), nullable=True),
    sa.Column('phone_index', sa.LargeBinary(), nullable=True),
    sa.Column('email_index', sa.LargeBinary(), nullable=True),
    sa.Column('possible_ids', postgresql.ARRAY(sa.UUID()), nullable=False),
    sa.Column('eligibility', sa.Text(), nullable=True),
    sa.Column('screening', sa.LargeBinary(), nullable=True),
    sa.Column('contacted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('connected_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('close_reason', sa.Text(), nullable=True),
    sa.Column('link_version', sa.Integer(), nullable=False),
    sa.Column('link_open', sa.Boolean(), nullable=False),
    sa.Column('recorded_by', sa.UUID(), nullable=True),
    sa.Column('source_system', sa.Text(), nullable=True),
    sa.Column('external_index', sa.LargeBinary(), nullable=True),
    sa.Column('import_id', sa.UUID(), nullable=True),
    sa.Column('import_line', sa.Integer(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(status = 'closed') = (closed_at is not null)", name=op.f('ck_referral_closed')),
    sa.CheckConstraint("direction = 'in' or participant_id is not null", name=op.f('ck_referral_sent_out')),
    sa.CheckConstraint('(closed_at is null) = (close_reason is null)', name=op.f('ck_referral_reason')),
    sa.ForeignKeyConstraint(['agency_id', 'episode_id'], ['intake.episode.agency_id', 'intake.episode.id'], name=op.f('fk_referral_agency_id_episode_id_episode'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'import_id'], ['intake.referral_import.agency_id', 'intake.referral_import.id'], name=op.f('fk_referral_agency_id_import_id_referral_import'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_referral_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_referral')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': 'select, insert'}
    )
    op.create_index(op.f('ix_referral_agency_id_alias_index'), 'referral', ['agency_id', 'alias_index'], unique=False, schema='intake')
    op.create_index(op.f('ix_referral_agency_id_email_index'), 'referral', ['agency_id', 'email_index'], unique=False, schema='intake')
    op.create_index(op.f('ix_referral_agency_id_name_index'), 'referral', ['agency_id', 'name_index'], unique=False, schema='intake')
    op.create_index(op.f('ix_referral_agency_id_participant_id'), 'referral', ['agency_id', 'participant_id'], unique=False, schema='intake', postgresql_where=sa.text('participant_id is not null'))
    op.create_index(op.f('ix_referral_agency_id_phone_index'), 'referral', ['agency_id', 'phone_index'], unique=False, schema='intake')
    op.create_index('ix_referral_queue', 'referral', ['agency_id', 'status', 'direction', 'id'], unique=False, schema='intake')
    op.create_index('ix_referral_recorded_by', 'referral', ['agency_id', 'recorded_by', 'id'], unique=False, schema='intake')
    op.create_index('uq_referral_external', 'referral', ['agency_id', 'source_system', 'external_index'], unique=True, schema='intake', postgresql_where=sa.text('external_index is not null'))
    op.create_index('uq_referral_import_line', 'referral', ['agency_id', 'import_id', 'import_line'], unique=True, schema='intake', postgresql_where=sa.text('import_id is not null'))
    op.create_table('referral_step',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('referral_id', sa.UUID(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('introduction', sa.Text(), nullable=True),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('receiver', sa.LargeBinary(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.UUID(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['agency_id', 'referral_id'], ['intake.referral.agency_id', 'intake.referral.id'], name=op.f('fk_referral_step_agency_id_referral_id_referral'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'referral_id', 'version', name=op.f('pk_referral_step')),
    schema='intake',
    info={'api': 'select, insert', 'worker': 'select, insert'}
    )
