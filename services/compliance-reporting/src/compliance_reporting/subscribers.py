"""What compliance-reporting reacts to: every fact of workforce, intake and session-logging, and time that passes."""

import asyncio

from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.consents import CONSENT_FACTS, apply_consents
from common.contracts import intake, session_logging, workforce
from common.contracts.compliance_reporting import CONSENT_APPLIED
from common.contracts.envelope import Fact as FactType
from common.database import Db, Scope, transaction
from common.inbox import Events, Reaction
from common.runtime import Runtime
from compliance_reporting import models
from compliance_reporting.commands import overdue, projections

LOOK_SECONDS = 30


def _keeps(table: type[models.Fact]) -> Reaction:
    async def keep(db: Db, events: Events) -> None:
        await projections.keep(db, table, events)

    return keep


async def on_agency(db: Db, events: Events) -> None:
    await projections.know_agency(db)
    await projections.keep(db, models.FactAgency, events)


async def on_consent(db: Db, events: Events) -> None:
    await apply_consents(db, models.FactConsent.__table__, CONSENT_APPLIED, events)


on_program = _keeps(models.FactProgram)
on_staff = _keeps(models.FactStaff)
on_credential = _keeps(models.FactCredential)
on_placement = _keeps(models.FactPlacement)
on_program_pack = _keeps(models.FactProgramPack)
on_training = _keeps(models.FactTraining)
on_attestation = _keeps(models.FactAttestation)
on_competency = _keeps(models.FactCompetency)
on_work_hours = _keeps(models.FactWorkHours)
on_supervisor = _keeps(models.FactSupervisor)
on_supervision = _keeps(models.FactSupervision)
on_participant = _keeps(models.FactParticipant)
on_merge = _keeps(models.FactMerge)
on_episode = _keeps(models.FactEpisode)
on_notice = _keeps(models.FactNotice)
on_disclosure = _keeps(models.FactDisclosure)
on_agreement = _keeps(models.FactAgreement)
on_plan = _keeps(models.FactPlan)
on_assessment = _keeps(models.FactAssessment)
on_assignment = _keeps(models.FactAssignment)
on_session = _keeps(models.FactSession)
on_group = _keeps(models.FactGroup)
on_mutual_aid = _keeps(models.FactMutualAid)

REACTIONS: dict[FactType, Reaction] = {
    workforce.AGENCY_ACTIVATED: on_agency,
    workforce.PROGRAM_OPENED: on_program,
    workforce.PROGRAM_CHANGED: on_program,
    workforce.PROGRAM_PACK_CHOSEN: on_program_pack,
    workforce.STAFF_JOINED: on_staff,
    workforce.STAFF_CHANGED: on_staff,
    workforce.STAFF_LEFT: on_staff,
    workforce.STAFF_PLACED: on_placement,
    workforce.CREDENTIAL_RECORDED: on_credential,
    workforce.CREDENTIAL_CHANGED: on_credential,
    workforce.TRAINING_RECORDED: on_training,
    workforce.ATTESTATION_SIGNED: on_attestation,
    workforce.COMPETENCIES_ASSESSED: on_competency,
    workforce.WORK_HOURS_RECORDED: on_work_hours,
    workforce.SUPERVISOR_ASSIGNED: on_supervisor,
    workforce.SUPERVISION_HELD: on_supervision,
    intake.PARTICIPANT_ENROLLED: on_participant,
    intake.PARTICIPANT_CHANGED: on_participant,
    intake.PARTICIPANTS_MERGED: on_merge,
    intake.PARTICIPANTS_SPLIT: on_merge,
    intake.EPISODE_OPENED: on_episode,
    intake.EPISODE_CHANGED: on_episode,
    intake.EPISODE_CLOSED: on_episode,
    intake.NOTICE_GIVEN: on_notice,
    **dict.fromkeys(CONSENT_FACTS, on_consent),
    intake.DISCLOSURE_MADE: on_disclosure,
    intake.DISCLOSURE_MADE_1: on_disclosure,
    intake.AGREEMENT_RECORDED: on_agreement,
    intake.AGREEMENT_CHANGED: on_agreement,
    intake.PLAN_AGREED: on_plan,
    intake.PLAN_CHANGED: on_plan,
    intake.PEER_ASSIGNED: on_assignment,
    intake.PEER_UNASSIGNED: on_assignment,
    intake.ASSESSMENT_RECORDED: on_assessment,
    **dict.fromkeys(session_logging.SESSION_FACTS, on_session),
    session_logging.GROUP_HELD: on_group,
    session_logging.MUTUAL_AID_ATTENDED: on_mutual_aid,
    session_logging.MUTUAL_AID_WITHDRAWN: on_mutual_aid,
}


async def overdue_notes(runtime: Runtime) -> None:
    """Every half minute, tell of each agency's notes whose deadline has passed; for ever."""
    while True:
        async with runtime.engine.connect() as connection:
            agencies = (await connection.execute(select(models.KnownAgency.id))).scalars().all()
        for agency_id in agencies:
            async with transaction(runtime.engine, runtime.tables, Scope(agency_id, None, uuid7())) as db:
                await overdue.tell_overdue_notes(db)
        runtime.bell.ring()
        await asyncio.sleep(LOOK_SECONDS)
