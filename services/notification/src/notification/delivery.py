"""The worker's chore that sends: claim, commit, send, record; no transaction is open while a server is asked.

A crash between sending and recording leaves `sending` behind. Whether the server took the message is then unknown,
so it becomes `failed` with `outcome-unknown`, and only a person may send it again: a message too few is a nuisance,
a reminder sent over and over is worse, and SMTP has no way to ask.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from common.database import Db, Scope, transaction
from common.identity import NOBODY
from common.redelivery import is_transient
from common.runtime import Runtime
from notification import queries
from notification.commands import deliveries
from notification.commands.deliveries import Claimed, Failure
from notification.rules import OUTCOME_UNKNOWN, UNKNOWN_AFTER
from notification.senders.directory import Directory
from notification.senders.letters import letter
from notification.senders.outgoing import OutcomeUnknown, Outgoing, Rejected, Sender, Unreachable

log = structlog.get_logger()

POLL_SECONDS = 0.5
BATCH = 20  # messages, and so connections to the mail server, at a time
STOP_SECONDS = 8.0  # less than the ten seconds that containers are given to stop
RECORD_AGAIN_SECONDS = 1.0
RECORD_FOR = UNKNOWN_AFTER - timedelta(minutes=4)


class Delivery:
    """Sends what is due, one agency's batch at a time."""

    def __init__(
        self, runtime: Runtime, sender: Sender, directory: Directory, *, public_url: str, retry_scale: float
    ) -> None:
        self._runtime = runtime
        self._sender = sender
        self._directory = directory
        self._public_url = public_url
        self._retry_scale = retry_scale

    async def run(self) -> None:
        """Send for ever what is due."""
        while True:
            if claimed := await self.claim():
                await self.send_to_the_end(claimed)
            else:
                await asyncio.sleep(POLL_SECONDS)

    async def claim(self) -> list[Claimed]:
        """Take the messages that are due longest, of one agency; on return the claim is committed."""
        async with self._transaction(NOBODY) as db:
            agency_id = await queries.agency_with_due_work(db)
        if agency_id is None:
            return []
        async with self._transaction(agency_id) as db:
            claimed = await deliveries.claim(db, BATCH)
        self._runtime.bell.ring()
        return claimed

    async def send_to_the_end(self, claimed: Sequence[Claimed]) -> None:
        """Send, and on cancellation finish what was begun first, so that its outcome is known."""
        sending = asyncio.create_task(self.send(claimed))
        try:
            await asyncio.shield(sending)
        except asyncio.CancelledError:
            await asyncio.wait({sending}, timeout=STOP_SECONDS)
            sending.cancel()
            raise

    async def send(self, claimed: Sequence[Claimed]) -> None:
        """Send and record each; one that breaks does not take the others with it."""
        outcomes = await asyncio.gather(*(self._send_one(one) for one in claimed), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _send_one(self, claimed: Claimed) -> None:
        failure = await self._try(claimed)
        await self._record(claimed, failure)
        self._runtime.bell.ring()

    async def _try(self, claimed: Claimed) -> Failure | None:
        try:
            await self._sender.send(await self._outgoing(claimed))
        except Rejected as error:
            return Failure(error.code, permanent=True)
        except Unreachable as error:
            return Failure(error.code, permanent=False)
        except OutcomeUnknown:
            return Failure(OUTCOME_UNKNOWN, permanent=True)
        return None

    async def _outgoing(self, claimed: Claimed) -> Outgoing:
        contact = await self._directory.contact(claimed.agency_id, claimed.recipient_id)
        written = letter(claimed.template, contact.language, count=claimed.count, public_url=self._public_url)
        return Outgoing(
            message_id=claimed.message_id,
            address=contact.email,
            language=written.language,
            subject=written.subject,
            text=written.text,
            written_at=claimed.claimed_at,
        )

    async def _record(self, claimed: Claimed, failure: Failure | None) -> None:
        """Record an outcome, again and again while the database is away: it is known only here."""
        deadline = asyncio.get_running_loop().time() + RECORD_FOR.total_seconds()
        while True:
            try:
                async with self._transaction(claimed.agency_id) as db:
                    recorded = await deliveries.record(db, claimed, failure, self._retry_scale)
            except Exception as error:
                if not is_transient(error) or asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(RECORD_AGAIN_SECONDS)
            else:
                break
        code = failure.code if failure else "sent"
        log.info("message_tried", message_id=str(claimed.message_id), outcome=code, recorded=recorded)

    def _transaction(self, agency_id: UUID) -> AbstractAsyncContextManager[Db]:
        runtime = self._runtime
        return transaction(runtime.engine, runtime.tables, Scope(agency_id, None, uuid7()))
