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

import nats.errors
import nats.js.errors
import structlog
from faststream.nats.subscriber import factory
from faststream.nats.subscriber.usecases import BatchPullStreamSubscriber
from nats.aio.msg import Msg

from common.redelivery import Burial, Undecodable, delay_seconds, is_transient

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
        self._arrived = asyncio.Event()
        self._due = 0  # messages that the standing request may still bring
        self._heard = time.monotonic()
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{self.stream.name}.{self.config.durable_name}"
        inbox = self.connection.new_inbox()
        self.subscription = await self.connection.subscribe(  # type: ignore[assignment]  # a plain subscription
            inbox, cb=self._on_message, pending_msgs_limit=-1, pending_bytes_limit=-1
        )
        self._inbox = inbox
        self.add_task(self._consume_pull)

    async def _on_message(self, message: Msg) -> None:
        self._heard = time.monotonic()
        if message.reply and message.reply.startswith("$JS.ACK"):
            self._buffer.append(message)
            self._due -= 1
        elif (message.headers or {}).get("Status") != "100":
            # 100 is a heartbeat. 408 expired, 409 consumer gone or moved, 503 nobody there: ask again, gently.
            self._due = 0
            if (message.headers or {}).get("Status") != "408":
                await asyncio.sleep(RETRY_SECONDS)
        self._arrived.set()

    async def _consume_pull(self) -> None:
        size, wait = self.pull_sub.batch_size, RETRY_SECONDS
        while self.running:
            try:
                await self._ask(size)
                if not self._buffer:
                    wait = await self._idle(wait)
                    continue
                await self._deliver([self._buffer.popleft() for _ in range(min(size, len(self._buffer)))])
                wait = RETRY_SECONDS
            except (nats.errors.Error, nats.js.errors.Error, TimeoutError):
                self._due = 0
                await asyncio.sleep(wait)
                wait = min(wait * 2, RETRY_MOST_SECONDS)

    async def _ask(self, size: int) -> None:
        """Keep one pull request standing, so that the next batch gathers while this one is written."""
        if time.monotonic() - self._heard > SILENCE_SECONDS:
            self._due, self._heard = 0, time.monotonic()
        if self._due <= 0 and len(self._buffer) <= size:
            self._due = size
            request = {
                "batch": size,
                "expires": int(EXPIRES_SECONDS * NANO),
                "idle_heartbeat": int(HEARTBEAT_SECONDS * NANO),
            }
            await self.connection.publish(self._next, json.dumps(request).encode(), reply=self._inbox)

    async def _idle(self, wait: float) -> float:
        """Wait for a message; back off while the server answers that nobody is there."""
        self._arrived.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._arrived.wait(), SILENCE_SECONDS)
        if self._buffer or self._due > 0:
            return RETRY_SECONDS
        await asyncio.sleep(wait)
        return min(wait * 2, RETRY_MOST_SECONDS)

    async def _deliver(self, batch: list[Msg]) -> None:
        """Hand a batch to the handler; if it fails, halve it until the culprit is alone."""
        try:
            await self.process_message(batch)
        except Undecodable as undecodable:
            for place, error in undecodable.errors.items():
                await self.burial.bury(batch[place], error)
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
                await self.burial.settle(batch[0], error)
        else:
            for message in batch:
                if not message.is_acked:
                    await message.ack()

    async def _give_back(self, batch: list[Msg]) -> None:
        for message in batch:
            await message.nak(delay=delay_seconds(message))

    async def stop(self) -> None:
        """Stop asking, finish the batch in hand, give back the rest, so that nobody waits for `ack_wait`."""
        self.running = False
        if self.subscription:
            subscription, self.subscription = self.subscription, None
            with contextlib.suppress(nats.errors.Error, asyncio.TimeoutError):
                await subscription.drain()  # type: ignore[attr-defined]  # a plain subscription, see above
        await super().stop()
        for message in self.__dict__.get("_buffer", ()):
            with contextlib.suppress(nats.errors.Error):
                await message.nak()


def install(burial: Burial) -> None:
    """Make FastStream build subscribers of this class, with this service's burial, from now on."""
    setattr(factory, "BatchPullStreamSubscriber", type("BatchPull", (BatchPull,), {"burial": burial}))  # noqa: B010 - the seam
