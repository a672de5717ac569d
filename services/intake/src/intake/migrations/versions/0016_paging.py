"""Safety concerns on their way to whoever is on call, whether or not the bus is there."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('duty',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('staff_id', sa.UUID(), nullable=False),
    sa.Column('rung', sa.Integer(), nullable=False),
    sa.Column('weekdays', postgresql.ARRAY(sa.Integer()), nullable=False),
    sa.Column('begins', sa.Time(), nullable=False),
    sa.Column('ends', sa.Time(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('withdrawn', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_duty')),
    schema='intake',
    info={'api': 'select', 'worker': 'select, insert, update'}
    )
    op.create_table('safety_call',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('concern_id', sa.UUID(), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('agency_id', 'concern_id', name=op.f('pk_safety_call')),
    schema='intake',
    info={'reach': 'platform', 'api': 'select, insert, update', 'worker': 'select, update, delete'}
    )
    op.create_index(op.f('ix_safety_call_at'), 'safety_call', ['at'], unique=False, schema='intake')
