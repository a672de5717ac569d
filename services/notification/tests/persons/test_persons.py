"""Persons are written to only as they agreed, where and when it is safe, and never more than they want."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from handrail.testing import add_staff

NOTICES = "/api/notification/v1"


def sleeping_zone(now: datetime) -> str:
    """Return a zone in which it is night, not within minutes of a change."""
    for zone in ("America/Los_Angeles", "Asia/Tokyo", "Europe/Berlin", "Pacific/Honolulu", "Asia/Kolkata"):
        if ZoneInfo(zone) and (now.astimezone(ZoneInfo(zone)) + timedelta(minutes=5)).hour in (
            22,
            23,
            0,
            1,
            2,
            3,
            4,
            5,
        ):
            return zone
    raise AssertionError("it is day everywhere")


async def test_what_was_agreed_to_leaves_for_that_number_in_neutral_words(street: Any) -> None:
    participant_id, number = await street.texted()

    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2, seconds=3)
    await street.appoint(participant_id, starts_at)

    await street.platform.eventually(
        "select string_agg(state, ' ') from notification.message where recipient_id = :id", "sent", id=participant_id
    )
    local = starts_at.astimezone(ZoneInfo("America/Chicago"))
    said = f"{local:%A}, {local:%b} {local.day} at {local.hour % 12 or 12}:{local:%M} {local:%p}"
    assert street.twilio.to(number) == [f"You have something planned on {said}. Reply STOP to end these messages."]
    known = await street.platform.fetch(
        "select participant_id from notification.correspondent where participant_id = :id", id=participant_id
    )
    assert len(known) == 1


async def test_without_agreement_it_waits_and_leaves_once_there_is_one(street: Any) -> None:
    participant_id, number = await street.texted(agreed=False)
    message_id = await street.say(participant_id)
    await street.held(message_id, "no-consent")

    other = await street.agrees(participant_id, "sms", number, "paper")
    assert other.status_code == 201, other.text
    await street.now_due(message_id)
    await street.held(message_id, "no-consent")
    assert (await street.agrees(participant_id, "sms", "+12025550999")).status_code == 201, "another number"
    await street.now_due(message_id)
    await street.held(message_id, "no-consent")
    assert (await street.agrees(participant_id, "sms", number, "check_in")).status_code == 201

    await street.until(message_id, "sent")
    assert len(street.twilio.to(number)) == 1


@pytest.mark.parametrize(
    ("terms", "rule"),
    [
        ({"may_text": False}, "no-texting"),
        ({"never_contact": [{"what": "sms"}]}, "never-contact"),
        ({"channels": [{"kind": "phone", "value": "312 555 0142"}]}, "no-safe-contact"),
        ({"channels": []}, "no-safe-contact"),
    ],
)
async def test_what_the_person_ruled_out_keeps_it_back(street: Any, terms: dict[str, Any], rule: str) -> None:
    participant_id, number = await street.texted(**terms)

    await street.held(await street.say(participant_id), rule)

    assert street.twilio.to(number) == []


async def test_a_number_that_bounced_is_left_alone_until_it_is_confirmed(street: Any) -> None:
    participant_id, number = await street.texted()
    path = f"/api/intake/v1/participants/{participant_id}/safe-contact"
    assert (await street.peer.post(f"{path}/bounces", {"version": 1, "channel": 0, "what": "bounced"})).is_success
    message_id = await street.say(participant_id)
    await street.held(message_id, "locked")

    assert (await street.peer.post(f"{path}/confirmations", {"version": 1})).is_success
    await street.now_due(message_id)

    await street.until(message_id, "sent")
    assert len(street.twilio.to(number)) == 1


async def test_at_night_it_waits_for_the_persons_morning(street: Any) -> None:
    zone = sleeping_zone(datetime.now(UTC))
    participant_id, number = await street.texted(safe_hours=[], zone=zone)

    opens = await street.held(await street.say(participant_id), "quiet-hours")

    local = opens.astimezone(ZoneInfo(zone))
    assert (local.hour, local.minute) == (8, 0)
    assert opens - datetime.now(UTC) < timedelta(days=1)
    assert street.twilio.to(number) == []


async def test_one_a_day_and_what_two_workers_hold_is_one_too(street: Any) -> None:
    participant_id, number = await street.texted(zone="America/Denver")

    ids = [await street.say(participant_id) for _ in range(4)]

    for _ in range(100):
        rows = await street.platform.fetch("select state, held_by from notification.message where id = any(:i)", i=ids)
        if sorted((row["state"], row["held_by"] or "") for row in rows) == [("queued", "cap-a-day")] * 3 + [
            ("sent", "")
        ]:
            break
        await asyncio.sleep(0.1)
    else:
        raise AssertionError(rows)
    assert len(street.twilio.to(number)) == 1


async def test_the_next_way_is_taken_where_the_first_is_ruled_out(street: Any) -> None:
    address = f"una.{uuid4().hex}@example.test"
    channels = [{"kind": "sms", "value": "+12025550998"}, {"kind": "email", "value": address}]
    participant_id = await street.person(channels=channels)
    assert (await street.agrees(participant_id, "email", address)).status_code == 201

    await street.until(await street.say(participant_id), "sent", channel="email")

    (letter,) = street.mail.to(address)
    assert letter["Subject"] == "A change"
    assert street.twilio.to("+12025550998") == []


async def test_a_stop_that_only_the_carrier_heard_holds_for_every_message(street: Any) -> None:
    participant_id, number = await street.texted()
    street.twilio.refused[number] = 21610

    await street.until(await street.say(participant_id), "failed", last_error="recipient-stopped")
    street.twilio.refused.clear()
    await street.held(await street.say(participant_id), "suppressed")

    listed = await street.peer.get(f"{NOTICES}/participants/{participant_id}/message-consents")
    (consent,) = listed.json()["items"]
    assert consent["stopped_at"] is not None
    assert number not in listed.text
    assert street.twilio.to(number) == []


async def test_an_agreement_older_than_the_stop_does_not_undo_it(street: Any) -> None:
    participant_id, number = await street.texted()
    street.twilio.refused[number] = 21610
    await street.until(await street.say(participant_id), "failed")
    street.twilio.refused.clear()
    before = (datetime.now(UTC) - timedelta(days=1)).isoformat()

    refused = await street.agrees(participant_id, "sms", number, agreed_at=before)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/stopped-since")
    held = await street.say(participant_id)
    await street.held(held, "suppressed")
    assert (await street.agrees(participant_id, "sms", number)).status_code == 201

    await street.until(held, "sent")


async def test_a_withdrawn_agreement_carries_nothing(street: Any) -> None:
    participant_id, number = await street.texted()
    listed = await street.peer.get(f"{NOTICES}/participants/{participant_id}/message-consents")
    (consent,) = listed.json()["items"]

    for _ in range(2):
        done = await street.peer.put(f"{NOTICES}/message-consents/{consent['id']}/withdrawal", {}, version=1)
        assert done.is_success, done.text

    await street.held(await street.say(participant_id), "no-consent")
    assert street.twilio.to(number) == []


async def test_a_template_that_breaks_fails_its_message_and_no_other(street: Any) -> None:
    broken, number = await street.texted()
    fine, other = await street.texted()

    ids = [await street.say(broken, template="no-such-words"), await street.say(fine)]

    await street.until(ids[0], "failed", last_error="template-broken")
    await street.until(ids[1], "sent")
    assert (len(street.twilio.to(number)), len(street.twilio.to(other))) == (0, 1)


async def test_a_peer_who_does_not_serve_somebody_finds_nothing(street: Any) -> None:
    participant_id, _ = await street.texted()
    stranger = await add_staff(street.administrator, "peer")
    path = f"{NOTICES}/participants/{participant_id}/message-consents"

    assert (await stranger.get(path)).status_code == 404
    assert (await street.supervisor.get(path)).status_code == 200
    assert (await street.supervisor.get(f"{NOTICES}/participants/{uuid4()}/message-consents")).status_code == 404
