"""How long from the POST of a safety concern until the first page is handed to the provider, with and without a bus?

Every process is the one the containers run, on embedded servers with full durability; the provider is a mail server.
"""

import argparse
import asyncio
import os
import signal
import time
from statistics import median
from typing import Any

import asyncpg
import httpx
from aiosmtpd.controller import Controller
from first import people
from processes import Platform, Routed, platform, started, until
from rich.console import Console
from rich.table import Table

from handrail.demo.agency import open_agency
from handrail.demo.setting_up import set_up

console = Console()
CONCERNS = 40
ALWAYS = {"weekdays": list(range(7)), "begins": "00:00", "ends": "00:00", "valid_from": "2026-01-01"}


class Provider:
    """A mail server that notes when it took each letter."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802
        if b"safety alert" in envelope.content:
            self.taken.append(time.perf_counter())
        return "250 kept"


async def paged(agency: Any, provider: Provider, participants: list[str]) -> list[float]:
    """Return, sorted, the seconds from each POST until the first page of it was taken."""
    taken = []
    for number in range(CONCERNS):
        provider.taken.clear()
        body = {"participant_id": participants[number % len(participants)], "source": "disclosed"}
        before = time.perf_counter()
        await agency.administrator.post("/api/intake/v1/safety-concerns", body)

        async def arrived() -> bool:
            return bool(provider.taken)

        await until(arrived)
        taken.append(provider.taken[0] - before)
    return sorted(taken)


async def measured(running: Platform) -> None:
    provider = Provider()
    host, _, port = running.addresses.smtp.partition(":")
    server = Controller(provider, hostname=host, port=int(port))
    server.start()
    async with httpx.AsyncClient(transport=Routed(running.ports), base_url="http://x", timeout=60) as http:
        await started(running, http, "notification")
        admin = running.addresses.database_url("postgres", running.secrets["POSTGRES_PASSWORD"])
        pg = await asyncpg.connect(admin.replace("+asyncpg", ""))
        agency = await open_agency(http, running.secrets["OPERATOR_TOKEN"])
        await set_up(agency)

        async def ready() -> bool:
            return bool(await pg.fetchval("select count(*) from notification.staff") >= 8)

        await until(ready)
        participants = [served[0] for served in await people(agency, 10)]
        await agency.administrator.post("/api/notification/v1/duties", ALWAYS | {"staff_id": agency.peers[0]})
        table = Table("from POST to the first page", "median s", "p99 s", "aim")
        add(table, "with the bus", await paged(agency, provider, participants))
        bus = int(await asyncio.to_thread((running.folder / "nats.pid").read_text))
        os.kill(bus, signal.SIGSTOP)
        try:
            add(table, "with the bus stopped", await paged(agency, provider, participants))
        finally:
            os.kill(bus, signal.SIGCONT)
        console.print(table)
        await pg.close()
    server.stop()


def add(table: Table, what: str, taken: list[float]) -> None:
    table.add_row(what, f"{median(taken):.2f}", f"{taken[int(len(taken) * 0.99)]:.2f}", "median ≤ 2 s")


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    with platform() as running:
        asyncio.run(measured(running))


if __name__ == "__main__":
    main()
