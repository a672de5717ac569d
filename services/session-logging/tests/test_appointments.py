"""Appointments: made, changed, moved, cancelled and listed, and what is told of them."""

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from common.contracts import intake
from handrail.testing import Caller, Platform, add_staff

CHICAGO = "America/Chicago"
A = "/api/session-logging/v1/appointments"
PLACE, PURPOSE = "canary-place table by the window", "canary-purpose look at the letter of the court"


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def ahead(hours: float = 24, minutes: int = 30) -> dict[str, str]:
    """Return the times of an appointment that begins so many hours from now."""
    start = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=hours)
    return {"starts_at": start.isoformat(), "ends_at": (start + timedelta(minutes=minutes)).isoformat()}


def plan(person: Any, hours: float = 24, **changed: Any) -> dict[str, Any]:
    body = ahead(hours) | {
        "participant_id": str(person.participant_id), "modality": "one_on_one_mentoring", "location": "community",
        "place": PLACE, "purpose": PURPOSE, "reminders": ["day_before", "two_hours_before"],
    }  # fmt: skip
    return {name: value for name, value in (body | changed).items() if value is not None}


def content(body: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {n: v for n, v in body.items() if n not in ("id", "participant_id", "episode_id", "weekly_times")} | changed


async def read(caller: Caller, appointment_id: UUID | str) -> dict[str, Any]:
    answer = await caller.get(f"{A}/{appointment_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_an_appointment_is_made_and_read_with_its_words(practice: Any) -> None:
    person = await practice.enrol()
    body = plan(person, episode_id=str(person.episode_id))

    answer = await practice.peer.post(A, body)

    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["version"], made["appointment_ids"], made["clashes"]) == (1, [made["id"]], [])
    found = await read(practice.peer, made["id"])
    assert (found["place"], found["purpose"]) == (PLACE, PURPOSE)
    assert (found["status"], found["program_id"]) == ("scheduled", str(practice.program_id))
    assert (found["staff_id"], found["made_by"]) == (str(practice.peer.staff_id),) * 2
    assert (found["origin"], found["zone"]) == ("own_part2", CHICAGO)


async def test_words_are_nowhere_but_sealed_in_the_row(shared: Any, platform: Platform) -> None:
    person = await shared.enrol()
    answer = await shared.peer.post(A, plan(person))
    made = answer.json()["id"]
    await shared.peer.put(f"{A}/{made}", content(plan(person, 30)), 1)

    [row] = await platform.fetch("select * from session_logging.appointment where id = :id", id=UUID(made))
    written = await platform.fetch(
        "select payload from session_logging.outbox where aggregate_id = :id "
        "union all select payload from session_logging.ledger where aggregate_id = :id "
        "union all select detail::text from session_logging.audit_pending where subject_id = :id "
        "union all select detail::text from session_logging.audit where subject_id = :id "
        "union all select convert_from(body, 'UTF8') from session_logging.idempotency where agency_id = :agency",
        id=UUID(made), agency=shared.peer.agency_id,
    )  # fmt: skip

    assert b"canary" not in bytes(row["words"])
    assert len(written) >= 5
    assert "canary" not in str([dict(one) for one in written])


async def test_every_change_tells_the_reminders_anew(shared: Any) -> None:
    person = await shared.enrol()
    made = await shared.peer.created(A, plan(person))
    later = content(plan(person, 48), reminders=["week_before"])

    changed = await shared.peer.put(f"{A}/{made}", later, 1)
    cancelled = await shared.peer.put(f"{A}/{made}/cancellation", {"by": "person"}, 2)

    assert (changed.status_code, changed.headers["etag"], cancelled.status_code) == (200, '"2"', 200)
    first, second, third = await shared.told(made)
    assert [one["type"] for one in (first, second, third)] == [
        "appointment-scheduled", "appointment-changed", "appointment-changed",
    ]  # fmt: skip
    assert first["reminders"] == ["day_before", "two_hours_before"]
    assert (second["reminders"], second["status"]) == (["week_before"], "scheduled")
    assert datetime.fromisoformat(second["starts_at"]) == datetime.fromisoformat(later["starts_at"])
    assert third["status"] == "cancelled_by_person"


async def test_a_weekly_series_is_made_in_one_request(shared: Any) -> None:
    person = await shared.enrol()
    spring = next_clock_change(month=3)
    start = datetime.combine(spring - timedelta(days=10), datetime.min.time()) + timedelta(hours=10)
    body = plan(
        person, starts_at=start.isoformat(), ends_at=(start + timedelta(hours=1)).isoformat(), weekly_times=26,
        id=str(uuid.uuid4()),
    )  # fmt: skip

    answer = await shared.peer.post(A, body)

    assert answer.status_code == 201, answer.text
    ids = answer.json()["appointment_ids"]
    assert (len(set(ids)), ids[0]) == (26, body["id"])
    page = await shared.peer.get(A, participant_id=str(person.participant_id), limit=100)
    items = page.json()["items"]
    begins = [datetime.fromisoformat(one["starts_at"]).astimezone(ZoneInfo(CHICAGO)) for one in items]
    assert [one["id"] for one in items] == ids
    assert {one["series_id"] for one in items} == {ids[0]}
    assert {begin.hour for begin in begins} == {10}
    assert {begin.utcoffset() for begin in begins} == {timedelta(hours=-6), timedelta(hours=-5)}
    for one in ids:
        assert [told["type"] for told in await shared.told(UUID(one))] == ["appointment-scheduled"]


def next_clock_change(month: int) -> date:
    """Return the Sunday on which clocks change in Chicago in the next spring (3) or autumn (11)."""
    today = datetime.now(UTC).date() + timedelta(days=14)
    year = today.year if today < date(today.year, month, 1) else today.year + 1
    first = date(year, month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + (7 if month == 3 else 0))


async def test_a_time_that_a_clock_change_makes_doubtful_is_asked_for_again(shared: Any) -> None:
    person = await shared.enrol()
    spring, autumn = next_clock_change(3), next_clock_change(11)

    skipped = await shared.peer.post(A, plan(person, starts_at=f"{spring}T02:30", ends_at=f"{spring}T04:00"))
    twice = await shared.peer.post(A, plan(person, starts_at=f"{autumn}T01:30", ends_at=f"{autumn}T04:00"))
    said = await shared.peer.post(A, plan(person, starts_at=f"{autumn}T01:30-06:00", ends_at=f"{autumn}T04:00"))

    assert kind(skipped) == (422, "time-does-not-exist")
    assert kind(twice) == (422, "time-comes-twice")
    assert "-05:00" in twice.text
    assert said.status_code == 201


async def test_a_clash_is_told_and_never_refused(shared: Any) -> None:
    peer = await add_staff(shared.administrator, "peer")
    first, second = await shared.enrol_many(2, peer)
    one = await peer.created(A, plan(first, 24))
    apart = await peer.created(A, plan(first, 24.5))

    answer = await peer.post(A, plan(second, 24.25))

    assert answer.status_code == 201
    assert answer.json()["clashes"] == sorted([str(one), str(apart)])
    assert (await read(peer, one))["clashes"] == [answer.json()["id"]]
    assert (await peer.put(f"{A}/{one}/cancellation", {"by": "program"}, 1)).status_code == 200
    assert (await read(peer, answer.json()["id"]))["clashes"] == [str(apart)]


# --- moving and cancelling


async def test_a_moved_appointment_names_the_one_that_replaced_it(shared: Any) -> None:
    person = await shared.enrol()
    old = await shared.peer.created(A, plan(person))

    answer = await shared.peer.post(f"{A}/{old}/reschedulings", ahead(72))

    assert answer.status_code == 201, answer.text
    moved = answer.json()
    before, after = await read(shared.peer, old), await read(shared.peer, moved["id"])
    assert (before["status"], before["replaced_by"]) == ("rescheduled", moved["id"])
    assert (after["status"], after["purpose"], after["reminders"]) == ("scheduled", PURPOSE, before["reminders"])
    assert (moved["clashes"], after["participant_id"]) == ([], before["participant_id"])
    assert [told["status"] for told in await shared.told(old)] == ["scheduled", "rescheduled"]
    assert [told["status"] for told in await shared.told(UUID(moved["id"]))] == ["scheduled"]
    again = await shared.peer.post(f"{A}/{old}/reschedulings", ahead(96))
    assert kind(again) == (409, "appointment-moved")


async def test_moving_twice_with_one_key_moves_once(shared: Any) -> None:
    person = await shared.enrol()
    old = await shared.peer.created(A, plan(person))
    body, key = ahead(72), str(uuid.uuid4())

    first = await shared.peer.post(f"{A}/{old}/reschedulings", body, key=key)
    second = await shared.peer.post(f"{A}/{old}/reschedulings", body, key=key)

    assert (first.status_code, second.content) == (201, first.content)
    page = await shared.peer.get(A, participant_id=str(person.participant_id))
    assert len(page.json()["items"]) == 2


async def test_what_follows_in_a_series_is_cancelled_if_asked(shared: Any) -> None:
    person = await shared.enrol()
    made = (await shared.peer.post(A, plan(person, weekly_times=4))).json()["appointment_ids"]

    alone = await shared.peer.put(f"{A}/{made[0]}/cancellation", {"by": "person"}, 1)
    rest = await shared.peer.put(f"{A}/{made[2]}/cancellation", {"by": "program", "following": True}, 1)

    assert (alone.status_code, rest.status_code) == (200, 200)
    assert [(await read(shared.peer, one))["status"] for one in made] == [
        "cancelled_by_person", "scheduled", "cancelled_by_program", "cancelled_by_program",
    ]  # fmt: skip
    assert [told["status"] for told in await shared.told(UUID(made[3]))] == ["scheduled", "cancelled_by_program"]


async def test_one_that_was_moved_stays_in_its_series(shared: Any) -> None:
    person = await shared.enrol()
    made = (await shared.peer.post(A, plan(person, weekly_times=3))).json()["appointment_ids"]
    moved = (await shared.peer.post(f"{A}/{made[1]}/reschedulings", ahead(24 * 9))).json()["id"]

    await shared.peer.put(f"{A}/{made[0]}/cancellation", {"by": "person", "following": True}, 1)

    assert [(await read(shared.peer, one))["status"] for one in (*made, moved)] == [
        "cancelled_by_person", "rescheduled", "cancelled_by_person", "cancelled_by_person",
    ]  # fmt: skip


async def test_one_without_a_series_has_nothing_that_follows(shared: Any) -> None:
    person = await shared.enrol()
    made = await shared.peer.created(A, plan(person))

    answer = await shared.peer.put(f"{A}/{made}/cancellation", {"by": "person", "following": True}, 1)

    assert kind(answer) == (409, "no-series")
    assert (await read(shared.peer, made))["status"] == "scheduled"


@pytest.mark.parametrize("route", ["", "/cancellation"])
async def test_what_was_cancelled_stays_so(shared: Any, route: str) -> None:
    person = await shared.enrol()
    body = plan(person)
    made = await shared.peer.created(A, body)
    await shared.peer.put(f"{A}/{made}/cancellation", {"by": "person"}, 1)

    answer = await shared.peer.put(f"{A}/{made}{route}", {"by": "program"} if route else content(body), 2)

    assert kind(answer) == (409, "appointment-cancelled")


async def test_a_change_needs_the_version_that_was_seen(shared: Any) -> None:
    person = await shared.enrol()
    body = plan(person)
    made = await shared.peer.created(A, body)

    missing = await shared.peer.put(f"{A}/{made}", content(body))
    stale = await shared.peer.put(f"{A}/{made}/cancellation", {"by": "person"}, 3)

    assert (missing.status_code, stale.status_code) == (428, 412)
    assert (await read(shared.peer, made))["version"] == 1


# --- bad input


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"starts_at": "2026-03-03"}, 422),
        ({"starts_at": 5}, 422),
        ({"ends_at": None}, 422),
        ({"modality": "walk"}, 422),
        ({"location": "moon"}, 422),
        ({"reminders": ["day_before", "day_before"]}, 422),
        ({"reminders": ["an_hour_before"]}, 422),
        ({"weekly_times": 0}, 422),
        ({"weekly_times": 27}, 422),
        ({"place": "x" * 201}, 422),
        ({"place": "two\nlines"}, 422),
        ({"purpose": " "}, 422),
        ({"purpose": "x" * 8001}, 422),
        ({"id": "one"}, 422),
        ({"surprise": True}, 422),
    ],
)
async def test_bad_input_leaves_one_audit_entry_and_nothing_else(
    shared: Any, platform: Platform, changed: dict[str, Any], status: int
) -> None:
    body = plan(shared_person(), **changed)
    left = (
        "select (select count(*) from session_logging.appointment where agency_id = :a) + "
        "(select count(*) from session_logging.idempotency where agency_id = :a) + "
        "(select count(*) from session_logging.outbox where agency_id = :a and type like '%appointment%') + "
        "(select count(*) from session_logging.ledger where agency_id = :a and type like '%appointment%')"
    )
    refused = (
        "select (select count(*) from session_logging.audit_pending where agency_id = :a and outcome = 'refused') + "
        "(select count(*) from session_logging.audit where agency_id = :a and outcome = 'refused')"
    )
    agency = shared.peer.agency_id
    before, audited = await platform.value(left, a=agency), await platform.value(refused, a=agency)

    answer = await shared.peer.post(A, {n: v for n, v in body.items() if v is not None})

    assert answer.status_code == status
    assert "canary" not in answer.text
    assert await platform.value(left, a=agency) == before
    await platform.eventually(refused, audited + 1, a=agency)


