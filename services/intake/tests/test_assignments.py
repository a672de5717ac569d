"""Changing peers: one at a time with a note, many at once when somebody leaves, caseloads, and the history kept."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from handrail.testing import Caller, Platform, add_staff, open_agency

INTAKE = "/api/intake/v1"
TODAY = datetime.now(UTC).date()
LATER = (TODAY + timedelta(days=2)).isoformat()


@pytest_asyncio.fixture
async def team(platform: Platform, http: httpx.AsyncClient, clinic: Any) -> Any:
    """An agency of its own, with two peers and nobody else's caseloads."""
    administrator = await open_agency(http, platform)
    body = {"name": "Canary Peer Program", "opened_on": "2025-01-01"}
    program_id = await administrator.created("/api/workforce/v1/programs", body)
    supervisor, one, other = await asyncio.gather(
        add_staff(administrator, "supervisor"), add_staff(administrator, "peer"), add_staff(administrator, "peer")
    )
    for table, expected in (("agency", 1), ("program", 1), ("staff", 4)):
        sql = f"select count(*) from intake.{table} where agency_id = :a"
        await platform.eventually(sql, expected, a=administrator.agency_id)
    return replace(
        clinic, administrator=administrator, supervisor=supervisor, peer=one, other_peer=other, program_id=program_id
    )


def staff(caller: Caller) -> str:
    return str(caller.staff_id)


async def add_peer(team: Any) -> Caller:
    peer = await add_staff(team.administrator, "peer")
    await team.platform.eventually("select count(*) from intake.staff where id = :s", 1, s=peer.staff_id)
    return peer


async def limit(team: Any, caller: Caller, people: int) -> None:
    path = f"{INTAKE}/peer-profiles/{staff(caller)}"
    answer = await team.supervisor.put(path, {"caseload_limit": people}, 0)
    assert answer.status_code == 200, answer.text


async def served(team: Any, people: int) -> list[tuple[UUID, UUID, UUID]]:
    """Return people in the first peer's caseload: participant, episode, assignment."""
    found = []
    for _ in range(people):
        participant_id = await team.enrol()
        episode_id = await team.open(participant_id)
        found.append((participant_id, episode_id, await team.assign(participant_id, episode_id)))
    return found


async def history(caller: Caller, participant_id: UUID) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await caller.get(f"{INTAKE}/participants/{participant_id}/assignments")).json()[
        "items"
    ]
    return items


async def loads(team: Any) -> dict[str, tuple[int, int, bool]]:
    items = (await team.supervisor.get(f"{INTAKE}/caseloads")).json()["items"]
    return {one["staff_id"]: (one["people"], one["room"], one["needs_reassignment"]) for one in items}


async def leave(team: Any, peer: Caller) -> None:
    await team.left_behind(peer, TODAY - timedelta(days=3))


