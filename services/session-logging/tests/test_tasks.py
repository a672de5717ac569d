"""To-dos: whose they are, who sees them, and what becomes of them."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from common.contracts import intake
from common.errors import Unprocessable
from handrail.testing import Caller, Platform, add_staff, open_agency
from session_logging.rules.days import TaskState, require_due, state_of

T = "/api/session-logging/v1/tasks"
WORDS = "canary-words ring the landlord about the key"
TODAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 18, tzinfo=UTC)


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def today() -> date:
    return datetime.now(ZoneInfo("America/Chicago")).date()


def todo(days: int = 0, **changed: Any) -> dict[str, Any]:
    body = {"kind": "call", "due_on": (today() + timedelta(days=days)).isoformat(), "words": WORDS}
    return {name: value for name, value in (body | changed).items() if value is not None}


async def read(caller: Caller, task_id: UUID) -> dict[str, Any]:
    answer = await caller.get(f"{T}/{task_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def listed(caller: Caller, **asked: Any) -> list[str]:
    answer = await caller.get(T, limit=100, **{name: str(value) for name, value in asked.items()})
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]]


# --- rules


@pytest.mark.parametrize(
    ("due_on", "refused"),
    [
        (date(2026, 1, 29), True),
        (date(2026, 1, 30), False),
        (TODAY, False),
        (date(2028, 3, 3), False),
        (date(2028, 3, 4), True),
    ],
)
def test_a_task_is_due_within_a_month_back_and_two_years_ahead(due_on: date, refused: bool) -> None:
    if not refused:
        require_due(due_on, TODAY)
        return
    with pytest.raises(Unprocessable) as refusal:
        require_due(due_on, TODAY)
    assert refusal.value.code == "due-too-far"


@pytest.mark.parametrize(
    ("done_at", "withdrawn_at", "state"),
    [(None, None, TaskState.OPEN), (NOON, None, TaskState.DONE), (None, NOON, TaskState.WITHDRAWN)],
)
def test_where_a_task_stands(done_at: Any, withdrawn_at: Any, state: TaskState) -> None:
    assert state_of(done_at, withdrawn_at) is state


# --- opening, changing, ending


async def test_a_task_of_ones_own_is_opened_and_read(shared: Any) -> None:
    task_id = await shared.peer.created(T, todo(3))

    found = await read(shared.peer, task_id)

    assert (found["words"], found["state"], found["version"]) == (WORDS, "open", 1)
    assert (found["participant_id"], found["origin"]) == (None, None)
    assert (found["staff_id"], found["opened_by"]) == (str(shared.peer.staff_id),) * 2


async def test_words_are_sealed_under_the_key_of_whom_they_are_about(shared: Any, platform: Platform) -> None:
    person = await shared.enrol()
    about = await shared.peer.created(T, todo(participant_id=str(person.participant_id)))
    own = await shared.peer.created(T, todo())

    rows = await platform.fetch("select words from session_logging.task where id = any(:ids)", ids=[about, own])
    keys = "select count(*) from session_logging.key_ring where subject_id = any(:ids)"
    written = await platform.fetch(
        "select payload from session_logging.outbox where aggregate_id = any(:ids) "
        "union all select payload from session_logging.ledger where aggregate_id = any(:ids) "
        "union all select detail::text from session_logging.audit_pending where subject_id = any(:ids) "
        "union all select detail::text from session_logging.audit where subject_id = any(:ids) "
        "union all select convert_from(body, 'UTF8') from session_logging.idempotency where agency_id = :agency",
        ids=[about, own], agency=shared.peer.agency_id,
    )  # fmt: skip

    assert all(b"canary" not in bytes(row["words"]) for row in rows)
    assert await platform.value(keys, ids=[person.participant_id, shared.peer.staff_id]) == 2
    assert len(written) >= 5
    assert "canary" not in str([dict(one) for one in written])
    assert (await read(shared.peer, about))["origin"] == "own_part2"


async def test_a_task_is_done_once_however_often_it_is_said(shared: Any) -> None:
    task_id = await shared.peer.created(T, todo())

    first = await shared.peer.put(f"{T}/{task_id}/done", {}, 1)
    again = await shared.peer.put(f"{T}/{task_id}/done", {}, 1)

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json() == {"id": str(task_id), "version": 2}
    opened, done = await shared.told(task_id)
    assert (opened["type"], opened["kind"], opened.get("done_at")) == ("task-opened", "call", None)
    assert (done["type"], done["done_at"] is not None, done["withdrawn"]) == ("task-changed", True, False)


async def test_done_by_mistake_is_taken_back(shared: Any) -> None:
    task_id = await shared.peer.created(T, todo())
    await shared.peer.put(f"{T}/{task_id}/done", {}, 1)

    answer = await shared.peer.put(f"{T}/{task_id}/open", {}, 2)

    assert answer.status_code == 200
    assert (await read(shared.peer, task_id))["state"] == "open"
    assert (await shared.told(task_id))[-1].get("done_at") is None


@pytest.mark.parametrize(
    ("ended", "then", "code"),
    [
        ("done", "withdrawal", "task-done"),
        ("done", "", "task-done"),
        ("withdrawal", "done", "task-withdrawn"),
        ("withdrawal", "open", "task-withdrawn"),
        ("withdrawal", "", "task-withdrawn"),
    ],
)
async def test_what_ended_does_not_go_on(shared: Any, ended: str, then: str, code: str) -> None:
    task_id = await shared.peer.created(T, todo())
    await shared.peer.put(f"{T}/{task_id}/{ended}", {}, 1)

    answer = await shared.peer.put(f"{T}/{task_id}/{then}".rstrip("/"), {} if then else todo(), 2)

    assert kind(answer) == (409, code)


async def test_a_task_is_told_again_as_a_whole(shared: Any) -> None:
    task_id = await shared.peer.created(T, todo())

    changed = await shared.peer.put(f"{T}/{task_id}", todo(5, kind="paperwork", words=None), 1)
    stale = await shared.peer.put(f"{T}/{task_id}", todo(), 1)
    done_late = await shared.peer.put(f"{T}/{task_id}/done", {}, 1)

    assert (changed.status_code, stale.status_code, done_late.status_code) == (200, 412, 412)
    found = await read(shared.peer, task_id)
    assert (found["kind"], found["words"], found["due_on"]) == ("paperwork", None, todo(5)["due_on"])
    assert [one["due_on"] for one in await shared.told(task_id)] == [todo()["due_on"], todo(5)["due_on"]]


# --- who may


async def test_a_supervisor_opens_and_hands_on_for_staff(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    about = {"participant_id": str(person.participant_id)}
    supervisor = colleagues.supervisor

    task_id = await supervisor.created(T, todo(staff_id=str(shared.peer.staff_id), **about))
    private = await supervisor.created(T, todo(staff_id=str(shared.peer.staff_id)))

    assert (await read(shared.peer, task_id))["words"] == WORDS
    assert (await read(shared.peer, private))["opened_by"] == str(supervisor.staff_id)
    for caller, body, expected in (
        (shared.peer, todo(staff_id=str(colleagues.peer.staff_id)), (403, "only-supervisors")),
        (supervisor, todo(staff_id=str(uuid.uuid4())), (422, "unknown-worker")),
        (supervisor, todo(staff_id=str(colleagues.auditor.staff_id)), (422, "unknown-worker")),
        (supervisor, todo(staff_id=str(colleagues.peer.staff_id), **about), (409, "not-their-worker")),
    ):
        assert kind(await caller.post(T, body)) == expected
    handed = await supervisor.put(f"{T}/{private}", todo(staff_id=str(colleagues.peer.staff_id)), 1)
    assert handed.status_code == 200
    assert (await read(colleagues.peer, private))["words"] == WORDS
    assert (await shared.peer.get(f"{T}/{private}")).status_code == 404


async def test_what_is_about_nobody_is_between_its_worker_and_supervisors(shared: Any, colleagues: Any) -> None:
    task_id = await shared.peer.created(T, todo())

    assert (await colleagues.supervisor.get(f"{T}/{task_id}")).status_code == 200
    assert str(task_id) in await listed(colleagues.supervisor, staff_id=shared.peer.staff_id)
    for caller in (colleagues.peer, shared.administrator):
        assert kind(await caller.get(f"{T}/{task_id}")) == (404, "not-found")
        assert str(task_id) not in await listed(caller, staff_id=shared.peer.staff_id)
    for route, body in (("/done", {}), ("/open", {}), ("/withdrawal", {}), ("", todo())):
        assert kind(await colleagues.peer.put(f"{T}/{task_id}{route}", body, 1)) == (404, "not-found")


async def test_who_serves_the_person_sees_what_a_colleague_has_to_do(shared: Any) -> None:
    colleague = await add_staff(shared.administrator, "peer")
    person = await shared.enrol()
    task_id = await shared.peer.created(T, todo(participant_id=str(person.participant_id)))
    assert await listed(colleague, participant_id=person.participant_id) == []
    assert (await colleague.get(f"{T}/{task_id}")).status_code == 404

    person.assignment_id = uuid.uuid4()
    await shared.assign(person, colleague)
    await shared.heard("assignment", [person.assignment_id])

    assert await listed(colleague, participant_id=person.participant_id) == [str(task_id)]
    assert await listed(colleague) == []
    assert (await read(colleague, task_id))["words"] == WORDS
    assert kind(await colleague.put(f"{T}/{task_id}/done", {}, 1)) == (403, "not-your-task")


async def test_the_tasks_about_merged_records_are_found_together(shared: Any) -> None:
    colleague = await add_staff(shared.administrator, "peer")
    first, second = await shared.enrol(), await shared.enrol(colleague)
    task_id = await colleague.created(T, todo(participant_id=str(second.participant_id)))
    merged = intake.MergeFacts(
        merge_id=uuid.uuid4(), survivor_id=first.participant_id, merged_id=second.participant_id,
        merged_at=datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip
    await shared.tell(intake.PARTICIPANTS_MERGED, merged, about=merged.merge_id)
    await shared.heard("merge", [merged.merge_id])

    assert await listed(shared.peer, participant_id=first.participant_id) == [str(task_id)]
    assert (await shared.peer.get(f"{T}/{task_id}")).status_code == 200
    assert kind(await shared.peer.put(f"{T}/{task_id}/done", {}, 1)) == (403, "not-your-task")


async def test_roles_and_strangers(shared: Any, colleagues: Any, platform: Platform, http: Any) -> None:
    person = await shared.enrol()
    about = {"participant_id": str(person.participant_id)}
    task_id = await shared.peer.created(T, todo(**about))
    stranger = await add_staff(await open_agency(http, platform), "supervisor")
    known = "select count(*) from session_logging.agency where id = :id"
    await platform.eventually(known, 1, id=stranger.agency_id)

    assert (await colleagues.auditor.get(f"{T}/{task_id}")).status_code == 403
    assert (await shared.administrator.get(f"{T}/{task_id}")).status_code == 200
    assert (await shared.administrator.post(T, todo())).status_code == 403
    assert kind(await colleagues.peer.post(T, todo(**about))) == (404, "not-found")
    assert kind(await stranger.get(f"{T}/{task_id}")) == (404, "not-found")
    assert kind(await stranger.put(f"{T}/{task_id}/done", {}, 1)) == (404, "not-found")
    assert kind(await stranger.post(T, todo(**about))) == (404, "not-found")
    assert await listed(stranger, participant_id=person.participant_id) == []


# --- bad input, lists


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "sing"},
        {"kind": None},
        {"due_on": "2026-03-03T10:00"},
        {"due_on": "1999-01-01"},
        {"due_on": "2199-01-01"},
        {"words": " "},
        {"words": "x" * 8001},
        {"participant_id": "me"},
        {"surprise": 1},
    ],
)
async def test_bad_input_leaves_one_audit_entry_and_nothing_else(
    shared: Any, platform: Platform, changed: dict[str, Any]
) -> None:
    left = (
        "select (select count(*) from session_logging.task where agency_id = :a) + "
        "(select count(*) from session_logging.idempotency where agency_id = :a)"
    )
    refused = (
        "select (select count(*) from session_logging.audit_pending where agency_id = :a and outcome = 'refused') + "
        "(select count(*) from session_logging.audit where agency_id = :a and outcome = 'refused')"
    )
    agency = shared.peer.agency_id
    before, audited = await platform.value(left, a=agency), await platform.value(refused, a=agency)

    answer = await shared.peer.post(T, todo(**changed))

    assert answer.status_code == 422
    assert "canary" not in answer.text
    assert await platform.value(left, a=agency) == before
    await platform.eventually(refused, audited + 1, a=agency)


async def test_an_id_is_recorded_once_in_an_agency(shared: Any) -> None:
    body = todo(id=str(uuid.uuid4()))

    first, again = await shared.peer.post(T, body), await shared.peer.post(T, body)

    assert (first.status_code, first.json()["id"]) == (201, body["id"])
    assert kind(again) == (409, "already-recorded")


async def test_pages_follow_one_another_by_the_day_they_are_due(shared: Any) -> None:
    peer = await add_staff(shared.administrator, "peer")
    made = [str(await peer.created(T, todo(days))) for days in (4, 1, 4, 0, 9)]
    await peer.put(f"{T}/{made[4]}/done", {}, 1)

    seen: list[dict[str, Any]] = []
    page = (await peer.get(T, limit=2)).json()
    while True:
        seen += page["items"]
        if page["next"] is None:
            break
        page = (await peer.get(T, limit=2, next=page["next"])).json()

    assert [one["due_on"] for one in seen] == [todo(days)["due_on"] for days in (0, 1, 4, 4)]
    assert {one["id"] for one in seen} == set(made[:4])
    assert await listed(peer, state="done") == [made[4]]
    assert kind(await peer.get(T, next="zzz")) == (422, "bad-cursor")
