"""A worker's day: what is on it, until when notes are in time, how much of it is shown, and to whom."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from handrail.testing import Caller, Platform, add_staff, open_agency
from session_logging.rules.days import business_days_left, day_bounds, last_day

V1 = "/api/session-logging/v1"
CHICAGO = ZoneInfo("America/Chicago")
PURPOSE, WORDS, BACK = "canary-purpose the letter", "canary-words the landlord", "canary-back add the next step"
HOLIDAYS = [date(2026, 5, 25), date(2026, 7, 3), date(2026, 11, 26), date(2026, 11, 28)]  # the last one is a Saturday


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def today() -> date:
    return datetime.now(CHICAGO).date()


def at(day: date, hour: int, minute: int = 0) -> str:
    """Return an instant by Chicago's clock."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=CHICAGO).isoformat()


async def day_of(caller: Caller, **asked: Any) -> dict[str, Any]:
    answer = await caller.get(f"{V1}/day", **{name: str(value) for name, value in asked.items()})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ids(part: dict[str, Any], name: str = "id") -> list[str]:
    return [one[name] for one in part["items"]]


@pytest.fixture
async def peer(shared: Any) -> Caller:
    """A peer whose day is empty."""
    return await add_staff(shared.administrator, "peer")


async def planned(peer: Caller, person: Any, starts_at: str, minutes: int = 45) -> UUID:
    ends_at = (datetime.fromisoformat(starts_at) + timedelta(minutes=minutes)).isoformat()
    body = {
        "participant_id": str(person.participant_id), "modality": "one_on_one_mentoring", "purpose": PURPOSE,
        "starts_at": starts_at, "ends_at": ends_at,
    }  # fmt: skip
    return await peer.created(f"{V1}/appointments", body)


async def todo(peer: Caller, days: int, **more: str) -> UUID:
    due_on = (today() + timedelta(days=days)).isoformat()
    return await peer.created(f"{V1}/tasks", {"kind": "call", "due_on": due_on, "words": WORDS} | more)


# --- rules


@pytest.mark.parametrize(
    ("now", "last", "left"),
    [
        (date(2026, 3, 2), date(2026, 3, 2), 0),  # a Monday
        (date(2026, 3, 2), date(2026, 3, 4), 2),
        (date(2026, 3, 6), date(2026, 3, 9), 1),  # Friday to Monday
        (date(2026, 3, 7), date(2026, 3, 9), 1),  # Saturday to Monday
        (date(2026, 3, 3), date(2026, 3, 2), -1),
        (date(2026, 3, 9), date(2026, 3, 6), -1),
        (date(2026, 3, 7), date(2026, 3, 6), -1),  # late on a Saturday: no business day yet, and yet late
        (date(2026, 11, 24), date(2026, 11, 30), 3),  # Thanksgiving in between, and a holiday on a Saturday
        (date(2026, 3, 2), date(2026, 3, 30), 20),
    ],
)
def test_business_days_that_are_left(now: date, last: date, left: int) -> None:
    assert business_days_left(now, last, HOLIDAYS) == left


@given(st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.integers(-80, 80))
def test_business_days_are_what_one_counts_day_by_day(now: date, distance: int) -> None:
    last = now + timedelta(days=distance)
    begin, end = sorted((now, last))
    days = [begin + timedelta(days=place + 1) for place in range((end - begin).days)]
    counted = sum(day.weekday() < 5 and day not in HOLIDAYS for day in days)

    assert business_days_left(now, last, HOLIDAYS) == (counted if distance >= 0 else -max(1, counted))


@pytest.mark.parametrize(
    ("ended", "days", "expected"),
    [
        (datetime(2026, 3, 3, 4, tzinfo=UTC), 2, date(2026, 3, 4)),  # Monday at 10 PM in Chicago
        (datetime(2026, 3, 3, 7, tzinfo=UTC), 2, date(2026, 3, 5)),
        (datetime(2026, 3, 6, 18, tzinfo=UTC), 0, date(2026, 3, 6)),
        (datetime(2026, 3, 6, 18, tzinfo=UTC), 1, date(2026, 3, 9)),
        (datetime(2026, 11, 25, 18, tzinfo=UTC), 1, date(2026, 11, 27)),
    ],
)
def test_the_last_day_of_a_note_is_business_days_after_the_session(ended: datetime, days: int, expected: date) -> None:
    assert last_day(ended, "America/Chicago", days, frozenset(HOLIDAYS)) == expected


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 8), 23), (date(2026, 3, 9), 24), (date(2026, 11, 1), 25), (date(2027, 3, 14), 23)]
)
def test_a_day_has_the_hours_that_the_clock_gives_it(day: date, hours: int) -> None:
    begin, end = day_bounds(day, "America/Chicago")

    assert end - begin == timedelta(hours=hours)
    assert begin.astimezone(CHICAGO).date() == day
    assert (end - timedelta(seconds=1)).astimezone(CHICAGO).date() == day


# --- what is on it


