"""What session-logging reacts to: it keeps what it needs to know of agencies, staff, people, plans and papers."""

from typing import Any

from common.consents import CONSENT_FACTS, apply_consents, is_first
from common.contracts import intake, workforce
from common.contracts.envelope import CloudEvent, Fact
from common.contracts.session_logging import CONSENT_APPLIED
from common.database import Db
from common.inbox import Events, Reaction, newest, project
from session_logging.commands.lookups import hold_consents
from session_logging.models import (
    Agency,
    Agreement,
    Assignment,
    BreakGlass,
    Consent,
    Credential,
    Episode,
    Goal,
    Merge,
    Notice,
    Participant,
    Plan,
    PrivacyStatus,
    Program,
    ProgramPack,
    Staff,
    Supervisor,
)


async def on_agency(db: Db, events: Events) -> None:
    await _keep(db, Agency, events, "zone", "holidays")


async def on_program(db: Db, events: Events) -> None:
    kept = ("unit_method", "group_max", "group_modifier", "credential_required", "required_specialty")
    await _keep(db, Program, events, *kept, "accepted_credentials", "note_deadline_business_days", "cosignature")


async def on_program_pack(db: Db, events: Events) -> None:
    await _keep(db, ProgramPack, events, "program_id", "pack_id", "valid_from", "valid_to")


async def on_supervisor(db: Db, events: Events) -> None:
    await _keep(db, Supervisor, events, "staff_id", "supervisor_id", "valid_from", "valid_to")


async def on_staff(db: Db, events: Events) -> None:
    await _keep(db, Staff, events, "roles", "employed_from", "employed_to")


async def on_credential(db: Db, events: Events) -> None:
    """Keep credentials with every status they had: what counts for a signature is the one on the day of service."""
    kept = ("staff_id", "credential_type", "specialty", "valid_from", "valid_to", "status")
    rows = [
        {"agency_id": event.agencyid, "id": event.subject, "seq": event.aggregateseq}
        | {name: getattr(event.data, name) for name in kept}
        | {"status_days": [one.since for one in event.data.statuses]}
        | {"status_codes": [one.status for one in event.data.statuses]}
        for event in newest(events)
    ]
    await project(db, Credential.__table__, rows)


async def on_participant(db: Db, events: Events) -> None:
    await _keep(db, Participant, events, "origin")


async def on_merge(db: Db, events: Events) -> None:
    await _keep(db, Merge, events, "survivor_id", "merged_id", "moved_ids", "merged_at", "undone_at")


async def on_episode(db: Db, events: Events) -> None:
    await _keep(db, Episode, events, "participant_id", "program_id", "opened_on", "closed_on")


async def on_plan(db: Db, events: Events) -> None:
    """Keep plans and their goals; a goal that a plan no longer lists stays known, for sessions refer to it."""
    await _keep(db, Plan, events, "participant_id", "episode_id", "agreed_at", "in_force_to")
    await project(db, Goal.__table__, [row for event in newest(events) for row in _goals(event)])


def _goals(event: CloudEvent[Any]) -> list[dict[str, object]]:
    plan: intake.PlanFacts = event.data
    return [
        {
            "agency_id": event.agencyid,
            "plan_id": plan.plan_id,
            "id": goal.goal_id,
            "seq": event.aggregateseq,
            "participant_id": plan.participant_id,
            "dimension": goal.dimension,
            "active_from": goal.active_from,
            "active_to": goal.active_to,
        }
        for goal in plan.goals
    ]


async def on_assignment(db: Db, events: Events) -> None:
    await _keep(db, Assignment, events, "participant_id", "episode_id", "staff_id", "valid_from", "valid_to")


async def on_notice(db: Db, events: Events) -> None:
    """Take a notice that was given and one that must wait alike: either lets the first service be signed."""
    rows = [
        {
            "agency_id": event.agencyid,
            "id": event.subject,
            "seq": event.aggregateseq,
            "participant_id": event.data.participant_id,
            "deferred": event.type == intake.NOTICE_DEFERRED.type,
        }
        for event in newest(events)
    ]
    await project(db, Notice.__table__, rows)


async def on_privacy_status(db: Db, events: Events) -> None:
    """Keep the newest determination; each carries all of the agency's facts."""
    latest = max(events, key=lambda event: event.aggregateseq)
    row = {"agency_id": latest.agencyid, "id": latest.agencyid, "seq": latest.aggregateseq}
    await project(db, PrivacyStatus.__table__, [row | {"is_program": latest.data.is_program}])


async def on_break_glass(db: Db, events: Events) -> None:
    await _keep(db, BreakGlass, events, "participant_id", "staff_id", "expires_at", "ended_at")


async def on_agreement(db: Db, events: Events) -> None:
    await _keep(db, Agreement, events, "kind", "valid_from", "valid_to", "ended_on")


async def on_consent(db: Db, events: Events) -> None:
    """Apply consents; whoever is about to rest on one of them waits, and then sees its new state."""
    await hold_consents(db, {event.subject for event in events if not is_first(event)}, alone=True)
    await apply_consents(db, Consent.__table__, CONSENT_APPLIED, events)


async def _keep(db: Db, model: Any, events: Events, *kept: str) -> None:
    """Project the newest event of each aggregate, with the fields `kept` of its facts."""
    rows = [
        {"agency_id": event.agencyid, "id": event.subject, "seq": event.aggregateseq}
        | {name: getattr(event.data, name) for name in kept}
        for event in newest(events)
    ]
    await project(db, model.__table__, rows)


REACTIONS: dict[Fact, Reaction] = {
    workforce.AGENCY_ACTIVATED: on_agency,
    workforce.PROGRAM_OPENED: on_program,
    workforce.PROGRAM_CHANGED: on_program,
    workforce.PROGRAM_PACK_CHOSEN: on_program_pack,
    workforce.SUPERVISOR_ASSIGNED: on_supervisor,
    workforce.STAFF_JOINED: on_staff,
    workforce.STAFF_CHANGED: on_staff,
    workforce.STAFF_LEFT: on_staff,
    workforce.CREDENTIAL_RECORDED: on_credential,
    workforce.CREDENTIAL_CHANGED: on_credential,
    intake.PARTICIPANT_ENROLLED: on_participant,
    intake.PARTICIPANT_CHANGED: on_participant,
    intake.PARTICIPANTS_MERGED: on_merge,
    intake.PARTICIPANTS_SPLIT: on_merge,
    intake.EPISODE_OPENED: on_episode,
    intake.EPISODE_CHANGED: on_episode,
    intake.EPISODE_CLOSED: on_episode,
    intake.PLAN_AGREED: on_plan,
    intake.PLAN_CHANGED: on_plan,
    intake.PEER_ASSIGNED: on_assignment,
    intake.PEER_UNASSIGNED: on_assignment,
    intake.NOTICE_GIVEN: on_notice,
    intake.NOTICE_DEFERRED: on_notice,
    intake.PRIVACY_STATUS_DETERMINED: on_privacy_status,
    intake.BREAK_GLASS_OPENED: on_break_glass,
    intake.BREAK_GLASS_CHANGED: on_break_glass,
    intake.AGREEMENT_RECORDED: on_agreement,
    intake.AGREEMENT_CHANGED: on_agreement,
    **dict.fromkeys(CONSENT_FACTS, on_consent),
}
