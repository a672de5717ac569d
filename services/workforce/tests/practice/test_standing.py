"""Standings over HTTP: who may read whose, what they say, and that a page asks no more for many than for one."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, select

from common.database import Scope, transaction
from handrail.testing import Caller, add_staff
from workforce.models import TABLES, Staff
from workforce.queries.standing import known

W = "/api/workforce/v1"


def path(of: Caller) -> str:
    return f"{W}/staff/{of.staff_id}/standing"


async def lines(caller: Caller, of: Caller, **asked: str) -> dict[str, dict[str, Any]]:
    answer = await caller.get(path(of), **asked)
    assert answer.status_code == 200, answer.text
    return {one["asked"]: one for one in answer.json()["lines"]}


async def _place(house: Any, pack: str | None, who: Caller, **program: Any) -> str:
    body = {"name": "Outreach", "opened_on": "2026-01-01"} | program
    program_id = str(await house.administrator.created(f"{W}/programs", body))
    placed = {"program_id": program_id, "role": "peer", "fte": "1", "valid_from": "2026-01-01"}
    await house.administrator.created(f"{W}/staff/{who.staff_id}/placements", placed)
    if pack is not None:
        choice = {"pack_id": pack, "valid_from": "2026-01-01"}
        await house.administrator.created(f"{W}/programs/{program_id}/packs", choice)
    return program_id


async def test_a_standing_says_what_is_asked_by_whom_and_what_is_missing(open_house: Any) -> None:
    house = await open_house()
    await _place(house, "SAMHSA-NMS-2023", house.peer, credential_required=True)
    trained = {
        "staff_id": str(house.peer.staff_id),
        "kind": "core",
        "topic": "ethics",
        "hours": "10",
        "completed_on": "2026-02-02",
        "title": "Ethics",
        "provider": "A college",
    }
    await house.administrator.created(f"{W}/trainings", trained)

    shown = (await house.peer.get(path(house.peer))).json()
    found = {one["asked"]: one for one in shown["lines"]}

    assert shown["packs"] == ["SAMHSA-NMS-2023"]
    assert (found["credential"]["state"], found["credential"]["authority"]) == ("not_met", "FED_REQ")
    core = found["core_training"]
    assert (core["has"], float(core["missing"])) == ("10", float(core["needed"]) - 10)
    assert {one["certainty"]["en"][:8] for one in shown["lines"]} >= {"Required", "Guidance"}
    assert found["code_of_ethics"]["text"]["es"].startswith("El código")
    assert sum(shown["counts"].values()) == len(shown["lines"])


async def test_who_supervises_administers_or_audits_reads_it_and_nobody_else(open_house: Any) -> None:
    house = await open_house()

    allowed = [await caller.get(path(house.peer)) for caller in (house.supervisor, house.administrator, house.auditor)]
    own = await house.peer.get(path(house.peer))
    others = [await caller.get(path(house.peer)) for caller in (house.colleague, house.stranger)]
    upwards = await house.peer.get(path(house.supervisor))

    assert [answer.json() for answer in allowed] == [own.json()] * 3
    assert [answer.status_code for answer in (*others, upwards)] == [404, 404, 404]


async def test_the_list_has_everybody_once_in_pages_and_for_supervisors_their_own(open_house: Any) -> None:
    house = await open_house()
    more = [await add_staff(house.administrator, "peer") for _ in range(3)]
    everybody = {
        str(one.staff_id)
        for one in (house.administrator, house.supervisor, house.peer, house.colleague, house.auditor, *more)
    }

    seen: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"limit": 2}
    while True:
        page = (await house.administrator.get(f"{W}/standings", **asked)).json()
        seen += page["items"]
        if page["next"] is None:
            break
        asked["next"] = page["next"]
    supervised = (await house.supervisor.get(f"{W}/standings")).json()["items"]
    peer = await house.peer.get(f"{W}/standings")

    assert sorted(one["staff_id"] for one in seen) == sorted(everybody)
    assert {one["staff_id"] for one in supervised} == {str(house.peer.staff_id), str(house.supervisor.staff_id)}
    assert peer.status_code == 403
    single = (await house.peer.get(path(house.peer))).json()
    (entry,) = (one for one in seen if one["staff_id"] == str(house.peer.staff_id))
    assert entry["counts"] == single["counts"]
    assert entry["not_met"] == sorted({one["asked"] for one in single["lines"] if one["state"] == "not_met"})


async def test_the_list_is_narrowed_to_a_program(open_house: Any) -> None:
    house = await open_house()
    program_id = await _place(house, None, house.peer)

    page = (await house.administrator.get(f"{W}/standings", program_id=program_id)).json()
    before = (await house.administrator.get(f"{W}/standings", program_id=program_id, on="2025-12-31")).json()

    assert [one["staff_id"] for one in page["items"]] == [str(house.peer.staff_id)]
    assert before["items"] == []


async def test_a_past_day_is_judged_by_its_own_rules_and_by_what_was_there_then(open_house: Any) -> None:
    house = await open_house()
    body = {"kind": "code_of_ethics", "text_version": "2026-01"}
    signed = await house.peer.post(f"{W}/attestations", body)
    assert signed.status_code == 201, signed.text

    then = await lines(house.peer, house.peer, on=house.day(-1))
    now = await lines(house.peer, house.peer, on=house.day())

    assert (then["code_of_ethics"]["state"], now["code_of_ethics"]["state"]) == ("not_met", "met")


@pytest.mark.parametrize("on", ["yesterday", "0001-01-01", "9990-01-01", "2099-01-01"])
async def test_a_day_that_cannot_be_is_refused(house: Any, on: str) -> None:
    for asked in (path(house.peer), f"{W}/standings"):
        assert (await house.administrator.get(asked, on=on)).status_code == 422


async def test_a_page_asks_the_database_no_more_for_many_than_for_one(open_house: Any) -> None:
    house = await open_house()
    await _place(house, "NC", house.peer)
    one = await _statements(house)
    for _ in range(6):
        await _place(house, "TX", await add_staff(house.administrator, "peer"))

    assert await _statements(house) == one > 5


async def _statements(house: Any) -> int:
    """Return how many statements it takes to know everybody of the agency."""
    asked: list[Any] = []
    agency_id = house.administrator.agency_id
    async with transaction(house.platform.admin, TABLES, Scope(agency_id, None, uuid4())) as db:
        rows = (await db.scalars(select(Staff).where(Staff.agency_id == agency_id))).all()
        engine = house.platform.admin.sync_engine

        def listener(*seen: Any) -> None:
            asked.append(seen[2])

        event.listen(engine, "before_cursor_execute", listener)
        people = await known(db, rows, date(2026, 6, 15))
        event.remove(engine, "before_cursor_execute", listener)
    assert len(people) == len(rows)
    return len(asked)