async def test_an_empty_day_is_empty(peer: Caller) -> None:
    day = await day_of(peer)

    assert (day["staff_id"], day["on"], day["zone"]) == (str(peer.staff_id), today().isoformat(), "America/Chicago")
    for part in ("appointments", "to_close", "tasks", "drafts", "returned", "quiet_people"):
        assert (day[part]["total"], day[part]["items"]) == (0, [])


async def test_the_appointments_of_a_day_are_those_that_begin_on_it(shared: Any, peer: Caller) -> None:
    person = await shared.enrol(peer)
    on = today() + timedelta(days=3)
    first = await planned(peer, person, at(on, 0))
    last = await planned(peer, person, at(on, 23, 50))
    await planned(peer, person, at(on - timedelta(days=1), 23, 50))
    await planned(peer, person, at(on + timedelta(days=1), 0))
    clash = await planned(peer, person, at(on, 0, 30))
    moved = await planned(peer, person, at(on, 12))
    after = {"starts_at": at(on, 14), "ends_at": at(on, 15)}
    answer = await peer.post(f"{V1}/appointments/{moved}/reschedulings", after)
    await peer.put(f"{V1}/appointments/{last}/cancellation", {"by": "person"}, 1)

    day = (await day_of(peer, on=on))["appointments"]

    assert ids(day) == [str(first), str(clash), answer.json()["id"], str(last)]
    assert [one["status"] for one in day["items"]] == ["scheduled", "scheduled", "scheduled", "cancelled_by_person"]
    assert [one["clashes"] for one in day["items"]] == [[str(clash)], [str(first)], [], []]
    assert (day["total"], day["items"][0]["purpose"]) == (4, PURPOSE)


async def test_what_is_over_without_an_outcome_is_to_be_closed(shared: Any, peer: Caller) -> None:
    person = await shared.enrol(peer)
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    older, newer = [await planned(peer, person, (now - timedelta(hours=h)).isoformat()) for h in (50, 3)]
    await planned(peer, person, (now - timedelta(minutes=5)).isoformat())
    assert ids((await day_of(peer))["to_close"]) == [str(older), str(newer)]

    await peer.put(f"{V1}/appointments/{older}/no-show", {}, 1)

    assert ids((await day_of(peer, on="2026-01-31"))["to_close"]) == [str(newer)]


async def test_tasks_are_there_from_the_day_they_are_due_until_they_are_done(shared: Any, peer: Caller) -> None:
    overdue, due, _, done = [await todo(peer, days) for days in (-2, 0, 3, 0)]
    await peer.put(f"{V1}/tasks/{done}/done", {}, 1)

    tasks = (await day_of(peer))["tasks"]

    assert (ids(tasks), tasks["total"], tasks["overdue"]) == ([str(overdue), str(due)], 2, 1)
    assert tasks["items"][0]["words"] == WORDS
    assert (await day_of(peer, on=today() + timedelta(days=3)))["tasks"]["total"] == 3


async def test_a_draft_says_how_many_business_days_are_left(shared: Any, peer: Caller, platform: Platform) -> None:
    person = await shared.enrol(peer)
    then = datetime.now(CHICAGO).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
    late = then - timedelta(days=20)
    drafts = []
    for started in (late, then):
        times = {"started_at": started.isoformat(), "ended_at": (started + timedelta(minutes=30)).isoformat()}
        drafts.append(str(await peer.created(f"{V1}/sessions", shared.session(person, **times))))
    signed = await peer.created(f"{V1}/sessions", shared.session(person, sign=True))
    [agency] = await platform.fetch("select holidays from session_logging.agency where id = :id", id=peer.agency_id)

    found = (await day_of(peer))["drafts"]

    assert (ids(found, "session_id"), found["total"]) == (drafts, 2)
    assert str(signed) not in ids(found, "session_id")
    for one, ended in zip(found["items"], (late, then), strict=True):
        last = two_business_days_after(ended.date(), agency["holidays"])
        assert one["last_day"] == last.isoformat()
        assert one["business_days_left"] == business_days_left(today(), last, agency["holidays"])
    assert found["items"][0]["business_days_left"] < 0


def two_business_days_after(day: date, holidays: list[date]) -> date:
    left = 2
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5 and day not in holidays
    return day


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def reviewed(open_practice: Any) -> Any:
    """A practice whose notes are all co-signed, and in time for sixty business days."""
    return await open_practice(cosignature="always", note_deadline_business_days=60)


async def test_what_came_back_is_there_with_what_was_said(reviewed: Any) -> None:
    supervisor = await add_staff(reviewed.administrator, "supervisor")
    person = await reviewed.enrol()
    session_id = await reviewed.peer.created(f"{V1}/sessions", reviewed.session(person, sign=True))
    draft = await reviewed.peer.created(f"{V1}/sessions", reviewed.session(person))
    for words in ("canary-first", BACK):
        version = (await reviewed.row(session_id))["version"]
        back = {"reason": "missing_element", "words": words}
        await supervisor.put(f"{V1}/sessions/{session_id}/return", back, version)
        if words != BACK:
            await reviewed.peer.put(f"{V1}/sessions/{session_id}/signature", {}, version + 1)

    day = await day_of(reviewed.peer)

    assert ids(day["drafts"], "session_id") == [str(draft)]
    [returned] = day["returned"]["items"]
    assert (returned["session_id"], day["returned"]["total"]) == (str(session_id), 1)
    assert (returned["reason"], returned["words"]) == ("missing_element", BACK)
    assert returned["returned_by"] == str(supervisor.staff_id)


