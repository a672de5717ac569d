"""What does a write cost, how soon is it in the report, how fast are events applied, how long is a big report?

Every process is the one the containers run (`handrail serve-api`, `serve-worker`, `steward`), on embedded servers with
full durability. Ratios compare with a bare FastAPI + asyncpg statement, and with a bare `fetch(500)` and the same SQL.
"""

import argparse
import asyncio
import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from statistics import median

import asyncpg
import httpx
from bare import SCHEMA
from consume import applied
from load import Run, ask, closed_loop, interleaved, middle, request
from processes import Platform, Routed, platform, started, until
from rich.console import Console
from rich.table import Table

from common.embedded import LOOPBACK, free_port
from handrail.demo.agency import Agency, open_agency, sign_in_staff
from handrail.demo.setting_up import set_up

console = Console()
SECONDS, ROUNDS = 4.0, 3
REPORT_SESSIONS = 100_000


async def people(agency: Agency, count: int) -> list[tuple[str, str]]:
    """Enrol people assigned to the first peer; return (participant, episode)."""
    today = datetime.now(UTC).date() - timedelta(days=1)
    rows = [
        {
            "external_id": f"bench-{n}",
            "alias": f"person {n}",
            "enrolled_at": datetime.now(UTC).isoformat(),
            "episode": {"program_id": agency.programs[0], "opened_on": today.isoformat()},
            "assignment": {"staff_id": agency.peers[0], "valid_from": today.isoformat()},
        }
        for n in range(count)
    ]
    body = {"source_system": "bench", "participants": rows}
    made = (await agency.administrator.post("/api/intake/v1/imports", body))["participants"]
    return [(row["participant_id"], row["episode_id"]) for row in made]


def session_body(participant_id: str, episode_id: str) -> bytes:
    now = datetime.now(UTC)
    body = {
        "participant_id": participant_id,
        "episode_id": episode_id,
        "modality": "one_on_one_mentoring",
        "delivery_method": "in_person",
        "location": "recovery_center",
        "service_code": "H0038",
        "activities": ["coaching_mentoring"],
        "started_at": (now - timedelta(minutes=40)).isoformat(),
        "ended_at": (now - timedelta(minutes=10)).isoformat(),
        "goal_ids": [],
        "outcome": "completed",
        "note": {"summary": "Talked through the week and what helped. " * 3, "next_step": "Meet again next week."},
    }
    return json.dumps(body).encode()


async def posts(port: int, bare_port: int, token: str, bodies: list[bytes]) -> dict[int, list[float]]:
    """Return, for 1 and 16 clients: rate ratio, and median and p99 of both in ms."""
    count = 0

    def ours() -> bytes:
        nonlocal count
        count += 1
        key = str(uuid.uuid4())
        body = bodies[count % len(bodies)]
        return request(port, "/v1/sessions", body, Authorization=f"Bearer {token}", Idempotency_Key=key)

    def bare() -> bytes:
        return request(bare_port, "/v1/sessions", bodies[0])

    figures = {}
    for clients in (1, 16):
        runs: tuple[list[Run], list[Run]] = ([], [])
        for variant in interleaved(2, ROUNDS):
            where, build = ((port, ours), (bare_port, bare))[variant]
            runs[variant].append(await closed_loop(where, build, clients, SECONDS))
        mine, floor = runs
        figures[clients] = [
            middle(mine, lambda run: run.rate),
            middle(floor, lambda run: run.rate),
            median(a.rate / b.rate for a, b in zip(mine, floor, strict=True)),
            middle(mine, lambda run: run.percentile(0.5)),
            middle(floor, lambda run: run.percentile(0.5)),
            middle(mine, lambda run: run.percentile(0.99)),
            middle(floor, lambda run: run.percentile(0.99)),
        ]
    return figures


