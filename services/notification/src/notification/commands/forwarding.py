"""The worker's chore that calls agencies' own systems: claim, commit, call, record; it needs no bus."""

import asyncio
from contextlib import AbstractAsyncContextManager
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from common.database import Db, Scope, transaction
from common.identity import NOBODY
from common.runtime import Runtime
from notification.commands import hook_deliveries
from notification.commands.hook_deliveries import CallFailed, HookCall
from notification.senders.outgoing import OutcomeUnknown, Outgoing, Rejected, Sender, Unreachable

log = structlog.get_logger()

POLL_SECONDS = 0.5
BATCH = 20
LANES = 4  # agencies at a time, so that one whose system is slow holds nobody else up


class Forwarding:
    """Tells agencies' own systems what they asked for."""

    def __init__(self, runtime: Runtime, sender: Sender, retry_scale: float) -> None:
        self._runtime = runtime
        self._sender = sender
        self._retry_scale = retry_scale

    async def run(self) -> None:
        """Call for ever whatever is due."""
        async with asyncio.TaskGroup() as lanes:
            for _ in range(LANES):
                lanes.create_task(self._run_lane())

    async def _run_lane(self) -> None:
        while True:
            if not await self.forward():
                await asyncio.sleep(POLL_SECONDS)

    async def forward(self) -> int:
        """Make the calls of one agency that are due; return how many."""
        async with self._transaction(NOBODY) as db:
            agency_id = await hook_deliveries.agency_with_due_calls(db)
        if agency_id is None:
            return 0
        async with self._transaction(agency_id) as db:
            calls = await hook_deliveries.claim(db, self._runtime.keys, BATCH)
        outcomes = await asyncio.gather(*(self._call(call) for call in calls))
        for call, failed in zip(calls, outcomes, strict=True):
            async with self._transaction(agency_id) as db:
                await hook_deliveries.record(db, call, failed, self._retry_scale)
            log.info("webhook_called", webhook_id=str(call.webhook_id), outcome=failed.code if failed else "taken")
        return len(calls)

    async def _call(self, call: HookCall) -> CallFailed | None:
        try:
            await self._sender.send(_outgoing(call))
        except Rejected as error:
            return CallFailed(error.code, final=True)
        except Unreachable as error:
            return CallFailed(error.code, retry_after=error.retry_after)
        except OutcomeUnknown:
            return CallFailed("no-answer")
        return None

    def _transaction(self, agency_id: UUID) -> AbstractAsyncContextManager[Db]:
        runtime = self._runtime
        return transaction(runtime.engine, runtime.tables, Scope(agency_id, None, uuid7()))


def _outgoing(call: HookCall) -> Outgoing:
    return Outgoing(
        message_id=call.event_id, address=call.address, language="en", subject="", text=call.body, written_at=call.at
    )
