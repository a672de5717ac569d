"""A leaver's caseload: theirs whom the leaver named, from the day after, once, and never somebody's who was vetoed."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from common.database import Scope, transaction
from handrail.testing import Caller, add_staff
from intake.commands.takeovers import take_over
from intake.models import TABLES

INTAKE, STAFF = "/api/intake/v1", "/api/workforce/v1/staff"
TODAY = datetime.now(ZoneInfo("America/Chicago")).date()  # on the clock of the agencies here
LAST_DAY = TODAY - timedelta(days=3)


async def a_peer(clinic: Any) -> Caller:
    peer = await add_staff(clinic.administrator, "peer")
    await clinic.platform.eventually("select count(*) from intake.staff where id = :s", 1, s=peer.staff_id)
    return peer


async def accompanied(clinic: Any, peer: Caller) -> UUID:
    """Return somebody whom a peer accompanies, once workforce has heard of it."""
    participant_id = await clinic.enrol()
    await clinic.assign(participant_id, await clinic.open(participant_id), peer)
    sql = "select count(*) > 0 from workforce.assignment where staff_id = :s"
    await clinic.platform.eventually(sql, True, s=peer.staff_id)
    return participant_id


async def leaves(clinic: Any, peer: Caller, version: int = 1, **more: object) -> Any:
    body = {"last_day": LAST_DAY.isoformat()} | more
    return await clinic.administrator.put(f"{STAFF}/{peer.staff_id}/departure", body, version)


async def days(clinic: Any, participant_id: UUID) -> list[tuple[Any, ...]]:
    rows = await clinic.platform.fetch(
        "select staff_id, valid_from, valid_to, end_reason from intake.assignment where participant_id = :p "
        "order by valid_from, recorded_at",
        p=participant_id,
    )
    return [(row["staff_id"], str(row["valid_from"]), row["valid_to"], row["end_reason"]) for row in rows]


async def test_nobody_leaves_people_behind_without_saying_who_takes_over(clinic: Any) -> None:
    leaver = await a_peer(clinic)
    await accompanied(clinic, leaver)

    silent = await leaves(clinic, leaver)
    to_themself = await leaves(clinic, leaver, caseload_to=str(leaver.staff_id))
    to_a_supervisor = await leaves(clinic, leaver, caseload_to=str(clinic.supervisor.staff_id))
    to_nobody = await leaves(clinic, leaver, caseload_to=str(uuid4()))

    assert (silent.status_code, silent.json()["type"]) == (409, "/problems/caseload-without-owner")
    assert {to_themself.json()["type"], to_a_supervisor.json()["type"]} == {"/problems/successor-does-not-fit"}
    assert to_nobody.json()["type"] == "/problems/no-such-staff"
    assert await clinic.platform.value("select version from workforce.staff where id = :s", s=leaver.staff_id) == 1


async def test_the_successor_goes_on_from_the_day_after(clinic: Any) -> None:
    leaver = await a_peer(clinic)
    participant_id = await accompanied(clinic, leaver)
    assert (await clinic.other_peer.get(f"{INTAKE}/participants/{participant_id}")).status_code == 404

    answer = await leaves(clinic, leaver, caseload_to=str(clinic.other_peer.staff_id))
    open_now = "select staff_id from intake.assignment where participant_id = :p and valid_to is null"
    await clinic.platform.eventually(open_now, clinic.other_peer.staff_id, p=participant_id)

    assert answer.status_code == 200, answer.text
    following = LAST_DAY + timedelta(days=1)
    assert await days(clinic, participant_id) == [
        (leaver.staff_id, "2026-01-05", LAST_DAY, "peer_left"),
        (clinic.other_peer.staff_id, following.isoformat(), None, None),
    ]
    assert (await clinic.other_peer.get(f"{INTAKE}/participants/{participant_id}")).status_code == 200


async def test_taking_over_twice_is_taking_over_once(clinic: Any) -> None:
    leaver = await a_peer(clinic)
    participant_id = await accompanied(clinic, leaver)
    await leaves(clinic, leaver, caseload_to=str(clinic.other_peer.staff_id))
    open_now = "select staff_id from intake.assignment where participant_id = :p and valid_to is null"
    await clinic.platform.eventually(open_now, clinic.other_peer.staff_id, p=participant_id)

    async with transaction(clinic.platform.admin, TABLES, Scope(clinic.administrator.agency_id, None, uuid4())) as db:
        again = await take_over(db)

    assert again == 0
    assert len(await days(clinic, participant_id)) == 2


async def test_whom_a_person_vetoed_does_not_get_them(clinic: Any) -> None:
    leaver = await a_peer(clinic)
    participant_id = await accompanied(clinic, leaver)
    path = f"{INTAKE}/participants/{participant_id}/vetoes"
    answer = await clinic.supervisor.post(path, {"staff_id": str(clinic.other_peer.staff_id)})
    assert answer.status_code == 201, answer.text

    await leaves(clinic, leaver, caseload_to=str(clinic.other_peer.staff_id))
    left = "select count(*) from intake.staff where id = :s and employed_to is not null"
    await clinic.platform.eventually(left, 1, s=leaver.staff_id)
    loads = (await clinic.supervisor.get(f"{INTAKE}/caseloads")).json()["items"]

    assert [row[0] for row in await days(clinic, participant_id)] == [leaver.staff_id]
    assert [one["needs_reassignment"] for one in loads if one["staff_id"] == str(leaver.staff_id)] == [True]


async def test_a_successor_who_left_in_turn_passes_on_what_comes(clinic: Any) -> None:
    leaver, between = await a_peer(clinic), await a_peer(clinic)
    participant_id = await accompanied(clinic, leaver)
    await leaves(clinic, between, last_day=(TODAY - timedelta(days=1)).isoformat(),
                 caseload_to=str(clinic.other_peer.staff_id))  # fmt: skip
    left = "select count(*) from intake.staff where id = :s and employed_to is not null"
    await clinic.platform.eventually(left, 1, s=between.staff_id)

    await leaves(clinic, leaver, caseload_to=str(between.staff_id))

    open_now = "select staff_id from intake.assignment where participant_id = :p and valid_to is null"
    await clinic.platform.eventually(open_now, clinic.other_peer.staff_id, p=participant_id)
