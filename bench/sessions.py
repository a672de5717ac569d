"""How long do a signature, a phone's batch of 200 sessions, and a person's newest 20 of a million sessions take?

In turn with each stands the floor: FastAPI and one bare statement that inserts two rows.

Every process is the one the containers run, on embedded servers with full durability; the load is one client.
"""

import argparse
import asyncio
import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import asyncpg
import httpx
from bare import SCHEMA
from first import people
from load import request
from processes import Platform, Routed, platform, started, until
from rich.console import Console
from rich.table import Table

from common.embedded import LOOPBACK, free_port
from handrail.demo.agency import open_agency, sign_in_staff
from handrail.demo.setting_up import set_up

console = Console()
SIGNED, BATCH, BATCHES, ASKED = 300, 200, 5, 400
MILLION, SERVED = 1_000_000, 1_000

# A thousand people with a thousand sessions each, by one peer, hour after hour.
FILL = """
insert into session_logging.peer_session (agency_id, id, participant_id, episode_id, program_id, staff_id, modality,
  format, delivery_method, modifiers, activities, goal_ids, started_at, ended_at, zone, service_date, minutes, units,
  unit_method, outcome, status, missing_elements, signed_at, recorded_at, version)
select $1, gen_random_uuid(), p.ids[1 + n % 1000], gen_random_uuid(), $2, $3, 'one_on_one_mentoring', 'individual',
  'in_person', '{}', '{coaching_mentoring}', '{}', t.at, t.at + interval '45 min', 'America/Chicago', t.at::date, 45, 3,
  'midpoint_8', 'completed', 'signed', '{}', t.at + interval '1 hour', t.at + interval '1 hour', 1
from generate_series(1, $4) n, (select $5::uuid[] as ids) p,
  lateral (select timestamptz '2020-01-01' + n * interval '2 min' as at) t
"""


def body_of(participant_id: str, episode_id: str, minutes_ago: int) -> dict[str, Any]:
    ended_at = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=minutes_ago)
    return {
        "participant_id": participant_id,
        "episode_id": episode_id,
        "modality": "one_on_one_mentoring",
        "delivery_method": "in_person",
        "location": "recovery_center",
        "service_code": "H0038",
        "activities": ["coaching_mentoring"],
        "started_at": (ended_at - timedelta(minutes=30)).isoformat(),
        "ended_at": ended_at.isoformat(),
        "outcome": "completed",
        "note": {"summary": "walked to the clinic together", "progress": "two steps nearer", "response": "glad"},
    }


async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> tuple[int, bytes]:
    """Send one request; return the status and the body of its answer."""
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    start = lower.index(b"content-length:") + 15
    body = await reader.readexactly(int(lower[start : lower.index(b"\r\n", start)]))
    return int(head[9:12]), body


