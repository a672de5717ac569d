"""Notification through its HTTP API: who may see what was sent, and who may send it again."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from handrail.testing import Platform, add_staff, open_agency

MESSAGES = "/api/notification/v1/messages"


async def refused_message(workplace: Any, bus: Any, mail: Any) -> tuple[UUID, UUID, str]:
    """Return a message that failed, its recipient, and the address that was refused."""
    peer, address = await workplace.hire()
    mail.answers[address] = "550 no such user"
    await bus.assign(workplace.agency_id, peer)
    await workplace.until(peer, "failed")
    return (await workplace.message(peer))["id"], peer, address


async def test_messages_are_listed_newest_first_a_page_at_a_time_without_an_address(
    own_workplace: Any, bus: Any
) -> None:
    peer, address = await own_workplace.hire()
    for _ in range(3):
        await bus.assign(own_workplace.agency_id, peer)
    await own_workplace.until(peer, "sent", "sent", "sent")

    first = (await own_workplace.administrator.get(MESSAGES, limit=2)).json()
    second = (await own_workplace.administrator.get(MESSAGES, limit=2, next=first["next"])).json()

    listed = first["items"] + second["items"]
    assert (len(first["items"]), len(second["items"]), second["next"]) == (2, 1, None)
    assert [one["id"] for one in listed] == sorted((one["id"] for one in listed), reverse=True)
    assert set(listed[0]) == {
        "id", "template", "recipient_id", "state", "created_at", "next_attempt_at", "sent_at", "attempts",
        "last_error", "version", "audience", "purpose", "channel", "held_by",
    }  # fmt: skip
    assert listed[0]["recipient_id"] == str(peer)
    assert (listed[0]["template"], listed[0]["state"], listed[0]["attempts"]) == ("assignment", "sent", 1)
    assert address not in str(listed)


async def test_messages_are_found_by_state(own_workplace: Any, bus: Any, mail: Any) -> None:
    failed, _, _ = await refused_message(own_workplace, bus, mail)
    peer, _ = await own_workplace.hire()
    await bus.assign(own_workplace.agency_id, peer)
    await own_workplace.until(peer, "sent")

    page = (await own_workplace.administrator.get(MESSAGES, state="failed")).json()

    assert [one["id"] for one in page["items"]] == [str(failed)]


@pytest.mark.parametrize(
    ("role", "list_status", "retry_status"),
    [("peer", 403, 403), ("auditor", 403, 403), ("privacy_officer", 403, 403), ("supervisor", 200, 403)],
)
async def test_who_may_see_and_who_may_not(workplace: Any, role: str, list_status: int, retry_status: int) -> None:
    caller = await add_staff(workplace.administrator, role)

    listed = await caller.get(MESSAGES)
    retried = await caller.post(f"{MESSAGES}/{uuid4()}/retries", {})

    assert (listed.status_code, retried.status_code) == (list_status, retry_status)


async def test_a_failed_message_is_sent_again_once_however_often_it_is_asked_for(
    workplace: Any, bus: Any, mail: Any, platform: Platform
) -> None:
    message_id, peer, address = await refused_message(workplace, bus, mail)
    del mail.answers[address]
    path = f"{MESSAGES}/{message_id}/retries"

    first = await workplace.administrator.post(path, {}, key="the-same-key")
    second = await workplace.administrator.post(path, {}, key="the-same-key")
    await workplace.until(peer, "sent")
    third = await workplace.administrator.post(path, {})
    await platform.eventually("select count(*) from notification.ledger where aggregate_id = :id", 2, id=message_id)

    assert (first.status_code, first.json()) == (201, {"id": str(message_id), "version": 4})
    assert second.content == first.content
    assert (third.status_code, third.json()["type"]) == (409, "/problems/message-not-failed")
    assert len(mail.to(address)) == 1
    assert await workplace.attempts(peer) == ["recipient-refused", "sent"]
    assert await workplace.told(peer) == ["message-failed", "message-sent"]


async def test_a_retry_leaves_one_audit_entry(workplace: Any, bus: Any, mail: Any, platform: Platform) -> None:
    message_id, _, _ = await refused_message(workplace, bus, mail)

    await workplace.administrator.post(f"{MESSAGES}/{message_id}/retries", {})

    await platform.eventually(
        "select count(*) from notification.audit where subject_id = :id and action = 'message.retry'", 1, id=message_id
    )


async def test_another_agencys_message_is_not_there(workplace: Any, bus: Any, mail: Any, platform: Platform) -> None:
    message_id, peer, _ = await refused_message(workplace, bus, mail)
    stranger = await open_agency(workplace.administrator.http, platform)

    retried = await stranger.post(f"{MESSAGES}/{message_id}/retries", {})
    unknown = await stranger.post(f"{MESSAGES}/{uuid4()}/retries", {})
    listed = await stranger.get(MESSAGES)

    assert (retried.status_code, retried.json()["type"]) == (404, "/problems/not-found")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/not-found")
    assert listed.json()["items"] == []
    assert await workplace.states(peer) == ["failed"]


@pytest.mark.parametrize(
    ("params", "status"),
    [({"state": "lost"}, 422), ({"limit": 0}, 422), ({"limit": 101}, 422), ({"next": "nonsense"}, 422)],
)
async def test_a_question_that_makes_no_sense_is_refused(workplace: Any, params: dict[str, Any], status: int) -> None:
    answer = await workplace.administrator.get(MESSAGES, **params)
    assert answer.status_code == status


async def test_an_unknown_field_is_refused(workplace: Any) -> None:
    answer = await workplace.administrator.post(f"{MESSAGES}/{uuid4()}/retries", {"to": "eve@evil.test"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-request")
