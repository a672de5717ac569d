"""What came of an appointment: kept with a session or without, missed, or closed by mistake."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

A = "/api/session-logging/v1/appointments"
SESSIONS = "/api/session-logging/v1/sessions"


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def plan(person: Any, hours: float) -> dict[str, Any]:
    start = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(hours=hours)
    return {
        "participant_id": str(person.participant_id), "modality": "one_on_one_mentoring",
        "starts_at": start.isoformat(), "ends_at": (start + timedelta(minutes=45)).isoformat(),
    }  # fmt: skip


@pytest.fixture
async def person(shared: Any) -> Any:
    return await shared.enrol()


@pytest.fixture
async def past(shared: Any, person: Any) -> UUID:
    """An appointment that was an hour and a half ago."""
    made: UUID = await shared.peer.created(A, plan(person, -1.5))
    return made


async def status_of(shared: Any, appointment_id: UUID) -> tuple[str, str | None]:
    found = (await shared.peer.get(f"{A}/{appointment_id}")).json()
    return found["status"], found["session_id"]


async def test_a_kept_appointment_names_its_session_then_or_later(shared: Any, person: Any, past: UUID) -> None:
    kept = await shared.peer.put(f"{A}/{past}/kept", {}, 1)
    session_id = await shared.peer.created(SESSIONS, shared.session(person))

    linked = await shared.peer.put(f"{A}/{past}/kept", {"session_id": str(session_id)}, 2)

    assert (kept.status_code, linked.status_code, linked.headers["etag"]) == (200, 200, '"3"')
    assert await status_of(shared, past) == ("kept", str(session_id))
    assert [(one["status"], one.get("session_id")) for one in await shared.told(past)] == [
        ("scheduled", None), ("kept", None), ("kept", str(session_id)),
    ]  # fmt: skip


async def test_a_no_show_writes_no_session_and_counts_as_none(shared: Any, person: Any, past: UUID) -> None:
    answer = await shared.peer.put(f"{A}/{past}/no-show", {}, 1)

    assert answer.status_code == 200
    assert await status_of(shared, past) == ("no_show", None)
    whose = {"participant_id": str(person.participant_id)}
    assert (await shared.peer.get(SESSIONS, **whose)).json()["items"] == []
    service = "select count(*) from session_logging.peer_session where participant_id = :id"
    assert await shared.platform.value(service, id=person.participant_id) == 0


async def test_a_recorded_no_show_has_no_units_and_comes_of_no_appointment(
    shared: Any, person: Any, past: UUID
) -> None:
    body = shared.session(person, outcome="no_show", note=None)
    session_id = await shared.peer.created(SESSIONS, body)

    linked = await shared.peer.put(f"{A}/{past}/kept", {"session_id": str(session_id)}, 1)

    assert kind(linked) == (409, "session-not-held")
    assert (await shared.row(session_id))["units"] == 0


async def test_who_comes_late_was_kept_after_all(shared: Any, past: UUID) -> None:
    await shared.peer.put(f"{A}/{past}/no-show", {}, 1)

    answer = await shared.peer.put(f"{A}/{past}/kept", {}, 2)

    assert answer.status_code == 200
    assert (await status_of(shared, past))[0] == "kept"


async def test_nobody_knows_before_its_time(shared: Any, person: Any) -> None:
    made = await shared.peer.created(A, plan(person, 2))

    missed = await shared.peer.put(f"{A}/{made}/no-show", {}, 1)
    kept = await shared.peer.put(f"{A}/{made}/kept", {}, 1)
    earlier = await shared.peer.created(SESSIONS, shared.session(person))
    with_session = await shared.peer.put(f"{A}/{made}/kept", {"session_id": str(earlier)}, 1)

    assert kind(missed) == kind(kept) == (409, "not-begun-yet")
    assert with_session.status_code == 200


async def test_only_a_session_of_the_same_person_came_of_it(shared: Any, colleagues: Any, past: UUID) -> None:
    other = await shared.enrol()
    theirs = await shared.peer.created(SESSIONS, shared.session(other))

    for session_id in (theirs, uuid.uuid4()):
        answer = await shared.peer.put(f"{A}/{past}/kept", {"session_id": str(session_id)}, 1)
        assert kind(answer) == (422, "unknown-session")
    assert (await status_of(shared, past)) == ("scheduled", None)


async def test_a_session_came_of_one_appointment(shared: Any, person: Any, past: UUID) -> None:
    second = await shared.peer.created(A, plan(person, -3))
    session_id = await shared.peer.created(SESSIONS, shared.session(person))
    linked = {"session_id": str(session_id)}
    assert (await shared.peer.put(f"{A}/{past}/kept", linked, 1)).status_code == 200

    answer = await shared.peer.put(f"{A}/{second}/kept", linked, 1)

    assert kind(answer) == (409, "session-already-linked")


async def test_what_a_session_came_of_was_kept_until_the_session_is_voided(
    shared: Any, person: Any, past: UUID
) -> None:
    wrong, right = [await shared.peer.created(SESSIONS, shared.session(person)) for _ in range(2)]
    await shared.peer.put(f"{A}/{past}/kept", {"session_id": str(wrong)}, 1)

    missed = await shared.peer.put(f"{A}/{past}/no-show", {}, 2)
    other = await shared.peer.put(f"{A}/{past}/kept", {"session_id": str(right)}, 2)
    voided = await shared.peer.put(f"{SESSIONS}/{wrong}/void", {"reason": "recorded_twice"}, 1)
    relinked = await shared.peer.put(f"{A}/{past}/kept", {"session_id": str(right)}, 2)

    assert kind(missed) == kind(other) == (409, "session-came-of-it")
    assert (voided.status_code, relinked.status_code) == (200, 200)
    assert await status_of(shared, past) == ("kept", str(right))


async def test_a_voided_session_came_of_nothing(shared: Any, person: Any, past: UUID) -> None:
    session_id = await shared.peer.created(SESSIONS, shared.session(person))
    await shared.peer.put(f"{SESSIONS}/{session_id}/void", {"reason": "did_not_happen"}, 1)

    answer = await shared.peer.put(f"{A}/{past}/kept", {"session_id": str(session_id)}, 1)

    assert kind(answer) == (409, "session-voided")


@pytest.mark.parametrize("route", ["", "/reschedulings"])
async def test_what_came_of_it_is_not_planned_anew(shared: Any, person: Any, past: UUID, route: str) -> None:
    await shared.peer.put(f"{A}/{past}/no-show", {}, 1)
    body = plan(person, 24)
    del body["participant_id"]

    if route:
        del body["modality"]
        answer = await shared.peer.post(f"{A}/{past}{route}", body)
    else:
        answer = await shared.peer.put(f"{A}/{past}", body, 2)

    assert kind(answer) == (409, "appointment-closed")
