"""Handing over what somebody who left still had to whom they named; nobody asks for it, the worker does.

Whom a person vetoes does not get them: they stay in the caseload that GET /v1/caseloads marks as to be reassigned.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

import structlog
from sqlalchemy import and_, select
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from common.contracts.codes import Role
from common.database import Db, Scope, transaction
from common.runtime import Runtime
from intake.commands.assignments import Handover, hand_over, unassign
from intake.commands.peers import assigned_to, lock_caseloads
from intake.commands.recording import Recording, recording
from intake.commands.reindexing import agencies
from intake.commands.vetoes import vetoes_of
from intake.models import Agency, Assignment, Episode, Staff
from intake.rules.assignments import EndReason
from intake.rules.people import ends_before, is_active

BATCH = 200
LOOK_SECONDS = 60
log = structlog.get_logger()


async def takeovers_due(runtime: Runtime) -> None:
    """Each minute, hand over what is left behind in each agency; for ever."""
    while True:
        for agency_id in await agencies(runtime):
            try:
                async with transaction(runtime.engine, runtime.tables, Scope(agency_id, None, uuid7())) as db:
                    await take_over(db)
            except DBAPIError as error:  # another hand-over at the same moment: the next look finds what is left
                log.info("takeover_put_off", agency_id=str(agency_id), error=type(error.orig).__name__)
        await asyncio.sleep(LOOK_SECONDS)


async def take_over(db: Db) -> int:
    """Hand over up to 200 assignments of those who have left; return how many somebody took."""
    if await db.get(Agency, (db.scope.agency_id, db.scope.agency_id)) is None:
        return 0  # not heard of yet, and so without anybody
    now = await recording(db)
    assignments = await _left_open(db, now.today)
    if not assignments:
        return 0
    await lock_caseloads(db, {one.staff_id for one in assignments})
    vetoes, taken = await vetoes_of(db, {one.participant_id for one in assignments}), 0
    for assignment in assignments:
        leaver = await db.get_one(Staff, (db.scope.agency_id, assignment.staff_id))
        successor = await _successor(db, leaver, now.today)
        if successor is not None and (assignment.participant_id, successor.id) not in vetoes:
            await _give(db, now, assignment, leaver, successor)
            taken += 1
    return taken


async def _left_open(db: Db, today: date) -> Sequence[Assignment]:
    """Return open assignments of those who do not work here any more, locked after their episodes."""
    gone = and_(Staff.agency_id == Assignment.agency_id, Staff.id == Assignment.staff_id, Staff.employed_to < today)
    question = (
        select(Assignment)
        .join(Staff, gone)
        .where(Assignment.agency_id == db.scope.agency_id, Assignment.valid_to.is_(None))
        .order_by(Assignment.valid_from, Assignment.id)
        .limit(BATCH)
    )
    found = (await db.scalars(question)).all()
    if not found:
        return []
    of_agency = Episode.agency_id == db.scope.agency_id, Episode.id.in_({one.episode_id for one in found})
    await db.execute(select(Episode.id).where(*of_agency).order_by(Episode.id).with_for_update())
    ids = [one.id for one in found]
    locked = select(Assignment).where(Assignment.agency_id == db.scope.agency_id, Assignment.id.in_(ids))
    await db.execute(locked.order_by(Assignment.id).with_for_update().execution_options(populate_existing=True))
    return [one for one in found if one.valid_to is None]


async def _successor(db: Db, leaver: Staff, today: date) -> Staff | None:
    """Return whom the leaver named, or whom those named who left in turn; nobody if nobody of them works here today."""
    seen = {leaver.id}
    one: Staff | None = leaver
    while one is not None and one.caseload_to is not None and one.caseload_to not in seen:
        seen.add(one.caseload_to)
        one = await db.get(Staff, (db.scope.agency_id, one.caseload_to))
        if one and Role.PEER in one.roles and is_active(one.employed_from, one.employed_to, today):
            return one
    return None


async def _give(db: Db, now: Recording, assignment: Assignment, leaver: Staff, successor: Staff) -> None:
    """Let a successor go on from the day after the leaver's last; somebody who is assigned there already just stays."""
    assert leaver.employed_to is not None  # `_left_open` asked for it
    on = max(leaver.employed_to + timedelta(days=1), assignment.valid_from, successor.employed_from)
    if (assignment.episode_id, successor.id) in await assigned_to(db, {assignment.episode_id}):
        unassign(db, assignment, ends_before(on, assignment.valid_from), EndReason.PEER_LEFT)
        following: UUID | None = None
    else:
        episode = await db.get_one(Episode, (db.scope.agency_id, assignment.episode_id))
        following = hand_over(db, now, assignment, episode, Handover(successor, on, EndReason.PEER_LEFT)).id
    await db.flush()
    db.audit(
        "peer.take-over",
        assignment.participant_id,
        assignment_id=assignment.id,
        to_assignment_id=following,
        to_staff_id=successor.id,
    )
