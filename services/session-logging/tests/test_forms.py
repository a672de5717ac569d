"""Every form of peer support over HTTP: what each asks for, and what belongs to no peer."""

import base64
import json
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from common.contracts.codes import DeliveryMethod, Modality
from session_logging.rules.forms import BY, OutsideTheRole

SESSIONS = "/api/session-logging/v1/sessions"
ELSEWHERE = (Modality.WARM_HANDOFF, Modality.GROUP_FACILITATION)  # each with what it asks for, below
ORDINARY = [modality for modality in Modality if modality not in ELSEWHERE]


def code(answer: Any) -> tuple[int, str, str]:
    problem = answer.json()
    pointer = problem["errors"][0]["pointer"] if problem["errors"] else ""
    return answer.status_code, problem["type"].removeprefix("/problems/"), pointer


def handoff(body: dict[str, Any], **changed: Any) -> dict[str, Any]:
    middle = datetime.fromisoformat(body["started_at"]) + timedelta(minutes=20)
    return {"way": "in_person", "receiver": "treatment_provider", "accepted_at": middle.isoformat()} | changed


@pytest.mark.parametrize("modality", ORDINARY)
async def test_every_form_of_support_is_a_session(shared: Any, modality: Modality) -> None:
    person = await shared.enrol()
    method = min(BY.get(modality, {DeliveryMethod.IN_PERSON}))

    session_id = await shared.peer.created(
        SESSIONS, shared.session(person, modality=modality, delivery_method=method, service_code=None)
    )

    read = (await shared.peer.get(f"{SESSIONS}/{session_id}")).json()
    assert (read["modality"], read["delivery_method"], read["minutes"]) == (modality, method, 45)


async def test_what_helped_and_what_was_shown_is_kept_and_told(shared: Any) -> None:
    person = await shared.enrol()
    tags = {
        "competencies": ["CC-1.2", "CC-3"],
        "mechanisms": ["shared_identity", "coping_practice"],
        "navigation": ["goal_setting"],
    }

    session_id = await shared.peer.created(SESSIONS, shared.session(person, **tags))

    read = (await shared.peer.get(f"{SESSIONS}/{session_id}")).json()
    (told,) = await shared.told(session_id)
    assert {name: read[name] for name in tags} == tags == {name: told[name] for name in tags}


@pytest.mark.parametrize("activity", OutsideTheRole)
async def test_clinical_and_foreign_work_is_refused_by_name(shared: Any, activity: OutsideTheRole) -> None:
    person = await shared.enrol()
    body = shared.session(person, activities=["advocacy", activity])

    assert code(await shared.peer.post(SESSIONS, body)) == (422, "outside-the-peer-role", "/activities/1")


@pytest.mark.parametrize("modality", BY)
async def test_a_method_that_contradicts_the_form_is_refused(shared: Any, modality: Modality) -> None:
    person = await shared.enrol()
    wrong = next(method for method in DeliveryMethod if method not in BY[modality])
    body = shared.session(person, modality=modality, delivery_method=wrong, location="home")

    assert code(await shared.peer.post(SESSIONS, body)) == (422, "method-does-not-fit", "/delivery_method")


CALL = {"modality": "telephone_recovery_support", "delivery_method": "telephone"}


@pytest.mark.parametrize("attempt", ["voicemail", "no_answer", "busy", "wrong_number", "disconnected", "call_back"])
async def test_who_was_not_reached_was_not_served(shared: Any, attempt: str) -> None:
    person = await shared.enrol()
    body = shared.session(person, **CALL, attempt_outcome=attempt)

    refused = await shared.peer.post(SESSIONS, body)
    session_id = await shared.peer.created(SESSIONS, body | {"outcome": "unable_to_locate"})

    assert code(refused) == (422, "nobody-was-reached", "/attempt_outcome")
    row = await shared.row(session_id)
    assert (row["attempt_outcome"], row["units"]) == (attempt, 0)


async def test_a_call_that_reached_somebody_is_a_service(shared: Any) -> None:
    person = await shared.enrol()

    session_id = await shared.peer.created(SESSIONS, shared.session(person, **CALL, attempt_outcome="reached"))

    assert (await shared.row(session_id))["units"] == 3


async def test_nobody_is_called_in_person(shared: Any) -> None:
    person = await shared.enrol()
    body = shared.session(person, attempt_outcome="reached")

    assert code(await shared.peer.post(SESSIONS, body)) == (422, "nobody-was-called", "/attempt_outcome")


@pytest.mark.parametrize("changed", [{"modality": "warm_handoff"}, {"activities": ["warm_handoff"]}])
async def test_a_number_given_is_only_a_referral(shared: Any, changed: dict[str, Any]) -> None:
    person = await shared.enrol()
    body = shared.session(person, **changed)

    refused = await shared.peer.post(SESSIONS, body)
    session_id = await shared.peer.created(SESSIONS, body | {"handoff": handoff(body)})

    assert code(refused) == (422, "only-a-referral", "/handoff")
    read = (await shared.peer.get(f"{SESSIONS}/{session_id}")).json()
    assert (read["handoff_way"], read["handoff_receiver"]) == ("in_person", "treatment_provider")
    accepted = datetime.fromisoformat(read["handoff_accepted_at"])
    assert accepted == datetime.fromisoformat(body["started_at"]) + timedelta(minutes=20)


