"""How long do an intake, a file of referrals and a search of the directory take, with 100,000 people already there?

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
from urllib.parse import quote

import asyncpg
import httpx
from load import ask, request
from processes import Platform, Routed, platform, started, until
from rich.console import Console
from rich.table import Table

from common.embedded import LOOPBACK
from handrail.demo.agency import Agency, open_agency, sign_in_staff
from handrail.demo.setting_up import set_up

console = Console()
CROWD, INTAKES, REFERRALS, MEETINGS, SEARCHES = 100_000, 300, 10_000, 5_000, 200

# People whom nobody will ask for: what counts for the duplicate check is that their indexes are there.
FILL = """
insert into intake.participant (agency_id, id, identity, sex, enrolled_at, recorded_at, version,
  name_index, birth_index, phone_index, email_index)
select $1, gen_random_uuid(), 'sealed', 'unknown', now(), now(), 1,
  sha256(('name' || n % 60000)::bytea), sha256(('birth' || n % 20000)::bytea),
  sha256(('phone' || n)::bytea), sha256(('email' || n)::bytea)
from generate_series(1, $2) n
"""


def consent(name: str) -> dict[str, Any]:
    return {
        "consent_type": "named_recipients",
        "name_as_signed": name,
        "disclosers": ["Riverbend Recovery Community"],
        "categories": ["substance_use_disorder", "attendance"],
        "recipients": [{"name": "County Health Clinic", "covered_entity": False}],
        "purposes": ["care_coordination"],
        "right_to_revoke_statement": "right-to-revoke-2026-11",
        "how_to_revoke": "In writing to the front desk",
        "expiry": {"kind": "date", "on": "2099-12-31"},
        "signature": {
            "signer": name,
            "capacity": "patient",
            "method": "electronic",
            "evidence_sha256": "ab" * 32,
        },
        "signed_at": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(),
    }


def intake_body(program_id: str, number: int) -> bytes:
    name = f"Person Number{number}"
    body = {
        "person": {
            "name": name,
            "birth_date": f"{1950 + number % 50}-03-{1 + number % 28:02}",
            "phone": f"+1 312 555 {number:04}",
            "email": f"person-{number}@example.test",
        },
        "program_id": program_id,
        "voluntary": True,
        "notice": {"version": "2026-02", "language": "en", "channel": "paper"},
        "consent": consent(name),
    }
    return json.dumps(body).encode()


async def intakes(port: int, token: str, program_id: str, first: int) -> list[float]:
    """Return the milliseconds of each intake: person, episode, acknowledgement, notice, consent, audit and events."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    taken = []
    for number in range(first, first + INTAKES):
        key = str(uuid.uuid4())
        body = intake_body(program_id, number)
        sent = request(port, "/v1/brief-intakes", body, Authorization=f"Bearer {token}", Idempotency_Key=key)
        before = time.perf_counter()
        status = await ask(reader, writer, sent)
        taken.append(1000 * (time.perf_counter() - before))
        if status != 201:
            raise SystemExit(f"an intake answered {status}")
    writer.close()
    return taken


def referral_file(count: int) -> bytes:
    lines = ["external_id,referred_on,source_organization,name,birth_date,phone,email,reason"]
    for number in range(count):
        lines.append(
            f"r-{number},2026-11-02,County Hospital,Referred Person{number},"
            f"{1950 + number % 50}-05-{1 + number % 28:02},+1 773 555 {number:05},referred-{number}@example.test,"
            "asks for peer support"
        )
    return "\r\n".join(lines).encode()


async def imported(agency: Agency) -> float:
    """Return the seconds from sending a file until its last line is done."""
    before = time.perf_counter()
    headers = {
        "Authorization": f"Bearer {agency.administrator.token}",
        "Idempotency-Key": str(uuid.uuid4()),
        "Content-Type": "text/csv",
    }
    path = "/api/intake/v1/referral-imports"
    answer = await agency.http.post(f"{path}?source_system=county", content=referral_file(REFERRALS), headers=headers)
    if answer.status_code != 202:
        raise SystemExit(f"the file answered {answer.status_code}: {answer.text[:300]}")
    job: dict[str, Any] = {}

    async def done() -> bool:
        job.update(await agency.administrator.get(f"{path}/{answer.json()['id']}"))
        return job["done"] == job["rows"]

    await until(done)
    console.print(f"{job['recorded']:,} recorded, {job['refused']:,} refused")
    return time.perf_counter() - before