async def test_a_peer_hands_over_with_a_note_and_a_reason(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    (before,) = await history(clinic.supervisor, participant_id)

    body = {
        "to_staff_id": staff(clinic.other_peer),
        "on": "2026-02-10",
        "reason": "schedule",
        "note": "canary: Tuesdays",
    }
    path = f"{INTAKE}/assignments/{before['id']}/transfers"
    answer = await clinic.supervisor.post(path, body)

    moved = answer.json()
    assert answer.status_code == 201, answer.text
    assert set(moved) == {"id", "version", "ended_id"}
    first, second = await history(clinic.other_peer, participant_id)
    assert (first["valid_to"], first["end_reason"], first["handover"]) == ("2026-02-09", "schedule", None)
    assert (second["id"], second["valid_from"], second["follows_id"]) == (moved["id"], "2026-02-10", before["id"])
    assert second["handover"] == "canary: Tuesdays"
    assert (await clinic.peer.get(f"{INTAKE}/participants/{participant_id}")).status_code == 404
    told = " ".join(event["payload"] for event in await clinic.events())
    kept = await clinic.platform.value(
        "select string_agg(convert_from(body, 'UTF8'), '') from intake.idempotency where agency_id = :a",
        a=clinic.administrator.agency_id,
    )
    assert "canary" not in told + kept


async def test_a_handover_on_the_first_day_leaves_that_day_to_both(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    (before,) = await history(clinic.supervisor, participant_id)

    body = {"to_staff_id": staff(clinic.other_peer), "on": "2026-01-05", "reason": "other"}
    await clinic.supervisor.post(f"{INTAKE}/assignments/{before['id']}/transfers", body)

    days = [(one["valid_from"], one["valid_to"]) for one in await history(clinic.supervisor, participant_id)]
    assert days == [("2026-01-05", "2026-01-05"), ("2026-01-05", None)]


@pytest.mark.parametrize(
    ("more", "status", "kind", "pointer"),
    [
        ({"to_staff_id": "{peer}"}, 422, "same-peer", "/to_staff_id"),
        ({"to_staff_id": "{supervisor}"}, 422, "not-a-peer-then", "/to_staff_id"),
        ({"to_staff_id": str(uuid4())}, 404, "not-found", None),
        ({"on": "2026-01-04"}, 422, "before-it-began", "/on"),
        ({"on": LATER}, 422, "in-the-future", "/on"),
        ({"note": " "}, 422, "invalid-request", "/note"),
        ({"reason": "whim"}, 422, "invalid-request", "/reason"),
    ],
)
async def test_a_handover_that_cannot_be_changes_nothing(
    clinic: Any, more: dict[str, Any], status: int, kind: str, pointer: str | None
) -> None:
    participant_id, _ = await clinic.assigned()
    (held,) = await history(clinic.supervisor, participant_id)
    named = {"{peer}": staff(clinic.peer), "{supervisor}": staff(clinic.supervisor)}
    more = {name: named.get(value, value) for name, value in more.items()}
    before, audited = await clinic.rows(), await clinic.refusals()

    body = {"to_staff_id": staff(clinic.other_peer), "on": "2026-02-10", "reason": "schedule"} | more
    answer = await clinic.supervisor.post(f"{INTAKE}/assignments/{held['id']}/transfers", body)

    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}"), answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == ([pointer] if pointer else [])
    assert (await clinic.rows(), await clinic.refusals()) == (before, audited + 1)
    assert (await history(clinic.supervisor, participant_id))[0]["valid_to"] is None


async def test_the_same_peer_twice_at_once_names_the_field(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    await clinic.assign(participant_id, episode_id, clinic.other_peer)
    first = (await history(clinic.supervisor, participant_id))[0]

    body = {"participant_id": str(participant_id), "episode_id": str(episode_id), "staff_id": staff(clinic.peer)}
    twice = await clinic.supervisor.post(f"{INTAKE}/assignments", body | {"valid_from": "2026-01-06"})
    transfer = {"to_staff_id": staff(clinic.other_peer), "on": "2026-01-06", "reason": "other"}
    handed = await clinic.supervisor.post(f"{INTAKE}/assignments/{first['id']}/transfers", transfer)

    for answer, pointer in ((twice, "/staff_id"), (handed, "/to_staff_id")):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/assigned-already")
        assert answer.json()["errors"][0]["pointer"] == pointer


async def test_the_history_turns_its_pages_in_order(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    held, peers = (await history(clinic.supervisor, participant_id))[0]["id"], (clinic.other_peer, clinic.peer)
    for day, peer in zip((10, 12), peers, strict=True):
        body = {"to_staff_id": staff(peer), "on": f"2026-01-{day}", "reason": "other"}
        held = (await clinic.supervisor.post(f"{INTAKE}/assignments/{held}/transfers", body)).json()["id"]

    path = f"{INTAKE}/participants/{participant_id}/assignments"
    first = (await clinic.peer.get(path, limit=2)).json()
    second = (await clinic.peer.get(path, limit=2, next=first["next"])).json()

    assert [one["valid_from"] for one in first["items"] + second["items"]] == ["2026-01-05", "2026-01-10", "2026-01-12"]
    assert second["next"] is None


async def test_caseloads_show_room_and_who_left(team: Any) -> None:
    await served(team, 2)
    await limit(team, team.other_peer, 15)

    before = await loads(team)
    await leave(team, team.peer)
    after = await loads(team)

    assert before == {staff(team.peer): (2, 23, False), staff(team.other_peer): (0, 15, False)}
    assert after == {staff(team.peer): (2, 23, True), staff(team.other_peer): (0, 15, False)}


async def test_who_left_with_nobody_is_not_listed(team: Any) -> None:
    await leave(team, team.peer)

    assert set(await loads(team)) == {staff(team.other_peer)}


async def test_a_preview_fills_caseloads_on_the_way_and_changes_nothing(team: Any) -> None:
    third = await add_peer(team)
    people = await served(team, 3)
    await limit(team, team.other_peer, 2)
    await limit(team, third, 1)
    await leave(team, team.peer)
    before = await team.rows()

    preview = (await team.supervisor.get(f"{INTAKE}/reassignments/preview", from_staff_id=staff(team.peer))).json()

    assert preview["nobody_fits"] == 0
    assert [row["assignment_id"] for row in preview["rows"]] == [str(one[2]) for one in people]
    proposed = [(row["best"]["staff_id"], row["best"]["caseload"]) for row in preview["rows"]]
    assert proposed[0] == (staff(team.other_peer), 0)
    assert sorted(proposed[1:]) == sorted([(staff(team.other_peer), 1), (staff(third), 0)])
    assert await team.rows() == before


async def test_a_preview_minds_wishes_and_vetoes(team: Any) -> None:
    third = await add_peer(team)
    spoken = {"languages": ["es"]}
    answer = await third.put(f"{INTAKE}/peer-profiles/{staff(third)}", spoken, 0)
    assert answer.status_code == 200
    people = await served(team, 2)
    for (participant_id, *_), wishes in zip(
        people, ({"languages": ["es"]}, {"languages": ["es"], "vetoed_staff_ids": [staff(third)]}), strict=True
    ):
        body = {"participant_id": str(participant_id), "program_id": str(team.program_id), "since": "2026-01-03"}
        await team.supervisor.created(f"{INTAKE}/waiting", body | {"wishes": wishes})

    preview = (await team.supervisor.get(f"{INTAKE}/reassignments/preview", from_staff_id=staff(team.peer))).json()

    assert [row["best"]["staff_id"] for row in preview["rows"]] == [staff(third), staff(team.other_peer)]


async def test_by_matching_everybody_is_handed_over_in_one(team: Any) -> None:
    people = await served(team, 2)
    await leave(team, team.peer)

    body = {"from_staff_id": staff(team.peer), "on": TODAY.isoformat(), "reason": "peer_left", "by": "matching"}
    body["on"] = (TODAY - timedelta(days=1)).isoformat()
    answer = await team.supervisor.post(f"{INTAKE}/reassignments", body)
    again = await team.supervisor.post(f"{INTAKE}/reassignments", body)

    assert answer.status_code == 201, answer.text
    assert {row["to_staff_id"] for row in answer.json()["rows"]} == {staff(team.other_peer)}
    assert (again.status_code, again.json()["type"]) == (409, "/problems/nothing-to-reassign")
    for participant_id, *_ in people:
        first, second = await history(team.other_peer, participant_id)
        assert (first["end_reason"], second["staff_id"]) == ("peer_left", staff(team.other_peer))
    assert staff(team.peer) not in await loads(team)


async def test_by_matching_nobody_is_handed_over_if_somebody_fits_nobody(team: Any) -> None:
    people = await served(team, 2)
    await limit(team, team.other_peer, 1)
    before = await team.rows()

    body = {"from_staff_id": staff(team.peer), "on": "2026-02-10", "reason": "peer_left", "by": "matching"}
    answer = await team.supervisor.post(f"{INTAKE}/reassignments", body)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/nobody-fits")
    assert await team.rows() == before
    for participant_id, *_ in people:
        assert [one["valid_to"] for one in await history(team.supervisor, participant_id)] == [None]


async def test_a_plan_is_done_whole_or_refused_row_by_row(team: Any) -> None:
    people = await served(team, 4)
    await limit(team, team.other_peer, 1)
    veto = {"staff_id": staff(team.other_peer)}
    await team.supervisor.created(f"{INTAKE}/participants/{people[1][0]}/vetoes", veto)
    third, before = await add_peer(team), await team.rows()
    plan = [
        {"assignment_id": str(people[0][2]), "to_staff_id": staff(team.other_peer)},
        {"assignment_id": str(people[1][2]), "to_staff_id": staff(team.other_peer)},
        {"assignment_id": str(people[2][2]), "to_staff_id": staff(team.other_peer)},
        {"assignment_id": str(people[3][2]), "to_staff_id": staff(team.peer)},
        {"assignment_id": str(people[3][1]), "to_staff_id": staff(third)},
        {"assignment_id": str(people[0][2]), "to_staff_id": staff(third)},
        {"assignment_id": str(people[2][2]), "to_staff_id": staff(team.supervisor)},
    ]
    body = {"from_staff_id": staff(team.peer), "on": "2026-02-10", "reason": "caseload_balance"}

    refused = await team.supervisor.post(f"{INTAKE}/reassignments", body | {"plan": plan})
    untouched = await team.rows()
    right = [
        plan[0],
        {"assignment_id": str(people[1][2]), "to_staff_id": staff(third)},
        plan[2],
    ]
    beyond = {"plan": right, "over_caseload_reason": "until_monday"}
    done = await team.supervisor.post(f"{INTAKE}/reassignments", body | beyond)

    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/reassignment-refused")
    assert [error["pointer"] for error in refused.json()["errors"]] == [
        "/plan/1/to_staff_id",
        "/plan/2/to_staff_id",
        "/plan/3/to_staff_id",
        "/plan/4/assignment_id",
        "/plan/5/assignment_id",
        "/plan/6/assignment_id",
    ]
    assert untouched == before
    assert done.status_code == 201, done.text
    assert [row["to_staff_id"] for row in done.json()["rows"]] == [
        staff(team.other_peer),
        staff(third),
        staff(team.other_peer),
    ]
    assert [one["valid_to"] for one in await history(team.supervisor, people[3][0])] == [None]
    assert (await loads(team))[staff(team.other_peer)] == (2, -1, False)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"by": "matching", "plan": [{"assignment_id": str(uuid4()), "to_staff_id": str(uuid4())}]},
        {"plan": []},
        {"plan": [{"assignment_id": str(uuid4()), "to_staff_id": str(uuid4())}] * 201},
        {"by": "hand"},
        {"by": "matching", "on": LATER},
    ],
)
async def test_a_reassignment_that_cannot_be_read_changes_nothing(clinic: Any, more: dict[str, Any]) -> None:
    await clinic.assigned()
    before, audited = await clinic.rows(), await clinic.refusals()

    body = {"from_staff_id": staff(clinic.peer), "on": "2026-02-10", "reason": "peer_left"}
    answer = await clinic.supervisor.post(f"{INTAKE}/reassignments", body | more)

    assert answer.status_code == 422, answer.text
    assert (await clinic.rows(), await clinic.refusals()) == (before, audited + 1)


