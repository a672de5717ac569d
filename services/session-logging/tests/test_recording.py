"""Recording a session through HTTP: one statement, once per key, only for people on the caseload."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

import httpx

from handrail.testing import Platform, add_staff, open_agency

SESSIONS = "/api/session-logging/v1/sessions"


async def test_a_draft_is_recorded_with_its_units_and_what_it_lacks(shared: Any) -> None:
    person = await shared.enrol()

    session_id = await shared.peer.created(SESSIONS, shared.session(person))

    row = await shared.row(session_id)
    assert (row["staff_id"], row["status"], row["format"]) == (shared.peer.staff_id, "draft", "individual")
    assert (row["minutes"], row["units"], row["program_id"]) == (45, 3, shared.program_id)
    assert row["missing_elements"] == ["signature", "credential"]
    assert b"canary" not in row["note"]


async def test_a_fact_is_told_without_a_word_of_the_note(practice: Any, platform: Platform) -> None:
    person = await practice.enrol()
    session_id = await practice.peer.created(SESSIONS, practice.session(person))

    [told] = await practice.told(session_id)

    assert (told["type"], told["status"], told["units"]) == ("session-recorded", "draft", "3")
    assert told["goal_ids"] == [str(person.goal_id)]
    assert (told["imported"], told["zone"]) == (False, "America/Chicago")
    for table in ("outbox", "ledger", "audit_pending", "audit", "idempotency"):
        row = f"select count(*) from session_logging.{table} t where t::text like '%canary%'"
        assert await platform.value(row) == 0


async def test_state_answer_event_and_audit_are_equally_many(practice: Any) -> None:
    people = await practice.enrol_many(3)

    for person in people:
        await practice.peer.created(SESSIONS, practice.session(person))
        await practice.peer.created(SESSIONS, practice.session(person, note=None, goal_ids=[]))

    assert await practice.rows_left() == {"sessions": 6, "answers": 6, "events": 6, "audited": 6}


async def test_when_the_answer_comes_the_session_is_on_disk(shared: Any) -> None:
    person = await shared.enrol()

    for _ in range(5):
        session_id = await shared.peer.created(SESSIONS, shared.session(person))
        assert (await shared.row(session_id))["version"] == 1


async def test_a_repeat_is_answered_byte_for_byte_and_another_body_refused(practice: Any) -> None:
    person = await practice.enrol()
    body = practice.session(person)

    first = await practice.peer.post(SESSIONS, body, key="one-intention")
    second = await practice.peer.post(SESSIONS, body, key="one-intention")
    other = await practice.peer.post(SESSIONS, body | {"outcome": "partial"}, key="one-intention")

    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert first.headers["location"] == second.headers["location"] == f"{SESSIONS}/{first.json()['id']}"
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert (await practice.rows_left())["sessions"] == 1


async def test_sixteen_at_once_with_one_key_leave_one_session(practice: Any) -> None:
    person = await practice.enrol()
    body = practice.session(person)

    answers = await asyncio.gather(*(practice.peer.post(SESSIONS, body, key="pressed-often") for _ in range(16)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await practice.rows_left() == {"sessions": 1, "answers": 1, "events": 1, "audited": 1}


async def test_a_repeat_is_answered_even_after_the_assignment_ended(shared: Any) -> None:
    person = await shared.enrol()
    body = shared.session(person)
    first = await shared.peer.post(SESSIONS, body, key="before-the-end")
    await shared.assign(person, shared.peer, valid_to=date(2026, 2, 1), seq=2)
    await shared.platform.eventually(
        "select seq from session_logging.assignment where id = :id", 2, id=person.assignment_id
    )

    again = await shared.peer.post(SESSIONS, body, key="before-the-end")
    another = await shared.peer.post(SESSIONS, body, key="after-the-end")

    assert (again.status_code, again.content) == (201, first.content)
    assert another.status_code == 404


async def test_another_agencys_episode_is_not_there(shared: Any, platform: Platform, http: Any) -> None:
    person = await shared.enrol()
    stranger = await add_staff(await open_agency(http, platform), "peer", "supervisor")

    answer = await stranger.post(SESSIONS, shared.session(person))

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


async def test_a_person_not_on_the_caseload_is_not_there_but_a_supervisor_stands_in(practice: Any) -> None:
    person = await practice.enrol()
    colleague = await add_staff(practice.administrator, "peer")
    supervisor = await add_staff(practice.administrator, "supervisor")
    await practice.peer.created(SESSIONS, practice.session(person))  # so that the episode is well known by now

    refused = await colleague.post(SESSIONS, practice.session(person))
    stood_in = await supervisor.post(SESSIONS, practice.session(person))

    assert (refused.status_code, stood_in.status_code) == (404, 201)
    assert await practice.rows_left() == {"sessions": 2, "answers": 2, "events": 2, "audited": 2}


async def test_an_episode_of_somebody_else_is_not_there(shared: Any) -> None:
    one, other = await shared.enrol_many(2)

    answer = await shared.peer.post(SESSIONS, shared.session(one, episode_id=str(other.episode_id)))

    assert answer.status_code == 404


async def test_a_goal_of_somebody_else_is_refused_whether_the_episode_is_known_or_not(shared: Any) -> None:
    one, other = await shared.enrol_many(2)
    body = shared.session(one, goal_ids=[str(other.goal_id)])

    first = await shared.peer.post(SESSIONS, body)
    await shared.peer.created(SESSIONS, shared.session(one))
    second = await shared.peer.post(SESSIONS, body)

    for answer in (first, second):
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/unknown-goal")
        assert answer.json()["errors"][0]["pointer"] == "/goal_ids"


async def test_a_changed_zone_is_noticed_by_the_statement(practice: Any) -> None:
    person = await practice.enrol()
    first = await practice.peer.created(SESSIONS, practice.session(person))
    async with practice.platform.admin.begin() as connection:
        await connection.exec_driver_sql(
            f"update session_logging.agency set zone = 'America/New_York' where id = '{practice.peer.agency_id}'"
        )

    second = await practice.peer.created(SESSIONS, practice.session(person))

    assert (await practice.row(first))["zone"] == "America/Chicago"
    assert (await practice.row(second))["zone"] == "America/New_York"


async def test_a_wall_clock_time_is_the_agencys(shared: Any) -> None:
    person = await shared.enrol()

    session_id = await shared.peer.created(
        SESSIONS, shared.session(person, started_at="2026-03-07T23:30", ended_at="2026-03-08T03:30")
    )

    row = await shared.row(session_id)
    assert row["started_at"] == datetime(2026, 3, 8, 5, 30, tzinfo=UTC)
    assert row["ended_at"] == datetime(2026, 3, 8, 8, 30, tzinfo=UTC)  # summer time began at 2:00
    assert (row["service_date"], row["minutes"]) == (date(2026, 3, 7), 180)


async def test_a_no_show_has_no_units(shared: Any) -> None:
    person = await shared.enrol()

    session_id = await shared.peer.created(SESSIONS, shared.session(person, outcome="no_show", note=None))

    assert (await shared.row(session_id))["units"] == 0


async def test_daily_sums_add_up_over_the_day(open_practice: Any) -> None:
    practice = await open_practice(unit_method="daily_sum_midpoint_8")
    person = await practice.enrol()
    times = [("09:00", "09:05"), ("10:00", "10:05"), ("11:00", "11:20")]

    ids = [
        await practice.peer.created(
            SESSIONS,
            practice.session(person, started_at=f"2026-03-03T{start}", ended_at=f"2026-03-03T{end}"),
        )
        for start, end in times
    ]

    # 5 minutes are 0 units, 10 are 1, 30 are 2.
    assert [(await practice.row(session_id))["units"] for session_id in ids] == [0, 1, 1]


async def test_daily_sums_at_once_still_add_up(open_practice: Any) -> None:
    practice = await open_practice(unit_method="daily_sum_floor_15")
    person = await practice.enrol()
    bodies = [
        practice.session(person, started_at=f"2026-03-03T{9 + n:02}:00", ended_at=f"2026-03-03T{9 + n:02}:10")
        for n in range(6)
    ]

    await asyncio.gather(*(practice.peer.post(SESSIONS, body) for body in bodies))

    total = "select sum(units) from session_logging.peer_session where participant_id = :id"
    assert await practice.platform.value(total, id=person.participant_id) == 4


NUL, BIDI = "a\0b", "a\u202eb"
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "end before start": ({"started_at": "2026-03-03T10:00Z", "ended_at": "2026-03-03T09:00Z"}, "/ended_at"),
    "no time at all": ({"started_at": "2026-03-03T10:00Z", "ended_at": "2026-03-03T10:00Z"}, "/ended_at"),
    "more than a day": ({"started_at": "2026-03-03T10:00Z", "ended_at": "2026-03-04T10:01Z"}, "/ended_at"),
    "future": ({"started_at": "2026-03-03T10:00Z", "ended_at": "2126-03-03T10:00Z"}, "/ended_at"),
    "just ahead": ({"ended_at": "2126-03-03T10:00Z", "started_at": "2126-03-03T09:00Z"}, "/ended_at"),
    "30 February": ({"started_at": "2026-02-30T10:00Z"}, "/started_at"),
    "skipped by summer time": ({"started_at": "2026-03-08T02:30", "ended_at": "2026-03-08T03:30"}, "/started_at"),
    "end skipped": ({"started_at": "2026-03-08T01:30", "ended_at": "2026-03-08T02:30"}, "/ended_at"),
    "comes twice": ({"started_at": "2025-11-02T01:30", "ended_at": "2025-11-02T03:00"}, "/started_at"),
    "a bare date": ({"started_at": "2026-03-03"}, "/started_at"),
    "a number": ({"started_at": 1772500000}, "/started_at"),
    "year 1": ({"started_at": "0001-01-01T00:00"}, "/started_at"),
    "year 9999": ({"ended_at": "9999-12-31T23:59"}, "/ended_at"),
    "NUL": ({"note": {"summary": NUL}}, "/note/summary"),
    "bidi": ({"note": {"summary": BIDI}}, "/note/summary"),
    "blank": ({"note": {"summary": "  "}}, "/note/summary"),
    "9,000 letters": ({"note": {"summary": "x" * 9000}}, "/note/summary"),
    "unknown field": ({"staff_id": "0" * 32}, "/staff_id"),
    "unknown field in the note": ({"note": {"summary": "x", "diagnosis": "y"}}, "/note/diagnosis"),
    "clinical activity": ({"activities": ["psychotherapy"]}, "/activities/0"),
    "no activity": ({"activities": []}, "/activities"),
    "unknown outcome": ({"outcome": "cured"}, "/outcome"),
    "no code": ({"service_code": "H38"}, "/service_code"),
}


async def test_what_cannot_be_is_refused_with_its_field_and_leaves_nothing(practice: Any) -> None:
    person = await practice.enrol()
    whole = practice.session(person)

    answers = {what: await practice.peer.post(SESSIONS, whole | changed) for what, (changed, _) in BAD.items()}

    assert {what: (answer.status_code, _pointer(answer)) for what, answer in answers.items()} == {
        what: (422, pointer) for what, (_, pointer) in BAD.items()
    }
    assert {answer.headers["content-type"] for answer in answers.values()} == {"application/problem+json"}
    assert await practice.rows_left() == {"sessions": 0, "answers": 0, "events": 0, "audited": 0}


def _pointer(answer: httpx.Response) -> str:
    return str(answer.json()["errors"][0]["pointer"])


async def test_a_megabyte_another_content_type_no_key_and_no_token_are_refused(shared: Any) -> None:
    person = await shared.enrol()
    body = shared.session(person)
    headers = shared.peer.headers({"Idempotency-Key": "a-new-intention"})

    huge = await shared.peer.post(SESSIONS, body | {"note": {"summary": "x" * 1_100_000}})
    form = await shared.peer.http.post(SESSIONS, data={"a": "b"}, headers=headers)
    keyless = await shared.peer.http.post(SESSIONS, json=body, headers=shared.peer.headers())
    nobody = await shared.peer.http.post(SESSIONS, json=body, headers={"Idempotency-Key": "a-new-intention"})

    assert [answer.status_code for answer in (huge, form, keyless, nobody)] == [413, 415, 400, 401]


async def test_administrators_and_auditors_do_not_record(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    auditor = colleagues.auditor

    for caller in (shared.administrator, auditor):
        assert (await caller.post(SESSIONS, shared.session(person))).status_code == 403
