"""directory"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('meeting_feed',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('zone', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=True),
    sa.Column('meetings', sa.Integer(), nullable=False),
    sa.Column('zones', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('last_good_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('checked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_problem', sa.Text(), nullable=True),
    sa.Column('last_problem_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('etag', sa.Text(), nullable=True),
    sa.Column('last_modified', sa.Text(), nullable=True),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_meeting_feed')),
    schema='intake',
    info={'reach': 'platform', 'api': 'select, insert, update', 'worker': 'select, update'}
    )
    op.create_index('ix_meeting_feed_due', 'meeting_feed', ['due_at'], unique=False, schema='intake', postgresql_where=sa.text('due_at is not null'))
    op.create_index('uq_meeting_feed_name', 'meeting_feed', ['agency_id', 'name'], unique=True, schema='intake')
    op.create_table('meeting',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('feed_id', sa.UUID(), nullable=False),
    sa.Column('slug', sa.Text(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('day', sa.Integer(), nullable=True),
    sa.Column('minute', sa.Integer(), nullable=True),
    sa.Column('end_minute', sa.Integer(), nullable=True),
    sa.Column('end_time_inferred', sa.Boolean(), nullable=False),
    sa.Column('zone', sa.Text(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('types', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('attendance', sa.Text(), nullable=False),
    sa.Column('approximate', sa.Boolean(), nullable=False),
    sa.Column('location_closed', sa.Boolean(), nullable=False),
    sa.Column('location', sa.Text(), nullable=False),
    sa.Column('latitude', sa.Double(), nullable=True),
    sa.Column('longitude', sa.Double(), nullable=True),
    sa.Column('listing', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('search', sa.Text(), nullable=False),
    sa.Column('listed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('gone_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['agency_id', 'feed_id'], ['intake.meeting_feed.agency_id', 'intake.meeting_feed.id'], name=op.f('fk_meeting_agency_id_feed_id_meeting_feed'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_meeting')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': 'select, insert, update'}
    )
    op.create_index('ix_meeting_feed', 'meeting', ['agency_id', 'feed_id', 'slug'], unique=False, schema='intake')
    op.create_index('ix_meeting_place', 'meeting', ['agency_id', 'place', 'id'], unique=False, schema='intake', postgresql_where=sa.text('gone_at is null'))
    op.create_index('ix_meeting_point', 'meeting', ['agency_id', 'latitude', 'longitude'], unique=False, schema='intake', postgresql_where=sa.text('gone_at is null'))
