"""FastStream's batch pull subscriber with our own fetch loop behind its decorators.

One seam: `install()` replaces the class that `@broker.subscriber(pull_sub=PullSub(batch=True))` builds. Decorators,
AsyncAPI, middlewares and context stay FastStream's. Ours: a standing pull request with heartbeats and no linger, no
message stranded when a fetch times out, acknowledgement after the handler's commit, poison taken out of its batch,
everything unhandled given back on stop. FastStream 0.7.8's own loop strands 3 % of messages until `ack_wait`, and
spins for ever after a consumer was lost (docs/decisions/0003-pull-loop.md).
"""

import asyncio
import contextlib
import json
import time
from collections import deque
from typing import Any

import nats.errors
import structlog
from faststream.nats.subscriber import factory
from faststream.nats.subscriber.usecases import BatchPullStreamSubscriber
from nats.aio.msg import Msg

from common.redelivery import TRANSIENT_MOST_SECONDS, Burial, Undecodable, delay_seconds, is_transient

log = structlog.get_logger()

EXPIRES_SECONDS = 30.0
HEARTBEAT_SECONDS = 5.0
SILENCE_SECONDS = 2.5 * HEARTBEAT_SECONDS
RETRY_SECONDS = 0.1
RETRY_MOST_SECONDS = 5.0
NANO = 1_000_000_000


class BatchPull(BatchPullStreamSubscriber):
    """Pulls batches; `burial` (set by `common.worker`) decides what happens to a message that failed."""

    burial: Burial

    async def _create_subscription(self) -> None:
        if self.subscription:
            return
        self._buffer: deque[Msg] = deque()
        self._in_hand: list[Msg] = []  # the batch that is being worked on
        self._working = asyncio.Lock()  # held from taking a batch to its last acknowledgement
        self._arrived = asyncio.Event()
        self._due = 0  # messages that the standing request may still bring
        self._refused = False  # the server answered that nobody is there: ask again, gently
        self._wait = RETRY_SECONDS
        self._heard = time.monotonic()
        self._requests = 0
        self._standing = ""  # where the standing request is answered; answers to older ones do not count
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{self.stream.name}.{self.config.durable_name}"
        self._inbox = self.connection.new_inbox()
        self.subscription = await self.connection.subscribe(  # type: ignore[assignment]  # a plain subscription
            f"{self._inbox}.*", cb=self._on_message, pending_msgs_limit=-1, pending_bytes_limit=-1
        )
        self.add_task(self._consume_pull)

    async def _on_message(self, message: Msg) -> None:
        """Take what arrives; never waits, for the messages behind it would wait too."""
        status = (message.headers or {}).get("Status")
        if message.reply.startswith("$JS.ACK"):
            self._buffer.append(message)
            self._due -= 1
        elif message.subject != self._standing:
            return
        elif status != "100":  # 100 is a heartbeat, 408 expired, 409 consumer gone or moved, 503 nobody there
            self._due = 0
            self._refused = status != "408"
        self._heard = time.monotonic()
        if status == "100" or not status:
            self._wait = RETRY_SECONDS  # a request stands, so the consumer is there
        if status != "100":
            self._arrived.set()

    def wake(self) -> None:
        """Ask again at once: the connection is a new one, and the server forgot what stood on the old."""
        if self.subscription:
            self._due, self._wait = 0, RETRY_SECONDS
            self._arrived.set()

    async def _consume_pull(self) -> None:
        size = self.pull_sub.batch_size
        while self.running:
            # Cleared before anything is looked at, so that nothing which arrives from here on goes unnoticed.
            self._arrived.clear()
            try:
                if self._refused and not self._buffer:
                    await self._back_off()
                await self._ask(size)
                if self._buffer:
                    await self._work(size)
                else:
                    await self._until_arrival(SILENCE_SECONDS)
            except (nats.errors.Error, TimeoutError):
                self._due, self._refused = 0, True

    async def _back_off(self) -> None:
        self._refused = False
        await self._until_arrival(self._wait)
        self._wait = min(self._wait * 2, RETRY_MOST_SECONDS)

    async def _until_arrival(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._arrived.wait(), seconds)

    async def _ask(self, size: int) -> None:
        """Keep one pull request standing, so that the next batch gathers while this one is written."""
        if time.monotonic() - self._heard > SILENCE_SECONDS:
            self._due = 0
        if self._due <= 0 and len(self._buffer) <= size:
            self._due, self._heard = size, time.monotonic()
            self._requests += 1
            self._standing = f"{self._inbox}.{self._requests}"
            request = {
                "batch": size,
                "expires": int(EXPIRES_SECONDS * NANO),
                "idle_heartbeat": int(HEARTBEAT_SECONDS * NANO),
            }
            await self.connection.publish(self._next, json.dumps(request).encode(), reply=self._standing)

    async def _work(self, size: int) -> None:
        async with self._working:
            self._in_hand = [self._buffer.popleft() for _ in range(min(size, len(self._buffer)))]
            await self._deliver(self._in_hand)
            self._in_hand = []

    async def _deliver(self, batch: list[Msg]) -> None:
        """Hand a batch to the handler; if it fails, halve it until the culprit is alone."""
        try:
            await self.process_message(batch)
        except Undecodable as undecodable:
            for place, error in undecodable.errors.items():
                await self._settle(batch[place], error, hopeless=True)
            if rest := [message for place, message in enumerate(batch) if place not in undecodable.errors]:
                await self._deliver(rest)
        except Exception as error:
            if is_transient(error):
                await self._give_back(batch)
            elif len(batch) > 1:
                half = len(batch) // 2
                await self._deliver(batch[:half])
                await self._deliver(batch[half:])
            else:
                await self._settle(batch[0], error)
        else:
            for message in batch:
                if not message.is_acked:
                    await message.ack()

    async def _settle(self, message: Msg, error: Exception, *, hopeless: bool = False) -> None:
        """Bury or delay one message; if even that fails, it comes again: a message is never just dropped."""
        try:
            await (self.burial.bury(message, error) if hopeless else self.burial.settle(message, error))
        except nats.errors.Error:
            raise
        except Exception as failure:
            log.error("event_not_settled", type=message.subject, error=type(failure).__name__)
            await self._give_back([message])

    async def _give_back(self, batch: list[Msg]) -> None:
        for message in batch:
            await message.nak(delay=min(delay_seconds(message), TRANSIENT_MOST_SECONDS))

    async def stop(self) -> None:
        """Stop asking, finish the batch in hand, give back the rest, so that nobody waits for `ack_wait`."""
        self.running = False
        if self.subscription:
            subscription, self.subscription = self.subscription, None
            await self._end(subscription)
        await super().stop()
        for message in (*self.__dict__.get("_in_hand", ()), *self.__dict__.get("_buffer", ())):
            if not message.is_acked:
                with contextlib.suppress(nats.errors.Error):
                    await message.nak()

    async def _end(self, subscription: Any) -> None:
        if self.connection.is_connected:  # else there is nobody to tell, and telling would wait in vain
            with contextlib.suppress(nats.errors.Error, TimeoutError):
                await subscription.drain()
        with contextlib.suppress(TimeoutError):
            # The batch in hand with its acknowledgements: the parent's wait ends with the handler, before them.
            async with asyncio.timeout(self._outer_config.graceful_timeout), self._working:
                pass
        for task in self.tasks:
            task.cancel()


def install(burial: Burial) -> None:
    """Make FastStream build subscribers of this class, with this service's burial, from now on."""
    setattr(factory, "BatchPullStreamSubscriber", type("BatchPull", (BatchPull,), {"burial": burial}))  # noqa: B010 - the seam