class Client:
    """One phone: one connection, one worker."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(LOOPBACK, self.port)

    async def send(self, method: str, path: str, body: object = None, **headers: str) -> float:
        """Return the milliseconds until the answer, which must be a success."""
        content = json.dumps(body).encode() if body is not None else b""
        sent = request(self.port, path, content, Authorization=f"Bearer {self.token}", **headers)
        sent = method.encode() + sent.removeprefix(b"POST")
        before = time.perf_counter()
        status, answer = await answered(self.reader, self.writer, sent)
        taken = 1000 * (time.perf_counter() - before)
        if answer.count(b'"status":"') != answer.count(b'"status":"done"') and path == "/v1/sync":
            raise SystemExit(f"not every item was done: {answer[:400]!r}")
        if status not in (200, 201):
            raise SystemExit(f"{method} {path} answered {status}")
        return taken


class Floor:
    """The bare endpoint, asked once beside each of ours."""

    def __init__(self, port: int) -> None:
        self.client = Client(port, "nobody")
        one = body_of(str(uuid.uuid4()), str(uuid.uuid4()), 0)
        self.body = one | {"goal_ids": [], "note": {"summary": "walked to the clinic together"}}
        self.taken: list[float] = []

    async def ask(self) -> None:
        self.taken.append(await self.client.send("POST", "/v1/sessions", self.body))

    async def median(self) -> float:
        """Return the milliseconds since the last time this was asked; a new connection for what comes next."""
        taken, self.taken = self.taken, []
        await self.client.open()
        return median(taken) if taken else 0.0


async def signatures(client: Client, floor: Floor, served: list[tuple[str, str]]) -> list[float]:
    taken = []
    for number in range(SIGNED):
        session_id = str(uuid.uuid4())
        body = body_of(*served[number % len(served)], 60 + 31 * number) | {"id": session_id}
        await client.send("POST", "/v1/sessions", body, Idempotency_Key=str(uuid.uuid4()))
        path = f"/v1/sessions/{session_id}/signature"
        taken.append(await client.send("PUT", path, {}, If_Match='"1"', Idempotency_Key=str(uuid.uuid4())))
        await floor.ask()
    return sorted(taken)


async def batches(client: Client, served: list[tuple[str, str]], *, sign: bool) -> list[float]:
    taken = []
    for batch in range(BATCHES):
        items = [
            {
                "id": str(uuid.uuid4()),
                "kind": "session",
                "v": 1,
                "depends_on": [],
                "recorded_at": datetime.now(UTC).isoformat(),
                "body": body_of(*served[number % len(served)], 60 + 31 * (batch * BATCH + number)) | {"sign": sign},
            }
            for number in range(BATCH)
        ]
        taken.append(await client.send("POST", "/v1/sync", {"items": items}))
    return sorted(taken)


async def newest(client: Client, floor: Floor, ids: list[str]) -> list[float]:
    taken = []
    for number in range(ASKED):
        taken.append(await client.send("GET", f"/v1/sessions?participant_id={ids[number % len(ids)]}&limit=20"))
        await floor.ask()
    return sorted(taken)


async def measured(running: Platform) -> None:
    async with httpx.AsyncClient(transport=Routed(running.ports), base_url="http://x", timeout=120) as http:
        await started(running, http)
        admin = running.addresses.database_url("postgres", running.secrets["POSTGRES_PASSWORD"])
        dsn = admin.replace("+asyncpg", "")
        pg = await asyncpg.connect(dsn)
        await pg.execute(SCHEMA)
        bare_port = free_port()
        uvicorn = ("-m", "uvicorn", "bare:app", "--host", LOOPBACK, "--port", str(bare_port), "--no-access-log")
        running.start("bare", *uvicorn, "--log-level", "error", BARE_DSN=dsn)
        agency = await open_agency(http, running.secrets["OPERATOR_TOKEN"])
        await set_up(agency)

        async def ready() -> bool:
            return bool(await pg.fetchval("select count(*) from intake.staff") >= 8)

        await until(ready)
        served = await people(agency, 50)
        await pg.execute("update session_logging.program set unit_method = 'midpoint_8'")

        async def heard() -> bool:
            return bool(await pg.fetchval("select count(*) from session_logging.assignment") == 50)

        await until(heard)
        await pg.execute(
            "insert into session_logging.notice (agency_id, id, seq, participant_id, deferred) "
            "select agency_id, gen_random_uuid(), 1, id, false from session_logging.participant"
        )
        await pg.execute("update session_logging.assignment set valid_from = '2020-01-01'")
        token = (await sign_in_staff(agency, agency.peers[0])).token
        port = running.ports["session-logging"]
        client = Client(port, token)
        await client.open()
        floor = Floor(bare_port)
        table = Table("what", "median ms", "p99 ms", "bare insert, median ms", "aim")

        async def add(what: str, taken: list[float], aim: str) -> None:
            bare = await floor.median()
            known = [f"{median(taken):.1f}", f"{taken[int(len(taken) * 0.99)]:.1f}", f"{bare:.1f}" if bare else ""]
            table.add_row(what, *known, aim)

        await floor.median()
        await signatures(client, floor, served)  # warm
        await floor.median()
        await add("signing a note", await signatures(client, floor, served), "median ≤ 15 ms")
        await add("a batch of 200 drafts", await batches(client, served, sign=False), "≤ 2,000 ms")
        await add("a batch of 200 signed sessions", await batches(client, served, sign=True), "≤ 2,000 ms")
        agency_id = await pg.fetchval("select agency_id from workforce.agency limit 1")
        ids = [str(uuid.uuid4()) for _ in range(SERVED)]
        await pg.execute(FILL, agency_id, agency.programs[0], agency.peers[0], MILLION, ids)
        await pg.execute("vacuum analyze session_logging.peer_session")
        newest_20 = f"a person's newest 20 of {MILLION:,}, asked by"
        supervisor = Client(port, agency.administrator.token)
        for who, asking in (("their peer", client), ("an administrator", supervisor)):
            await asking.open()  # the connection was idle for longer than a server keeps it
            await floor.median()
            await newest(asking, floor, ids)  # warm
            await floor.median()
            await add(f"{newest_20} {who}", await newest(asking, floor, ids), "≤ 5 ms")
        console.print(table)
        await pg.close()


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    with platform() as running:
        asyncio.run(measured(running))


if __name__ == "__main__":
    main()