def feed(count: int) -> list[dict[str, Any]]:
    return [
        {
            "slug": f"meeting-{number}",
            "name": f"Meeting {number}",
            "day": number % 7,
            "time": f"{6 + number % 16:02}:{15 * (number % 4):02}",
            "types": ["O", "D"] if number % 3 else ["C", "ONL"],
            "latitude": 41.6 + (number % 71) / 100,
            "longitude": -87.9 + (number % 67) / 100,
            "formatted_address": f"{number} Main St, Chicago, IL, USA",
            "location": f"Hall {number % 400}",
        }
        for number in range(count)
    ]


async def searched(agency: Agency, port: int) -> dict[str, list[float]]:
    """Return the milliseconds of searches by day and time, by distance, and by words."""
    administrator = agency.administrator
    made = await administrator.post(
        "/api/intake/v1/meeting-feeds", {"name": "bench", "kind": "AA", "zone": "America/Chicago"}
    )
    await administrator.post(f"/api/intake/v1/meeting-snapshots?feed_id={made['id']}", feed(MEETINGS))
    questions = {
        "by day and time": "day=2&after=17:00&before=21:00",
        "within 5 km": "near=41.88,-87.63&within_km=5",
        "by words": f"text={quote('meeting 42')}",
    }
    taken: dict[str, list[float]] = {name: [] for name in questions}
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    for _ in range(SEARCHES // len(questions)):
        for name, question in questions.items():
            head = f"GET /v1/meetings?{question}&limit=20 HTTP/1.1\r\nHost: x\r\n"
            sent = f"{head}Authorization: Bearer {administrator.token}\r\n\r\n".encode()
            before = time.perf_counter()
            if (status := await ask(reader, writer, sent)) != 200:
                raise SystemExit(f"a search answered {status}")
            taken[name].append(1000 * (time.perf_counter() - before))
    writer.close()
    return taken


async def measured(running: Platform) -> None:
    async with httpx.AsyncClient(transport=Routed(running.ports), base_url="http://x", timeout=120) as http:
        await started(running, http)
        admin = running.addresses.database_url("postgres", running.secrets["POSTGRES_PASSWORD"])
        pg = await asyncpg.connect(admin.replace("+asyncpg", ""))
        agency = await open_agency(http, running.secrets["OPERATOR_TOKEN"])
        await set_up(agency)

        async def ready() -> bool:
            return bool(await pg.fetchval("select count(*) from intake.staff") >= 8)

        await until(ready)
        port = running.ports["intake"]
        token = (await sign_in_staff(agency, agency.peers[0])).token
        table = Table("what", "median ms", "p99 ms", "aim")
        await intakes(port, token, agency.programs[0], 0)  # warm
        empty = await intakes(port, token, agency.programs[0], INTAKES)
        table.add_row("intake, nobody there yet", *_figures(empty), "")
        agency_id = await pg.fetchval("select agency_id from intake.staff limit 1")
        await pg.execute(FILL, agency_id, CROWD)
        await pg.execute("analyze intake.participant")
        full = await intakes(port, token, agency.programs[0], 2 * INTAKES)
        table.add_row(f"intake, {CROWD:,} people there", *_figures(full), "≤ 25 ms median")
        table.add_row("the same, as a multiple", f"{median(full) / median(empty):.2f}", "", "1.0")
        seconds = await imported(agency)
        table.add_row(f"{REFERRALS:,} referrals in a file", f"{seconds:.1f} s", "", "≤ 60 s")
        for name, taken in (await searched(agency, port)).items():
            table.add_row(f"{MEETINGS:,} meetings, {name}", *_figures(taken), "≤ 20 ms")
        console.print(table)
        await pg.close()


def _figures(taken: list[float]) -> tuple[str, str]:
    ordered = sorted(taken)
    return f"{median(ordered):.1f}", f"{ordered[int(len(ordered) * 0.99)]:.1f}"


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    with platform() as running:
        asyncio.run(measured(running))


if __name__ == "__main__":
    main()
