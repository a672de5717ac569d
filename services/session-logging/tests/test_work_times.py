"""Time with nobody served and miles: one's own, at most a day a day, summed by month, and a sheet without words."""

import asyncio
import csv
import io
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from common.contracts.session_codes import WorkKind
from common.errors import Refused, Unprocessable
from handrail.testing import Caller, add_staff, open_agency
from session_logging.rules.work_times import (
    require_a_days_work,
    require_something,
    require_worked,
)

TIMES = "/api/session-logging/v1/work-times"
TOTALS, MILEAGE = f"{TIMES}/totals", f"{TIMES}/mileage"
DAY = date(2026, 3, 10)
REFUSED = (
    "select (select count(*) from session_logging.audit_pending where agency_id = :a and outcome = 'refused') + "
    "(select count(*) from session_logging.audit where agency_id = :a and outcome = 'refused')"
)


@pytest.mark.parametrize(
    ("minutes", "already", "refused"),
    [(1440, 0, False), (0, 1440, False), (60, 1380, False), (61, 1380, True), (1, 1440, True)],
)
def test_a_day_holds_at_most_24_hours(minutes: int, already: int, *, refused: bool) -> None:
    if not refused:
        require_a_days_work(minutes, already)
        return
    with pytest.raises(Refused) as ground:
        require_a_days_work(minutes, already)
    assert ground.value.code == "more-than-24-hours"


@pytest.mark.parametrize(
    ("worked_on", "expected"),
    [
        (DAY, None),
        (DAY + timedelta(days=1), "in-the-future"),
        (date(2026, 1, 1), None),
        (date(2025, 12, 31), "not-employed-then"),
        (date(2026, 3, 5), None),
    ],
)
def test_work_is_of_a_day_that_has_come_and_within_employment(worked_on: date, expected: str | None) -> None:
    def code() -> str | None:
        try:
            require_worked(worked_on, DAY, date(2026, 1, 1), None)
        except Unprocessable as refused:
            return refused.code
        return None

    assert code() == expected


def test_who_left_works_no_more_after_the_last_day() -> None:
    require_worked(DAY, DAY, date(2026, 1, 1), DAY)

    with pytest.raises(Unprocessable):
        require_worked(DAY, DAY, date(2026, 1, 1), DAY - timedelta(days=1))


def test_nothing_at_all_is_no_entry() -> None:
    require_something(1, Decimal(0))
    require_something(0, Decimal("0.1"))

    with pytest.raises(Unprocessable):
        require_something(0, Decimal(0))


# --- through HTTP


def work(**changed: Any) -> dict[str, Any]:
    body = {
        "kind": "travel",
        "worked_on": "2026-03-10",
        "minutes": 35,
        "miles": "12.4",
        "words": "canary-work to court",
    }
    return {name: value for name, value in (body | changed).items() if value is not None}


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def listed(caller: Caller, **more: Any) -> Any:
    answer = await caller.get(TIMES, **({"from": "2026-03-01", "to": "2026-03-31"} | more))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def summed(caller: Caller, **more: Any) -> list[dict[str, Any]]:
    answer = await caller.get(TOTALS, **({"from": "2026-03-01", "to": "2026-03-31"} | more))
    assert answer.status_code == 200, answer.text
    lines: list[dict[str, Any]] = answer.json()["lines"]
    return lines


async def sheet(caller: Caller, **more: Any) -> list[list[str]]:
    answer = await caller.get(MILEAGE, **({"month": "2026-03"} | more))
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.text)))


@pytest_asyncio.fixture
async def worker(shared: Any) -> Caller:
    """A peer of this test's own, of whom session-logging has heard."""
    peer = await add_staff(shared.administrator, "peer", employed_from="2026-01-01")
    await shared.heard("staff", [peer.staff_id])
    return peer


