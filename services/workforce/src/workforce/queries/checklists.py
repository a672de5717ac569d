"""What is done and what is left to do when somebody comes or leaves."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, exists, or_, select, true

from common.contracts.codes import CredentialStatus, Role
from common.contracts.workforce_codes import AttestationKind, TrainingKind
from common.database import Db
from common.identity import Actor
from workforce.commands.reach import reach_staff, supervised_on, today_of
from workforce.models import (
    Assignment,
    ChecklistTick,
    CompetencyAssessment,
    Device,
    Placement,
    SignIn,
    Staff,
    SupervisedWorker,
    Supervision,
    SupervisorAssignment,
    Training,
)
from workforce.queries.pathways import has_attested
from workforce.queries.practised import credentials_held
from workforce.rules.checklists import ITEMS, NOTE, ChecklistItem, ChecklistKind, Doer, Sight, lists_for
from workforce.rules.credentials import KnownCredential, is_in_force, status_on
from workforce.rules.supervision import SupervisionState


class ItemText(BaseModel):
    """One item as it stands in the lists. `roles`: for whom, empty for everybody."""

    kind: ChecklistKind
    code: str
    doer: Doer
    en: str
    es: str
    roles: list[Role]
    ticked_by_itself: bool = Field(description="Handrail sees it; nobody ticks it by hand")


class ItemTexts(BaseModel):
    authority: str = "handrail_default"
    note: dict[str, str] = NOTE
    items: list[ItemText]


class ItemState(ItemText):
    """`version`: what to change it by, 0 before the first tick; null where Handrail ticks it itself."""

    done: bool
    done_on: date | None
    changed_by: UUID | None
    version: int | None


class Checklist(BaseModel):
    kind: ChecklistKind
    left: int = Field(description="how many items are not done")
    items: list[ItemState]


class Checklists(BaseModel):
    """`on`: the agency's day by which Handrail looked. The list for leaving is there once a last day is known."""

    on: date
    authority: str = "handrail_default"
    note: dict[str, str] = NOTE
    lists: list[Checklist]


def item_texts() -> ItemTexts:
    return ItemTexts(items=[ItemText.model_validate(_text(item)) for item in ITEMS])


def _text(item: ChecklistItem) -> dict[str, Any]:
    shown = {name: getattr(item, name) for name in ("kind", "code", "doer", "en", "es")}
    return shown | {"roles": sorted(item.roles), "ticked_by_itself": item.sight is not None}


async def checklists_of(db: Db, actor: Actor, staff_id: UUID) -> Checklists:
    """Return somebody's lists: their own, of whom the caller supervises today, or anybody's for administrators."""
    staff = await reach_staff(db, actor, staff_id)
    today = await today_of(db)
    seen = await _seen(db, staff, today)
    ticks = await _ticks(db, staff_id)
    lists = [
        _checklist(kind, [_state(item, seen, ticks) for item in items])
        for kind, items in lists_for(staff.roles, leaves=staff.employed_to is not None).items()
    ]
    return Checklists(on=today, lists=lists)


def _checklist(kind: ChecklistKind, items: list[ItemState]) -> Checklist:
    return Checklist(kind=kind, left=sum(not item.done for item in items), items=items)


def _state(item: ChecklistItem, seen: Mapping[Sight, bool], ticks: Mapping[str, ChecklistTick]) -> ItemState:
    tick = ticks.get(item.code)
    state: dict[str, Any] = {
        "done": tick is not None and tick.done_on is not None,
        "done_on": tick and tick.done_on,
        "changed_by": tick and tick.changed_by,
        "version": tick.version if tick else 0,
    }
    if item.sight is not None:
        state = {"done": seen[item.sight], "done_on": None, "changed_by": None, "version": None}
    return ItemState.model_validate(_text(item) | state)


async def _ticks(db: Db, staff_id: UUID) -> dict[str, ChecklistTick]:
    question = select(ChecklistTick).where(
        ChecklistTick.agency_id == db.scope.agency_id, ChecklistTick.staff_id == staff_id
    )
    return {row.item: row for row in await db.scalars(question)}


