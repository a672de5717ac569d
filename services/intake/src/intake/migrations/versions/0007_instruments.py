"""instruments"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('instrument',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('pack_version', sa.Text(), nullable=False),
    sa.Column('pack', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('registered_by', sa.UUID(), nullable=True),
    sa.Column('registered_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_instrument')),
    schema='intake',
    info={'api': 'select, insert', 'worker': ''}
    )
    op.create_index('uq_instrument_version', 'instrument', ['agency_id', 'code', 'pack_version'], unique=True, schema='intake')
    op.create_table('answer',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('episode_id', sa.UUID(), nullable=False),
    sa.Column('instrument', sa.Text(), nullable=False),
    sa.Column('pack_version', sa.Text(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('given_by', sa.Text(), nullable=False),
    sa.Column('point', sa.Text(), nullable=True),
    sa.Column('collected_on', sa.Date(), nullable=False),
    sa.Column('given', sa.LargeBinary(), nullable=True),
    sa.Column('scores', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('recorded_by', sa.UUID(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(outcome = 'declined') = (given is null)", name=op.f('ck_answer_given')),
    sa.CheckConstraint("outcome = 'completed' or scores = '{}'::jsonb", name=op.f('ck_answer_scores')),
    sa.ForeignKeyConstraint(['agency_id', 'episode_id'], ['intake.episode.agency_id', 'intake.episode.id'], name=op.f('fk_answer_agency_id_episode_id_episode'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_answer_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_answer')),
    schema='intake',
    info={'api': 'select, insert', 'worker': ''}
    )
    op.create_index(op.f('ix_answer_agency_id_episode_id'), 'answer', ['agency_id', 'episode_id'], unique=False, schema='intake')
    op.create_index('ix_answer_trend', 'answer', ['agency_id', 'participant_id', 'instrument', 'collected_on', 'id'], unique=False, schema='intake')
    op.create_table('safety_concern',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('level', sa.Text(), nullable=True),
    sa.Column('answer_id', sa.UUID(), nullable=True),
    sa.Column('episode_id', sa.UUID(), nullable=True),
    sa.Column('note', sa.LargeBinary(), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('opened_by', sa.UUID(), nullable=True),
    sa.Column('notified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('acknowledged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('contacted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('offered_988_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('handed_off_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(status = 'closed') = (closed_at is not null)", name=op.f('ck_safety_concern_closed')),
    sa.ForeignKeyConstraint(['agency_id', 'answer_id'], ['intake.answer.agency_id', 'intake.answer.id'], name=op.f('fk_safety_concern_agency_id_answer_id_answer'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'episode_id'], ['intake.episode.agency_id', 'intake.episode.id'], name=op.f('fk_safety_concern_agency_id_episode_id_episode'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_safety_concern_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_safety_concern')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index(op.f('ix_safety_concern_agency_id_participant_id'), 'safety_concern', ['agency_id', 'participant_id'], unique=False, schema='intake')
    op.create_index('ix_safety_concern_open', 'safety_concern', ['agency_id', 'id'], unique=False, schema='intake', postgresql_where=sa.text('closed_at is null'))
    op.create_index('uq_safety_concern_answer', 'safety_concern', ['agency_id', 'answer_id'], unique=True, schema='intake', postgresql_where=sa.text('answer_id is not null'))
    op.create_table('safety_action',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('concern_id', sa.UUID(), nullable=False),
    sa.Column('step', sa.Text(), nullable=False),
    sa.Column('led_to', sa.Text(), nullable=False),
    sa.Column('how', sa.Text(), nullable=True),
    sa.Column('staff_id', sa.UUID(), nullable=True),
    sa.Column('accepted', sa.Boolean(), nullable=True),
    sa.Column('said', sa.LargeBinary(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('taken_by', sa.UUID(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['agency_id', 'concern_id'], ['intake.safety_concern.agency_id', 'intake.safety_concern.id'], name=op.f('fk_safety_action_agency_id_concern_id_safety_concern'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_safety_action_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_safety_action')),
    schema='intake',
    info={'api': 'select, insert', 'worker': ''}
    )
    op.create_index('ix_safety_action_concern', 'safety_action', ['agency_id', 'concern_id', 'id'], unique=False, schema='intake')
    op.add_column('assessment', sa.Column('ed_visits_30', sa.Integer(), nullable=True), schema='intake')
    op.add_column('assessment', sa.Column('inpatient_nights_30', sa.Integer(), nullable=True), schema='intake')
    op.add_column('assessment', sa.Column('observed_days', sa.Integer(), nullable=True), schema='intake')
    op.add_column('assessment', sa.Column('declined', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False), schema='intake')
    op.create_check_constraint(op.f('ck_assessment_inpatient_nights'), 'assessment', 'inpatient_nights_30 between 0 and 30', schema='intake')
    op.create_check_constraint(op.f('ck_assessment_observed_days'), 'assessment', 'observed_days between 1 and 30', schema='intake')
