"""What a carrier says later of a person's number: it is left alone, in this agency and in every other."""

from typing import Any
from uuid import UUID

import pytest

from notification.rules.messages import Channel
from notification.rules.words import as_texted
from notification.senders.letters import letter

# GSM 03.38, basic characters: what one text of 160 may be made of.
GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
DAYS = [f"2026-11-{day:02}T23:59:00-06:00" for day in range(23, 30)]  # each weekday once


async def sent_and_told(street: Any, number: str, participant_id: UUID, status: str, error: int) -> UUID:
    """Text somebody, and have the carrier tell what became of it."""
    message_id: UUID = await street.say(participant_id)
    await street.until(message_id, "sent")
    message = next(one for one in street.twilio.messages if one["to"] == number)
    told = await street.twilio.tell(street.http, message, status, error)
    assert told.status_code == 204, told.text
    return message_id


@pytest.mark.parametrize("error", [30005, 30006])
async def test_a_number_that_is_nobodys_any_more_is_locked_until_it_is_confirmed(street: Any, error: int) -> None:
    participant_id, number = await street.texted()

    await sent_and_told(street, number, participant_id, "undelivered", error)
    later = await street.say(participant_id)
    await street.held(later, "locked")
    confirmed = {"version": 1}
    path = f"/api/intake/v1/participants/{participant_id}/safe-contact/confirmations"
    assert (await street.peer.post(path, confirmed)).is_success
    await street.now_due(later)

    await street.until(later, "sent")
    assert len(street.twilio.to(number)) == 2


async def test_a_stop_that_the_carrier_tells_of_afterwards_stops(street: Any) -> None:
    participant_id, number = await street.texted()

    await sent_and_told(street, number, participant_id, "undelivered", 21610)

    await street.held(await street.say(participant_id), "suppressed")
    stopped = await street.platform.value(
        "select stopped_by from notification.contact_standing where digest in "
        "(select digest from notification.correspondent where participant_id = :id)",
        id=participant_id,
    )
    assert stopped == "carrier"


async def test_a_phone_that_is_only_off_is_not_locked(street: Any) -> None:
    participant_id, number = await street.texted()

    message_id = await sent_and_told(street, number, participant_id, "undelivered", 30003)

    await street.until(message_id, "failed")
    await street.until(await street.say(participant_id), "sent")
    assert len(street.twilio.to(number)) == 2


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("template", ["appointment-reminder", "appointment-changed"])
@pytest.mark.parametrize("starts_at", DAYS)
def test_a_text_to_a_person_is_one_message_of_letters_that_every_phone_has(
    template: str, language: str, starts_at: str
) -> None:
    values = {"starts_at": starts_at, "zone": "America/Chicago"}

    said = letter(template, Channel.SMS, language, values, public_url="http://localhost:8000").text

    assert len(said) <= 160
    assert set(said) <= GSM


def test_accents_go_only_where_a_text_has_none() -> None:
    assert as_texted("sábado, número, ñandú, ¿qué?, miércoles") == "sabado, numero, ñandu, ¿qué?, miércoles"
