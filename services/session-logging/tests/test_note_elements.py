"""The elements of 26 TAC §301.361 against hand-written notes: good ones of each form, a bad one for each element."""

from datetime import datetime, timedelta
from typing import Any

import pytest

SESSIONS = "/api/session-logging/v1/sessions"
WALK = {
    "summary": "We walked to the clinic and waited together. She asked me to stay until her name was called.",
    "progress": "One step further: last week she turned back at the door.",
    "response": 'She said, "I did not think I could do that."',
    "events": "Nothing new.",
    "next_step": "We go again on Thursday at ten.",
}
LEASE: dict[str, Any] = {
    "summary": "We read the lease line by line and marked what he wants to ask.",
    "progress": "The same as before; the landlord has not answered.",
    "response": "He was disappointed, and said he will call once more.",
    "events": "His cousin moved out on Sunday.",
    "methods": ["role play"],
    "curriculum": "Ready to Rent",
}
RETURN = {
    "summary": "She called because she had returned to use on Saturday. We talked for half an hour.",
    "progress": "A step back, and she called the same day.",
    "response": "She said that she was ashamed, and later that she was glad she called.",
    "events": "She missed her shift on Sunday.",
    "next_step": "I call tomorrow at noon.",
}
CIRCLE = {
    "summary": "He listened for the first half and then told the circle about his daughter.",
    "progress": "He spoke for the first time.",
    "response": "He stayed behind to help with the chairs.",
    "events": "Nothing new.",
}
PHONE = {"modality": "telephone_recovery_support", "delivery_method": "telephone", "location": "home"}
GOOD: dict[str, dict[str, Any]] = {
    "mentoring": {"note": WALK},
    "mentoring with a method and a curriculum": {"note": LEASE},
    "telephone": {"note": RETURN, **PHONE, "attempt_outcome": "reached"},
    "video": {"note": LEASE, "modality": "video", "delivery_method": "video", "location": "telehealth"},
    "text chat": {"note": RETURN, "modality": "text_chat", "delivery_method": "text", "location": "home"},
    "online forum": {"note": RETURN, "modality": "online_forum", "delivery_method": "text", "location": "telehealth"},
    "outreach": {"note": WALK, "modality": "outreach", "location": "shelter", "activities": ["outreach"]},
    "in-reach": {"note": LEASE, "modality": "in_reach", "location": "jail"},
    "housing": {"note": LEASE, "modality": "recovery_housing_checkin", "location": "recovery_housing"},
    "drop-in": {"note": WALK, "modality": "drop_in"},
    "family": {"note": RETURN, "modality": "family_session", "activities": ["family_support"]},
    "community": {"note": WALK, "modality": "community_activity", "activities": ["social_recreational"]},
    "accompaniment": {"note": WALK, "modality": "transport_accompaniment", "activities": ["accompaniment"]},
    "crisis": {"note": RETURN, "modality": "crisis_support", "outcome": "crisis", "activities": ["crisis_support"]},
}


def without(name: str) -> dict[str, Any]:
    return {"note": {field: words for field, words in WALK.items() if field != name}}


# What is left out of a good note, and what is then missing. Who, when and how are there by construction: no session
# exists without them, and the request is refused.
BAD: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no service code": ({"service_code": None}, ["service_code"]),
    "no place": ({"location": None}, ["location"]),
    "no words at all": ({"note": None}, ["summary", "progress", "response", "events"]),
    "only a summary": ({"note": {"summary": WALK["summary"]}}, ["progress", "response", "events"]),
    "no progress": (without("progress"), ["progress"]),
    "no response": (without("response"), ["response"]),
    "no events": (without("events"), ["events"]),
    "no goal": ({"goal_ids": []}, ["goals"]),
    "no next step, which no rule asks for": (without("next_step"), []),
    "nothing but the form": (
        {"note": None, "service_code": None, "location": None, "goal_ids": []},
        ["service_code", "location", "summary", "goals", "progress", "response", "events"],
    ),
}
BY_CONSTRUCTION = ("participant_id", "episode_id", "modality", "delivery_method", "started_at", "ended_at", "outcome")