async def test_peers_and_strangers_do_not_reassign(clinic: Any, stranger: Caller) -> None:
    participant_id, _ = await clinic.assigned()
    (held,) = await history(clinic.supervisor, participant_id)
    transfer = {"to_staff_id": staff(clinic.other_peer), "on": "2026-02-10", "reason": "schedule"}
    many = {"from_staff_id": staff(clinic.peer), "on": "2026-02-10", "reason": "peer_left", "by": "matching"}
    before = await clinic.rows()

    for caller, expected in ((clinic.peer, 403), (stranger, 404)):
        answers = [
            await caller.post(f"{INTAKE}/assignments/{held['id']}/transfers", transfer),
            await caller.post(f"{INTAKE}/reassignments", many),
            await caller.get(f"{INTAKE}/reassignments/preview", from_staff_id=staff(clinic.peer)),
        ]
        assert [answer.status_code for answer in answers] == [expected] * 3
    unseen = await clinic.other_peer.get(f"{INTAKE}/participants/{participant_id}/assignments")
    assert (unseen.status_code, (await clinic.peer.get(f"{INTAKE}/caseloads")).status_code) == (404, 403)
    assert (await stranger.get(f"{INTAKE}/caseloads")).json()["items"] == []
    assert await clinic.rows() == before


async def test_a_peers_room_follows_the_packs_of_their_programs(team: Any) -> None:
    """North Carolina's 15 count where a supervisor set more, and not where they set less; no pack, no change."""
    under, workforce = await add_peer(team), "/api/workforce/v1"
    free = await add_peer(team)
    body = {"name": "Outreach", "opened_on": "2025-01-01"}
    program_id = await team.administrator.created(f"{workforce}/programs", body)
    choice = {"pack_id": "NC", "valid_from": "2026-01-01"}
    await team.administrator.created(f"{workforce}/programs/{program_id}/packs", choice)
    placed = {"program_id": str(program_id), "role": "peer", "fte": "1", "valid_from": "2026-01-01"}
    await team.administrator.created(f"{workforce}/staff/{staff(under)}/placements", placed)
    for table in ("program_pack", "placement"):
        await team.platform.eventually(f"select count(*) from intake.{table} where program_id = :p", 1, p=program_id)

    at_first = await loads(team)
    await limit(team, under, 40)
    more = await loads(team)
    path = f"{INTAKE}/peer-profiles/{staff(under)}"
    await team.supervisor.put(path, {"caseload_limit": 9}, 1)
    less = await loads(team)

    assert (at_first[staff(under)][1], at_first[staff(free)][1]) == (15, 25)
    assert (more[staff(under)][1], less[staff(under)][1]) == (15, 9)
