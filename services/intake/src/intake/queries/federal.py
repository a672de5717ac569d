"""The points of an episode, the work list of what is due, and the live follow-up rate of a grant."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by

from common.contracts.codes import ClientPart, FederalPoint, FederalTool
from common.database import Db
from common.http import Cursor, encode_cursor
from common.identity import Actor
from intake.commands.access import reach, within_reach
from intake.commands.federal import client_part_of
from intake.commands.grants import client_code
from intake.commands.recording import Recording, recording
from intake.models import Attempt, DuePoint, Episode, Funding, Grant, Participant, Reachability
from intake.queries.contacts import age_days, cursor_day
from intake.rules.contacts import AttemptOutcome
from intake.rules.federal import (
    WINDOWED,
    Cancelled,
    DueState,
    PointState,
    demographics_by_staff,
    entry_due,
    point_state,
)

NOT_DONE = and_(DuePoint.done_on.is_(None), DuePoint.cancelled_for.is_(None))


class PointRecord(BaseModel):
    """A point as it stands. The forms are the funder's; only what came of them is kept here."""

    id: UUID
    participant_id: UUID
    episode_id: UUID
    grant_id: UUID
    tool: FederalTool
    point: FederalPoint
    n: int = Field(description="counts the annual points; otherwise 1")
    state: PointState
    first_service_on: date
    due_on: date
    opens_on: date
    closes_on: date
    collected_on: date | None
    in_window: bool | None = Field(description="null until it is collected")
    client_part: ClientPart | None
    demographics_by_staff: bool = Field(description="at the baseline, unless the client's own part was started")
    entered_on: date | None
    entry_due_on: date | None
    cancelled_for: Cancelled | None
    version: int


class EpisodePoints(BaseModel):
    """Of every grant that pays for the episode, in the order in which their windows close."""

    client_id: str | None = Field(description="what the person is called in the funder's system, in every episode")
    fundings: list["FundingRecord"]
    items: list[PointRecord]


class FundingRecord(BaseModel):
    id: UUID
    grant_id: UUID
    first_service_on: date
    version: int


class DuePointRecord(BaseModel):
    """A point that is not done, with what is needed to find the person."""

    id: UUID
    participant_id: UUID = Field(description="the record under which the person goes on")
    episode_id: UUID
    grant_id: UUID
    tool: FederalTool
    point: FederalPoint
    n: int
    state: DueState
    due_on: date
    opens_on: date
    closes_on: date
    locator_confirmed_at: AwareDatetime | None
    locator_age_days: int | None
    attempts: int = Field(description="for this point, or since its window opened")
    last_attempt_at: AwareDatetime | None
    last_attempt_outcome: AttemptOutcome | None
    version: int


class DuePoints(BaseModel):
    items: list[DuePointRecord]
    next: str | None = None


async def episode_points(db: Db, actor: Actor, episode_id: UUID) -> EpisodePoints:
    now = await recording(db)
    episode = await reach(db, actor, Episode, episode_id, now)
    question = select(DuePoint, Funding.first_service_on).join(
        Funding, (Funding.agency_id == DuePoint.agency_id) & (Funding.id == DuePoint.funding_id)
    )
    asked = question.where(DuePoint.agency_id == db.scope.agency_id, DuePoint.episode_id == episode.id)
    rows = (await db.execute(asked.order_by(DuePoint.closes_on, DuePoint.id))).all()
    fundings = select(Funding).where(Funding.agency_id == db.scope.agency_id, Funding.episode_id == episode.id)
    return EpisodePoints(
        client_id=await client_code(db, episode.participant_id),
        fundings=[
            FundingRecord.model_validate(row, from_attributes=True)
            for row in await db.scalars(fundings.order_by(Funding.id))
        ],
        items=[_record(row, first, now) for row, first in rows],
    )


async def federal_point(db: Db, actor: Actor, point_id: UUID) -> PointRecord:
    now = await recording(db)
    found = await reach(db, actor, DuePoint, point_id, now)
    first = select(Funding.first_service_on).where(Funding.agency_id == found.agency_id, Funding.id == found.funding_id)
    return _record(found, (await db.execute(first)).scalar_one(), now)


def _record(row: DuePoint, first_service_on: date, recording: Recording) -> PointRecord:
    point, collected_on = FederalPoint(row.point), row.collected_on
    named = {name: getattr(row, name) for name in PointRecord.model_fields if hasattr(row, name)}
    derived = {
        "state": _state(row, recording.today),
        "first_service_on": first_service_on,
        "in_window": None if collected_on is None else row.opens_on <= collected_on <= row.closes_on,
        "client_part": client_part_of(row),
        "demographics_by_staff": demographics_by_staff(point, client_part_of(row)),
        "entry_due_on": entry_due(collected_on),
    }
    return PointRecord.model_validate(named | derived)


