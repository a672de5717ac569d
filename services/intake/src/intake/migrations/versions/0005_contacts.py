"""contacts"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('federal_grant',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('tool', sa.Text(), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('program_ids', postgresql.ARRAY(sa.UUID()), nullable=False),
    sa.Column('interval_months', sa.Integer(), nullable=False),
    sa.Column('reassessment_by', sa.Text(), nullable=False),
    sa.Column('window_days', sa.Integer(), nullable=False),
    sa.Column('gpra_last_interview_date', sa.Date(), nullable=False),
    sa.Column('suprt_followup_target', sa.Double(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('ends_on is null or ends_on >= starts_on', name=op.f('ck_federal_grant_days')),
    sa.CheckConstraint('interval_months in (3, 6)', name=op.f('ck_federal_grant_interval')),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_federal_grant')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_table('channel_lock',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('channel_index', sa.LargeBinary(), nullable=False),
    sa.Column('what', sa.Text(), nullable=False),
    sa.Column('locked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lifted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('recorded_by', sa.UUID(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_channel_lock_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_channel_lock')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index('uq_channel_lock_open', 'channel_lock', ['agency_id', 'participant_id', 'channel_index'], unique=True, schema='intake', postgresql_where=sa.text('lifted_at is null'))
    op.create_table('client_code',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_client_code_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'participant_id', name=op.f('pk_client_code')),
    schema='intake',
    info={'api': 'select, insert', 'worker': ''}
    )
    op.create_index('uq_client_code', 'client_code', ['agency_id', 'code'], unique=True, schema='intake')
    op.create_table('locator',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('terms', sa.LargeBinary(), nullable=False),
    sa.Column('recorded_by', sa.UUID(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_locator_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_locator')),
    schema='intake',
    info={'api': 'select, insert', 'worker': ''}
    )
    op.create_index('uq_locator_version', 'locator', ['agency_id', 'participant_id', 'version'], unique=True, schema='intake')
    op.create_table('reachability',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('safe_contact_version', sa.Integer(), nullable=False),
    sa.Column('safe_contact_confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reconfirm_on', sa.Date(), nullable=True),
    sa.Column('locator_version', sa.Integer(), nullable=False),
    sa.Column('locator_confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_reachability_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'participant_id', name=op.f('pk_reachability')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index('ix_reachability_reconfirm', 'reachability', ['agency_id', 'reconfirm_on', 'participant_id'], unique=False, schema='intake', postgresql_where=sa.text('reconfirm_on is not null'))
    op.create_table('safe_contact',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('terms', sa.LargeBinary(), nullable=False),
    sa.Column('recorded_by', sa.UUID(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_safe_contact_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_safe_contact')),
    schema='intake',
    info={'api': 'select, insert', 'worker': ''}
    )
    op.create_index('uq_safe_contact_version', 'safe_contact', ['agency_id', 'participant_id', 'version'], unique=True, schema='intake')
    op.create_table('funding',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('episode_id', sa.UUID(), nullable=False),
    sa.Column('grant_id', sa.UUID(), nullable=False),
    sa.Column('first_service_on', sa.Date(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['agency_id', 'episode_id'], ['intake.episode.agency_id', 'intake.episode.id'], name=op.f('fk_funding_agency_id_episode_id_episode'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'grant_id'], ['intake.federal_grant.agency_id', 'intake.federal_grant.id'], name=op.f('fk_funding_agency_id_grant_id_federal_grant'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_funding_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_funding')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index(op.f('ix_funding_agency_id_grant_id'), 'funding', ['agency_id', 'grant_id'], unique=False, schema='intake')
    op.create_index('uq_funding_episode', 'funding', ['agency_id', 'episode_id', 'grant_id'], unique=True, schema='intake')
    op.create_table('federal_point',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('episode_id', sa.UUID(), nullable=False),
    sa.Column('grant_id', sa.UUID(), nullable=False),
    sa.Column('funding_id', sa.UUID(), nullable=False),
    sa.Column('tool', sa.Text(), nullable=False),
    sa.Column('point', sa.Text(), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('opens_on', sa.Date(), nullable=False),
    sa.Column('closes_on', sa.Date(), nullable=False),
    sa.Column('collected_on', sa.Date(), nullable=True),
    sa.Column('client_part', sa.Text(), nullable=True),
    sa.Column('entered_on', sa.Date(), nullable=True),
    sa.Column('done_on', sa.Date(), nullable=True),
    sa.Column('cancelled_for', sa.Text(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('entered_on is null or collected_on is not null', name=op.f('ck_federal_point_entry')),
    sa.CheckConstraint('opens_on <= due_on and due_on <= closes_on', name=op.f('ck_federal_point_window')),
    sa.ForeignKeyConstraint(['agency_id', 'episode_id'], ['intake.episode.agency_id', 'intake.episode.id'], name=op.f('fk_federal_point_agency_id_episode_id_episode'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'funding_id'], ['intake.funding.agency_id', 'intake.funding.id'], name=op.f('fk_federal_point_agency_id_funding_id_funding'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'grant_id'], ['intake.federal_grant.agency_id', 'intake.federal_grant.id'], name=op.f('fk_federal_point_agency_id_grant_id_federal_grant'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_federal_point_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_federal_point')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index(op.f('ix_federal_point_agency_id_episode_id'), 'federal_point', ['agency_id', 'episode_id'], unique=False, schema='intake')
    op.create_index('ix_federal_point_due', 'federal_point', ['agency_id', 'closes_on', 'id'], unique=False, schema='intake', postgresql_where=sa.text('done_on is null and cancelled_for is null'))
    op.create_index('ix_federal_point_rate', 'federal_point', ['agency_id', 'grant_id', 'point', 'closes_on'], unique=False, schema='intake')
    op.create_index('uq_federal_point', 'federal_point', ['agency_id', 'funding_id', 'point', 'n'], unique=True, schema='intake')
    op.create_table('attempt',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('safe_contact_version', sa.Integer(), nullable=True),
    sa.Column('place', sa.Integer(), nullable=True),
    sa.Column('point_id', sa.UUID(), nullable=True),
    sa.Column('note', sa.LargeBinary(), nullable=True),
    sa.Column('recorded_by', sa.UUID(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_attempt_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'point_id'], ['intake.federal_point.agency_id', 'intake.federal_point.id'], name=op.f('fk_attempt_agency_id_point_id_federal_point'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_attempt')),
    schema='intake',
    info={'api': 'select, insert', 'worker': ''}
    )
    op.create_index('ix_attempt_of_participant', 'attempt', ['agency_id', 'participant_id', 'at', 'id'], unique=False, schema='intake')
