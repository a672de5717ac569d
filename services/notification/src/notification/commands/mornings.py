"""The worker's chore that has each agency's morning, in which it is told what is due that day."""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.database import Db, Scope, transaction
from common.identity import NOBODY
from common.redelivery import is_transient
from common.runtime import Runtime
from notification.commands.told import tell_morning
from notification.models import Morning
from notification.queries import messages as queries
from notification.rules.told import next_morning

log = structlog.get_logger()

POLL_SECONDS = 2.0
AGAIN_AFTER = timedelta(minutes=10)  # a morning that broke must not hold up the other agencies'


async def mornings(runtime: Runtime) -> None:
    """Have for ever the mornings that have begun, one agency at a time."""
    while True:
        async with _transaction(runtime, NOBODY) as db:
            agency_id = await agency_in_the_morning(db)
        if agency_id is None:
            await asyncio.sleep(POLL_SECONDS)
        else:
            await _have(runtime, agency_id)


async def _have(runtime: Runtime, agency_id: UUID) -> None:
    try:
        async with _transaction(runtime, agency_id) as db:
            await have_morning(db)
    except Exception as error:
        if is_transient(error):
            raise
        log.error("morning_broke", agency_id=str(agency_id), exc_info=error)
        async with _transaction(runtime, agency_id) as db:
            await put_off(db)
    runtime.bell.ring()


def _transaction(runtime: Runtime, agency_id: UUID) -> AbstractAsyncContextManager[Db]:
    return transaction(runtime.engine, runtime.tables, Scope(agency_id, None, uuid7()))


async def agency_in_the_morning(db: Db) -> UUID | None:
    """Return the agency whose morning began longest ago; needs no agency's context."""
    return await db.scalar(select(Morning.agency_id).where(Morning.at <= db.now).order_by(Morning.at).limit(1))


async def plan_morning(db: Db) -> None:
    """See that the agency has a next morning, on its own clock; one that has begun already is not put off."""
    at = next_morning(db.now, await queries.zone(db))
    statement = insert(Morning).values(agency_id=db.scope.agency_id, at=at)
    put_right = statement.on_conflict_do_update(
        index_elements=[Morning.agency_id], set_={"at": at}, where=Morning.at > db.now
    )
    await db.execute(put_right)


async def have_morning(db: Db) -> None:
    """Tell the agency what is due, unless another worker is at it, and plan its next morning."""
    mine = Morning.agency_id == db.scope.agency_id
    begun = select(Morning).where(mine, Morning.at <= db.now).with_for_update(skip_locked=True)
    morning = await db.scalar(begun)
    if morning is None:
        return
    await tell_morning(db)
    morning.at = next_morning(db.now, await queries.zone(db))


async def put_off(db: Db) -> None:
    """Try a morning that broke again in a while."""
    mine = Morning.agency_id == db.scope.agency_id
    await db.execute(update(Morning).where(mine).values(at=db.now + AGAIN_AFTER))
