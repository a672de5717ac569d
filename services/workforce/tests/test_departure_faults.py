"""Several people leaving: whoever takes over may leave too, and nobody accompanied or supervised is left behind."""

import uuid
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from handrail.testing import Caller, Platform, add_staff

W = "/api/workforce/v1"
SOON, LATER = "2099-06-05", "2099-06-10"


def kind(answer: httpx.Response) -> tuple[int, str]:
    said = answer.json()
    return answer.status_code, str(said.get("type", "")).removeprefix("/problems/")


async def accompanying(platform: Platform, peer: Caller) -> UUID:
    """Have a peer accompany somebody, as intake would tell."""
    assignment_id = uuid.uuid4()
    sql = (
        "insert into workforce.assignment (agency_id, id, seq, staff_id, valid_from)"
        " values (:agency, :id, 1, :staff, date '2026-01-01')"
    )
    async with platform.admin.begin() as connection:
        values = {"agency": peer.agency_id, "id": assignment_id, "staff": peer.staff_id}
        await connection.execute(text(sql), values)
    return assignment_id


async def leaves(administrator: Caller, leaver: Caller, last_day: str, **to: UUID | None) -> httpx.Response:
    record = await administrator.get(f"{W}/staff/{leaver.staff_id}/record")
    body = {"last_day": last_day} | {name: str(value) for name, value in to.items()}
    return await administrator.put(f"{W}/staff/{leaver.staff_id}/departure", body, record.json()["version"])


async def test_whoever_is_to_take_over_does_not_leave_without_somebody_after_them(
    platform: Platform, administrator: Caller
) -> None:
    first, second, third, last = [await add_staff(administrator, "peer") for _ in range(4)]
    await accompanying(platform, first)
    assert (await leaves(administrator, first, LATER, caseload_to=second.staff_id)).status_code == 200

    silent = await leaves(administrator, second, SOON)
    settled = await leaves(administrator, second, SOON, caseload_to=third.staff_id)
    next_silent = await leaves(administrator, third, SOON)
    next_settled = await leaves(administrator, third, SOON, caseload_to=last.staff_id)

    assert [kind(silent), kind(next_silent)] == [(409, "caseload-without-owner")] * 2
    assert [settled.status_code, next_settled.status_code] == [200, 200]


async def test_whoever_is_to_take_over_stays_a_peer(platform: Platform, administrator: Caller) -> None:
    first, second = await add_staff(administrator, "peer"), await add_staff(administrator, "peer")
    await accompanying(platform, first)
    assert (await leaves(administrator, first, LATER, caseload_to=second.staff_id)).status_code == 200

    changed = {"name": "Sam", "email": second.email, "language": "en", "roles": ["auditor"]}
    answer = await administrator.put(f"{W}/staff/{second.staff_id}", changed, 1)

    assert kind(answer) == (409, "caseload-without-owner")


async def test_who_took_over_nothing_in_the_end_leaves_freely(platform: Platform, administrator: Caller) -> None:
    first, second = await add_staff(administrator, "peer"), await add_staff(administrator, "peer")
    assignment_id = await accompanying(platform, first)
    assert (await leaves(administrator, first, LATER, caseload_to=second.staff_id)).status_code == 200
    async with platform.admin.begin() as connection:
        ended = "update workforce.assignment set valid_to = date '2026-02-01' where id = :id"
        await connection.execute(text(ended), {"id": assignment_id})

    assert (await leaves(administrator, second, SOON)).status_code == 200


@pytest.mark.parametrize("names_back", [True, False])
async def test_nobody_who_leaves_too_takes_over_for_good(
    platform: Platform, administrator: Caller, names_back: bool
) -> None:
    first, second = await add_staff(administrator, "peer"), await add_staff(administrator, "peer")
    to = {"caseload_to": second.staff_id} if names_back else {}
    assert (await leaves(administrator, first, LATER, **to)).status_code == 200
    await accompanying(platform, second)

    answer = await leaves(administrator, second, SOON, caseload_to=first.staff_id)

    assert kind(answer) == (422, "successor-leaves-too")


async def test_nobody_is_supervised_by_who_has_left(administrator: Caller) -> None:
    peer = await add_staff(administrator, "peer")
    leaver, other = await add_staff(administrator, "supervisor"), await add_staff(administrator, "supervisor")
    assigned = {"staff_id": str(peer.staff_id), "supervisor_id": str(leaver.staff_id), "valid_from": "2026-01-01"}
    await administrator.created(f"{W}/supervisor-assignments", assigned)
    assert (await leaves(administrator, other, LATER)).status_code == 200

    answer = await leaves(administrator, leaver, SOON, supervisees_to=other.staff_id)

    assert kind(answer) == (422, "successor-leaves-too")
