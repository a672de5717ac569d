"""Groups with their rosters, and counts of mutual-aid attendance."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

GROUPS = "/api/session-logging/v1/groups"
MUTUAL_AID = "/api/session-logging/v1/mutual-aid-attendances"


def group(practice: Any, people: list[Any], **changed: Any) -> dict[str, Any]:
    """Return the body of a group of an hour and a half, with a note for everybody."""
    ended_at = datetime.now(UTC) - timedelta(hours=1)
    attendees = [
        {
            "participant_id": str(person.participant_id), "episode_id": str(person.episode_id),
            "goal_ids": [str(person.goal_id)], "outcome": "completed",
            "note": {
                "summary": f"canary note {place}", "progress": "p", "response": "r", "events": "none",
            },
        }
        for place, person in enumerate(people)
    ]  # fmt: skip
    body = {
        "program_id": str(practice.program_id), "delivery_method": "in_person", "location": "recovery_center",
        "service_code": "H0038", "activities": ["group_facilitation"], "attendees": attendees,
        "started_at": (ended_at - timedelta(minutes=90)).isoformat(), "ended_at": ended_at.isoformat(),
    }  # fmt: skip
    return body | changed


async def test_a_group_of_twelve_gives_everybody_a_line_and_a_note_of_their_own(practice: Any) -> None:
    await practice.credential()
    people = await practice.enrol_many(12)

    group_id = await practice.peer.created(GROUPS, group(practice, people, sign=True))

    [held] = await practice.told(group_id)
    assert (held["type"], held["size"], held["staff_id"]) == ("group-held", 12, str(practice.peer.staff_id))
    rows = await practice.platform.fetch("select * from session_logging.peer_session where group_id = :id", id=group_id)
    assert {row["participant_id"] for row in rows} == {person.participant_id for person in people}
    assert {(row["format"], row["modality"], row["minutes"], row["units"]) for row in rows} == {
        ("group", "group_facilitation", 90, 6)
    }
    assert {tuple(row["modifiers"]) for row in rows} == {("HQ",)}
    assert {tuple(row["missing_elements"]) for row in rows} == {()}
    notes = {(await _read(practice, row["id"]))["note"]["summary"] for row in rows}
    assert notes == {f"canary note {place}" for place in range(12)}
    told = [event for row in rows for event in await practice.told(row["id"])]
    assert [event["type"] for event in told] == ["session-signed"] * 12
    assert "canary" not in str(told)


async def _read(practice: Any, session_id: UUID) -> Any:
    return (await practice.peer.get(f"/api/session-logging/v1/sessions/{session_id}")).json()


async def test_a_group_of_thirteen_is_taken_for_the_report_flags_it(shared: Any) -> None:
    people = await shared.enrol_many(13)

    group_id = await shared.peer.created(GROUPS, group(shared, people))

    [held] = await shared.told(group_id)
    assert held["size"] == 13


async def test_who_did_not_come_is_on_the_roster_but_not_counted(shared: Any) -> None:
    people = await shared.enrol_many(3)
    body = group(shared, people)
    body["attendees"][2] |= {"outcome": "no_show", "note": None}

    group_id = await shared.peer.created(GROUPS, body)

    [held] = await shared.told(group_id)
    assert held["size"] == 2
    absent = await shared.platform.fetch(
        "select * from session_logging.peer_session where group_id = :id and outcome = 'no_show'", id=group_id
    )
    assert [row["units"] for row in absent] == [0]


async def test_a_roster_that_cannot_be_is_refused_as_a_whole(practice: Any) -> None:
    one, other = await practice.enrol_many(2)
    twice = group(practice, [one, one])
    strange = group(practice, [one, other])
    strange["attendees"][1]["episode_id"] = str(one.episode_id)
    nobody = group(practice, [one])
    nobody["attendees"][0]["outcome"] = "no_show"
    oneself = group(practice, [one], co_facilitator_id=str(practice.peer.staff_id))
    elsewhere = group(practice, [one], program_id=str(one.episode_id))

    answers = [await practice.peer.post(GROUPS, body) for body in (twice, strange, nobody, oneself, elsewhere)]

    assert [(answer.status_code, answer.json()["errors"][0]["pointer"]) for answer in answers] == [
        (422, "/attendees/1/participant_id"),
        (422, "/attendees/1/participant_id"),
        (422, "/attendees"),
        (422, "/co_facilitator_id"),
        (422, "/program_id"),
    ]
    assert await practice.rows_left() == {"sessions": 0, "answers": 0, "events": 0, "audited": 0}


async def test_a_line_of_a_group_is_told_again_at_the_groups_time_only(shared: Any) -> None:
    [person] = await shared.enrol_many(1)
    body = group(shared, [person])
    group_id = await shared.peer.created(GROUPS, body)
    [row] = await shared.platform.fetch("select id from session_logging.peer_session where group_id = :id", id=group_id)
    path = f"/api/session-logging/v1/sessions/{row['id']}"
    line = {name: value for name, value in body.items() if name not in ("program_id", "attendees")}
    line |= {"modality": "group_facilitation", "outcome": "partial"}

    earlier = (datetime.now(UTC) - timedelta(hours=5)).isoformat()
    moved = await shared.peer.put(path, line | {"started_at": earlier}, 1)
    told = await shared.peer.put(path, line, 1)

    assert (moved.status_code, moved.json()["type"]) == (422, "/problems/times-are-the-groups")
    assert told.status_code == 200
    assert (await shared.row(row["id"]))["modifiers"] == ["HQ"]


async def test_a_co_facilitator_is_named_in_the_fact(shared: Any, colleagues: Any) -> None:
    people = await shared.enrol_many(2)
    colleague = colleagues.peer
    await shared.heard("staff", [colleague.staff_id])

    group_id = await shared.peer.created(GROUPS, group(shared, people, co_facilitator_id=str(colleague.staff_id)))

    assert (await shared.told(group_id))[0]["co_facilitator_id"] == str(colleague.staff_id)


async def test_daily_sums_hold_within_a_group(open_practice: Any) -> None:
    practice = await open_practice(unit_method="daily_sum_floor_15")
    people = await practice.enrol_many(2)
    times = [("09:00", "09:10"), ("10:00", "10:10")]

    for start, end in times:
        when = {"started_at": f"2026-03-03T{start}", "ended_at": f"2026-03-03T{end}"}
        await practice.peer.created(GROUPS, group(practice, people) | when)

    total = "select sum(units) from session_logging.peer_session where participant_id = :id"
    for person in people:
        assert await practice.platform.value(total, id=person.participant_id) == 1


async def test_attendance_is_a_count_for_people_one_serves(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    stranger = colleagues.peer
    body = {"participant_id": str(person.participant_id), "mutual_aid": "AA", "attended_on": "2026-03-03"}

    attendance_id = await shared.peer.created(MUTUAL_AID, body)
    refused = await stranger.post(MUTUAL_AID, body)

    [told] = await shared.told(attendance_id)
    assert (told["type"], told["mutual_aid"], told["attended_on"]) == ("mutual-aid-attended", "AA", "2026-03-03")
    assert refused.status_code == 404


async def test_attendance_that_cannot_be_is_refused(shared: Any) -> None:
    person = await shared.enrol()
    body = {"participant_id": str(person.participant_id), "mutual_aid": "AA", "attended_on": "2026-03-03"}
    wrong = [{"attended_on": "2126-01-01"}, {"attended_on": "2026-02-30"}, {"mutual_aid": "GYM"}, {"place": "church"}]

    answers = [await shared.peer.post(MUTUAL_AID, body | changed) for changed in wrong]

    assert [answer.status_code for answer in answers] == [422, 422, 422, 422]
