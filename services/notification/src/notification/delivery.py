"""The worker's chore that sends: claim, commit, send, record; no transaction is open while a server is asked.

A crash between sending and recording leaves a begun try behind. Whether the provider took the message is then unknown:
it is asked, where it can be, and else only a person may send it again. A message too few is a nuisance, a reminder
sent over and over is worse.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import structlog
from jinja2 import TemplateError
from uuid_utils.compat import uuid7

from common.database import Db, Scope, transaction
from common.identity import NOBODY
from common.redelivery import is_transient
from common.runtime import Runtime
from notification.commands import deliveries, leaving
from notification.commands.contacts import contact_digest, token_of
from notification.commands.deliveries import Claimed, Failure, Outcome, Sent, Unknown, Waits
from notification.commands.leaving import Recipient, Way
from notification.commands.together import Together
from notification.queries import messages as queries
from notification.queries.templates import texts_of
from notification.rules.messages import HELD_FOR, OUTCOME_UNKNOWN, UNKNOWN_AFTER, Audience, Channel, Purpose
from notification.senders.directory import Contact, Directory
from notification.senders.letters import letter
from notification.senders.outgoing import OutcomeUnknown, Outgoing, Rejected, Sender, Unreachable

log = structlog.get_logger()

POLL_SECONDS = 0.5
BATCH = 20  # messages, and so connections to the mail server, at a time
STOP_SECONDS = 8.0  # less than the ten seconds that containers are given to stop
RECORD_AGAIN_SECONDS = 1.0
RECORD_FOR = UNKNOWN_AFTER - timedelta(minutes=4)
NO_WAY = "no-address"
TEMPLATE_BROKEN = "template-broken"
Asked = dict[tuple[UUID, UUID], asyncio.Future[Contact]]
ASKABLE = frozenset({Channel.SMS})  # of the others nobody can ask what became of a message


class Delivery:
    """Sends what is due, one agency's batch at a time."""

    def __init__(
        self,
        runtime: Runtime,
        senders: Mapping[Channel, Sender],
        directory: Directory,
        *,
        public_url: str,
        own_url: str,
        retry_scale: float,
    ) -> None:
        self._runtime = runtime
        self._senders = senders
        self._directory = directory
        self._public_url = public_url
        self._own_url = own_url
        self._retry_scale = retry_scale
        self._together = Together(self._transaction)

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
        contacts: Asked = {}
        outcomes = await asyncio.gather(*(self._send_one(one, contacts) for one in claimed), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _send_one(self, claimed: Claimed, contacts: Asked) -> None:
        try:
            recipient = await self._recipient(claimed, contacts)
        except (Rejected, Unreachable) as error:
            await self._record(claimed, _failure(error))
        else:
            await (self._look(claimed, recipient) if claimed.looks else self._leave(claimed, recipient))
        self._runtime.bell.ring()

    async def _recipient(self, claimed: Claimed, contacts: Asked) -> Recipient:
        if claimed.audience is Audience.PARTICIPANT:
            reach = await self._directory.reach(claimed.agency_id, claimed.recipient_id)
            return Recipient(reach.language, reach=reach)
        key = claimed.agency_id, claimed.recipient_id
        if key not in contacts:  # who is told several things at once is asked about once
            contacts[key] = asyncio.ensure_future(self._directory.contact(*key))
        contact = await contacts[key]
        return Recipient(contact.language, contact.email)

    async def _leave(self, claimed: Claimed, recipient: Recipient) -> None:
        """Begin, send and record; what may not go now waits."""
        keys = self._runtime.keys
        begun = await self._together.do(
            claimed.agency_id, lambda db: leaving.leave(db, keys, claimed, recipient, self._senders.keys())
        )
        if begun is None:
            await self._give_up(claimed)
        elif isinstance(begun, Waits):
            await self._record(claimed, begun)
        elif begun.number is not None:
            said = replace(claimed, values=begun.values, own=begun.own)
            outcome = await self._try(said, begun.way, recipient, begun.number)
            await self._record(claimed, outcome, begun.others, begun.way)

    async def _give_up(self, claimed: Claimed) -> None:
        """End what nobody can carry: one copy among several is no loss, the only one is a failure."""
        if claimed.audience is Audience.PARTICIPANT and not claimed.failed_channels:
            await self._record(claimed, Waits(leaving.NO_SAFE_CONTACT, claimed.claimed_at + HELD_FOR))
            return
        if claimed.only_by is None:
            await self._record(claimed, Failure(NO_WAY, permanent=True))
            return
        async with self._transaction(claimed.agency_id) as db:
            await deliveries.cancel(db, claimed, NO_WAY)

    async def _try(self, claimed: Claimed, way: Way, recipient: Recipient, number: int) -> Outcome:
        try:
            receipt = await self._senders[way.channel].send(self._outgoing(claimed, way, recipient, number))
        except TemplateError:
            return Failure(TEMPLATE_BROKEN, permanent=True)
        except (Rejected, Unreachable) as error:
            return _failure(error)
        except OutcomeUnknown:
            return Unknown(can_be_asked=way.channel in ASKABLE)
        return Sent(receipt.provider_id)

    async def _look(self, claimed: Claimed, recipient: Recipient) -> None:
        """Ask the provider what became of a message; only what it never had may be sent again."""
        async with self._transaction(claimed.agency_id) as db:
            way = await leaving.looked_at(db, self._runtime.keys, claimed, recipient)
            claimed = replace(claimed, own=await texts_of(db, claimed.template_id))
        outcome: Outcome = Unknown(can_be_asked=way is not None)
        try:
            if way is not None:
                outgoing = self._outgoing(claimed, way, recipient, claimed.number)
                receipt = await self._senders[way.channel].look(outgoing)
                outcome = Sent(receipt.provider_id) if receipt else Failure("never-arrived", permanent=False)
        except (OutcomeUnknown, KeyError):
            outcome = Unknown(can_be_asked=False)
        except (Rejected, Unreachable):
            log.info("provider_does_not_answer", message_id=str(claimed.message_id))
        await self._record(claimed, outcome)

    def _outgoing(self, claimed: Claimed, way: Way, recipient: Recipient, number: int) -> Outgoing:
        written = letter(
            claimed.template,
            way.channel,
            recipient.language,
            claimed.values,
            public_url=self._public_url,
            own=claimed.own,
        )
        return Outgoing(
            message_id=claimed.message_id,
            address=way.address,
            language=written.language,
            subject=written.subject,
            text=written.text,
            written_at=claimed.since or claimed.claimed_at,
            number=number,
            urgent=claimed.purpose is Purpose.SAFETY,
            link=self._public_url,
            agency_id=claimed.agency_id,
            unsubscribe=self._unsubscribe(claimed, way),
        )

    def _unsubscribe(self, claimed: Claimed, way: Way) -> str | None:
        """Return where a person ends letters with one click; staff choose in their own preferences."""
        if claimed.audience is not Audience.PARTICIPANT or way.channel is not Channel.EMAIL:
            return None
        token = token_of(contact_digest(self._runtime.keys, way.channel, way.address))
        return f"{self._own_url}/v1/unsubscribe?t={token}"

    async def _record(
        self, claimed: Claimed, outcome: Outcome, others: Sequence[Channel] = (), way: Way | None = None
    ) -> None:
        """Record an outcome, again and again while the database is away: it is known only here."""

        async def record(db: Db) -> bool:
            recorded = await deliveries.record(db, claimed, outcome, self._retry_scale, others)
            if way is not None:
                await leaving.learn(db, self._runtime.keys, claimed, way, outcome)
            return recorded

        deadline = asyncio.get_running_loop().time() + RECORD_FOR.total_seconds()
        while True:
            try:
                recorded = await self._together.do(claimed.agency_id, record)
            except Exception as error:
                if not is_transient(error) or asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(RECORD_AGAIN_SECONDS)
            else:
                break
        log.info("message_tried", message_id=str(claimed.message_id), outcome=_code(outcome), recorded=recorded)

    def _transaction(self, agency_id: UUID) -> AbstractAsyncContextManager[Db]:
        runtime = self._runtime
        return transaction(runtime.engine, runtime.tables, Scope(agency_id, None, uuid7()))


def _failure(error: Rejected | Unreachable) -> Failure:
    return Failure(error.code, permanent=isinstance(error, Rejected), retry_after=error.retry_after)


def _code(outcome: Outcome) -> str:
    match outcome:
        case Sent():
            return "sent"
        case Failure():
            return outcome.code
        case Waits():
            return outcome.rule
        case Unknown():
            return OUTCOME_UNKNOWN
