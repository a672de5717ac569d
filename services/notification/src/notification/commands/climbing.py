"""The worker's chore that goes on with safety concerns which nobody answered; it needs no bus."""

import asyncio

from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.database import Scope, transaction
from common.identity import NOBODY
from common.runtime import Runtime
from notification.commands.escalations import climb
from notification.models import Climb

LOOK_SECONDS = 1.0
BATCH = 50


async def climb_ladders(runtime: Runtime) -> None:
    """Page for ever whoever is next."""
    while True:
        async with transaction(runtime.engine, runtime.tables, Scope(NOBODY, None, uuid7())) as db:
            due = select(Climb.agency_id).where(Climb.at <= db.now).order_by(Climb.at).limit(1)
            agency_id = await db.scalar(due)
        if agency_id is None:
            await asyncio.sleep(LOOK_SECONDS)
            continue
        async with transaction(runtime.engine, runtime.tables, Scope(agency_id, None, uuid7())) as db:
            await climb(db, BATCH)
        runtime.bell.ring()
