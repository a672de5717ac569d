"""What people answer: a stop holds in the same moment, words of danger page somebody, the rest waits for a human."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from handrail.providers import ACCOUNT, tell_signed
from handrail.testing import add_staff

NOTICES, INTAKE = "/api/notification/v1", "/api/intake/v1"
EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
STOPPED_EN = "Messages: You will get no more messages from this number. Reply START to get them again."


async def texts(street: Any, number: str, words: str, sid: str | None = None, **more: Any) -> httpx.Response:
    """Have somebody text us, through Twilio."""
    base = street.platform.addresses.public_url.replace("127.0.0.1", "localhost")
    fields = {"MessageSid": sid or f"SM{uuid4().hex}", "AccountSid": ACCOUNT, "From": number, "Body": words}
    signature = more.pop("signature", None)
    return await tell_signed(
        street.http, f"{base}/api/notification/v1/twilio/inbound", fields | more, signature=signature
    )


async def routed(street: Any, number_of: int, participant_id: UUID) -> None:
    await street.platform.eventually(
        "select count(*) from notification.reply where participant_id = :id", number_of, id=participant_id
    )


async def written_to(street: Any, **terms: Any) -> tuple[UUID, str]:
    participant_id, number = await street.texted(**terms)
    await street.until(await street.say(participant_id), "sent")
    return participant_id, number


async def told(street: Any, participant_id: UUID) -> list[str]:
    rows = await street.platform.fetch(
        "select type from notification.ledger where payload::jsonb -> 'data' ->> 'participant_id' = :id "
        "and type like '%messages-%' order by event_id",
        id=str(participant_id),
    )
    return [row["type"].split(".")[2] for row in rows]


async def test_a_stop_holds_at_once_and_is_confirmed_once(street: Any) -> None:
    participant_id, number = await written_to(street)

    answer = await texts(street, number, "Please stop texting me")
    again = await texts(street, number, "STOP")

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/xml")
    assert f"<Response><Message>{STOPPED_EN}</Message></Response>" in answer.text
    assert again.text == EMPTY
    await routed(street, 2, participant_id)
    await street.held(await street.say(participant_id), "suppressed")
    await street.platform.eventually("select count(*) from notification.outbox", 0)
    assert await told(street, participant_id) == ["messages-stopped", "messages-stopped"]


async def test_start_takes_a_stop_back_and_what_was_held_leaves(street: Any) -> None:
    participant_id, number = await street.texted()
    await street.until(await street.say(participant_id), "sent")
    await texts(street, number, "alto")
    async with street.platform.admin.begin() as connection:  # tomorrow
        await connection.exec_driver_sql(
            "update notification.delivery_attempt set started_at = started_at - interval '2 days' where message_id in "
            f"(select id from notification.message where recipient_id = '{participant_id}')"
        )
    held = await street.say(participant_id)
    await street.held(held, "suppressed")

    answer = await texts(street, number, "START")

    assert "Reply STOP to end them." in answer.text
    await street.until(held, "sent")
    assert await told(street, participant_id) == ["messages-stopped", "messages-resumed"]


async def test_a_stranger_is_left_alone_in_every_agency_for_ever(street: Any) -> None:
    number = "+12025550777"
    assert "No recibirá más mensajes" in (await texts(street, number, "No me escriban más, por favor")).text

    participant_id = await street.person(channels=[{"kind": "sms", "value": number}])
    refused = await street.agrees(participant_id, "sms", number, agreed_at="2026-11-01T12:00:00Z")
    assert refused.json()["type"] == "/problems/stopped-since"

    known = await street.platform.value(
        "select count(*) from notification.contact_standing s join notification.inbound i using (digest) "
        "where i.meaning = 'stop' and s.stopped_at is not null and i.words is null"
    )
    assert known >= 1


@pytest.mark.parametrize("more", [{"signature": "forged"}, {"AccountSid": "AC" + "0" * 32}])
async def test_only_our_twilio_account_is_heard(street: Any, more: dict[str, str]) -> None:
    participant_id, number = await street.texted()

    refused = await texts(street, number, "STOP", **more)

    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/webhook-not-genuine")
    await street.until(await street.say(participant_id), "sent")


async def test_the_same_text_fifty_times_at_once_is_one(street: Any) -> None:
    participant_id, number = await written_to(street)
    sid = f"SM{uuid4().hex}"

    answers = await asyncio.gather(*(texts(street, number, "quit", sid) for _ in range(50)))

    assert sorted(answer.text != EMPTY for answer in answers) == [False] * 49 + [True]
    assert {answer.status_code for answer in answers} == {200}
    await routed(street, 1, participant_id)


async def test_what_twilio_answered_itself_is_not_answered_again(street: Any) -> None:
    participant_id, number = await written_to(street)

    assert (await texts(street, number, "basta ya", OptOutType="STOP")).text == EMPTY

    await street.held(await street.say(participant_id), "suppressed")


async def test_help_is_answered_once_a_day_and_stops_nothing(street: Any) -> None:
    _, number = await street.texted()

    answers = [(await texts(street, number, words)).text for words in ("HELP", "help?", "ayuda")]

    assert "Messages: For questions" in answers[0]
    assert answers[1:] == [EMPTY, EMPTY]


async def test_unclear_words_hold_everything_until_a_human_has_read_them(street: Any) -> None:
    participant_id, number = await street.texted()
    await street.until(await street.say(participant_id), "sent")
    assert (await texts(street, number, "who is this?")).text == EMPTY
    await routed(street, 1, participant_id)
    held = await street.say(participant_id)
    await street.held(held, "held-for-a-human")

    queue = (await street.peer.get(f"{NOTICES}/replies")).json()["items"]
    (reply,) = [one for one in queue if one["participant_id"] == str(participant_id)]
    assert (reply["words"], reply["meaning"], reply["waits"]) == ("who is this?", "unclear", True)
    path = f"{NOTICES}/replies/{reply['id']}/resolution"
    stranger = await add_staff(street.administrator, "peer")
    assert (await stranger.put(path, {"resolution": "stop"}, version=1)).status_code == 404
    assert (await street.peer.put(path, {"resolution": "no_change"}, version=9)).status_code == 412
    for _ in range(2):
        assert (await street.peer.put(path, {"resolution": "no_change"}, version=1)).is_success
    assert (await street.peer.put(path, {"resolution": "stop"}, version=2)).json()[
        "type"
    ] == "/problems/settled-already"

    await street.held(held, "cap-a-day")


async def test_a_human_may_hear_a_stop_in_unclear_words(street: Any) -> None:
    participant_id, number = await street.texted()
    await street.until(await street.say(participant_id), "sent")
    await texts(street, number, "im good thx, new phone who dis")
    await routed(street, 1, participant_id)
    queue = (await street.supervisor.get(f"{NOTICES}/replies")).json()["items"]
    (reply,) = [one for one in queue if one["participant_id"] == str(participant_id)]

    path = f"{NOTICES}/replies/{reply['id']}/resolution"
    assert (await street.supervisor.put(path, {"resolution": "stop"}, version=1)).is_success

    await street.held(await street.say(participant_id), "suppressed")


async def test_a_strangers_words_are_read_by_who_reads_for_the_agency(street: Any) -> None:
    sid = f"SM{uuid4().hex}"
    await texts(street, "+12025550778", "who is this", sid)
    await street.platform.eventually("select count(*) from notification.reply where provider_id = :id", 1, id=sid)
    queue = (await street.supervisor.get(f"{NOTICES}/replies")).json()["items"]
    (reply,) = [one for one in queue if one["participant_id"] is None]
    assert reply["words"] == "who is this"
    assert [
        one for one in (await street.peer.get(f"{NOTICES}/replies")).json()["items"] if one["id"] == reply["id"]
    ] == []
    path = f"{NOTICES}/replies/{reply['id']}/resolution"

    assert (await street.peer.put(path, {"resolution": "stop"}, version=1)).status_code == 404
    assert (await street.supervisor.put(path, {"resolution": "stop"}, version=1)).is_success


async def test_a_spoken_stop_leaves_every_address_alone(street: Any) -> None:
    address = f"una.{uuid4().hex}@example.test"
    participant_id, _number = await street.texted()
    await street.agrees(participant_id, "email", address)

    done = await street.peer.post(f"{NOTICES}/stops", {"participant_id": str(participant_id)})
    assert done.status_code == 201, done.text

    await street.held(await street.say(participant_id), "suppressed")
    listed = (await street.peer.get(f"{NOTICES}/participants/{participant_id}/message-consents")).json()["items"]
    assert [one["stopped_at"] is not None for one in listed] == [True, True]
    unknown = await street.peer.post(f"{NOTICES}/stops", {"participant_id": str(uuid4())})
    assert unknown.status_code == 404


async def test_words_of_danger_page_who_is_on_call_and_are_never_answered(street: Any) -> None:
    participant_id, number = await written_to(street)

    sid = f"SM{uuid4().hex}"
    assert (await texts(street, number, "i want to die", sid)).text == EMPTY

    await routed(street, 1, participant_id)
    await street.platform.eventually(
        "select count(*) > 0 from notification.message m join notification.escalation e "
        "on m.occasion like e.id || ' %' where e.participant_id = :id and m.template = 'safety-page'",
        True,
        id=participant_id,
    )
    await street.platform.eventually(
        "select string_agg(source || ' ' || coalesce(opened_by::text, 'nobody'), ',') from intake.safety_concern "
        "where participant_id = :id",
        "reply nobody",
        id=participant_id,
    )
    await street.platform.eventually(
        "select raised_at is not null and words is null from notification.inbound where provider_id = :id",
        True,
        id=sid,
    )
    await street.held(await street.say(participant_id), "held-for-a-human")
    queue = (await street.supervisor.get(f"{NOTICES}/replies")).json()["items"]
    assert queue[0]["meaning"] == "crisis"


async def test_the_conversation_stays_with_the_person_when_the_peer_changes(street: Any) -> None:
    participant_id, number = await written_to(street)
    await texts(street, number, "see you then")
    await routed(street, 1, participant_id)
    path = f"{NOTICES}/participants/{participant_id}/conversation"
    said = (await street.peer.get(path)).json()
    assert [(one["kind"], (one["reply"] or {}).get("words")) for one in said["items"]] == [
        (None, "see you then"),
        ("appointment-changed", None),
    ]
    first = (await street.peer.get(path, limit=1)).json()
    rest = (await street.peer.get(path, limit=1, next=first["next"])).json()
    assert [*first["items"], *rest["items"]] == said["items"]
    assert rest["next"] is None

    newcomer = await add_staff(street.administrator, "peer")
    assert (await newcomer.get(path)).status_code == 404
    (held,) = await street.platform.fetch(
        "select id, episode_id, version from intake.assignment where participant_id = :id", id=participant_id
    )
    ended = await street.supervisor.put(
        f"{INTAKE}/assignments/{held['id']}/end", {"valid_to": "2026-11-22", "reason": "other"}, version=held["version"]
    )
    assert ended.is_success, ended.text
    handed = {
        "participant_id": str(participant_id),
        "episode_id": str(held["episode_id"]),
        "staff_id": str(newcomer.staff_id),
        "valid_from": "2026-11-23",
    }
    await street.made(street.supervisor, f"{INTAKE}/assignments", handed)
    heard = "select count(*) from notification.assignment where staff_id = :id"
    await street.platform.eventually(heard, 1, id=newcomer.staff_id)

    assert (await newcomer.get(path)).json()["items"] == said["items"]
    assert (await street.peer.get(path)).status_code == 404


async def test_one_click_ends_letters_and_tells_nobody_anything(street: Any) -> None:
    address = f"una.{uuid4().hex}@example.test"
    participant_id = await street.person(channels=[{"kind": "email", "value": address}])
    await street.agrees(participant_id, "email", address)
    await street.until(await street.say(participant_id), "sent", channel="email")
    (letter,) = street.mail.to(address)
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = letter["List-Unsubscribe"].strip("<>").replace("localhost", "127.0.0.1")

    looked = await street.http.get(url)
    assert (looked.status_code, looked.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<form method=" in looked.text
    clicked = [await street.http.post(url, data={"List-Unsubscribe": "One-Click"}) for _ in range(2)]
    before = await street.platform.value("select count(*) from notification.contact_standing")
    forged = await street.http.post(url[:-6] + "!!", data={"List-Unsubscribe": "One-Click"})
    guessed = await street.http.post(url[:-9] + "AAAAAAAAA", data={"List-Unsubscribe": "One-Click"})
    assert guessed.text == forged.text
    assert await street.platform.value("select count(*) from notification.contact_standing") == before

    assert {(one.status_code, one.text) for one in [*clicked, forged]} == {(200, clicked[0].text)}
    await street.held(await street.say(participant_id), "suppressed")
    assert "script" not in looked.text
