"""Plans with versions, tasks, progress, reviews, agreements and invitations; a person's own view."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('own_code_handle',
    sa.Column('handle', sa.LargeBinary(), nullable=False),
    sa.Column('owner_agency_id', sa.UUID(), nullable=False),
    sa.Column('own_code_id', sa.UUID(), nullable=False),
    sa.PrimaryKeyConstraint('handle', name=op.f('pk_own_code_handle')),
    schema='intake',
    info={'reach': 'shared', 'api': 'select, insert', 'worker': ''}
    )
    op.create_table('own_code',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('episode_id', sa.UUID(), nullable=True),
    sa.Column('instrument', sa.Text(), nullable=True),
    sa.Column('pack_version', sa.Text(), nullable=True),
    sa.Column('answer_id', sa.UUID(), nullable=True),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('made_by', sa.UUID(), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(purpose = 'instrument') = (instrument is not null)", name=op.f('ck_own_code_instrument')),
    sa.CheckConstraint('num_nulls(episode_id, instrument, pack_version) in (0, 3)', name=op.f('ck_own_code_of_an_episode')),
    sa.ForeignKeyConstraint(['agency_id', 'answer_id'], ['intake.answer.agency_id', 'intake.answer.id'], name=op.f('fk_own_code_agency_id_answer_id_answer'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'episode_id'], ['intake.episode.agency_id', 'intake.episode.id'], name=op.f('fk_own_code_agency_id_episode_id_episode'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_own_code_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_own_code')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index('ix_own_code_participant', 'own_code', ['agency_id', 'participant_id', 'id'], unique=False, schema='intake')
    op.create_table('self_intake',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('own_code_id', sa.UUID(), nullable=False),
    sa.Column('answers', sa.LargeBinary(), nullable=False),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.UUID(), nullable=True),
    sa.Column('taken', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(status = 'waiting') = (decided_at is null)", name=op.f('ck_self_intake_decided')),
    sa.ForeignKeyConstraint(['agency_id', 'own_code_id'], ['intake.own_code.agency_id', 'intake.own_code.id'], name=op.f('fk_self_intake_agency_id_own_code_id_own_code'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_self_intake_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_self_intake')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index('ix_self_intake_participant', 'self_intake', ['agency_id', 'participant_id', 'id'], unique=False, schema='intake')
    op.create_index('ix_self_intake_waiting', 'self_intake', ['agency_id', 'id'], unique=False, schema='intake', postgresql_where=sa.text("status = 'waiting'"))
    op.create_index('uq_self_intake_code', 'self_intake', ['agency_id', 'own_code_id'], unique=True, schema='intake')
    op.create_table('meeting_invitation',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('plan_id', sa.UUID(), nullable=True),
    sa.Column('session_id', sa.UUID(), nullable=True),
    sa.Column('meeting_id', sa.UUID(), nullable=True),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('invited_on', sa.Date(), nullable=False),
    sa.Column('how', sa.Text(), nullable=False),
    sa.Column('went', sa.Boolean(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.UUID(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_meeting_invitation_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'plan_id'], ['intake.plan.agency_id', 'intake.plan.id'], name=op.f('fk_meeting_invitation_agency_id_plan_id_plan'), initially='DEFERRED', deferrable=True),
    sa.CheckConstraint('plan_id is not null or session_id is not null', name=op.f('ck_meeting_invitation_noted_on')),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_meeting_invitation')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index('ix_meeting_invitation_person', 'meeting_invitation', ['agency_id', 'participant_id', 'invited_on', 'id'], unique=False, schema='intake')
    op.create_index('ix_meeting_invitation_newest', 'meeting_invitation', ['agency_id', 'plan_id', 'invited_on', 'id'], unique=False, schema='intake')
    op.create_table('plan_agreement',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('plan_id', sa.UUID(), nullable=False),
    sa.Column('plan_version', sa.Integer(), nullable=False),
    sa.Column('method', sa.Text(), nullable=False),
    sa.Column('agreed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('terms', sa.LargeBinary(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.UUID(), nullable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_plan_agreement_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'plan_id'], ['intake.plan.agency_id', 'intake.plan.id'], name=op.f('fk_plan_agreement_agency_id_plan_id_plan'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_plan_agreement')),
    schema='intake',
    info={'api': 'select, insert', 'worker': ''}
    )
    op.create_index(op.f('ix_plan_agreement_agency_id_plan_id_id'), 'plan_agreement', ['agency_id', 'plan_id', 'id'], unique=False, schema='intake')
    op.create_table('plan_review',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('plan_id', sa.UUID(), nullable=False),
    sa.Column('plan_version', sa.Integer(), nullable=False),
    sa.Column('reviewed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('with_participant', sa.Boolean(), nullable=False),
    sa.Column('words', sa.LargeBinary(), nullable=True),
    sa.Column('next_review_on', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.UUID(), nullable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_plan_review_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'plan_id'], ['intake.plan.agency_id', 'intake.plan.id'], name=op.f('fk_plan_review_agency_id_plan_id_plan'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_plan_review')),
    schema='intake',
    info={'api': 'select, insert', 'worker': ''}
    )
    op.create_index('ix_plan_review_newest', 'plan_review', ['agency_id', 'plan_id', 'reviewed_at', 'id'], unique=False, schema='intake')
    op.create_table('plan_version',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('plan_id', sa.UUID(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('state', sa.LargeBinary(), nullable=True),
    sa.Column('change', sa.Text(), nullable=False),
    sa.Column('stood_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.UUID(), nullable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_plan_version_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'plan_id'], ['intake.plan.agency_id', 'intake.plan.id'], name=op.f('fk_plan_version_agency_id_plan_id_plan'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_plan_version')),
    schema='intake',
    info={'api': 'select, insert', 'worker': ''}
    )
    op.create_index('uq_plan_version', 'plan_version', ['agency_id', 'plan_id', 'version'], unique=True, schema='intake')
    op.create_table('goal_progress',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('goal_id', sa.UUID(), nullable=False),
    sa.Column('on', sa.Date(), nullable=False),
    sa.Column('standing', sa.Text(), nullable=False),
    sa.Column('said_by', sa.Text(), nullable=False),
    sa.Column('words', sa.LargeBinary(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.UUID(), nullable=True),
    sa.ForeignKeyConstraint(['agency_id', 'goal_id'], ['intake.goal.agency_id', 'intake.goal.id'], name=op.f('fk_goal_progress_agency_id_goal_id_goal'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_goal_progress_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_goal_progress')),
    schema='intake',
    info={'api': 'select, insert', 'worker': ''}
    )
    op.create_index('ix_goal_progress_newest', 'goal_progress', ['agency_id', 'goal_id', 'on', 'id'], unique=False, schema='intake')
    op.create_table('goal_task',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('plan_id', sa.UUID(), nullable=False),
    sa.Column('goal_id', sa.UUID(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('words', sa.LargeBinary(), nullable=False),
    sa.Column('done_by', sa.Text(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('done_on', sa.Date(), nullable=True),
    sa.CheckConstraint("(status = 'done') = (done_on is not null)", name=op.f('ck_goal_task_done')),
    sa.ForeignKeyConstraint(['agency_id', 'goal_id'], ['intake.goal.agency_id', 'intake.goal.id'], name=op.f('fk_goal_task_agency_id_goal_id_goal'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_goal_task_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'plan_id'], ['intake.plan.agency_id', 'intake.plan.id'], name=op.f('fk_goal_task_agency_id_plan_id_plan'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_goal_task')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index(op.f('ix_goal_task_agency_id_plan_id'), 'goal_task', ['agency_id', 'plan_id'], unique=False, schema='intake')
    op.add_column('goal', sa.Column('other_dimensions', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False), schema='intake')
    op.add_column('goal', sa.Column('measure', sa.LargeBinary(), nullable=True), schema='intake')
    op.add_column('goal', sa.Column('by_when', sa.Date(), nullable=True), schema='intake')
    op.add_column('goal', sa.Column('standing', sa.Text(), nullable=True), schema='intake')
    op.add_column('goal', sa.Column('standing_on', sa.Date(), nullable=True), schema='intake')
    op.add_column('plan', sa.Column('strengths', sa.LargeBinary(), nullable=True), schema='intake')
    op.create_index('ix_plan_episode', 'plan', ['agency_id', 'episode_id', 'id'], unique=False, schema='intake')
    op.create_index('ix_plan_participant', 'plan', ['agency_id', 'participant_id', 'id'], unique=False, schema='intake')
