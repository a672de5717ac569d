"""Moving in from another system: original times, once, all or nothing."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

IMPORTS = "/api/session-logging/v1/imports"


def session(practice: Any, person: Any, external_id: str, **changed: Any) -> dict[str, Any]:
    body = practice.session(
        person, started_at="2026-02-03T10:00", ended_at="2026-02-03T10:50", staff_id=str(practice.peer.staff_id),
        external_id=external_id, recorded_at="2026-02-04T15:00:00Z", signed_at="2026-02-05T15:00:00Z",
    )  # fmt: skip
    return {name: value for name, value in (body | changed).items() if value is not None}


def whole(practice: Any, people: list[Any]) -> dict[str, Any]:
    """Return an import with sessions that overlap, one late and unsigned without goals, a group and an attendance."""
    one, other = people
    attendees = [
        {
            "participant_id": str(person.participant_id), "episode_id": str(person.episode_id),
            "outcome": "completed", "note": {"summary": "canary group"},
        }
        for person in people
    ]  # fmt: skip
    return {
        "source_system": "legacy-ehr",
        "sessions": [
            session(practice, one, "s1"),
            session(practice, one, "s2", started_at="2026-02-03T10:30", ended_at="2026-02-03T11:00"),
            session(practice, other, "s3", signed_at=None, goal_ids=[], recorded_at="2026-05-01T00:00:00Z"),
        ],
        "groups": [
            {
                "external_id": "g1", "program_id": str(practice.program_id), "staff_id": str(practice.peer.staff_id),
                "delivery_method": "in_person", "activities": ["group_facilitation"],
                "started_at": "2026-02-10T18:00", "ended_at": "2026-02-10T19:00",
                "recorded_at": "2026-02-10T21:00:00Z", "attendees": attendees,
            }
        ],
        "mutual_aid": [
            {
                "external_id": "m1", "participant_id": str(one.participant_id), "mutual_aid": "ALANON",
                "attended_on": "2026-02-11",
            }
        ],
    }  # fmt: skip


async def test_history_keeps_its_times_and_says_where_it_came_from(practice: Any) -> None:
    await practice.credential()
    people = await practice.enrol_many(2)

    answer = await practice.administrator.post(IMPORTS, whole(practice, people))

    assert answer.status_code == 201, answer.text
    ids = answer.json()
    assert [row["external_id"] for row in ids["sessions"]] == ["s1", "s2", "s3"]
    [told] = await practice.told(uuid.UUID(ids["sessions"][0]["id"]))
    assert (told["type"], told["imported"], told["minutes"], told["units"]) == ("session-signed", True, 50, "3")
    assert told["recorded_at"] == "2026-02-04T15:00:00Z"
    assert told["signed_at"] == "2026-02-05T15:00:00Z"
    assert told["credential_at_signing"] == "certified_peer_specialist"
    [late] = await practice.told(uuid.UUID(ids["sessions"][2]["id"]))
    assert (late["type"], late["goal_ids"]) == ("session-recorded", [])
    [held] = await practice.told(uuid.UUID(ids["groups"][0]["id"]))
    assert (held["size"], held["imported"]) == (2, True)
    [attended] = await practice.told(uuid.UUID(ids["mutual_aid"][0]["id"]))
    assert (attended["mutual_aid"], attended["imported"]) == ("ALANON", True)
    row = await practice.row(uuid.UUID(ids["sessions"][0]["id"]))
    assert (row["source_system"], row["recorded_at"]) == ("legacy-ehr", datetime(2026, 2, 4, 15, tzinfo=UTC))
    read = await practice.peer.get(f"/api/session-logging/v1/sessions/{row['id']}")
    assert read.json()["note"]["summary"].startswith("canary-summary")


async def test_an_import_repeated_under_another_key_writes_nothing_and_answers_alike(practice: Any) -> None:
    people = await practice.enrol_many(2)
    body = whole(practice, people)
    first = await practice.administrator.post(IMPORTS, body)
    before = await practice.rows_left()

    second = await practice.administrator.post(IMPORTS, body)
    body["sessions"].append(
        session(practice, people[0], "s4", started_at="2026-02-20T10:00", ended_at="2026-02-20T11:00")
    )
    third = await practice.administrator.post(IMPORTS, body)

    assert (second.status_code, second.json()) == (201, first.json())
    assert third.json()["sessions"][:3] == first.json()["sessions"]
    after = await practice.rows_left()
    assert (after["sessions"], after["events"]) == (before["sessions"] + 1, before["events"] + 1)


@pytest.mark.parametrize(
    ("what", "pointer"),
    [
        ("episode", "/sessions/1/episode_id"),
        ("participant", "/sessions/1/participant_id"),
        ("staff", "/sessions/1/staff_id"),
        ("goal", "/sessions/1/goal_ids"),
        ("program", "/groups/0/program_id"),
        ("attendee", "/groups/0/attendees/1/episode_id"),
        ("attendance", "/mutual_aid/0/participant_id"),
    ],
)
async def test_an_unknown_id_anywhere_refuses_everything(shared: Any, what: str, pointer: str) -> None:
    practice, people = shared, await shared.enrol_many(2)
    before = await practice.rows_left()
    body, nobody = whole(practice, people), str(uuid.uuid4())
    place = {
        "episode": body["sessions"][1], "participant": body["sessions"][1], "staff": body["sessions"][1],
        "goal": body["sessions"][1], "program": body["groups"][0], "attendee": body["groups"][0]["attendees"][1],
        "attendance": body["mutual_aid"][0],
    }[what]  # fmt: skip
    field = pointer.rpartition("/")[2]
    place[field] = [nobody] if field == "goal_ids" else nobody

    answer = await practice.administrator.post(IMPORTS, body)

    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert await practice.rows_left() == before


async def test_times_that_cannot_be_and_rows_sent_twice_are_pointed_at(shared: Any) -> None:
    people = await shared.enrol_many(2)
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    cases = [
        ({"ended_at": "2026-02-03T09:00"}, "/sessions/1/ended_at"),
        ({"started_at": "2026-03-08T02:30", "ended_at": "2026-03-08T03:30"}, "/sessions/1/started_at"),
        ({"signed_at": ahead}, "/sessions/1/signed_at"),
        ({"recorded_at": ahead}, "/sessions/1/recorded_at"),
        ({"external_id": "s1"}, "/sessions/1/external_id"),
    ]

    answers = []
    for changed, _ in cases:
        body = whole(shared, people)
        body["sessions"][1] |= changed
        answers.append(await shared.administrator.post(IMPORTS, body))

    assert [answer.status_code for answer in answers] == [422] * 5
    assert [answer.json()["errors"][0]["pointer"] for answer in answers] == [pointer for _, pointer in cases]


async def test_only_administrators_import(shared: Any, colleagues: Any) -> None:
    supervisor = colleagues.supervisor

    for caller in (shared.peer, supervisor):
        assert (await caller.post(IMPORTS, {"source_system": "x"})).status_code == 403
