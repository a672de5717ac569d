"""participants"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('duplicate_candidate',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('first_id', sa.UUID(), nullable=False),
    sa.Column('second_id', sa.UUID(), nullable=False),
    sa.Column('reasons', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('state_reason', sa.Text(), nullable=True),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.UUID(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('first_id < second_id', name=op.f('ck_duplicate_candidate_order')),
    sa.ForeignKeyConstraint(['agency_id', 'first_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_duplicate_candidate_agency_id_first_id_participant'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'second_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_duplicate_candidate_agency_id_second_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_duplicate_candidate')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index('ix_duplicate_candidate_state', 'duplicate_candidate', ['agency_id', 'state', 'id'], unique=False, schema='intake')
    op.create_index('uq_duplicate_candidate_pair', 'duplicate_candidate', ['agency_id', 'first_id', 'second_id'], unique=True, schema='intake')
    op.create_table('merge',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('survivor_id', sa.UUID(), nullable=False),
    sa.Column('merged_id', sa.UUID(), nullable=False),
    sa.Column('moved_ids', postgresql.ARRAY(sa.UUID()), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('taken', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('before', sa.LargeBinary(), nullable=False),
    sa.Column('agreed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('agreed_how', sa.Text(), nullable=True),
    sa.Column('agreed_statement', sa.Text(), nullable=True),
    sa.Column('merged_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('merged_by', sa.UUID(), nullable=True),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('undone_by', sa.UUID(), nullable=True),
    sa.Column('undone_reason', sa.Text(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(kind = 'outreach') = (agreed_at is not null)", name=op.f('ck_merge_agreed')),
    sa.CheckConstraint('survivor_id <> merged_id', name=op.f('ck_merge_two')),
    sa.ForeignKeyConstraint(['agency_id', 'merged_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_merge_agency_id_merged_id_participant'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'survivor_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_merge_agency_id_survivor_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_merge')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index('ix_merge_merged', 'merge', ['agency_id', 'merged_id', 'merged_at'], unique=False, schema='intake')
    op.create_index('ix_merge_survivor', 'merge', ['agency_id', 'survivor_id', 'merged_at'], unique=False, schema='intake')
    op.create_index('uq_merge_standing', 'merge', ['agency_id', 'merged_id'], unique=True, schema='intake', postgresql_where=sa.text('undone_at is null'))
    op.create_table('participant_change',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('field', sa.Text(), nullable=False),
    sa.Column('old_value', sa.LargeBinary(), nullable=True),
    sa.Column('new_value', sa.LargeBinary(), nullable=True),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.UUID(), nullable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_participant_change_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_participant_change')),
    schema='intake',
    info={'api': 'select, insert', 'worker': ''}
    )
    op.create_index('ix_participant_change_newest', 'participant_change', ['agency_id', 'participant_id', 'version', 'id'], unique=False, schema='intake')
    op.add_column('participant', sa.Column('name_birth_index', sa.LargeBinary(), nullable=True), schema='intake')
    op.add_column('participant', sa.Column('sound_birth_index', sa.LargeBinary(), nullable=True), schema='intake')
    op.add_column('participant', sa.Column('alias_birth_index', sa.LargeBinary(), nullable=True), schema='intake')
    op.add_column('participant', sa.Column('pairable', sa.Boolean(), server_default=sa.text('false'), nullable=False), schema='intake')
    op.add_column('participant', sa.Column('anonymous', sa.Boolean(), server_default=sa.text('false'), nullable=False), schema='intake')
    op.add_column('participant', sa.Column('merged_into', sa.UUID(), nullable=True), schema='intake')
    op.create_index(op.f('ix_participant_agency_id_alias_birth_index'), 'participant', ['agency_id', 'alias_birth_index'], unique=False, schema='intake')
    op.create_index(op.f('ix_participant_agency_id_merged_into'), 'participant', ['agency_id', 'merged_into'], unique=False, schema='intake', postgresql_where=sa.text('merged_into is not null'))
    op.create_index(op.f('ix_participant_agency_id_name_birth_index'), 'participant', ['agency_id', 'name_birth_index'], unique=False, schema='intake')
    op.create_index(op.f('ix_participant_agency_id_sound_birth_index'), 'participant', ['agency_id', 'sound_birth_index'], unique=False, schema='intake')
    op.create_index('ix_participant_not_pairable', 'participant', ['agency_id', 'id'], unique=False, schema='intake', postgresql_where=sa.text('not pairable'))
    op.create_foreign_key(op.f('fk_participant_agency_id_merged_into_participant'), 'participant', 'participant', ['agency_id', 'merged_into'], ['agency_id', 'id'], source_schema='intake', referent_schema='intake', initially='DEFERRED', deferrable=True)