async def visible(pg: asyncpg.Connection, port: int, token: str, bodies: list[bytes], count: int) -> list[float]:
    """Return the milliseconds from the start of each POST until a reader of the report's facts sees the session."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    seen = "select count(*) from compliance_reporting.fact_session"
    latencies = []
    known = await pg.fetchval(seen)
    for n in range(count):
        sent = request(
            port,
            "/v1/sessions",
            bodies[n % len(bodies)],
            Authorization=f"Bearer {token}",
            Idempotency_Key=str(uuid.uuid4()),
        )
        before = time.perf_counter()
        assert await ask(reader, writer, sent) == 201
        while await pg.fetchval(seen) <= known:
            if time.perf_counter() - before > 20:
                raise SystemExit("a session was not visible after 20 s")
        latencies.append(1000 * (time.perf_counter() - before))
        known += 1
        await asyncio.sleep(0.01)
    writer.close()
    return sorted(latencies)


async def quiet(pg: asyncpg.Connection) -> None:
    """Wait until every recorded session is a fact."""

    async def done() -> bool:
        written = await pg.fetchval("select count(*) from session_logging.peer_session")
        return bool(written == await pg.fetchval("select count(*) from compliance_reporting.fact_session"))

    await until(done, 120)


# 120 peers with 11 sessions on each of 76 days, for 2,500 people: about what a large agency does in a quarter.
FILL = """
with one as (select * from compliance_reporting.fact_session limit 1),
staff as (
  insert into compliance_reporting.fact_staff
  select one.agency_id, md5('staff' || k)::uuid, 1, array['peer'], date '2020-01-01', null
  from one, generate_series(0, 119) k
),
credentials as (
  insert into compliance_reporting.fact_credential
    (agency_id, id, seq, staff_id, credential_type, specialty, valid_from, valid_to, status)
  select one.agency_id, md5('credential' || k)::uuid, 1, md5('staff' || k)::uuid, 'certified_peer_specialist',
    'substance_use', date '2020-01-01', date '2030-01-01', 'active'
  from one, generate_series(0, 119) k
),
episodes as (
  insert into compliance_reporting.fact_episode
    (agency_id, id, seq, participant_id, program_id, opened_on, single_contact_outreach, imported)
  select one.agency_id, md5('episode' || k)::uuid, 1, md5('person' || k)::uuid, one.program_id,
    date '2026-05-01' + k % 100, false, true
  from one, generate_series(0, 2499) k
)
insert into compliance_reporting.fact_session
select agency_id, gen_random_uuid(), 1, md5('person' || n * 7 % 2500)::uuid, md5('episode' || n * 7 % 2500)::uuid,
  program_id, md5('staff' || n % 120)::uuid, null, modality, format, delivery_method, location, service_code, modifiers,
  activities, goal_ids, at, at + interval '30 minutes', zone, at::date, 30, 2, unit_method, outcome, 'signed', '{}',
  at + interval '1 hour', credential_at_signing, recorded_at, true
from one, generate_series(0, $1 - 1) n,
  lateral (select timestamptz '2026-07-01 14:00Z' + make_interval(days => n / 1320, mins => 40 * (n / 120 % 11))) t(at)
"""


async def report_seconds(pg: asyncpg.Connection, agency: Agency) -> list[float]:
    """Return how long a quarter's report takes on many sessions, three times."""
    await pg.execute(FILL, REPORT_SESSIONS)
    await pg.execute("analyze compliance_reporting.fact_session")
    taken = []
    for _ in range(ROUNDS):
        before = time.perf_counter()
        body = {"period_start": "2026-07-01", "period_end": "2026-09-30"}
        await agency.administrator.post("/api/compliance-reporting/v1/reports", body)
        taken.append(time.perf_counter() - before)
    return taken


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
            known = await pg.fetchval("select count(*) from intake.staff")
            return bool(known >= 8)

        await until(ready)
        bodies = [session_body(*ids) for ids in await people(agency, 50)]
        assigned = "select count(*) from session_logging.assignment"

        async def heard() -> bool:
            return bool(await pg.fetchval(assigned) == 50)

        await until(heard)
        token = (await sign_in_staff(agency, agency.peers[0])).token
        port = running.ports["session-logging"]
        _print_posts(await posts(port, bare_port, token, bodies))
        await quiet(pg)
        await visible(pg, port, token, bodies, 50)  # warm
        _print_visible(await visible(pg, port, token, bodies, 400))
        _print_applied(*await applied(running, pg))
        _print_report(await report_seconds(pg, agency))
        await pg.close()


def _print_posts(figures: dict[int, list[float]]) -> None:
    table = Table(
        "POST session", "ours /s", "bare /s", "ratio", "ours p50 ms", "bare", "ours p99 ms", "bare", title="Write"
    )
    for clients, row in figures.items():
        table.add_row(
            f"{clients} client{'s' if clients > 1 else ''}",
            *(f"{value:,.0f}" for value in row[:2]),
            f"{row[2]:.2f}",
            *(f"{value:.1f}" for value in row[3:]),
        )
    console.print(table)


def _print_visible(latencies: list[float]) -> None:
    table = Table("POST until in the report", "p50 ms", "p99 ms", "aim p99")
    table.add_row(
        f"{len(latencies)} in turn", f"{median(latencies):.1f}", f"{latencies[int(len(latencies) * 0.99)]:.1f}", "≤ 25"
    )
    console.print(table)


def _print_applied(ours: float, floor: float) -> None:
    table = Table("events applied", "ours /s", "bare fetch(500) /s", "ratio", "aim")
    table.add_row("one session fact each", f"{ours:,.0f}", f"{floor:,.0f}", f"{ours / floor:.2f}", "1.0")
    console.print(table)


def _print_report(seconds: list[float]) -> None:
    table = Table("quarter's report", "median s", "all")
    table.add_row(f"{REPORT_SESSIONS:,} sessions", f"{median(seconds):.2f}", ", ".join(f"{s:.2f}" for s in seconds))
    console.print(table)


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    with platform() as running:
        asyncio.run(measured(running))


if __name__ == "__main__":
    main()