def shared_person() -> Any:
    class Nobody:
        participant_id = uuid.UUID(int=7)

    return Nobody


async def test_an_episode_of_somebody_else_or_a_closed_one_is_refused(shared: Any) -> None:
    person, other = await shared.enrol_many(2)
    over = intake.EpisodeFacts(
        episode_id=other.episode_id, participant_id=other.participant_id, program_id=shared.program_id,
        opened_on=date(2026, 1, 5), closed_on=date(2026, 3, 1),
    )  # fmt: skip
    await shared.tell(intake.EPISODE_CLOSED, over, about=other.episode_id, seq=2)
    await shared.platform.eventually("select seq from session_logging.episode where id = :id", 2, id=other.episode_id)

    theirs = await shared.peer.post(A, plan(person, episode_id=str(other.episode_id)))
    closed = await shared.peer.post(A, plan(other, episode_id=str(other.episode_id)))

    assert kind(theirs) == (422, "unknown-episode")
    assert kind(closed) == (409, "episode-closed")


async def test_an_id_is_recorded_once_in_an_agency(shared: Any) -> None:
    person = await shared.enrol()
    body = plan(person, id=str(uuid.uuid4()))

    first, again = await shared.peer.post(A, body), await shared.peer.post(A, body)

    assert (first.status_code, first.json()["id"]) == (201, body["id"])
    assert kind(again) == (409, "already-recorded")


