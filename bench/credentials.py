"""How long does a page of credentials about to expire take, with 10,000 in the agency, and how does Postgres find it?

Every process is the one the containers run, on embedded servers with full durability; the load is one client.
"""

import argparse
import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import asyncpg
import httpx
from load import ask
from processes import Platform, Routed, platform, started
from rich.console import Console
from rich.table import Table

from common.embedded import LOOPBACK
from handrail.demo.agency import open_agency

console = Console()
CREDENTIALS, ASKED = 10_000, 900

# A thousand staff with ten credentials each, ending over three years; one in ten was suspended in February.
FILL = (
    """
insert into workforce.staff (agency_id, id, identity, language, roles, employed_from, version)
select $1::uuid, md5('staff' || n)::uuid, 'sealed', 'en', array['peer'], '2020-01-01', 1 from generate_series(0, 999) n
""",
    """
insert into workforce.credential (agency_id, id, staff_id, credential_type, specialty, issuer, valid_from, valid_to,
  status, version)
select $1::uuid, md5('credential' || n)::uuid, md5('staff' || n % 1000)::uuid, 'certified_peer_specialist',
  'substance_use', 'Board', '2025-01-01', current_date + n % 1095,
  case when n % 10 = 0 then 'suspended' else 'active' end, 1
from generate_series(0, 9999) n
""",
    """
insert into workforce.credential_status (agency_id, id, credential_id, status, since, reason, place)
select $1::uuid, gen_random_uuid(), md5('credential' || n)::uuid, 'active', date '2025-01-01', 'recorded', 0
from generate_series(0, 9999) n
union all
select $1::uuid, gen_random_uuid(), md5('credential' || n)::uuid, 'suspended', date '2026-02-01', 'complaint', 1
from generate_series(0, 9999, 10) n
""",
)
PLAN = """
explain (analyze, costs off, timing off, format json)
select * from workforce.credential c where c.agency_id = $1 and c.valid_to >= current_date
  and c.valid_to < current_date + 90 and (c.valid_to, c.id) > (current_date, '00000000-0000-0000-0000-000000000000')
order by c.valid_to, c.id limit 51
"""


async def asked(port: int, token: str) -> dict[str, list[float]]:
    """Return the milliseconds of pages by expiry: the first, one further on, and with a status on a day."""
    today = datetime.now(UTC).date()
    soon = f"expiring_before={today + timedelta(days=90)}&limit=50"
    questions = {
        "expiring in 90 days": soon,
        "the same, from the middle on": f"{soon}&expiring_from={today + timedelta(days=45)}",
        "the same, suspended on a day": f"{soon}&status=suspended&on=2026-03-01",
    }
    taken: dict[str, list[float]] = {name: [] for name in questions}
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    for _ in range(ASKED // len(questions)):
        for name, question in questions.items():
            head = f"GET /v1/credentials?{question} HTTP/1.1\r\nHost: x\r\n"
            sent = f"{head}Authorization: Bearer {token}\r\n\r\n".encode()
            before = time.perf_counter()
            if (status := await ask(reader, writer, sent)) != 200:
                raise SystemExit(f"a page answered {status}")
            taken[name].append(1000 * (time.perf_counter() - before))
    writer.close()
    return taken


async def plan(pg: asyncpg.Connection, agency_id: Any) -> str:
    """Return how Postgres finds the page: each step with the index it reads."""
    step: dict[str, Any] = json.loads(await pg.fetchval(PLAN, agency_id))[0]["Plan"]
    steps = []
    while step:
        index = f" using {step['Index Name']} where {step['Index Cond']}" if "Index Name" in step else ""
        steps.append(f"{step['Node Type']}{index}, {step['Actual Rows']:.0f} rows")
        step = (step.get("Plans") or [{}])[0]
    return " <- ".join(steps)


async def measured(running: Platform) -> None:
    async with httpx.AsyncClient(transport=Routed(running.ports), base_url="http://x", timeout=120) as http:
        await started(running, http)
        admin = running.addresses.database_url("postgres", running.secrets["POSTGRES_PASSWORD"])
        pg = await asyncpg.connect(admin.replace("+asyncpg", ""))
        agency = await open_agency(http, running.secrets["OPERATOR_TOKEN"])
        agency_id = await pg.fetchval("select agency_id from workforce.agency limit 1")
        for statement in FILL:
            await pg.execute(statement, agency_id)
        await pg.execute("analyze workforce.credential, workforce.credential_status")
        port, token = running.ports["workforce"], agency.administrator.token
        await asked(port, token)  # warm
        table = Table("what", "median ms", "p99 ms", "aim")
        for name, taken in (await asked(port, token)).items():
            ordered = sorted(taken)
            figures = f"{median(ordered):.1f}", f"{ordered[int(len(ordered) * 0.99)]:.1f}"
            table.add_row(f"{CREDENTIALS:,} credentials, {name}", *figures, "≤ 20 ms")
        console.print(table)
        console.print(await plan(pg, agency_id))
        await pg.close()


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    with platform() as running:
        asyncio.run(measured(running))


if __name__ == "__main__":
    main()
