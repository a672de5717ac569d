"""matching: who waits, peers' own words, vetoes, matches; episodes and assignments that follow one another"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('peer_profile',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('staff_id', sa.UUID(), nullable=False),
    sa.Column('pathways', sa.LargeBinary(), nullable=True),
    sa.Column('attested_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attested_by', sa.UUID(), nullable=True),
    sa.Column('gender', sa.LargeBinary(), nullable=True),
    sa.Column('languages', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('schedule', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('caseload_limit', sa.Integer(), nullable=False),
    sa.Column('accepting', sa.Boolean(), nullable=False),
    sa.Column('changed_by', sa.UUID(), nullable=True),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('(pathways is null) = (attested_at is null)', name=op.f('ck_peer_profile_attested')),
    sa.CheckConstraint('attested_by = staff_id', name=op.f('ck_peer_profile_by_themself')),
    sa.CheckConstraint('caseload_limit between 0 and 200', name=op.f('ck_peer_profile_limit')),
    sa.PrimaryKeyConstraint('agency_id', 'staff_id', name=op.f('pk_peer_profile')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_table('veto',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('staff_id', sa.UUID(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('match_id', sa.UUID(), nullable=True),
    sa.Column('recorded_by', sa.UUID(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_by', sa.UUID(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_veto_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_veto')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index(op.f('ix_veto_agency_id_participant_id'), 'veto', ['agency_id', 'participant_id'], unique=False, schema='intake')
    op.create_index('uq_veto_open', 'veto', ['agency_id', 'participant_id', 'staff_id'], unique=True, schema='intake', postgresql_where=sa.text('withdrawn_at is null'))
    op.create_table('waiting',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('program_id', sa.UUID(), nullable=False),
    sa.Column('episode_id', sa.UUID(), nullable=True),
    sa.Column('wishes', sa.LargeBinary(), nullable=False),
    sa.Column('urgency', sa.Text(), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('recorded_by', sa.UUID(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('left_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('left_reason', sa.Text(), nullable=True),
    sa.Column('assignment_id', sa.UUID(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('(left_at is null) = (left_reason is null)', name=op.f('ck_waiting_reason')),
    sa.ForeignKeyConstraint(['agency_id', 'assignment_id'], ['intake.assignment.agency_id', 'intake.assignment.id'], name=op.f('fk_waiting_agency_id_assignment_id_assignment'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'episode_id'], ['intake.episode.agency_id', 'intake.episode.id'], name=op.f('fk_waiting_agency_id_episode_id_episode'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_waiting_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_waiting')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index(op.f('ix_waiting_agency_id_participant_id'), 'waiting', ['agency_id', 'participant_id'], unique=False, schema='intake')
    op.create_index('ix_waiting_queue', 'waiting', ['agency_id', 'program_id', 'since', 'id'], unique=False, schema='intake', postgresql_where=sa.text('left_at is null'))
    op.create_index('uq_waiting_open', 'waiting', ['agency_id', 'participant_id', 'program_id'], unique=True, schema='intake', postgresql_where=sa.text('left_at is null'))
    op.create_table('match',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('program_id', sa.UUID(), nullable=False),
    sa.Column('episode_id', sa.UUID(), nullable=True),
    sa.Column('waiting_id', sa.UUID(), nullable=True),
    sa.Column('wishes', sa.LargeBinary(), nullable=False),
    sa.Column('asked_by', sa.UUID(), nullable=True),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('assignment_id', sa.UUID(), nullable=True),
    sa.Column('over_caseload_reason', sa.Text(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('(decided_at is null) = (assignment_id is null)', name=op.f('ck_match_decided')),
    sa.ForeignKeyConstraint(['agency_id', 'assignment_id'], ['intake.assignment.agency_id', 'intake.assignment.id'], name=op.f('fk_match_agency_id_assignment_id_assignment'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'episode_id'], ['intake.episode.agency_id', 'intake.episode.id'], name=op.f('fk_match_agency_id_episode_id_episode'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_match_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'waiting_id'], ['intake.waiting.agency_id', 'intake.waiting.id'], name=op.f('fk_match_agency_id_waiting_id_waiting'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_match')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index(op.f('ix_match_agency_id_participant_id'), 'match', ['agency_id', 'participant_id'], unique=False, schema='intake')
    op.create_table('match_candidate',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('match_id', sa.UUID(), nullable=False),
    sa.Column('staff_id', sa.UUID(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=True),
    sa.Column('score', sa.Integer(), nullable=False),
    sa.Column('standings', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('because', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('caseload', sa.Integer(), nullable=False),
    sa.Column('room', sa.Integer(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('outcome_reason', sa.Text(), nullable=True),
    sa.Column('outcome_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('(place is null) = (cardinality(because) > 0)', name=op.f('ck_match_candidate_place')),
    sa.ForeignKeyConstraint(['agency_id', 'match_id'], ['intake.match.agency_id', 'intake.match.id'], name=op.f('fk_match_candidate_agency_id_match_id_match'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'match_id', 'staff_id', name=op.f('pk_match_candidate')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index(op.f('ix_match_candidate_agency_id_staff_id'), 'match_candidate', ['agency_id', 'staff_id'], unique=False, schema='intake')
    op.add_column('assignment', sa.Column('end_reason', sa.Text(), nullable=True), schema='intake')
    op.add_column('assignment', sa.Column('follows_id', sa.UUID(), nullable=True), schema='intake')
    op.add_column('assignment', sa.Column('handover', sa.LargeBinary(), nullable=True), schema='intake')
    op.create_index(op.f('ix_assignment_agency_id_staff_id_valid_from'), 'assignment', ['agency_id', 'staff_id', 'valid_from'], unique=False, schema='intake')
    op.create_index('ix_assignment_caseload', 'assignment', ['agency_id', 'staff_id', 'participant_id'], unique=False, schema='intake', postgresql_where=sa.text('valid_to is null'))
    op.create_foreign_key(op.f('fk_assignment_agency_id_follows_id_assignment'), 'assignment', 'assignment', ['agency_id', 'follows_id'], ['agency_id', 'id'], source_schema='intake', referent_schema='intake', initially='DEFERRED', deferrable=True)
    op.add_column('episode', sa.Column('follows_id', sa.UUID(), nullable=True), schema='intake')
    op.add_column('episode', sa.Column('re_enrolment', sa.Boolean(), server_default=sa.false(), nullable=False), schema='intake')
    op.add_column('episode', sa.Column('transfer_reason', sa.Text(), nullable=True), schema='intake')
    op.add_column('episode', sa.Column('reopened_at', sa.DateTime(timezone=True), nullable=True), schema='intake')
    op.add_column('episode', sa.Column('reopening_reason', sa.Text(), nullable=True), schema='intake')
    op.create_foreign_key(op.f('fk_episode_agency_id_follows_id_episode'), 'episode', 'episode', ['agency_id', 'follows_id'], ['agency_id', 'id'], source_schema='intake', referent_schema='intake', initially='DEFERRED', deferrable=True)