@pytest.mark.parametrize("minutes", [-1, 46])
async def test_the_receiver_accepts_while_all_are_together(shared: Any, minutes: int) -> None:
    person = await shared.enrol()
    body = shared.session(person, modality="warm_handoff")
    accepted = datetime.fromisoformat(body["started_at"]) + timedelta(minutes=minutes)

    answer = await shared.peer.post(SESSIONS, body | {"handoff": handoff(body, accepted_at=accepted.isoformat())})

    assert code(answer) == (422, "accepted-at-another-time", "/handoff/accepted_at")


async def test_a_draft_is_told_again_by_the_same_rules(shared: Any) -> None:
    person = await shared.enrol()
    body = shared.session(person)
    session_id = await shared.peer.created(SESSIONS, body)
    again = {name: value for name, value in body.items() if name not in ("participant_id", "episode_id")}

    refused = await shared.peer.put(f"{SESSIONS}/{session_id}", again | {"modality": "warm_handoff"}, 1)
    changed = again | CALL | {"attempt_outcome": "reached", "mechanisms": ["helping_others"]}
    taken = await shared.peer.put(f"{SESSIONS}/{session_id}", changed, 1)

    assert code(refused) == (422, "only-a-referral", "/handoff")
    assert taken.status_code == 200
    row = await shared.row(session_id)
    assert (row["attempt_outcome"], row["mechanisms"]) == ("reached", ["helping_others"])


async def test_an_id_made_by_the_client_is_the_sessions_and_used_once(shared: Any) -> None:
    person, own = await shared.enrol(), str(uuid.uuid4())
    body = shared.session(person, id=own)

    made = await shared.peer.created(SESSIONS, body)
    again = await shared.peer.post(SESSIONS, body)
    signed = await shared.peer.post(SESSIONS, body | {"sign": True})

    assert str(made) == own
    assert code(again)[:2] == code(signed)[:2] == (409, "already-recorded")


async def test_a_goal_of_another_episode_is_refused(shared: Any) -> None:
    person, other = await shared.enrol_many(2)

    answer = await shared.peer.post(SESSIONS, shared.session(person, goal_ids=[str(other.goal_id)]))

    assert code(answer) == (422, "unknown-goal", "/goal_ids")


async def test_who_is_met_in_person_is_somewhere(shared: Any) -> None:
    person = await shared.enrol()

    answer = await shared.peer.post(SESSIONS, shared.session(person, location="telehealth"))

    assert code(answer) == (422, "place-does-not-fit", "/location")


async def test_a_group_needs_its_roster(shared: Any) -> None:
    person = await shared.enrol()

    answer = await shared.peer.post(SESSIONS, shared.session(person, modality="group_facilitation"))

    assert code(answer) == (422, "needs-a-roster", "/modality")


def group_of(practice: Any, people: list[Any], **changed: Any) -> dict[str, Any]:
    attended = ("participant_id", "episode_id", "goal_ids", "outcome", "note")
    body = {name: value for name, value in practice.session(people[0]).items() if name not in attended}
    attendees = [
        {"participant_id": str(one.participant_id), "episode_id": str(one.episode_id), "outcome": "completed"}
        for one in people
    ]
    body |= {"modality": "group_facilitation", "program_id": str(practice.program_id), "attendees": attendees}
    return body | changed


@pytest.mark.parametrize(
    "changed",
    [
        {"modality": "one_on_one_mentoring"},
        {"modality": "warm_handoff"},
        {"modality": "crisis_support"},
        {"activities": ["warm_handoff"]},
    ],
)
async def test_what_is_between_two_is_no_group(shared: Any, changed: dict[str, Any]) -> None:
    people = await shared.enrol_many(2)

    answer = await shared.peer.post("/api/session-logging/v1/groups", group_of(shared, people, **changed))

    assert code(answer) == (422, "not-in-a-group", "/modality")


async def test_who_was_in_a_group_is_the_groups_and_stays_so(shared: Any) -> None:
    people = await shared.enrol_many(2)
    body = group_of(shared, people)
    body["attendees"][1]["outcome"] = "no_show"
    group_id = await shared.peer.created("/api/session-logging/v1/groups", body)
    roster = (await shared.peer.get(f"/api/session-logging/v1/groups/{group_id}")).json()["roster"]
    missed = next(line["session_id"] for line in roster if line["outcome"] == "no_show")
    told = {name: value for name, value in body.items() if name not in ("attendees", "program_id")}

    there = await shared.peer.put(f"{SESSIONS}/{missed}", told | {"outcome": "completed"}, 1)
    elsewhere = await shared.peer.put(
        f"{SESSIONS}/{missed}", told | CALL | {"outcome": "no_show", "attempt_outcome": "no_answer"}, 1
    )
    excused = await shared.peer.put(f"{SESSIONS}/{missed}", told | {"outcome": "cancelled_by_person"}, 1)

    assert code(there) == (422, "presence-is-the-groups", "/outcome")
    assert code(elsewhere) == (422, "not-in-a-group", "/modality")
    assert excused.status_code == 200


@pytest.mark.parametrize("moment", ["1795449524000", "2026-06-02", "20260602T10:00"])
async def test_a_number_in_text_is_no_instant(shared: Any, moment: str) -> None:
    person = await shared.enrol()

    answer = await shared.peer.post(SESSIONS, shared.session(person, started_at=moment))

    assert code(answer) == (422, "invalid-request", "/started_at")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize("page", ["sessions", "groups"])
async def test_a_cursor_from_beyond_time_is_refused(shared: Any, page: str, at: str) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps([at, str(uuid.uuid4())]).encode()).decode().rstrip("=")

    answer = await shared.peer.get(f"/api/session-logging/v1/{page}", next=cursor)

    assert answer.status_code == 422
