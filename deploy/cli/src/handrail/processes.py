"""One process per API, worker and steward: how the containers run the platform."""

import asyncio
import os
import signal
from pathlib import Path

import uvicorn

from common.telemetry import configure_logs
from common.worker import started
from handrail.catalog import PACKAGES, Entry, entries
from handrail.provision import prepare_bus, prepare_database
from handrail.steward import Steward

HEARTBEAT = Path("/tmp/handrail-heartbeat")  # noqa: S108 - the container's own tmpfs
BEAT_SECONDS = 5.0


def entry_of(service: str) -> Entry:
    """Return one service by its name. Raises `KeyError`."""
    package = service.replace("-", "_")
    if package not in PACKAGES:
        raise KeyError(service)
    return entries((package,))[0]


def serve_api(service: str, host: str, port: int) -> None:
    configure_logs()
    app = entry_of(service).create_api()
    # Whose X-Forwarded-For to believe is a setting of the service that asks, so that uvicorn rewrites nothing.
    uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, server_header=False, proxy_headers=False)


def serve_worker(service: str) -> None:
    configure_logs()
    worker = entry_of(service).create_worker()

    async def run() -> None:
        async with started(worker):
            await _until_stopped()

    asyncio.run(run())


def run_steward() -> None:
    configure_logs()
    steward = Steward(entries(), os.environ["HANDRAIL_STEWARD_URL"], os.environ["HANDRAIL_NATS_ADMIN_URL"])

    async def run() -> None:
        task = asyncio.create_task(steward.run())
        stopped = asyncio.create_task(_until_stopped())
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


async def _until_stopped() -> None:
    """Beat until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    while not stop.is_set():
        HEARTBEAT.touch()  # noqa: ASYNC240 - a tmpfs
        try:
            await asyncio.wait_for(stop.wait(), BEAT_SECONDS)
        except TimeoutError:
            continue


async def migrate() -> None:
    """Bring database and bus to this release; the secrets come from the environment."""
    services = entries()
    await prepare_database(os.environ["HANDRAIL_ADMIN_URL"], services, os.environ)
    await prepare_bus(os.environ["HANDRAIL_NATS_ADMIN_URL"], services)
