"""A service's worker: its subscribers, its relay and its audit sealer, supervised in one process."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TypedDict

import nats.errors
import structlog
from fast_depends import Provider
from faststream import AckPolicy, ContextRepo, FastStream
from faststream.nats import JStream, NatsBroker, PullSub
from nats.js.api import ConsumerConfig
from opentelemetry.sdk.trace import SpanProcessor
from sqlalchemy import text

from common import pull
from common.audit import AuditSealer
from common.contracts.envelope import Fact
from common.inbox import Events, Reaction, apply, decode_batch
from common.redelivery import Burial
from common.relay import IDLE_SECONDS, Bell, Relay
from common.runtime import Runtime, Service, running
from common.settings import ServiceSettings
from common.streams import ACK_WAIT_SECONDS, BATCH, Hearing

log = structlog.get_logger()

Chore = Callable[[Runtime], Awaitable[None]]
RESTART_SECONDS = 1.0
GRACE_SECONDS = 8.0  # for the batch in hand; container engines kill after 10
DAY_SECONDS = 86_400


class WorkerOptions(TypedDict, total=False):
    """What a runner may give every worker; see `create_worker`."""

    bell: Bell | None
    idle: float
    processor: SpanProcessor | None


def create_worker(
    service: Service,
    settings: ServiceSettings,
    reactions: Mapping[Fact, Reaction],
    *,
    chores: Sequence[Chore] = (),
    bell: Bell | None = None,
    idle: float = IDLE_SECONDS,
    processor: SpanProcessor | None = None,
) -> FastStream:
    """Return the worker of `service`: one batch subscriber per publisher it hears, plus relay, sealer and `chores`.

    `idle`: seconds between looks at an idle outbox; with a `bell` shared by the API's process it may be long.
    """
    assert settings.nats_url is not None  # workers have a bus; APIs need none

    async def wake_subscribers() -> None:
        for subscriber in broker.subscribers:
            if isinstance(subscriber, pull.BatchPull):
                subscriber.wake()

    broker = NatsBroker(
        settings.nats_url.get_secret_value(),
        inbox_prefix=f"_INBOX_{service.name}",
        ping_interval=5,
        max_outstanding_pings=2,
        reconnect_time_wait=1,
        max_reconnect_attempts=-1,
        graceful_timeout=GRACE_SECONDS,
        reconnected_cb=wake_subscribers,
        logger=logging.getLogger(f"handrail.{service.name}"),
    )

    @asynccontextmanager
    async def lifespan(_: ContextRepo) -> AsyncGenerator[None]:
        async with running(service, settings, bell=bell, processor=processor) as runtime:
            await _make_days(runtime)
            sealer = AuditSealer(runtime.engine, service.schema, settings.audit_key.get_secret_value())
            # What needs no bus does not wait for one: somebody may have to be paged.
            tasks = [
                _supervised(f"{service.name}.sealer", sealer.run),
                _supervised(f"{service.name}.days", lambda: _keep_days(runtime)),
                *(_supervised(f"{service.name}.{chore.__name__}", partial(chore, runtime)) for chore in chores),
            ]
            try:
                _subscribe(broker, runtime, reactions)
                await _connected(broker)
                connection = broker.config.connection_state.connection
                relay = Relay(runtime.engine, service.schema, connection, runtime.telemetry, runtime.bell, idle=idle)
                tasks.append(_supervised(f"{service.name}.relay", relay.run))
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    return FastStream(broker, lifespan=lifespan, logger=None, provider=Provider())


def _subscribe(broker: NatsBroker, runtime: Runtime, reactions: Mapping[Fact, Reaction]) -> None:
    pull.install(Burial(runtime.engine, runtime.tables))
    for hearing in runtime.service.hearings:
        _subscribe_one(broker, runtime, reactions, hearing)


def _subscribe_one(broker: NatsBroker, runtime: Runtime, reactions: Mapping[Fact, Reaction], hearing: Hearing) -> None:
    @broker.subscriber(
        f"handrail.{hearing.publisher}.>",
        stream=JStream(hearing.stream, declare=False),
        durable=hearing.durable,
        pull_sub=PullSub(batch_size=BATCH, batch=True, timeout=None),
        config=ConsumerConfig(durable_name=hearing.durable, ack_wait=ACK_WAIT_SECONDS),
        ack_policy=AckPolicy.MANUAL,
        decoder=decode_batch,
        title=hearing.durable,
    )
    async def on_events(events: Events) -> None:
        await apply(runtime, hearing.durable, events, reactions)


async def _connected(broker: NatsBroker) -> None:
    """Wait for the bus: a worker that starts before it is not broken."""
    while True:
        try:
            await broker.connect()
        except (OSError, nats.errors.Error, TimeoutError) as error:
            log.warning("bus_not_there", error=type(error).__name__)
            await asyncio.sleep(RESTART_SECONDS)
        else:
            return


def _supervised(name: str, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
    """Start a task that runs for ever: what breaks it is logged, then it starts again."""
    return asyncio.create_task(_again_and_again(name, work), name=name)


async def _again_and_again(name: str, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.error("task_restarts", task=name, exc_info=error)
        await asyncio.sleep(RESTART_SECONDS)


async def _make_days(runtime: Runtime) -> None:
    """Make the day partitions of ledger and inbox ahead of time, and drop those past their keeping."""
    async with runtime.engine.begin() as connection:
        await connection.execute(text(f"select {runtime.service.schema}.keep_days()"))


async def _keep_days(runtime: Runtime) -> None:
    while True:
        await _make_days(runtime)
        await asyncio.sleep(DAY_SECONDS / 24)


@asynccontextmanager
async def started(worker: FastStream) -> AsyncGenerator[None]:
    """Run a worker without its signal handlers: beside others in one process, or in a test."""
    async with worker.lifespan_context():
        await worker.start()
        try:
            yield
        finally:
            with contextlib.suppress(nats.errors.Error):  # the bus may be away: rows and messages are safe
                await worker.stop()