async def test_a_pack_that_binds_brings_the_deadline_nearer(reviewed: Any) -> None:
    person = await reviewed.enrol()
    session_id = str(await reviewed.peer.created(f"{V1}/sessions", reviewed.session(person)))

    async def left() -> int:
        items = (await day_of(reviewed.peer))["drafts"]["items"]
        [one] = [one for one in items if one["session_id"] == session_id]
        return int(one["business_days_left"])

    assert await left() > 50
    chosen = {"pack_id": "TX", "valid_from": "2026-01-01"}
    await reviewed.administrator.created(f"/api/workforce/v1/programs/{reviewed.program_id}/packs", chosen)
    await reviewed.platform.eventually(
        "select count(*) from session_logging.program_pack where program_id = :id", 1, id=reviewed.program_id
    )

    assert await left() <= 2


async def test_who_was_not_heard_of_is_on_the_list(shared: Any, peer: Caller) -> None:
    person = await shared.enrol(peer)
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(days=10)
    times = {"started_at": start.isoformat(), "ended_at": (start + timedelta(minutes=30)).isoformat()}
    await peer.created(f"{V1}/sessions", shared.session(person, **times))

    assert (await day_of(peer))["quiet_people"]["total"] == 0
    quiet = (await day_of(peer, quiet_days=7))["quiet_people"]

    assert (quiet["total"], ids(quiet, "participant_id")) == (1, [str(person.participant_id)])
    assert kind(await peer.get(f"{V1}/day", quiet_days="91"))[0] == 422


async def test_lists_are_bounded_and_say_how_many_there_are(peer: Caller, platform: Platform) -> None:
    many = text(
        "insert into session_logging.task (agency_id, id, staff_id, opened_by, kind, due_on, opened_at, version) "
        "select :agency, gen_random_uuid(), :staff, :staff, 'call', cast(:on as date) - (n % 10), now(), 1 "
        "from generate_series(1, 250) n"
    )
    async with platform.admin.begin() as connection:
        await connection.execute(many, {"agency": peer.agency_id, "staff": peer.staff_id, "on": today()})

    tasks = (await day_of(peer))["tasks"]

    assert (len(tasks["items"]), tasks["total"], tasks["overdue"]) == (100, 250, 225)


# --- to whom


async def test_a_supervisor_sees_a_peers_day_and_peers_only_their_own(
    shared: Any, peer: Caller, colleagues: Any
) -> None:
    person = await shared.enrol(peer)
    task_id = await todo(peer, 0, participant_id=str(person.participant_id))
    theirs = {"staff_id": str(peer.staff_id)}

    assert ids((await day_of(colleagues.supervisor, **theirs))["tasks"]) == [str(task_id)]
    assert (await day_of(peer, **theirs))["staff_id"] == theirs["staff_id"]
    assert kind(await colleagues.peer.get(f"{V1}/day", **theirs)) == (404, "not-found")
    for staff_id in (uuid.uuid4(), colleagues.auditor.staff_id):
        assert kind(await colleagues.supervisor.get(f"{V1}/day", staff_id=str(staff_id))) == (404, "not-found")
    assert (await colleagues.auditor.get(f"{V1}/day")).status_code == 403
    assert (await shared.administrator.get(f"{V1}/day", **theirs)).status_code == 403


async def test_another_agency_has_no_day_here(peer: Caller, platform: Platform, http: Any) -> None:
    stranger = await add_staff(await open_agency(http, platform), "supervisor")
    known = "select count(*) from session_logging.agency where id = :id"
    await platform.eventually(known, 1, id=stranger.agency_id)

    assert kind(await stranger.get(f"{V1}/day", staff_id=str(peer.staff_id))) == (404, "not-found")
    assert (await day_of(stranger))["tasks"]["total"] == 0


async def test_a_day_that_was_looked_at_leaves_one_audit_entry(shared: Any, peer: Caller, platform: Platform) -> None:
    looked = (
        "select count(*) from (select action, subject_id, detail from session_logging.audit_pending union all "
        "select action, subject_id, detail from session_logging.audit) a where action = 'day.read' and subject_id = :id"
    )
    await todo(peer, 0)

    await day_of(peer)

    await platform.eventually(looked, 1, id=peer.staff_id)


@pytest.mark.parametrize("on", ["2026-02-30", "2026-3-1", "today", "1899-12-31", "2026-03-01T10:00"])
async def test_only_a_day_is_asked_for(peer: Caller, on: str) -> None:
    assert (await peer.get(f"{V1}/day", on=on)).status_code == 422
