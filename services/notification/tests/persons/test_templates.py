"""An agency's own words: no telling word gets in, somebody else approves them, and then they are what is said."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from handrail.testing import add_staff

NOTICES = "/api/notification/v1"
TEMPLATES = f"{NOTICES}/message-templates"
OWN = {
    "kind": "appointment-reminder",
    "texts": {
        "en": {
            "subject": "Soon",
            "text": "We expect you on {day} at {time}.",
            "short": "We expect you on {day}, {time}. Reply STOP to end these.",
        }
    },
}


async def test_what_is_not_discreet_is_refused_part_by_part_and_leaves_nothing(street: Any) -> None:
    english = OWN["texts"]["en"] | {"subject": "Your recovery group", "short": "Call 312 555 0142 at {time}"}  # type: ignore[index]
    before = await street.platform.value("select count(*) from notification.message_template")

    refused = await street.administrator.post(TEMPLATES, OWN | {"texts": {"en": english}})

    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/not-discreet")
    said = {(one["pointer"], one["detail"].split(" ")[0]) for one in refused.json()["errors"]}
    assert said == {
        ("/texts/en/subject", "“group”"),
        ("/texts/en/subject", "“recovery”"),
        ("/texts/en/short", "A"),
        ("/texts/en/short", "Say"),
    }
    assert await street.platform.value("select count(*) from notification.message_template") == before


async def test_words_are_approved_by_somebody_else_and_then_said(street: Any) -> None:
    template_id = await street.supervisor.created(TEMPLATES, OWN)
    shown = (await street.administrator.get(f"{TEMPLATES}/{template_id}/preview")).json()["items"]
    assert [(one["part"], one["segments"]) for one in shown] == [("subject", None), ("text", None), ("short", 1)]
    path = f"{TEMPLATES}/{template_id}/approval"
    own = await street.supervisor.put(path, {}, version=1)
    assert (own.status_code, own.json()["type"]) == (403, "/problems/own-template")
    for _ in range(2):
        assert (await street.administrator.put(path, {}, version=1)).is_success
    participant_id, number = await street.texted()

    await street.appoint(participant_id, datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2, seconds=3))

    await street.platform.eventually(
        "select string_agg(state || ' ' || template_id, ',') from notification.message where recipient_id = :id",
        f"sent {template_id}",
        id=participant_id,
    )
    (said,) = street.twilio.to(number)
    assert re.fullmatch(r"We expect you on \w+, \w+ \d+, \d+:\d\d [AP]M\. Reply STOP to end these\.", said)

    second = await street.supervisor.created(TEMPLATES, OWN)
    assert (await street.administrator.put(f"{TEMPLATES}/{second}/approval", {}, version=1)).is_success
    states = {one["id"]: one["state"] for one in (await street.supervisor.get(TEMPLATES)).json()["items"]}
    assert (states[str(template_id)], states[str(second)]) == ("retired", "approved")
    again = await street.administrator.put(path, {}, version=3)
    assert again.json()["type"] == "/problems/template-retired"
    for _ in range(2):
        assert (await street.administrator.put(f"{TEMPLATES}/{second}/retirement", {}, version=2)).is_success


async def test_a_peer_says_one_of_few_things_and_nothing_in_their_own_words(street: Any) -> None:
    participant_id, number = await street.texted()
    path = f"{NOTICES}/participants/{participant_id}/messages"

    assert (await street.peer.post(path, {"kind": "check-in", "text": "hi"})).status_code == 422
    assert (await street.peer.post(path, {"kind": "assignment"})).status_code == 422
    stranger = await add_staff(street.administrator, "peer")
    assert (await stranger.post(path, {"kind": "check-in"})).status_code == 404
    message_id = await street.peer.created(path, {"kind": "check-in"})
    await street.until(message_id, "sent")
    waiting = await street.peer.created(path, {"kind": "paper-waiting"})

    await street.held(waiting, "no-consent")
    assert [text.split(".")[0] for text in street.twilio.to(number)] == ["Just saying hello"]
    assert (await street.peer.put(f"{TEMPLATES}/{uuid4()}/approval", {}, version=1)).status_code == 403
