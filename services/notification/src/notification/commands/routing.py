"""The worker's chore that brings replies to their people and words of danger to whoever is on call; it needs no bus."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from uuid import UUID

import structlog
from sqlalchemy import or_, select
from uuid_utils.compat import uuid7

from common.database import Db, Scope, transaction
from common.identity import NOBODY
from common.runtime import Runtime
from notification.commands import replies
from notification.models import Inbound
from notification.senders.directory import Directory
from notification.senders.outgoing import NotSent, Rejected

log = structlog.get_logger()

LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 5.0  # between two attempts to have intake open a concern
BATCH = 20


class Routing:
    """Brings replies to their people, one at a time."""

    def __init__(self, runtime: Runtime, directory: Directory, agency_for_strangers: UUID | None) -> None:
        self._runtime = runtime
        self._directory = directory
        self._agency_for_strangers = agency_for_strangers

    async def run(self) -> None:
        while True:
            done = [await self._bring_or_log(one) for one in await self.waiting()]
            if not any(done):
                await asyncio.sleep(LOOK_SECONDS if not done else PATIENCE_SECONDS)

    async def waiting(self) -> Sequence[Inbound]:
        async with self._transaction(NOBODY) as db:
            unfinished = or_(Inbound.routed_at.is_(None), Inbound.raises & Inbound.raised_at.is_(None))
            return (await db.scalars(select(Inbound).where(unfinished).order_by(Inbound.at).limit(BATCH))).all()

    async def _bring_or_log(self, inbound: Inbound) -> bool:
        """Bring one; whatever breaks on it keeps no other, which may be somebody in danger, from its people."""
        try:
            return await self._bring(inbound)
        except Exception as error:
            log.error("reply_not_brought", meaning=inbound.meaning, error=type(error).__name__)
            return False

    async def _bring(self, inbound: Inbound) -> bool:
        """Do what is left to do for one; False if another service has to answer first."""
        if inbound.routed_at is None:
            return await self._route(inbound)
        return await self._raise(inbound)

    async def _route(self, inbound: Inbound) -> bool:
        async with self._transaction(NOBODY) as db:
            agency_id, participant_id = await replies.whose(db, inbound, self._agency_for_strangers)
        async with self._transaction(agency_id or NOBODY) as db:
            if agency_id is not None:
                await replies.keep(db, self._runtime.keys, inbound.provider_id, participant_id)
            else:
                row = await db.get_one(Inbound, inbound.provider_id)
                row.words, row.routed_at = None, db.now
                row.raises = False
                log.warning("reply_without_agency", meaning=inbound.meaning)
        self._runtime.bell.ring()
        return True

    async def _raise(self, inbound: Inbound) -> bool:
        async with self._transaction(NOBODY) as db:  # as it was routed: nothing leaves for a number that is held
            agency_id, participant_id = await replies.whose(db, inbound, self._agency_for_strangers)
        if agency_id is None or participant_id is None:
            return False
        concern_id = replies.concern_id(inbound.provider_id)
        try:
            await self._directory.raise_concern(agency_id, concern_id, participant_id)
        except NotSent as error:
            log.warning("concern_not_opened", concern_id=str(concern_id), reason=error.code)
            if not isinstance(error, Rejected):
                return False  # somebody it does not know was paged for all the same
        async with self._transaction(NOBODY) as db:
            (await db.get_one(Inbound, inbound.provider_id)).raised_at = db.now
        return True

    def _transaction(self, agency_id: UUID) -> AbstractAsyncContextManager[Db]:
        runtime = self._runtime
        return transaction(runtime.engine, runtime.tables, Scope(agency_id, None, uuid7()))
