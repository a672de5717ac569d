"""The demo's quarter, played once through the HTTP API of the test platform."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
import pytest_asyncio
from rich.console import Console
from rich.progress import Progress

from handrail.demo import run
from handrail.demo.agency import PEERS_OF_PROGRAM, Agency, open_agency
from handrail.demo.people import QUARTER, people
from handrail.demo.quarter import quarter
from handrail.demo.setting_up import set_up
from handrail.testing import Platform, client

MERGES = "/api/intake/v1/merges"


@dataclass
class Played:
    """The agency of the demo, and the report of its quarter."""

    agency: Agency
    agency_id: str
    start: date
    end: date
    report: dict[str, Any]


@pytest_asyncio.fixture(scope="session")
async def played(platform: Platform) -> AsyncGenerator[Played]:
    """The whole demo: 500 people, one quarter, its report."""
    async with client(platform) as http:
        http.timeout = httpx.Timeout(120)
        agency = await open_agency(http, platform.secrets["OPERATOR_TOKEN"])
        await set_up(agency)
        persons = people(500, PEERS_OF_PROGRAM)
        with Progress(console=Console(quiet=True)) as progress:
            await run.import_people(agency, persons, progress)
            await run.import_quarter(agency, quarter(persons, len(agency.peers)), progress)
            await _merge_some(agency)
            await run.caught_up(agency.administrator, progress)
        body = {"period_start": QUARTER[0].isoformat(), "period_end": QUARTER[1].isoformat()}
        made = await agency.administrator.post("/api/compliance-reporting/v1/reports", body)
        report = await agency.administrator.get(f"/api/compliance-reporting/v1/reports/{made['id']}")
        agency_id = await platform.value(
            "select agency_id from workforce.program where id = cast(:id as uuid)", id=agency.programs[0]
        )
        yield Played(agency, str(agency_id), *QUARTER, report)


async def _merge_some(agency: Agency) -> None:
    """Find records to be one person: a dozen pairs, a chain of three, and a pair that is split again."""
    people_ids = [made["participant_id"] for made in agency.episodes.values()]
    pairs = [(people_ids[place], people_ids[place + 1]) for place in range(0, 24, 2)]
    chain = [(people_ids[100], people_ids[101]), (people_ids[102], people_ids[100])]
    for survivor_id, merged_id in (*pairs, *chain):
        await _merge(agency, survivor_id, merged_id)
    split = await _merge(agency, people_ids[200], people_ids[201])
    await agency.administrator.put(f"{MERGES}/{split['id']}/undoing", {"reason": "different_people"}, split["version"])


async def _merge(agency: Agency, survivor_id: str, merged_id: str) -> dict[str, Any]:
    body = {"survivor_id": survivor_id, "merged_id": merged_id, "reason": "entered_twice"}
    return await agency.administrator.post(MERGES, body)
