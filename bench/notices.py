"""A hundred thousand events, a tenth of them twice, all out of order, one in a hundred broken: is each told once?"""

import argparse
import asyncio
import email
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import nats
from aiosmtpd.controller import Controller
from processes import Platform, Routed, platform, started, until
from rich.console import Console
from rich.table import Table

from handrail.demo.agency import open_agency
from handrail.demo.setting_up import set_up
from handrail.flood import Flood, flood

console = Console()
EVENTS = 100_000
AT_ONCE = 500
LONGEST = 14_400  # seconds until everything has left
APPLIED = "select count(*) from notification.inbox where event_id = any($1)"
SENT = "select count(*) from notification.message where recipient_id = any($1) and state = 'sent'"
STORED = "select id from notification.message where recipient_id = any($1)"
DEAD = "select count(*) from notification.dead_letter where event_id = any($1)"
WAITED = (
    "select percentile_cont($2) within group (order by extract(epoch from applied_at)) - $3 "
    "from notification.inbox where event_id = any($1)"
)


class Provider:
    """A mail server that counts the letters by their ids."""

    def __init__(self) -> None:
        self.letters: Counter[str] = Counter()

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802
        named = str(email.message_from_bytes(envelope.content)["Message-ID"])
        self.letters[named.strip("<>").partition("@")[0]] += 1
        return "250 kept"


async def publish(running: Platform, sent: Flood) -> None:
    client = await nats.connect(running.addresses.nats_url("admin", running.secrets["NATS_ADMIN_PASSWORD"]))
    stream = client.jetstream()
    for start in range(0, len(sent.told), AT_ONCE):
        part = sent.told[start : start + AT_ONCE]
        await asyncio.gather(
            *(stream.publish(one.subject, one.body, headers={"Nats-Msg-Id": str(one.id)}) for one in part)
        )
    await client.close()


async def counted(pg: asyncpg.Connection, question: str, ids: set[UUID], expected: int) -> None:
    async def there() -> bool:
        await asyncio.sleep(0.2)
        return bool(await pg.fetchval(question, ids) >= expected)

    await until(there, LONGEST)


async def measured(running: Platform, events: int) -> None:
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
        peers = {UUID(peer) for peer in agency.peers}

        async def known() -> bool:
            return bool(await pg.fetchval("select count(*) from notification.staff where id = any($1)", peers) >= 1)

        await until(known)
        agency_id = await pg.fetchval("select agency_id from workforce.program limit 1")
        sent = flood(agency_id, sorted(peers), events, seed=7, now=datetime.now(UTC))
        await told(running, pg, provider, sent)
        await pg.close()
    server.stop()


async def told(running: Platform, pg: asyncpg.Connection, provider: Provider, sent: Flood) -> None:
    """Publish a flood, wait until it has left, and print what became of it."""
    recipients, before, clock = {one.recipient_id for one in sent.intents}, time.perf_counter(), time.time()
    await publish(running, sent)
    published = time.perf_counter() - before
    await counted(pg, APPLIED, sent.events, len(sent.events))
    applied = time.perf_counter() - before
    await counted(pg, DEAD, sent.broken, len(sent.broken))
    await counted(pg, SENT, recipients, len(sent.intents))
    left = time.perf_counter() - before
    table = Table("what", "seen", "aim")
    table.add_row("messages published, duplicates and broken ones too", f"{len(sent.told):,} in {published:.0f} s", "")
    table.add_row("events applied", f"{len(sent.events):,} in {applied:.0f} s", "")
    for share in (0.5, 0.99, 1.0):
        waited = await pg.fetchval(WAITED, sent.events, share, clock)
        table.add_row(f"applied after the first publication, share {share}", f"{waited:.1f} s", "")
    stored = {str(row["id"]) for row in await pg.fetch(STORED, recipients)}
    letters = [count for named, count in provider.letters.items() if named in stored]  # supervisors have digests
    table.add_row("intents stored", f"{len(stored):,}", f"{len(sent.intents):,}")
    table.add_row("letters that left", f"{len(letters):,} in {left:.0f} s", f"{len(sent.intents):,}")
    table.add_row("letters that left twice", str(sum(1 for count in letters if count > 1)), "0")
    table.add_row("dead letters of broken ones", str(await pg.fetchval(DEAD, sent.broken)), str(len(sent.broken)))
    table.add_row("dead letters of whole ones", str(await pg.fetchval(DEAD, sent.events)), "0")
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS, help="how many different ones")
    arguments = parser.parse_args()
    with platform() as running:
        asyncio.run(measured(running, arguments.events))


if __name__ == "__main__":
    main()