async def _seen(db: Db, staff: Staff, today: date) -> dict[Sight, bool]:
    """Return what Handrail sees of somebody, by one question about everything but credentials."""
    conditions = _coming(staff, today) | _leaving(staff, db.now)
    row = (await db.execute(select(*(one.label(sight.value) for sight, one in conditions.items())))).one()
    seen = {sight: bool(value) for sight, value in zip(conditions, row, strict=True)}
    held = (await credentials_held(db, [staff.id]))[staff.id]
    return seen | {Sight.CREDENTIAL_IN_FORCE: any(_lets_work(one, today) for one in held)}


def _lets_work(credential: KnownCredential, day: date) -> bool:
    status: CredentialStatus | None = status_on(credential.statuses, day)
    return is_in_force(credential.valid_from, credential.valid_to, status, day)


def _coming(staff: Staff, today: date) -> dict[Sight, ColumnElement[bool]]:
    def about(row: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
        return exists().where(row.agency_id == staff.agency_id, row.staff_id == staff.id, *conditions)

    def attested(kind: AttestationKind) -> ColumnElement[bool]:
        return has_attested(staff.agency_id, staff.id, kind, today)

    def trained(kind: TrainingKind) -> ColumnElement[bool]:
        return about(Training, Training.kind == kind, Training.void_reason.is_(None))

    held = (Supervision.agency_id == staff.agency_id, Supervision.id == SupervisedWorker.supervision_id)
    return {
        Sight.SIGNED_IN: about(SignIn),
        Sight.TWO_FACTORS_USED: about(SignIn, SignIn.aal == 2),
        Sight.CONFIDENTIALITY_ATTESTED: attested(AttestationKind.CONFIDENTIALITY),
        Sight.ETHICS_ATTESTED: attested(AttestationKind.CODE_OF_ETHICS),
        Sight.LIVED_EXPERIENCE_ATTESTED: attested(AttestationKind.LIVED_EXPERIENCE),
        Sight.PLACED: about(Placement, supervised_on(today, Placement)),
        Sight.SUPERVISED: about(SupervisorAssignment, supervised_on(today)),
        Sight.CORE_TRAINING: trained(TrainingKind.CORE),
        Sight.SUPERVISOR_TRAINING: or_(
            trained(TrainingKind.SUPERVISING_PEERS), trained(TrainingKind.SUPERVISING_ONLINE)
        ),
        Sight.SUPERVISION_HELD: about(SupervisedWorker, *held, Supervision.state == SupervisionState.HELD),
        Sight.COMPETENCIES_ASSESSED: about(CompetencyAssessment, CompetencyAssessment.void_reason.is_(None)),
    }


def _leaving(staff: Staff, now: datetime) -> dict[Sight, ColumnElement[bool]]:
    """Return what is seen of somebody's leaving; without a last day nobody asks for it."""
    last_day = staff.employed_to

    def beyond(row: Any) -> ColumnElement[bool]:
        return or_(row.valid_to.is_(None), row.valid_to > last_day) if last_day else true()

    def none_of(row: Any, whose: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
        return ~exists().where(row.agency_id == staff.agency_id, whose == staff.id, *conditions)

    accompanies_nobody = none_of(Assignment, Assignment.staff_id, beyond(Assignment))
    return {
        Sight.CASELOAD_HANDED_OVER: true() if staff.caseload_to else accompanies_nobody,
        Sight.SUPERVISEES_HANDED_OVER: none_of(
            SupervisorAssignment, SupervisorAssignment.supervisor_id, beyond(SupervisorAssignment)
        ),
        Sight.DEVICES_ENDED: none_of(Device, Device.staff_id, Device.ended_at.is_(None)),
        Sight.PLACEMENTS_ENDED: none_of(Placement, Placement.staff_id, beyond(Placement)),
        Sight.SIGNED_OUT: none_of(SignIn, SignIn.staff_id, SignIn.ended_at.is_(None), SignIn.expires_at > now),
    }
