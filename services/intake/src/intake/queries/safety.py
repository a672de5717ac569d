"""Which safety concerns wait for somebody, and one of them with all its steps."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from common.contracts.codes import SafetyStatus
from common.database import Db
from common.http import Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from intake.commands.access import reach, within_reach
from intake.commands.recording import recording
from intake.commands.safety import NOTE, SAID
from intake.models import SafetyAction, SafetyConcern
from intake.rules.safety import DO_NOW, SAY, DoNow, SafetySource, SafetyStep, possible_steps

MOST_ACTIONS = 200


class ConcernEntry(BaseModel):
    """A concern as it waits. `level`: the own triage of the protocol that raised it, never a score of ours."""

    id: UUID
    participant_id: UUID
    episode_id: UUID | None
    answer_id: UUID | None
    source: SafetySource
    level: str | None
    status: SafetyStatus
    opened_at: AwareDatetime
    opened_by: UUID | None
    minutes_open: int = Field(description="until it was closed, or now")
    notified_at: AwareDatetime | None
    acknowledged_at: AwareDatetime | None
    contacted_at: AwareDatetime | None
    offered_988_at: AwareDatetime | None
    handed_off_at: AwareDatetime | None
    closed_at: AwareDatetime | None
    version: int


class ActionRecord(BaseModel):
    """One step. `how`: who was informed, by which way, or to whom it was handed; `at`: when it was done."""

    step: SafetyStep
    led_to: SafetyStatus
    how: str | None
    staff_id: UUID | None
    accepted: bool | None
    said: str | None
    at: AwareDatetime
    taken_by: UUID | None
    recorded_at: AwareDatetime


class ConcernRecord(ConcernEntry):
    note: str | None
    actions: list[ActionRecord] = Field(max_length=MOST_ACTIONS, description="in the order noted; the first 200")
    possible_steps: list[SafetyStep]
    do_now: list[DoNow] = Field(description="empty once it is closed")
    say: dict[str, str]


class ConcernPage(BaseModel):
    items: list[ConcernEntry]
    next: str | None = None


async def concerns(db: Db, actor: Actor, *, closed: bool, after: Cursor | None, limit: int) -> ConcernPage:
    """Return the concerns within reach: those not closed, the longest open first, or the closed ones, newest first."""
    now, row = await recording(db), SafetyConcern
    question = select(row).where(
        row.agency_id == db.scope.agency_id,
        row.closed_at.is_not(None) if closed else row.closed_at.is_(None),
        within_reach(actor, now.today, row.participant_id),
    )
    if after:
        question = question.where(row.id < after.id if closed else row.id > after.id)
    rows = (await db.scalars(question.order_by(row.id.desc() if closed else row.id).limit(limit + 1))).all()
    items = [ConcernEntry.model_validate(_entry(one, now.now)) for one in rows[:limit]]
    return ConcernPage(items=items, next=encode_cursor("", items[-1].id) if len(rows) > limit else None)


def _entry(row: SafetyConcern, now: datetime) -> dict[str, Any]:
    shown = {name: getattr(row, name) for name in ConcernEntry.model_fields if hasattr(row, name)}
    return shown | {"minutes_open": max(0, int(((row.closed_at or now) - row.opened_at).total_seconds() // 60))}


async def concern(db: Db, keys: KeyRing, actor: Actor, concern_id: UUID) -> ConcernRecord:
    now = await recording(db)
    found = await reach(db, actor, SafetyConcern, concern_id, now)
    sealer = await keys.sealer(db, found.agency_id, found.participant_id)
    question = select(SafetyAction).where(
        SafetyAction.agency_id == found.agency_id, SafetyAction.concern_id == found.id
    )
    actions = await db.scalars(question.order_by(SafetyAction.id).limit(MOST_ACTIONS))
    status = SafetyStatus(found.status)
    more = {
        "note": found.note and sealer.open(NOTE, found.note),
        "actions": [_action(sealer, one) for one in actions],
        "possible_steps": possible_steps(status),
        "do_now": [] if status is SafetyStatus.CLOSED else list(DO_NOW),
        "say": dict(SAY),
    }
    return ConcernRecord.model_validate(_entry(found, now.now) | more)


def _action(sealer: Sealer, row: SafetyAction) -> ActionRecord:
    shown = {name: getattr(row, name) for name in ActionRecord.model_fields if name != "said"}
    return ActionRecord.model_validate(shown | {"said": row.said and sealer.open(SAID, row.said)})
