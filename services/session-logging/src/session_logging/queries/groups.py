"""The groups that somebody held, each with its roster: who was there, and how far each note is."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel
from sqlalchemy import or_, select, tuple_

from common.contracts.codes import Outcome, Role, SessionStatus
from common.contracts.session_codes import Review
from common.database import Db
from common.errors import NotThere
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.identity import Actor
from session_logging.models import PeerGroup, PeerSession
from session_logging.queries.sessions import instant_of


class RosterLine(BaseModel):
    """One person's session in a group."""

    session_id: UUID
    version: int
    participant_id: UUID
    episode_id: UUID
    outcome: Outcome
    status: SessionStatus
    review: Review | None


class GroupRead(BaseModel):
    id: UUID
    program_id: UUID
    staff_id: UUID
    co_facilitator_id: UUID | None
    started_at: AwareDatetime
    ended_at: AwareDatetime
    size: int
    roster: list[RosterLine]


class GroupPage(BaseModel):
    items: list[GroupRead]
    next: str | None = None


async def group(db: Db, actor: Actor, group_id: UUID) -> GroupRead:
    """Return a group with its roster. Raises `NotThere` unless the actor held it or supervises."""
    row = await db.scalar(select(PeerGroup).where(PeerGroup.id == group_id, _may_see(db, actor)))
    if row is None:
        raise NotThere
    return _read(row, await _rosters(db, [row.id]))


async def group_page(db: Db, actor: Actor, after: Cursor | None, limit: int) -> GroupPage:
    """Return the groups that the actor held or co-facilitated, the newest first; supervisors see all of the agency."""
    limit = min(limit, PAGE_MOST)
    question = (
        select(PeerGroup)
        .where(_may_see(db, actor))
        .order_by(PeerGroup.started_at.desc(), PeerGroup.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        question = question.where(tuple_(PeerGroup.started_at, PeerGroup.id) < (instant_of(after), after.id))
    rows = (await db.scalars(question)).all()
    rosters = await _rosters(db, [row.id for row in rows[:limit]])
    items = [_read(row, rosters) for row in rows[:limit]]
    more = len(rows) > limit
    return GroupPage(items=items, next=encode_cursor(items[-1].started_at, items[-1].id) if more else None)


def _may_see(db: Db, actor: Actor) -> Any:
    own = PeerGroup.agency_id == db.scope.agency_id
    if actor.may(Role.SUPERVISOR, Role.ADMINISTRATOR):
        return own
    return own & or_(PeerGroup.staff_id == actor.staff_id, PeerGroup.co_facilitator_id == actor.staff_id)


async def _rosters(db: Db, group_ids: Iterable[UUID]) -> Mapping[UUID, list[RosterLine]]:
    rosters: dict[UUID, list[RosterLine]] = {group_id: [] for group_id in group_ids}
    found = await db.scalars(
        select(PeerSession)
        .where(PeerSession.agency_id == db.scope.agency_id, PeerSession.group_id.in_(rosters))
        .order_by(PeerSession.id)
    )
    for row in found:
        if row.group_id is not None:
            rosters[row.group_id].append(_line(row))
    return rosters


def _line(row: PeerSession) -> RosterLine:
    return RosterLine(
        session_id=row.id,
        version=row.version,
        participant_id=row.participant_id,
        episode_id=row.episode_id,
        outcome=Outcome(row.outcome),
        status=SessionStatus(row.status),
        review=Review(row.review) if row.review else None,
    )


def _read(row: PeerGroup, rosters: Mapping[UUID, list[RosterLine]]) -> GroupRead:
    return GroupRead(
        id=row.id,
        program_id=row.program_id,
        staff_id=row.staff_id,
        co_facilitator_id=row.co_facilitator_id,
        started_at=row.started_at,
        ended_at=row.ended_at,
        size=row.size,
        roster=rosters[row.id],
    )
