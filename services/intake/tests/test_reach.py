"""By which ways a person may be written to: for the service that sends, and for nobody else."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest_asyncio

from handrail.testing import Caller, Platform

INTAKE = "/api/intake/v1"
SAFE: dict[str, Any] = {
    "channels": [
        {"kind": "email", "value": " Mo.Canary@Example.test "},
        {"kind": "phone", "value": "312 555 0143"},
        {"kind": "sms", "value": "(312) 555-0142"},
        {"kind": "mail", "value": "PO box 7"},
    ],
    "may_text": False,
    "safe_hours": [{"days": ["monday", "sunday"], "from": "22:00", "to": "01:30"}],
    "zone": "America/Denver",
    "language": "es",
    "never_contact": [{"what": "312 555 0142"}],
}


@pytest_asyncio.fixture(scope="session")
async def notification(platform: Platform, http: httpx.AsyncClient, clinic: Any) -> Caller:
    body = {
        "service": "notification",
        "secret": platform.secrets["NOTIFICATION_SECRET"],
        "agency_id": str(clinic.administrator.agency_id),
    }
    answer = await http.post("/api/workforce/v1/service-tokens", json=body)
    return Caller(http, answer.json()["access_token"])


def path(participant_id: UUID, what: str = "reach") -> str:
    return f"{INTAKE}/participants/{participant_id}/{what}"


async def test_the_ways_stand_in_the_persons_own_order_and_form(clinic: Any, notification: Caller) -> None:
    participant_id, _ = await clinic.assigned()
    assert (await clinic.peer.put(path(participant_id, "safe-contact"), SAFE, version=0)).is_success

    told = (await notification.get(path(participant_id))).json()

    assert told.pop("confirmed_at") is not None
    assert told == {
        "participant_id": str(participant_id),
        "language": "es",
        "zone": "America/Denver",
        "may_text": False,
        "safe_hours": [{"weekdays": [0, 6], "begins": "22:00:00", "ends": "01:30:00"}],
        "ways": [
            {"channel": "email", "address": "mo.canary@example.test", "never": False, "locked": False},
            {"channel": "sms", "address": "+13125550142", "never": True, "locked": False},
        ],
    }


async def test_a_bounce_locks_its_way_until_the_contact_is_confirmed(clinic: Any, notification: Caller) -> None:
    participant_id, _ = await clinic.assigned()
    safe = path(participant_id, "safe-contact")
    assert (await clinic.peer.put(safe, SAFE, version=0)).is_success
    before = (await notification.get(path(participant_id))).json()
    bounce = {"version": 1, "channel": 0, "what": "bounced"}

    assert (await clinic.peer.post(f"{safe}/bounces", bounce)).is_success
    locked = (await notification.get(path(participant_id))).json()
    assert (await clinic.peer.post(f"{safe}/confirmations", {"version": 1})).is_success
    after = (await notification.get(path(participant_id))).json()

    assert [[way["locked"] for way in one["ways"]] for one in (before, locked, after)] == [
        [False, False],
        [True, False],
        [False, False],
    ]
    assert after["confirmed_at"] > before["confirmed_at"]


async def test_without_a_safe_contact_there_is_no_way_and_nobody_is_unknown(clinic: Any, notification: Caller) -> None:
    participant_id, _ = await clinic.assigned()

    told = (await notification.get(path(participant_id))).json()

    assert (told["ways"], told["may_text"], told["confirmed_at"]) == ([], False, None)
    assert (await notification.get(path(uuid4()))).status_code == 404


async def test_a_merged_record_is_reached_as_who_it_stands_for(clinic: Any, notification: Caller) -> None:
    merged_id, _ = await clinic.assigned()
    survivor_id, _ = await clinic.assigned()
    assert (await clinic.peer.put(path(survivor_id, "safe-contact"), SAFE, version=0)).is_success
    body = {"survivor_id": str(survivor_id), "merged_id": str(merged_id), "reason": "entered_twice"}
    await clinic.supervisor.created(f"{INTAKE}/merges", body)

    told = (await notification.get(path(merged_id))).json()

    assert told == (await notification.get(path(survivor_id))).json()
    assert told["participant_id"] == str(survivor_id)


async def test_no_person_may_ask_and_each_answer_is_audited_without_what_it_said(
    clinic: Any, notification: Caller
) -> None:
    participant_id, _ = await clinic.assigned()
    assert (await clinic.peer.put(path(participant_id, "safe-contact"), SAFE, version=0)).is_success

    asked = (clinic.peer, clinic.supervisor, clinic.administrator, clinic.privacy_officer)
    refused = [(await one.get(path(participant_id))).status_code for one in asked]
    assert (await notification.get(path(participant_id))).is_success

    assert refused == [403] * 4
    kept = await clinic.platform.fetch(
        "select detail::text as said from (select subject_id, action, detail from intake.audit union all "
        "select subject_id, action, detail from intake.audit_pending) a "
        "where subject_id = :id and action = 'participant.reach'",
        id=participant_id,
    )
    assert len(kept) == 1
    assert not any(word in kept[0]["said"] for word in ("canary", "5550142"))