@pytest.fixture
async def credentialed(practice: Any) -> Any:
    await practice.credential()
    return practice


async def missing(practice: Any, session_id: Any) -> list[str]:
    elements: list[str] = (await practice.peer.get(f"{SESSIONS}/{session_id}")).json()["missing_elements"]
    return elements


async def test_good_notes_of_every_form_lack_nothing_once_signed(credentialed: Any) -> None:
    person = await credentialed.enrol()

    drafts = {
        form: await credentialed.peer.created(SESSIONS, credentialed.session(person, **told))
        for form, told in GOOD.items()
    }
    unsigned = {form: await missing(credentialed, session_id) for form, session_id in drafts.items()}
    for session_id in drafts.values():
        assert (await credentialed.peer.put(f"{SESSIONS}/{session_id}/signature", {}, 1)).status_code == 200

    assert unsigned == {form: ["signature", "credential"] for form in GOOD}
    signed = {form: await missing(credentialed, session_id) for form, session_id in drafts.items()}
    assert signed == {form: [] for form in GOOD}


async def test_a_good_hand_off_lacks_nothing(credentialed: Any) -> None:
    person = await credentialed.enrol()
    body = credentialed.session(person, modality="warm_handoff", note=WALK, activities=["warm_handoff"], sign=True)
    accepted = datetime.fromisoformat(body["started_at"]) + timedelta(minutes=5)
    body["handoff"] = {"way": "three_way_call", "receiver": "detox", "accepted_at": accepted.isoformat()}

    assert await missing(credentialed, await credentialed.peer.created(SESSIONS, body)) == []


@pytest.mark.parametrize("case", BAD)
async def test_a_bad_note_names_exactly_what_it_lacks(credentialed: Any, case: str) -> None:
    told, expected = BAD[case]
    person = await credentialed.enrol()
    whole = credentialed.session(person, note=WALK) | told
    body = {name: value for name, value in whole.items() if value is not None}

    session_id = await credentialed.peer.created(SESSIONS, body | {"sign": True})

    assert await missing(credentialed, session_id) == expected


async def test_without_signature_or_credential_these_are_named(practice: Any) -> None:
    person = await practice.enrol()

    draft = await practice.peer.created(SESSIONS, practice.session(person, note=WALK))
    signed = await practice.peer.created(SESSIONS, practice.session(person, note=WALK, sign=True))

    assert await missing(practice, draft) == ["signature", "credential"]
    assert await missing(practice, signed) == ["credential"]


@pytest.mark.parametrize("field", BY_CONSTRUCTION)
async def test_no_session_exists_without_who_when_and_how(shared: Any, field: str) -> None:
    person = await shared.enrol()
    body = {name: value for name, value in shared.session(person).items() if name != field}

    answer = await shared.peer.post(SESSIONS, body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{field}")


async def test_everybody_in_a_group_has_a_note_of_their_own(credentialed: Any) -> None:
    people = await credentialed.enrol_many(3)
    attended = ("participant_id", "episode_id", "goal_ids", "outcome", "note")
    body = {name: value for name, value in credentialed.session(people[0]).items() if name not in attended}
    notes: list[dict[str, Any]] = [{"note": CIRCLE}, {"note": {"summary": "She listened."}}, {}]
    attendees = [
        {
            "participant_id": str(one.participant_id),
            "episode_id": str(one.episode_id),
            "outcome": "completed",
            "goal_ids": [str(one.goal_id)],
        }
        | note
        for one, note in zip(people, notes, strict=True)
    ]
    body |= {"modality": "group_facilitation", "program_id": str(credentialed.program_id), "attendees": attendees}

    group_id = await credentialed.peer.created("/api/session-logging/v1/groups", body | {"sign": True})

    rows = await credentialed.platform.fetch(
        "select participant_id, missing_elements from session_logging.peer_session where group_id = :id", id=group_id
    )
    lacking = {row["participant_id"]: row["missing_elements"] for row in rows}
    assert [lacking[one.participant_id] for one in people] == [
        [],
        ["progress", "response", "events"],
        ["summary", "progress", "response", "events"],
    ]
