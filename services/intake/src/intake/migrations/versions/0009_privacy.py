"""Consents from draft to end, packages and the accounting, bases and restrictions, Part 2 status, break-glass."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('agency_privacy',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('live_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('live_by', sa.UUID(), nullable=True),
    sa.Column('is_program', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('agency_id', name=op.f('pk_agency_privacy')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_table('attendance',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('service_date', sa.Date(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.Column('modality', sa.Text(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_attendance')),
    schema='intake',
    info={'api': 'select', 'worker': 'select, insert, update'}
    )
    op.create_index(op.f('ix_attendance_agency_id_participant_id_service_date'), 'attendance', ['agency_id', 'participant_id', 'service_date'], unique=False, schema='intake')
    op.create_table('consent_applied',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('service', sa.Text(), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('applied_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('agency_id', 'id', 'service', name=op.f('pk_consent_applied')),
    schema='intake',
    info={'api': 'select', 'worker': 'select, insert, update'}
    )
    op.create_table('determination',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('fact', sa.Text(), nullable=False),
    sa.Column('holds', sa.Boolean(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('decided_on', sa.Date(), nullable=False),
    sa.Column('decided_by', sa.UUID(), nullable=False),
    sa.Column('grounds', sa.Text(), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=True),
    sa.Column('review_on', sa.Date(), nullable=False),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_by', sa.UUID(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(state = 'proposed') = (settled_at is null)", name=op.f('ck_determination_settled')),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_determination')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index('uq_determination_in_force', 'determination', ['agency_id', 'fact'], unique=True, schema='intake', postgresql_where=sa.text("state = 'in_force'"))
    op.create_index('uq_determination_proposed', 'determination', ['agency_id', 'fact'], unique=True, schema='intake', postgresql_where=sa.text("state = 'proposed'"))
    op.create_table('notice_text',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('notice_version', sa.Text(), nullable=False),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('sha256', sa.Text(), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('recorded_by', sa.UUID(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_notice_text')),
    sa.UniqueConstraint('agency_id', 'notice_version', 'language', name=op.f('uq_notice_text_agency_id_notice_version_language')),
    schema='intake',
    info={'api': 'select, insert', 'worker': ''}
    )
    op.create_table('party',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=True),
    sa.Column('covered_entity', sa.Boolean(), nullable=False),
    sa.Column('part2_program', sa.Boolean(), nullable=False),
    sa.Column('medical_personnel', sa.Boolean(), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_party')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index('ix_party_name', 'party', ['agency_id', 'name'], unique=False, schema='intake')
    op.create_table('agreement',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('party_id', sa.UUID(), nullable=False),
    sa.Column('services', sa.Text(), nullable=False),
    sa.Column('categories', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=False),
    sa.Column('copies_allowed', sa.Boolean(), nullable=False),
    sa.Column('destroy_by', sa.Date(), nullable=True),
    sa.Column('approving_body', sa.Text(), nullable=True),
    sa.Column('evidence_sha256', sa.Text(), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('end_reason', sa.Text(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.UUID(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('valid_to >= valid_from', name=op.f('ck_agreement_period')),
    sa.ForeignKeyConstraint(['agency_id', 'party_id'], ['intake.party.agency_id', 'intake.party.id'], name=op.f('fk_agreement_agency_id_party_id_party'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_agreement')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index(op.f('ix_agreement_agency_id_kind_party_id'), 'agreement', ['agency_id', 'kind', 'party_id'], unique=False, schema='intake')
    op.create_table('break_glass',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('staff_id', sa.UUID(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('words', sa.LargeBinary(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('review_due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reviewed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reviewed_by', sa.UUID(), nullable=True),
    sa.Column('review_outcome', sa.Text(), nullable=True),
    sa.Column('review_words', sa.LargeBinary(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('expires_at > opened_at', name=op.f('ck_break_glass_period')),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_break_glass_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_break_glass')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index(op.f('ix_break_glass_agency_id_staff_id_expires_at'), 'break_glass', ['agency_id', 'staff_id', 'expires_at'], unique=False, schema='intake')
    op.create_index('ix_break_glass_waiting', 'break_glass', ['agency_id', 'id'], unique=False, schema='intake', postgresql_where=sa.text('reviewed_at is null'))
    op.create_table('care_relation',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('party_id', sa.UUID(), nullable=False),
    sa.Column('relation', sa.Text(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.UUID(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('valid_to is null or valid_to >= valid_from', name=op.f('ck_care_relation_period')),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_care_relation_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'party_id'], ['intake.party.agency_id', 'intake.party.id'], name=op.f('fk_care_relation_agency_id_party_id_party'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_care_relation')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index(op.f('ix_care_relation_agency_id_participant_id_party_id'), 'care_relation', ['agency_id', 'participant_id', 'party_id'], unique=False, schema='intake')
    op.create_table('court_order',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('section', sa.Text(), nullable=False),
    sa.Column('party_id', sa.UUID(), nullable=True),
    sa.Column('details', sa.LargeBinary(), nullable=False),
    sa.Column('findings', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('notice_given', sa.Boolean(), nullable=False),
    sa.Column('categories', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('names_counseling_notes', sa.Boolean(), nullable=False),
    sa.Column('against_patient', sa.Boolean(), nullable=False),
    sa.Column('issued_on', sa.Date(), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=True),
    sa.Column('subpoena_on', sa.Date(), nullable=True),
    sa.Column('counsel_signed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('counsel_signed_by', sa.UUID(), nullable=True),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.UUID(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_court_order_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'party_id'], ['intake.party.agency_id', 'intake.party.id'], name=op.f('fk_court_order_agency_id_party_id_party'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_court_order')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index(op.f('ix_court_order_agency_id_participant_id'), 'court_order', ['agency_id', 'participant_id'], unique=False, schema='intake')
    op.create_table('notice_deferral',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('deferred_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('deferred_by', sa.UUID(), nullable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_notice_deferral_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_notice_deferral')),
    schema='intake',
    info={'api': 'select, insert', 'worker': ''}
    )
    op.create_index(op.f('ix_notice_deferral_agency_id_participant_id'), 'notice_deferral', ['agency_id', 'participant_id'], unique=False, schema='intake')
    op.create_table('restriction',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('words', sa.LargeBinary(), nullable=False),
    sa.Column('categories', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('purposes', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('party_id', sa.UUID(), nullable=True),
    sa.Column('to_health_plan', sa.Boolean(), nullable=False),
    sa.Column('paid_in_full', sa.Boolean(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('asked_by_capacity', sa.Text(), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.UUID(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.UUID(), nullable=True),
    sa.Column('end_kind', sa.Text(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(state = 'asked') = (decided_at is null)", name=op.f('ck_restriction_decided')),
    sa.CheckConstraint("(state = 'ended') = (ended_at is not null)", name=op.f('ck_restriction_ended')),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_restriction_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'party_id'], ['intake.party.agency_id', 'intake.party.id'], name=op.f('fk_restriction_agency_id_party_id_party')),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_restriction')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index(op.f('ix_restriction_agency_id_participant_id'), 'restriction', ['agency_id', 'participant_id'], unique=False, schema='intake')
    op.create_table('consent_move',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('consent_id', sa.UUID(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('event', sa.Text(), nullable=False),
    sa.Column('from_state', sa.Text(), nullable=True),
    sa.Column('to_state', sa.Text(), nullable=False),
    sa.Column('recipient_place', sa.Integer(), nullable=True),
    sa.Column('capacity', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('words', sa.LargeBinary(), nullable=True),
    sa.Column('evidence_sha256', sa.Text(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.UUID(), nullable=True),
    sa.ForeignKeyConstraint(['agency_id', 'consent_id'], ['intake.consent.agency_id', 'intake.consent.id'], name=op.f('fk_consent_move_agency_id_consent_id_consent'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_consent_move_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_consent_move')),
    sa.UniqueConstraint('agency_id', 'consent_id', 'version', name=op.f('uq_consent_move_agency_id_consent_id_version')),
    schema='intake',
    info={'api': 'select, insert', 'worker': ''}
    )
    op.create_table('consent_recipient',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('consent_id', sa.UUID(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('party_id', sa.UUID(), nullable=True),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['agency_id', 'consent_id'], ['intake.consent.agency_id', 'intake.consent.id'], name=op.f('fk_consent_recipient_agency_id_consent_id_consent'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_consent_recipient_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_consent_recipient')),
    sa.UniqueConstraint('agency_id', 'consent_id', 'place', name=op.f('uq_consent_recipient_agency_id_consent_id_place')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_table('package',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('wish', sa.LargeBinary(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('content_sha256', sa.Text(), nullable=False),
    sa.Column('consent_id', sa.UUID(), nullable=True),
    sa.Column('decision_row', sa.Text(), nullable=False),
    sa.Column('prepared_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('prepared_by', sa.UUID(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.UUID(), nullable=True),
    sa.Column('end_reason', sa.Text(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("(state = 'prepared') = (ended_at is null)", name=op.f('ck_package_ended')),
    sa.ForeignKeyConstraint(['agency_id', 'consent_id'], ['intake.consent.agency_id', 'intake.consent.id'], name=op.f('fk_package_agency_id_consent_id_consent'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_package_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_package')),
    schema='intake',
    info={'api': 'select, insert, update', 'worker': ''}
    )
    op.create_index(op.f('ix_package_agency_id_consent_id'), 'package', ['agency_id', 'consent_id'], unique=False, schema='intake', postgresql_where=sa.text("state = 'prepared'"))
    op.create_index(op.f('ix_package_agency_id_participant_id'), 'package', ['agency_id', 'participant_id'], unique=False, schema='intake')
    op.create_table('disclosure_review',
    sa.Column('agency_id', sa.UUID(), nullable=False),
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('participant_id', sa.UUID(), nullable=False),
    sa.Column('disclosure_id', sa.UUID(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('words', sa.LargeBinary(), nullable=True),
    sa.Column('reviewed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reviewed_by', sa.UUID(), nullable=False),
    sa.ForeignKeyConstraint(['agency_id', 'disclosure_id'], ['intake.disclosure.agency_id', 'intake.disclosure.id'], name=op.f('fk_disclosure_review_agency_id_disclosure_id_disclosure'), initially='DEFERRED', deferrable=True),
    sa.ForeignKeyConstraint(['agency_id', 'participant_id'], ['intake.participant.agency_id', 'intake.participant.id'], name=op.f('fk_disclosure_review_agency_id_participant_id_participant'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('agency_id', 'id', name=op.f('pk_disclosure_review')),
    sa.UniqueConstraint('agency_id', 'disclosure_id', name=op.f('uq_disclosure_review_agency_id_disclosure_id')),
    schema='intake',
    info={'api': 'select, insert', 'worker': ''}
    )
    op.add_column('consent', sa.Column('state', sa.Text(), nullable=False, server_default='signed'), schema='intake')
    op.add_column('consent', sa.Column('language', sa.Text(), nullable=False, server_default='en'), schema='intake')
    op.add_column('consent', sa.Column('words', sa.LargeBinary(), nullable=True), schema='intake')
    op.add_column('consent', sa.Column('words_sha256', sa.Text(), nullable=True), schema='intake')
    op.add_column('consent', sa.Column('presented_at', sa.DateTime(timezone=True), nullable=True), schema='intake')
    op.add_column('consent', sa.Column('presented_by', sa.UUID(), nullable=True), schema='intake')
    op.add_column('consent', sa.Column('signature', sa.LargeBinary(), nullable=True), schema='intake')
    op.add_column('consent', sa.Column('signature_method', sa.Text(), nullable=True), schema='intake')
    op.add_column('consent', sa.Column('starts_on', sa.Date(), nullable=True), schema='intake')
    op.add_column('consent', sa.Column('revocable_from', sa.Date(), nullable=True), schema='intake')
    op.add_column('consent', sa.Column('found_false_at', sa.DateTime(timezone=True), nullable=True), schema='intake')
    op.add_column('consent', sa.Column('replaces_id', sa.UUID(), nullable=True), schema='intake')
    op.add_column('consent', sa.Column('recorded_by', sa.UUID(), nullable=True), schema='intake')
    op.alter_column('consent', 'signed_at',
               existing_type=postgresql.TIMESTAMP(timezone=True),
               nullable=True,
               schema='intake')
    op.create_index(op.f('ix_consent_agency_id_replaces_id'), 'consent', ['agency_id', 'replaces_id'], unique=False, schema='intake', postgresql_where=sa.text('replaces_id is not null'))
    op.create_foreign_key(op.f('fk_consent_agency_id_replaces_id_consent'), 'consent', 'consent', ['agency_id', 'replaces_id'], ['agency_id', 'id'], source_schema='intake', referent_schema='intake', initially='DEFERRED', deferrable=True)
    op.add_column('disclosure', sa.Column('path', sa.Text(), server_default='recorded', nullable=False), schema='intake')
    op.add_column('disclosure', sa.Column('decision_row', sa.Text(), nullable=True), schema='intake')
    op.add_column('disclosure', sa.Column('consent_version', sa.Integer(), nullable=True), schema='intake')
    op.add_column('disclosure', sa.Column('recipient_place', sa.Integer(), nullable=True), schema='intake')
    op.add_column('disclosure', sa.Column('party_id', sa.UUID(), nullable=True), schema='intake')
    op.add_column('disclosure', sa.Column('agreement_id', sa.UUID(), nullable=True), schema='intake')
    op.add_column('disclosure', sa.Column('court_order_id', sa.UUID(), nullable=True), schema='intake')
    op.add_column('disclosure', sa.Column('package_id', sa.UUID(), nullable=True), schema='intake')
    op.add_column('disclosure', sa.Column('view', sa.Text(), nullable=True), schema='intake')
    op.add_column('disclosure', sa.Column('channel', sa.Text(), nullable=True), schema='intake')
    op.add_column('disclosure', sa.Column('for_proceeding', sa.Boolean(), server_default=sa.text('false'), nullable=False), schema='intake')
    op.add_column('disclosure', sa.Column('do_not_pass_on', sa.Boolean(), server_default=sa.text('false'), nullable=False), schema='intake')
    op.add_column('disclosure', sa.Column('origin', sa.Text(), server_default='own_part2', nullable=False), schema='intake')
    op.add_column('disclosure', sa.Column('ehr', sa.Boolean(), server_default=sa.text('false'), nullable=False), schema='intake')
    op.add_column('disclosure', sa.Column('told_by', sa.Text(), nullable=True), schema='intake')
    op.add_column('disclosure', sa.Column('told_id', sa.UUID(), nullable=True), schema='intake')
    op.add_column('disclosure', sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=True), schema='intake')
    op.create_index('uq_disclosure_told', 'disclosure', ['agency_id', 'told_by', 'told_id', 'participant_id'], unique=True, schema='intake')
    op.create_foreign_key(op.f('fk_disclosure_agency_id_package_id_package'), 'disclosure', 'package', ['agency_id', 'package_id'], ['agency_id', 'id'], source_schema='intake', referent_schema='intake', initially='DEFERRED', deferrable=True)
    op.add_column('notice', sa.Column('acknowledgement', sa.Text(), nullable=True), schema='intake')
    op.add_column('notice', sa.Column('after_bounce_of', sa.UUID(), nullable=True), schema='intake')
    op.add_column('participant', sa.Column('origin', sa.Text(), server_default='own_part2', nullable=False), schema='intake')
    op.add_column('referral', sa.Column('link_terms', sa.LargeBinary(), nullable=True), schema='intake')
    op.add_column('referral', sa.Column('disclosure_id', sa.UUID(), nullable=True), schema='intake')
    op.add_column('referral', sa.Column('origin', sa.Text(), server_default='own_part2', nullable=False), schema='intake')
    op.execute("update intake.consent set state = 'revoked' where revoked_at is not null")
    op.create_check_constraint(
        op.f("ck_consent_signed"),
        "consent",
        "(state in ('draft', 'presented', 'discarded', 'declined')) = (signed_at is null)",
        schema="intake",
    )
    op.create_check_constraint(
        op.f("ck_consent_revoked"), "consent", "(state = 'revoked') = (revoked_at is not null)", schema="intake"
    )
    # Who served people with an earlier release goes on; the determinations are asked for where they are due.
    op.execute(
        "insert into intake.agency_privacy (agency_id, live_at, is_program, version) "
        "select distinct agency_id, now(), true, 1 from intake.participant"
    )


def downgrade() -> None:
    raise NotImplementedError("schemas only grow")
