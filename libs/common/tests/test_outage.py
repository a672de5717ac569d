"""From a request to another service's table while the bus is away, wiped, or a worker is killed with `kill -9`."""

import asyncio
import os
import sys
from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

# Runs one worker in a process of its own: `python -c WORKER <service>`, settings from the environment.
WORKER = f"""
import asyncio, importlib.util, os, sys
spec = importlib.util.spec_from_file_location("echo_service", {str(Path(__file__).with_name("conftest.py"))!r})
echo = importlib.util.module_from_spec(spec)
sys.modules["echo_service"] = echo
spec.loader.exec_module(echo)
if sys.argv[1] == "echo":
    service, reactions = echo.SERVICE, echo.REACTIONS
else:
    from workforce.app import SERVICE as service
    reactions = {{}}
echo.HOLD.extend(float(word) for word in os.environ.get("HOLD", "").split())

async def main():
    worker = echo.create_worker(service, echo.ServiceSettings(), reactions, idle=0.05)
    async with echo.started(worker):
        print("ready", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest_asyncio.fixture
async def clean(ground: Any) -> None:
    await ground.run("truncate echo.inbox, echo.dead_letter, echo.arrival, echo.colleague")
    await ground.run("truncate workforce.outbox, workforce.ledger, workforce.refill")
    async with ground.bus_admin() as client:
        await client.request("$JS.API.STREAM.DELETE.workforce", b"")
    await ground.provide()


@asynccontextmanager
async def worker_process(ground: Any, service: str, **environment: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    key = b64encode(b"k" * 32).decode()
    settings = {
        "HANDRAIL_DATABASE_URL": ground.url(f"{service}_worker"),
        "HANDRAIL_NATS_URL": ground.bus.url(service),
        "HANDRAIL_ROOT_KEY": key,
        "HANDRAIL_AUDIT_KEY": key,
        "HANDRAIL_JWKS_URL": "http://127.0.0.1:9",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, service, env=os.environ | settings | environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until_ready(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(60):
        assert await process.stdout.readline() == b"ready\n"


async def published(ground: Any) -> set[UUID]:
    rows = await ground.fetch("select event_id from workforce.ledger union all select event_id from workforce.outbox")
    return {row["event_id"] for row in rows}


async def test_facts_recorded_while_the_bus_is_away_arrive_once_when_it_is_back(ground: Any, clean: None) -> None:
    agency_id = uuid4()
    async with ground.telling(), ground.listening():
        await ground.publish(agency_id, [uuid4() for _ in range(20)])
        ground.bus.stop()
        for _ in range(30):  # every commit succeeds: nothing waits for the bus
            await asyncio.wait_for(ground.publish(agency_id, [uuid4() for _ in range(10)]), 1)
        ground.bus.start()
        await ground.publish(agency_id, [uuid4()])

        await ground.eventually("select count(*) from echo.arrival where agency_id = :a", 321, a=agency_id)

    assert sorted(await ground.applied(agency_id)) == sorted(await published(ground))
    assert await ground.value("select count(*) from workforce.outbox") == 0
    assert await ground.value("select count(*) from echo.dead_letter") == 0


async def test_a_wiped_bus_is_filled_again_from_the_ledger_without_a_restart(ground: Any, clean: None) -> None:
    agency_id = uuid4()
    async with ground.telling(), ground.listening():
        await ground.publish(agency_id, [uuid4() for _ in range(50)])
        await ground.eventually("select count(*) from workforce.ledger", 50)
        ground.bus.kill()
        ground.bus.wipe()
        await ground.publish(agency_id, [uuid4() for _ in range(50)])
        ground.bus.start()
        await ground.provide()
        await ground.run(  # as the reconciler does
            "insert into workforce.refill select event_id, agency_id from workforce.ledger l "
            "where not exists (select from echo.inbox i where i.event_id = l.event_id) on conflict do nothing"
        )

        await ground.eventually("select count(*) from echo.arrival where agency_id = :a", 100, a=agency_id)

    assert sorted(await ground.applied(agency_id)) == sorted(await published(ground))


async def test_workers_killed_at_any_moment_lose_and_double_nothing(
    ground: Any, clean: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.streams.ACK_WAIT_SECONDS", 2)  # what a killed worker held comes again after that
    async with ground.bus_admin() as client:
        await client.jetstream().delete_consumer("workforce", "echo--workforce")
    await ground.provide()
    agency_id = uuid4()
    for pause in (0.0, 0.15):
        async with worker_process(ground, "workforce") as relay, worker_process(ground, "echo", HOLD="0.02") as hearer:
            for process in (relay, hearer):
                await until_ready(process)
            for _ in range(5):
                await ground.publish(agency_id, [uuid4() for _ in range(60)])
            await asyncio.sleep(pause)
            relay.kill()
            hearer.kill()

    async with ground.telling(), ground.listening():
        await ground.eventually("select count(*) from echo.arrival where agency_id = :a", 600, 60, a=agency_id)

    assert sorted(await ground.applied(agency_id)) == sorted(await published(ground))
    async with ground.bus_admin() as client:
        assert (await client.jetstream().stream_info("workforce")).state.messages == 600
