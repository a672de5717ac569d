"""A recovery plan as it stands, and as it stood in each of its versions."""

from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from common.database import Db
from common.errors import NotThere, Unprocessable
from common.http import Cursor, encode_cursor
from common.identity import Actor
from common.privacy import KeyRing
from intake.commands.access import reach
from intake.commands.plan_versions import STATE, GoalState, OpenPlan, PlanHead, PlanState, open_plan
from intake.commands.recording import recording
from intake.models import Plan, PlanVersion
from intake.rules.planning import GoalStanding, PlanChange


class GoalRecord(GoalState):
    standing: GoalStanding | None = Field(description="how near it was when that was last said")
    standing_on: date | None


class PlanRecord(PlanHead):
    id: UUID
    participant_id: UUID
    episode_id: UUID
    goals: list[GoalRecord]
    source_system: str | None
    version: int


class EarlierVersion(BaseModel):
    version: int
    change: PlanChange = Field(description="what ended it")
    stood_until: AwareDatetime
    changed_by: UUID | None


class PlanVersions(BaseModel):
    version: int = Field(description="the one that stands")
    items: list[EarlierVersion] = Field(description="those before it, the newest first")
    next: str | None = None


class PlanAsItStood(PlanState):
    plan_id: UUID
    version: int
    stood_until: AwareDatetime | None = Field(description="null for the version that stands")


async def plan(db: Db, keys: KeyRing, actor: Actor, plan_id: UUID) -> PlanRecord:
    opened = await _opened(db, keys, actor, plan_id)
    found, state = opened.plan, opened.before
    plain = {name: getattr(found, name) for name in ("id", "participant_id", "episode_id", "source_system", "version")}
    goals = [
        GoalRecord.model_validate(said.model_dump() | {"standing": row.standing, "standing_on": row.standing_on})
        for said, row in zip(state.goals, opened.goals, strict=True)
    ]
    return PlanRecord.model_validate(state.model_dump(exclude={"goals"}) | plain | {"goals": goals})


async def _opened(db: Db, keys: KeyRing, actor: Actor, plan_id: UUID) -> OpenPlan:
    now = await recording(db)
    return await open_plan(db, keys, await reach(db, actor, Plan, plan_id, now), now)


async def versions(db: Db, actor: Actor, plan_id: UUID, after: Cursor | None, limit: int) -> PlanVersions:
    found = await reach(db, actor, Plan, plan_id, await recording(db))
    row = PlanVersion
    question = select(row).where(row.agency_id == found.agency_id, row.plan_id == found.id)
    if after:
        question = question.where(row.version < _version(after))
    rows = (await db.scalars(question.order_by(row.version.desc()).limit(limit + 1))).all()
    page = rows[:limit]
    more = encode_cursor(page[-1].version, page[-1].id) if len(rows) > limit else None
    items = [EarlierVersion.model_validate(one, from_attributes=True) for one in page]
    return PlanVersions(version=found.version, items=items, next=more)


def _version(after: Cursor) -> int:
    if not (after.at.isascii() and after.at.isdigit() and len(after.at) < 10):
        raise Unprocessable("bad-cursor", "Use the `next` value of the page before, unchanged.", "/next")
    return int(after.at)


async def version(db: Db, keys: KeyRing, actor: Actor, plan_id: UUID, number: int) -> PlanAsItStood:
    """Return a plan as it stood in one version. Raises `NotThere` for one that was never kept."""
    opened = await _opened(db, keys, actor, plan_id)
    if number == opened.plan.version:
        return _as_it_stood(opened, number, opened.before, None)
    row = PlanVersion
    kept = await db.scalar(
        select(row).where(row.agency_id == opened.plan.agency_id, row.plan_id == plan_id, row.version == number)
    )
    if kept is None:
        raise NotThere
    return _as_it_stood(opened, number, _state(opened, kept), kept)


def _state(opened: OpenPlan, kept: PlanVersion) -> PlanState:
    if kept.state is None:  # it ended next, and nothing changes after that
        return opened.before.model_copy(update={"in_force_to": None})
    return PlanState.model_validate(opened.sealer.open(STATE, kept.state))


def _as_it_stood(opened: OpenPlan, number: int, state: PlanState, kept: PlanVersion | None) -> PlanAsItStood:
    beside = {"plan_id": opened.plan.id, "version": number, "stood_until": kept.stood_until if kept else None}
    return PlanAsItStood.model_validate(state.model_dump() | beside)
