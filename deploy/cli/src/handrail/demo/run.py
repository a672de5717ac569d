"""The demo itself: start a platform, play the quarter through the API, print and keep the report."""

import asyncio
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from common.embedded import LOOPBACK, free_port
from handrail import local
from handrail.demo.agency import (
    PEERS_OF_PROGRAM,
    SOURCE,
    Agency,
    Caller,
    DemoFailed,
    group_row,
    intake_row,
    open_agency,
    session_row,
)
from handrail.demo.journey import journey
from handrail.demo.live import live_day
from handrail.demo.people import QUARTER, Person, people
from handrail.demo.quarter import Quarter, quarter
from handrail.demo.setting_up import set_up
from handrail.demo.show import print_report
from handrail.secrets import read

T = TypeVar("T")
console = Console()
WAIT_SECONDS = 60.0
PEOPLE_AT_ONCE, SESSIONS_AT_ONCE, GROUPS_AT_ONCE, MEETINGS_AT_ONCE = 50, 250, 20, 1000


def run(*, people: int, out: Path, keep: bool) -> None:
    """Play the demo with up to `people` of the 500; leave report.html, report.csv and report.json in `out`."""
    folder = local.data_folder("demo")
    if local.running_state(folder):
        local.stop(folder)
    shutil.rmtree(folder, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with console.status("Starting Postgres, NATS and five services"):
        state = local.start(folder, free_port())
    try:
        secrets = read(folder / "secrets.env")
        asyncio.run(_play(state.port, secrets["OPERATOR_TOKEN"], people, out))
    except DemoFailed as error:
        console.print(f"[red]The demo stopped:[/red] {error}")
        raise SystemExit(1) from error
    finally:
        local.stop(folder)
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    console.print(
        f"Done in {time.monotonic() - started:.0f} s. [bold]{out / 'report.html'}[/bold] and report.csv hold it."
    )


async def _play(port: int, operator_token: str, count: int, out: Path) -> None:
    async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", timeout=120) as http:
        agency = await open_agency(http, operator_token)
        await set_up(agency)
        persons = people(count, PEERS_OF_PROGRAM)
        with _progress() as progress:
            await import_people(agency, persons, progress)
            played = quarter(persons, len(agency.peers))
            await import_quarter(agency, played, progress)
            await caught_up(agency.administrator, progress)
        report = await _report(agency.administrator, out)
        print_report(console, report)
        await live_day(console, agency)
        await journey(console, agency)


def _progress() -> Progress:
    columns = (
        TextColumn("{task.description:32}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
    )
    return Progress(*columns, TimeElapsedColumn(), console=console)


def _chunks(rows: list[T], size: int) -> Iterable[list[T]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


async def import_people(agency: Agency, persons: list[Person], progress: Progress) -> None:
    """Enrol everybody with their history; remember the ids that the sessions speak of."""
    administrator = agency.administrator
    await heard(administrator, "intake")
    task = progress.add_task("Enrolling people", total=len(persons))
    for some in _chunks(persons, PEOPLE_AT_ONCE):
        rows = [intake_row(person, agency) for person in some]
        body = {"source_system": SOURCE, "participants": rows}
        answer = await administrator.post("/api/intake/v1/imports", body)
        plans = {row["external_id"]: row.get("plan") for row in rows}
        for made in answer["participants"]:
            plan = plans[made["external_id"]]
            made["plan_from"] = plan["agreed_at"][:10] if plan else "9999"
            agency.episodes[made["external_id"]] = made
        progress.update(task, advance=len(some))


async def import_quarter(agency: Agency, played: Quarter, progress: Progress) -> None:
    administrator = agency.administrator
    await heard(administrator, "session-logging")
    path = "/api/session-logging/v1/imports"

    async def send(title: str, kind: str, rows: list[Any], size: int, row: Any) -> None:
        task = progress.add_task(title, total=len(rows))
        for some in _chunks(rows, size):
            body = {"source_system": SOURCE, kind: [row(one) for one in some]}
            await administrator.post(path, body)
            progress.update(task, advance=len(some))

    await send("Logging sessions", "sessions", played.sessions, SESSIONS_AT_ONCE, lambda x: session_row(x, agency))
    await send("Logging groups", "groups", played.groups, GROUPS_AT_ONCE, lambda x: group_row(x, agency))
    await send(
        "Counting mutual aid", "mutual_aid", played.mutual_aid, MEETINGS_AT_ONCE, lambda x: _attendance(x, agency)
    )


def _attendance(row: tuple[str, Person, str, Any], agency: Agency) -> dict[str, Any]:
    external_id, person, kind, day = row
    return {
        "external_id": external_id,
        "participant_id": agency.episodes[person.external_id]["participant_id"],
        "mutual_aid": kind,
        "attended_on": day.isoformat(),
    }


async def caught_up(administrator: Caller, progress: Progress) -> None:
    task = progress.add_task("Waiting for the report's facts", total=1)
    await heard(administrator, "compliance-reporting")
    progress.update(task, advance=1)


async def heard(administrator: Caller, service: str) -> None:
    """Wait until a service has applied everything that was published before now."""
    before = (await administrator.get(f"/api/{service}/v1/freshness"))["heard"]
    since = max((one["checked_at"] for one in before), default="")
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        known = (await administrator.get(f"/api/{service}/v1/freshness"))["heard"]
        if known and all(one["checked_at"] > since and one["missing"] == 0 for one in known):
            return
        await asyncio.sleep(0.1)
    raise DemoFailed(f"{service} did not catch up within {WAIT_SECONDS:.0f} s")


async def _report(administrator: Caller, out: Path) -> dict[str, Any]:
    body = {"period_start": QUARTER[0].isoformat(), "period_end": QUARTER[1].isoformat()}
    made = await administrator.post("/api/compliance-reporting/v1/reports", body)
    path = f"/api/compliance-reporting/v1/reports/{made['id']}"
    for kind in ("html", "csv"):
        (out / f"report.{kind}").write_text(await administrator.text(f"{path}/{kind}"), encoding="utf-8")
    report = await administrator.text(path)
    (out / "report.json").write_text(report, encoding="utf-8")
    return await administrator.get(path)
