"""Moving to another program, coming back, opening again what was closed in error, and one open episode at a time."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import pytest_asyncio

from handrail.testing import Caller, add_staff

INTAKE = "/api/intake/v1"
LATER = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
GOALS = [
    {"dimension": "home", "stated_by": "participant", "words": "My own key", "active_from": "2026-01-10"},
    {
        "dimension": "health",
        "stated_by": "together",
        "words": "Walk to the lake",
        "active_from": "2026-01-10",
        "active_to": "2026-01-20",
    },
]


@pytest_asyncio.fixture(scope="session")
async def second_program(clinic: Any) -> str:
    body = {"name": "Canary Second Program", "opened_on": "2025-01-01"}
    program_id = await clinic.administrator.created("/api/workforce/v1/programs", body)
    await clinic.platform.eventually("select count(*) from intake.program where id = :p", 1, p=program_id)
    return str(program_id)


def move(program_id: str, **more: object) -> dict[str, object]:
    return {"program_id": program_id, "on": "2026-02-10", "reason": "needs_changed"} | more


async def close(clinic: Any, episode_id: UUID, **more: object) -> int:
    participant_id = (await shown(clinic, episode_id))["participant_id"]
    notice = {"version": "npp-1", "language": "en", "channel": "paper"}
    await clinic.administrator.created(f"{INTAKE}/participants/{participant_id}/notices", notice)
    body = {"closed_on": "2026-02-01", "reason": "moved_on"} | more
    answer = await clinic.administrator.put(f"{INTAKE}/episodes/{episode_id}/closure", body, 1)
    assert answer.status_code == 200, answer.text
    version: int = answer.json()["version"]
    return version


async def shown(clinic: Any, episode_id: object) -> dict[str, Any]:
    record: dict[str, Any] = (await clinic.supervisor.get(f"{INTAKE}/episodes/{episode_id}")).json()
    return record


def kinds(events: list[Any]) -> list[tuple[str, int]]:
    return [(event["type"].split(".")[2], event["aggregate_seq"]) for event in events]


async def facts(clinic: Any, about: object) -> list[dict[str, Any]]:
    return [orjson.loads(event["payload"])["data"] for event in await clinic.events(UUID(str(about)))]


async def test_a_transfer_closes_one_episode_and_opens_the_next(clinic: Any, second_program: str) -> None:
    _, episode_id = await clinic.assigned()

    path = f"{INTAKE}/episodes/{episode_id}/transfers"
    answer = await clinic.supervisor.post(path, move(second_program))

    moved = answer.json()
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/api/intake/v1/episodes/{moved['id']}"
    assert (moved["closed_id"], moved["closed_version"], moved["plan_id"], moved["assignment_ids"]) == (
        str(episode_id),
        2,
        None,
        [],
    )
    before, after = await shown(clinic, episode_id), await shown(clinic, moved["id"])
    assert (before["closed_on"], before["close_reason"]) == ("2026-02-09", "transferred")
    assert (after["opened_on"], after["program_id"], after["closed_on"]) == ("2026-02-10", second_program, None)
    assert (after["follows_id"], after["re_enrolment"]) == (str(episode_id), False)
    assert kinds(await clinic.events(episode_id)) == [("episode-opened", 1), ("episode-closed", 2)]
    assert kinds(await clinic.events(UUID(moved["id"]))) == [("episode-opened", 1)]


async def test_a_transfer_carries_open_goals_and_peers_if_asked(clinic: Any, second_program: str) -> None:
    participant_id, episode_id = await clinic.assigned()
    plan = {"episode_id": str(episode_id), "agreed_at": "2026-01-10T16:00:00Z", "goals": GOALS}
    plan_id = await clinic.peer.created(f"{INTAKE}/plans", plan)

    body = move(second_program, carry_plan=True, carry_assignments=True)
    moved = (await clinic.peer.post(f"{INTAKE}/episodes/{episode_id}/transfers", body)).json()

    carried = (await clinic.peer.get(f"{INTAKE}/plans/{moved['plan_id']}")).json()
    ended = (await clinic.peer.get(f"{INTAKE}/plans/{plan_id}")).json()
    history = (await clinic.peer.get(f"{INTAKE}/participants/{participant_id}/assignments")).json()["items"]
    assert (carried["episode_id"], [goal["words"] for goal in carried["goals"]]) == (moved["id"], ["My own key"])
    assert (ended["in_force_to"], len(ended["goals"])) == ("2026-02-09", 2)
    assert [(one["episode_id"], one["valid_from"], one["valid_to"], one["end_reason"]) for one in history] == [
        (str(episode_id), "2026-01-05", "2026-02-09", "program_transfer"),
        (moved["id"], "2026-02-10", None, None),
    ]
    assert history[1]["follows_id"] == history[0]["id"]
    assert moved["assignment_ids"] == [history[1]["id"]]


@pytest.mark.parametrize(
    ("more", "status", "kind", "pointer"),
    [
        ({"program_id": "{same}"}, 422, "same-program", "/program_id"),
        ({"program_id": str(uuid4())}, 404, "not-found", None),
        ({"on": "2026-01-04"}, 422, "ends-before-it-starts", "/on"),
        ({"on": LATER}, 422, "in-the-future", "/on"),
        ({"reason": "because"}, 422, "invalid-request", "/reason"),
        ({"carry": True}, 422, "invalid-request", "/carry"),
    ],
)
async def test_a_transfer_that_cannot_be_leaves_all_as_it_was(
    clinic: Any, second_program: str, more: dict[str, Any], status: int, kind: str, pointer: str | None
) -> None:
    _, episode_id = await clinic.assigned()
    if more.get("program_id") == "{same}":
        more = {"program_id": str(clinic.program_id)}
    before, audited = await clinic.rows(), await clinic.refusals()

    answer = await clinic.supervisor.post(f"{INTAKE}/episodes/{episode_id}/transfers", move(second_program) | more)

    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}"), answer.text
    assert [error["pointer"] for error in answer.json()["errors"]] == ([pointer] if pointer else [])
    assert (await clinic.rows(), await clinic.refusals()) == (before, audited + 1)
    assert (await shown(clinic, episode_id))["closed_on"] is None


async def test_a_peer_who_left_is_not_carried_along(clinic: Any, second_program: str) -> None:
    participant_id = await clinic.enrol()
    episode_id = await clinic.open(participant_id)
    gone = await add_staff(clinic.administrator, "peer")
    await clinic.platform.eventually("select count(*) from intake.staff where id = :s", 1, s=gone.staff_id)
    await clinic.assign(participant_id, episode_id, gone)
    await clinic.left_behind(gone, date(2026, 2, 1))

    body = move(second_program, carry_assignments=True)
    answer = await clinic.supervisor.post(f"{INTAKE}/episodes/{episode_id}/transfers", body)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/not-employed")
    assert answer.json()["errors"][0]["pointer"] == "/carry_assignments"
    assert (await shown(clinic, episode_id))["closed_on"] is None


async def test_a_transfer_into_a_program_with_an_open_episode_is_refused(clinic: Any, second_program: str) -> None:
    participant_id, episode_id = await clinic.assigned()
    body = {"participant_id": str(participant_id), "program_id": second_program, "opened_on": "2026-01-06"}
    await clinic.administrator.created(f"{INTAKE}/episodes", body)

    answer = await clinic.supervisor.post(f"{INTAKE}/episodes/{episode_id}/transfers", move(second_program))

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/episode-open-already")
    assert (await shown(clinic, episode_id))["closed_on"] is None


async def test_a_second_open_episode_names_the_field_and_the_next_step(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    body = {"participant_id": str(participant_id), "program_id": str(clinic.program_id), "opened_on": "2026-01-05"}

    answers = await asyncio.gather(*(clinic.administrator.post(f"{INTAKE}/episodes", body) for _ in range(3)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    for refused in (answer.json() for answer in answers if answer.status_code == 409):
        assert refused["type"] == "/problems/episode-open-already"
        assert refused["errors"][0]["pointer"] == "/program_id"
        assert "close it first" in refused["detail"]


async def test_who_comes_back_is_enrolled_again_under_the_same_id(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    first = await clinic.open(participant_id)
    await close(clinic, first)
    second = await clinic.open(participant_id, "2026-03-01")
    await close(clinic, second, closed_on="2026-03-20")
    third = await clinic.open(participant_id, "2026-04-01")

    records = [await shown(clinic, one) for one in (first, second, third)]

    assert [(one["follows_id"], one["re_enrolment"]) for one in records] == [
        (None, False),
        (str(first), True),
        (str(second), True),
    ]
    assert {one["participant_id"] for one in records} == {str(participant_id)}


async def test_what_was_closed_in_error_is_opened_again_with_its_peers(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    await close(clinic, episode_id, reason="deceased", deceased_on="2026-02-01")
    hidden = await clinic.peer.get(f"{INTAKE}/participants/{participant_id}")

    path = f"{INTAKE}/episodes/{episode_id}/reopening"
    reopened = await clinic.supervisor.post(path, {"reason": "closed_in_error"})
    again = await clinic.supervisor.post(path, {"reason": "closed_in_error"})

    record = await shown(clinic, episode_id)
    assert (hidden.status_code, reopened.json()) == (404, {"id": str(episode_id), "version": 3})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/episode-open")
    assert (record["closed_on"], record["close_reason"], record["deceased_on"]) == (None, None, None)
    assert kinds(await clinic.events(episode_id))[-1] == ("episode-changed", 3)
    assert (await facts(clinic, episode_id))[-1].get("closed_on") is None
    history = (await clinic.peer.get(f"{INTAKE}/participants/{participant_id}/assignments")).json()["items"]
    assert [(one["valid_to"], one["end_reason"], one["version"]) for one in history] == [(None, None, 3)]
    assert kinds(await clinic.events(UUID(history[0]["id"]))) == [
        ("peer-assigned", 1),
        ("peer-unassigned", 2),
        ("peer-assigned", 3),
    ]


async def test_an_assignment_that_had_ended_before_stays_ended(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    (one,) = (await clinic.supervisor.get(f"{INTAKE}/participants/{participant_id}/assignments")).json()["items"]
    end = {"valid_to": "2026-01-20", "reason": "peer_request"}
    await clinic.supervisor.put(f"{INTAKE}/assignments/{one['id']}/end", end, 1)
    await close(clinic, episode_id)

    await clinic.supervisor.post(f"{INTAKE}/episodes/{episode_id}/reopening", {"reason": "closed_in_error"})

    history = (await clinic.supervisor.get(f"{INTAKE}/participants/{participant_id}/assignments")).json()["items"]
    assert [(one["valid_to"], one["end_reason"]) for one in history] == [("2026-01-20", "peer_request")]


async def test_only_the_newest_episode_is_opened_again(clinic: Any, second_program: str) -> None:
    participant_id = await clinic.enrol()
    first = await clinic.open(participant_id)
    await close(clinic, first)
    second = await clinic.open(participant_id, "2026-03-01")
    body = {"reason": "closed_in_error"}

    while_open = await clinic.supervisor.post(f"{INTAKE}/episodes/{first}/reopening", body)
    await clinic.supervisor.post(f"{INTAKE}/episodes/{second}/transfers", move(second_program, on="2026-03-10"))
    moved_on = await clinic.supervisor.post(f"{INTAKE}/episodes/{second}/reopening", body)

    for answer in (while_open, moved_on):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-the-newest")


async def test_peers_and_strangers_do_not_move_or_reopen(
    clinic: Any, second_program: str, stranger: Caller, nobody: UUID
) -> None:
    _, episode_id = await clinic.assigned()
    before = await clinic.rows()

    transfers, body = f"{INTAKE}/episodes/{episode_id}/transfers", move(second_program)
    refused = [
        await clinic.other_peer.post(transfers, body),
        await stranger.post(transfers, body),
        await clinic.supervisor.post(f"{INTAKE}/episodes/{nobody}/transfers", body),
        await stranger.post(f"{INTAKE}/episodes/{episode_id}/reopening", {"reason": "other"}),
        await clinic.privacy_officer.post(transfers, body),
        await clinic.peer.post(f"{INTAKE}/episodes/{episode_id}/reopening", {"reason": "other"}),
    ]

    assert [answer.status_code for answer in refused] == [404, 404, 404, 404, 403, 403]
    assert await clinic.rows() == before


async def test_a_death_has_its_day_and_nothing_new_begins_after_it(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    episode_id = await clinic.open(participant_id)
    path = f"{INTAKE}/episodes/{episode_id}/closure"

    missing = await clinic.supervisor.put(path, {"closed_on": "2026-02-01", "reason": "deceased"}, 1)
    body = {"closed_on": "2026-02-01", "reason": "deceased", "deceased_on": "2026-01-30"}
    closed = await clinic.supervisor.put(path, body, 1)
    opening = {"participant_id": str(participant_id), "program_id": str(clinic.program_id), "opened_on": "2026-02-02"}
    refused = await clinic.supervisor.post(f"{INTAKE}/episodes", opening)

    assert (missing.status_code, missing.json()["errors"][0]["pointer"]) == (422, "/deceased_on")
    assert closed.status_code == 200
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/recorded-as-deceased")
