"""Filling the indexes that meet other writings of a name, for people who were enrolled before there were any.

Only keys can make them, so no migration does it: the worker does, batch by batch, and has nothing to do ever after.
Until somebody's turn they are found by phone and e-mail as before, and by being described anew.
"""

import asyncio
from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.database import Db, Scope, transaction
from common.privacy import KeyRing
from common.runtime import Runtime
from intake.commands.participants import digests, identity_of, known_of
from intake.models import Participant

BATCH = 200
LOOK_SECONDS = 3600


async def reindex(db: Db, keys: KeyRing, most: int = BATCH) -> int:
    """Fill the missing indexes of at most `most` people of one agency; return of how many."""
    question = select(Participant).where(Participant.agency_id == db.scope.agency_id, ~Participant.pairable)
    rows = (await db.scalars(question.order_by(Participant.id).limit(most).with_for_update(skip_locked=True))).all()
    if not rows:
        return 0
    index_key = await keys.index_key(db, db.scope.agency_id)
    sealers = await keys.sealers(db, db.scope.agency_id, [row.id for row in rows])
    for row in rows:
        for column, digest in digests(index_key, identity_of(known_of(sealers[row.id], row))).items():
            setattr(row, column, digest)
        row.pairable = True
    db.audit("participant.reindex", None, rows=len(rows))
    return len(rows)


async def reindex_participants(runtime: Runtime) -> None:
    """Every hour, fill what is missing in each agency; for ever."""
    while True:
        for agency_id in await agencies(runtime):
            filled = 1
            while filled:
                async with transaction(runtime.engine, runtime.tables, Scope(agency_id, None, uuid7())) as db:
                    filled = await reindex(db, runtime.keys)
        await asyncio.sleep(LOOK_SECONDS)


async def agencies(runtime: Runtime) -> list[UUID]:
    """Return every agency that ever wrote anything: only those that have an audit trail can have people."""
    async with runtime.engine.connect() as connection:
        return list(await connection.scalars(select(runtime.tables.audit_head.c.agency_id)))
