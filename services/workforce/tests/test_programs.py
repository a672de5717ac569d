"""Programs: opened, read, changed as a whole, and told to the other services."""

from typing import Any

import pytest

from handrail.testing import Caller, Platform, add_staff, open_agency

PROGRAMS = "/api/workforce/v1/programs"
SETTINGS = {"name": "Telephone support", "opened_on": "2025-01-01", "group_max": 10}


async def changed(caller: Caller, program_id: object, version: int, **more: object) -> Any:
    return await caller.put(f"{PROGRAMS}/{program_id}", SETTINGS | more, version)


async def test_a_change_counts_as_a_whole_and_is_told(platform: Platform, administrator: Caller) -> None:
    program_id = await administrator.created(PROGRAMS, SETTINGS)

    answer = await changed(administrator, program_id, 1, required_specialty="mental_health", group_max=8)
    shown = (await administrator.get(f"{PROGRAMS}/{program_id}")).json()

    assert answer.status_code == 200, answer.text
    assert (shown["version"], shown["group_max"], shown["required_specialty"]) == (2, 8, "mental_health")
    told = await platform.fetch(
        "select type, payload from (select type, payload, aggregate_id, aggregate_seq from workforce.outbox union all "
        "select type, payload, aggregate_id, aggregate_seq from workforce.ledger) e "
        "where aggregate_id = :id order by aggregate_seq",
        id=program_id,
    )
    assert [one["type"].split(".")[-2] for one in told] == ["program-opened", "program-changed"]
    assert all("Telephone" not in str(one["payload"]) for one in told)


@pytest.mark.parametrize("role", ["peer", "supervisor", "auditor"])
async def test_who_does_not_administer_reads_programs_and_changes_none(administrator: Caller, role: str) -> None:
    program_id = await administrator.created(PROGRAMS, SETTINGS)
    caller = await add_staff(administrator, role)

    answer = await changed(caller, program_id, 1)

    assert answer.status_code == 403
    assert (await caller.get(f"{PROGRAMS}/{program_id}")).json()["version"] == 1


async def test_an_old_version_and_another_agency_change_nothing(administrator: Caller, platform: Platform) -> None:
    program_id = await administrator.created(PROGRAMS, SETTINGS)
    stranger = await open_agency(administrator.http, platform)

    assert (await changed(administrator, program_id, 7)).status_code == 412
    assert (await changed(stranger, program_id, 1)).status_code == 404
    assert (await stranger.get(f"{PROGRAMS}/{program_id}")).status_code == 404
    assert (await changed(administrator, program_id, 1, group_max=1)).status_code == 422