async def test_time_and_miles_are_recorded_sealed_and_told_without_their_words(shared: Any, worker: Caller) -> None:
    entry_id = await worker.created(TIMES, work(program_id=str(shared.program_id)))

    [told] = await shared.told(entry_id)
    assert (told["type"], told["kind"], told["minutes"], told["miles"]) == ("work-time-recorded", "travel", 35, "12.4")
    assert (told["staff_id"], told["withdrawn"]) == (str(worker.staff_id), False)
    assert "canary" not in str(told)
    [read] = (await listed(worker))["items"]
    assert (read["words"], read["miles"], read["session_id"]) == ("canary-work to court", "12.4", None)
    stored = await shared.platform.fetch("select words from session_logging.work_time where id = :id", id=entry_id)
    assert b"canary" not in bytes(stored[0]["words"])


@pytest.mark.parametrize("kind", list(WorkKind))
async def test_every_kind_of_work_is_taken(shared: Any, worker: Caller, kind: WorkKind) -> None:
    await worker.created(TIMES, work(kind=kind, miles=None))

    assert [one["kind"] for one in (await listed(worker))["items"]] == [kind]


async def test_travel_names_the_session_it_was_for_if_it_is_the_workers_own(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    session_id = str(await shared.peer.created("/api/session-logging/v1/sessions", shared.session(person)))

    own = await shared.peer.post(TIMES, work(session_id=session_id))
    foreign = await colleagues.supervisor.post(TIMES, work(session_id=session_id))
    unknown = await shared.peer.post(TIMES, work(session_id=str(uuid.uuid4())))

    assert own.status_code == 201
    assert problem(foreign) == problem(unknown) == (422, "unknown-session")
    [told] = await shared.told(uuid.UUID(own.json()["id"]))
    assert session_id not in str(told)


async def test_who_helped_with_a_group_travelled_to_it_too(practice: Any) -> None:
    helper, person = await add_staff(practice.administrator, "peer"), await practice.enrol()
    await practice.heard("staff", [helper.staff_id])
    line = practice.session(person)
    attendee = {name: line.pop(name) for name in ("participant_id", "episode_id", "goal_ids", "outcome", "note")}
    shared_line = {name: line[name] for name in line if name != "modality"}
    body = shared_line | {"program_id": str(practice.program_id), "attendees": [attendee]}
    body |= {"co_facilitator_id": str(helper.staff_id)}
    group_id = await practice.peer.created("/api/session-logging/v1/groups", body)
    own = "select id from session_logging.peer_session where group_id = :id"
    session_id = str(await practice.platform.value(own, id=group_id))

    answer = await helper.post(TIMES, work(session_id=session_id))

    assert answer.status_code == 201, answer.text


async def test_each_thing_that_cannot_be_has_its_own_code_and_leaves_nothing(practice: Any) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    wrong: dict[str, dict[str, Any]] = {
        "no-time-and-no-miles": {"minutes": 0, "miles": 0},
        "in-the-future": {"worked_on": tomorrow},
        "not-employed-then": {"worked_on": "2019-12-31"},
        "unknown-program": {"program_id": str(uuid.uuid4())},
        "unknown-session": {"session_id": str(uuid.uuid4())},
    }
    shapes: list[dict[str, Any]] = [
        {"minutes": 1441}, {"minutes": -1}, {"miles": "2000.1"}, {"miles": "1.25"}, {"miles": -1}, {"kind": "lunch"},
        {"words": "x" * 501}, {"staff_id": str(uuid.uuid4())}, {"worked_on": "2026-02-30"},
    ]  # fmt: skip

    answers = {code: await practice.peer.post(TIMES, work(**changed)) for code, changed in wrong.items()}
    misshapen = [await practice.peer.post(TIMES, work(**changed)) for changed in shapes]

    assert {code: problem(answer) for code, answer in answers.items()} == {code: (422, code) for code in wrong}
    assert {problem(answer) for answer in misshapen} == {(422, "invalid-request")}
    agency = practice.administrator.agency_id
    for table in ("work_time", "idempotency", "outbox", "ledger"):
        count = f"select count(*) from session_logging.{table} where agency_id = :agency"
        assert await practice.platform.value(count, agency=agency) == 0
    await practice.platform.eventually(REFUSED, len(answers) + len(misshapen), a=agency)


async def test_more_than_24_hours_on_a_day_are_refused_until_something_is_withdrawn(worker: Caller) -> None:
    first = await worker.created(TIMES, work(minutes=1000))
    await worker.created(TIMES, work(minutes=440))
    await worker.created(TIMES, work(minutes=1440, worked_on="2026-03-11"))

    too_much = await worker.post(TIMES, work(minutes=1))
    only_miles = await worker.post(TIMES, work(minutes=0))
    await worker.put(f"{TIMES}/{first}/withdrawal", {"reason": "wrong_details"}, 1)
    corrected = await worker.post(TIMES, work(minutes=100))

    assert problem(too_much) == (409, "more-than-24-hours")
    assert (only_miles.status_code, corrected.status_code) == (201, 201)


async def test_entries_at_the_same_moment_do_not_add_up_to_more_than_a_day(shared: Any, worker: Caller) -> None:
    answers = await asyncio.gather(*(worker.post(TIMES, work(minutes=500)) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409, 409]
    total = "select sum(minutes) from session_logging.work_time where staff_id = :id"
    assert await shared.platform.value(total, id=worker.staff_id) == 1000


async def test_the_client_makes_the_id_and_it_is_taken_once(worker: Caller) -> None:
    body = work(id=str(uuid.uuid4()))

    first = await worker.post(TIMES, body)
    other = await worker.post(TIMES, body)

    assert (first.status_code, first.json()["id"]) == (201, body["id"])
    assert problem(other) == (409, "already-recorded")


async def test_a_worker_sees_their_own_and_leaders_see_whom_they_name(
    shared: Any, colleagues: Any, worker: Caller
) -> None:
    entry_id = str(await worker.created(TIMES, work()))
    of_worker = {"staff_id": str(worker.staff_id)}

    mine = (await listed(worker))["items"]
    supervisors = (await listed(colleagues.supervisor, **of_worker))["items"]
    administrators = (await listed(shared.administrator, **of_worker))["items"]
    foreign = [
        await colleagues.peer.get(path, **({"from": "2026-03-01", "to": "2026-03-31", "month": "2026-03"} | of_worker))
        for path in (TIMES, TOTALS, MILEAGE)
    ]
    withdrawn = await colleagues.peer.put(f"{TIMES}/{entry_id}/withdrawal", {"reason": "other"}, 1)

    assert [[one["id"] for one in seen] for seen in (mine, supervisors, administrators)] == [[entry_id]] * 3
    assert [seen[0]["words"] for seen in (mine, supervisors, administrators)] == ["canary-work to court"] * 2 + [None]
    assert {problem(answer) for answer in (*foreign, withdrawn)} == {(404, "not-found")}


async def test_other_roles_and_strangers_may_not(
    shared: Any, colleagues: Any, worker: Caller, platform: Any, http: Any
) -> None:
    entry_id = await worker.created(TIMES, work())
    stranger = await add_staff(await open_agency(http, platform), "supervisor")
    period = {"from": "2026-03-01", "to": "2026-03-31", "month": "2026-03"}

    theirs = (await listed(stranger, staff_id=str(worker.staff_id)))["items"]
    withdrawn = await stranger.put(f"{TIMES}/{entry_id}/withdrawal", {"reason": "other"}, 1)
    audited = [await colleagues.auditor.get(path, **period) for path in (TIMES, TOTALS, MILEAGE)]
    administrator = await shared.administrator.post(TIMES, work())

    assert (theirs, problem(withdrawn)) == ([], (404, "not-found"))
    assert [answer.status_code for answer in (*audited, administrator)] == [403] * 4


async def test_totals_are_by_month_worker_and_kind_without_withdrawn_entries(shared: Any, worker: Caller) -> None:
    entries: Sequence[tuple[str, str, int, str | None]] = (
        ("travel", "2026-02-27", 20, "5.5"), ("travel", "2026-03-02", 30, "10.0"), ("travel", "2026-03-31", 15, "0.3"),
        ("supervision", "2026-03-03", 60, None), ("travel", "2026-04-01", 5, "1"), ("training", "2026-03-04", 90, None),
    )  # fmt: skip
    ids = [
        await worker.created(TIMES, work(kind=kind, worked_on=day, minutes=minutes, miles=miles))
        for kind, day, minutes, miles in entries
    ]
    await worker.put(f"{TIMES}/{ids[-1]}/withdrawal", {"reason": "did_not_happen"}, 1)

    lines = await summed(worker, **{"from": "2026-02-01"})

    mine = {"staff_id": str(worker.staff_id)}
    assert lines == [
        mine | {"month": "2026-02-01", "kind": "travel", "entries": 1, "minutes": 20, "miles": "5.5"},
        mine | {"month": "2026-03-01", "kind": "supervision", "entries": 1, "minutes": 60, "miles": "0.0"},
        mine | {"month": "2026-03-01", "kind": "travel", "entries": 2, "minutes": 45, "miles": "10.3"},
    ]
    everybody = await summed(shared.administrator, **{"from": "2026-02-01"})
    assert [line for line in everybody if line["staff_id"] == str(worker.staff_id)] == lines
    assert await summed(shared.administrator, staff_id=str(worker.staff_id), **{"from": "2026-02-01"}) == lines


async def test_the_sheet_of_a_month_has_every_trip_and_no_words(shared: Any, worker: Caller) -> None:
    program = str(shared.program_id)
    trips = (("2026-03-31", "3.0"), ("2026-03-01", "12.4"), ("2026-02-28", "9"), ("2026-04-01", "9"))
    ids = [await worker.created(TIMES, work(worked_on=day, miles=miles, program_id=program)) for day, miles in trips]
    await worker.created(TIMES, work(kind="documentation", miles=None))
    mistaken = await worker.created(TIMES, work(miles="99"))
    await worker.put(f"{TIMES}/{mistaken}/withdrawal", {"reason": "other"}, 1)

    lines = await sheet(worker)

    me = str(worker.staff_id)
    assert lines == [
        ["worked_on", "staff_id", "program_id", "kind", "minutes", "miles"],
        ["2026-03-01", me, program, "travel", "35", "12.4"],
        ["2026-03-31", me, program, "travel", "35", "3.0"],
    ]
    assert await sheet(shared.administrator, staff_id=me) == lines
    assert len(ids) == 4


@pytest.mark.parametrize("month", ["2026-13", "2026-3", "2026-03-01", "=1+1", ""])
async def test_a_month_that_is_none_is_refused(shared: Any, month: str) -> None:
    assert problem(await shared.peer.get(MILEAGE, month=month)) == (422, "invalid-request")


async def test_a_mistake_is_withdrawn_by_the_worker_or_a_supervisor(
    shared: Any, colleagues: Any, worker: Caller
) -> None:
    mine, theirs = [await worker.created(TIMES, work()) for _ in range(2)]

    own = await worker.put(f"{TIMES}/{mine}/withdrawal", {"reason": "recorded_twice"}, 1)
    stale = await worker.put(f"{TIMES}/{theirs}/withdrawal", {"reason": "other"}, 5)
    supervisor = await colleagues.supervisor.put(f"{TIMES}/{theirs}/withdrawal", {"reason": "wrong_details"}, 1)

    assert (own.status_code, supervisor.status_code, problem(stale)) == (200, 200, (412, "stale-version"))
    told = await shared.told(mine)
    assert [(one["type"], one["withdrawn"]) for one in told] == [
        ("work-time-recorded", False), ("work-time-withdrawn", True),
    ]  # fmt: skip


async def test_no_words_are_left_outside_their_seal(shared: Any, worker: Caller) -> None:
    await worker.created(TIMES, work())
    await listed(worker)

    for table in ("work_time", "audit", "audit_pending", "idempotency", "outbox", "ledger"):
        found = f"select count(*) from session_logging.{table} t where t::text like '%canary-work%'"
        assert await shared.platform.value(found) == 0