def _state(row: DuePoint, today: date) -> PointState:
    if row.cancelled_for is not None:
        return PointState.CANCELLED
    if row.done_on is not None:
        return PointState.DONE
    return PointState(point_state(FederalPoint(row.point), row.opens_on, row.due_on, row.closes_on, today=today))


async def due(
    db: Db,
    actor: Actor,
    after: Cursor | None,
    limit: int,
    *,
    grant_id: UUID | None = None,
    state: DueState | None = None,
) -> DuePoints:
    """Return what is not done, within reach, by the day on which its window closes; today is the agency's."""
    now = await recording(db)
    question = _due_within_reach(actor, now.today)
    if grant_id:
        question = question.where(DuePoint.grant_id == grant_id)
    if state:
        question = question.where(_stands(state, now.today))
    if after:
        question = question.where(tuple_(DuePoint.closes_on, DuePoint.id) > (cursor_day(after), after.id))
    rows = (await db.execute(question.order_by(DuePoint.closes_on, DuePoint.id).limit(limit + 1))).all()
    tried = await _tried(db, now, [row[0].id for row in rows[:limit]])
    items = [
        _due_record(row, survivor_id, confirmed_at, tried.get(row.id), now)
        for row, survivor_id, confirmed_at in rows[:limit]
    ]
    last = items[-1] if len(rows) > limit else None
    return DuePoints(items=items, next=encode_cursor(last.closes_on, last.id) if last else None)


def _due_within_reach(actor: Actor, today: date) -> Select[DuePoint, UUID, datetime | None]:
    """Ask for points with the person's surviving record and when the locator there was confirmed.

    Legacy points are gone with the grant's last interview day: nothing is owed after it.
    """
    survivor_id = func.coalesce(Participant.merged_into, Participant.id)
    return (
        select(DuePoint, survivor_id, Reachability.locator_confirmed_at)
        .join(Participant, (Participant.agency_id == DuePoint.agency_id) & (Participant.id == DuePoint.participant_id))
        .join(Grant, (Grant.agency_id == DuePoint.agency_id) & (Grant.id == DuePoint.grant_id))
        .outerjoin(
            Reachability,
            (Reachability.agency_id == DuePoint.agency_id) & (Reachability.participant_id == survivor_id),
        )
        .where(
            DuePoint.agency_id == actor.agency_id,
            NOT_DONE,
            or_(DuePoint.tool == FederalTool.SUPRT, Grant.gpra_last_interview_date >= today),
            within_reach(actor, today, DuePoint.participant_id),
        )
    )


def _stands(state: DueState, today: date) -> ColumnElement[bool]:
    """Return the condition that a point stands so today, as `point_state` has it."""
    missed = and_(DuePoint.closes_on < today, DuePoint.point.in_(WINDOWED))
    if state is DueState.UPCOMING:
        return DuePoint.opens_on > today
    if state is DueState.OPEN:
        return and_(DuePoint.opens_on <= today, DuePoint.due_on >= today)
    return missed if state is DueState.MISSED else and_(DuePoint.due_on < today, ~missed)


async def _tried(db: Db, recording: Recording, point_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Return by point how many attempts there were for it, or since its window opened, and the last one."""
    survivor_id = func.coalesce(Participant.merged_into, Participant.id)
    on_day = func.date(func.timezone(recording.zone, Attempt.at))
    newest_first = aggregate_order_by(Attempt.outcome, Attempt.at.desc(), Attempt.id.desc())
    outcomes: Any = func.array_agg(newest_first)
    question = (
        select(DuePoint.id, func.count(), func.max(Attempt.at), outcomes[1])
        .join(Participant, (Participant.agency_id == DuePoint.agency_id) & (Participant.id == DuePoint.participant_id))
        .join(
            Attempt,
            (Attempt.agency_id == DuePoint.agency_id)
            & Attempt.participant_id.in_([Participant.id, survivor_id])
            & or_(Attempt.point_id == DuePoint.id, and_(Attempt.point_id.is_(None), on_day >= DuePoint.opens_on)),
        )
        .where(DuePoint.agency_id == db.scope.agency_id, DuePoint.id.in_(point_ids))
        .group_by(DuePoint.id)
    )
    return {row[0]: row for row in await db.execute(question)}


def _due_record(
    row: DuePoint, survivor_id: UUID, confirmed_at: datetime | None, tried: Any, recording: Recording
) -> DuePointRecord:
    named = {name: getattr(row, name) for name in DuePointRecord.model_fields if hasattr(row, name)}
    derived = {
        "participant_id": survivor_id,
        "state": point_state(FederalPoint(row.point), row.opens_on, row.due_on, row.closes_on, today=recording.today),
        "locator_confirmed_at": confirmed_at,
        "locator_age_days": age_days(recording, confirmed_at),
        "attempts": tried[1] if tried else 0,
        "last_attempt_at": tried[2] if tried else None,
        "last_attempt_outcome": tried[3] if tried else None,
    }
    return DuePointRecord.model_validate(named | derived)