# --- lists


async def test_pages_follow_one_another_by_time(shared: Any) -> None:
    person = await shared.enrol()
    made = [str(await shared.peer.created(A, plan(person, hours))) for hours in (60, 30, 45, 30, 90)]
    asked = {"participant_id": str(person.participant_id), "limit": 2}

    seen, following = [], None
    while True:
        page = (await shared.peer.get(A, **asked, **({"next": following} if following else {}))).json()
        seen += page["items"]
        following = page["next"]
        if following is None:
            break

    assert sorted(one["id"] for one in seen) == sorted(made)
    starts = [one["starts_at"] for one in seen]
    assert starts == sorted(starts)


async def test_a_list_is_of_some_days_and_a_status(shared: Any) -> None:
    person = await shared.enrol()
    soon = await shared.peer.created(A, plan(person, 24))
    await shared.peer.created(A, plan(person, 24 * 20))
    cancelled = await shared.peer.created(A, plan(person, 25))
    await shared.peer.put(f"{A}/{cancelled}/cancellation", {"by": "person"}, 1)
    whose = {"participant_id": str(person.participant_id)}
    last = (datetime.now(UTC) + timedelta(days=5)).date().isoformat()

    scheduled = await shared.peer.get(A, **whose, status="scheduled", last_day=last)
    gone = await shared.peer.get(A, **whose, status="cancelled_by_person")
    none = await shared.peer.get(A, **whose, first_day="2199-01-01")
    bad = await shared.peer.get(A, **whose, next="zzz")

    assert [one["id"] for one in scheduled.json()["items"]] == [str(soon)]
    assert [one["id"] for one in gone.json()["items"]] == [str(cancelled)]
    assert none.json()["items"] == []
    assert kind(bad) == (422, "bad-cursor")
