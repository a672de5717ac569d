"""A flood of events, some twice, all out of order, some broken: each intent is told once, nothing waits for poison."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import nats
import pytest_asyncio
from sqlalchemy import text

from handrail.flood import Flood, flood
from handrail.testing import Platform

EVENTS = 300
PEERS = 4
AT_ONCE = 100  # publications whose acknowledgement is awaited together


class Arrived:
    """What came of one flood."""

    def __init__(self, sent: Flood, letters: Counter[str]) -> None:
        self.flood, self.letters = sent, letters


async def publish(platform: Platform, sent: Flood) -> None:
    client = await nats.connect(platform.addresses.nats_url("admin", platform.secrets["NATS_ADMIN_PASSWORD"]))
    stream = client.jetstream()
    for start in range(0, len(sent.told), AT_ONCE):
        part = sent.told[start : start + AT_ONCE]
        await asyncio.gather(
            *(stream.publish(one.subject, one.body, headers={"Nats-Msg-Id": str(one.id)}) for one in part)
        )
    await client.close()


@pytest_asyncio.fixture(scope="session")
async def arrived(platform: Platform, workplace: Any, mail: Any) -> Arrived:
    """A flood that was told, applied and sent to the end."""
    peers = [await workplace.hire() for _ in range(PEERS)]
    sent = flood(workplace.agency_id, [peer for peer, _ in peers], EVENTS, seed=7, now=datetime.now(UTC))
    await publish(platform, sent)
    await platform.eventually(
        "select count(*) from notification.inbox where event_id = any(:ids)", len(sent.events), 60, ids=[*sent.events]
    )
    async with platform.admin.begin() as connection:  # reminders wait some seconds for a signature
        await connection.execute(text("update notification.due set at = clock_timestamp() where at > now()"))
    await platform.eventually(
        "select count(*) from notification.message where recipient_id = any(:ids) and state = 'sent'",
        len(sent.intents),
        120,
        ids=[peer for peer, _ in peers],
    )
    return Arrived(sent, Counter(letter["Message-ID"] for _, to in peers for letter in mail.to(to)))


async def test_each_intent_is_stored_once_and_no_other(platform: Platform, arrived: Arrived) -> None:
    rows = await platform.fetch(
        "select template, recipient_id, occasion from notification.message where recipient_id = any(:ids)",
        ids=list({intent.recipient_id for intent in arrived.flood.intents}),
    )

    stored = Counter((row["template"], row["recipient_id"], row["occasion"]) for row in rows)
    assert stored == Counter((one.template, one.recipient_id, one.occasion) for one in arrived.flood.intents)


async def test_each_message_left_once(platform: Platform, arrived: Arrived) -> None:
    assert len(arrived.letters) == len(arrived.flood.intents)
    assert set(arrived.letters.values()) == {1}
    tries = await platform.value(
        "select count(*) from notification.delivery_attempt a join notification.message m on m.id = a.message_id "
        "where m.recipient_id = any(:ids)",
        ids=list({intent.recipient_id for intent in arrived.flood.intents}),
    )
    assert tries == len(arrived.flood.intents)


async def test_what_is_broken_is_in_the_dead_letters_and_nothing_else_is(platform: Platform, arrived: Arrived) -> None:
    dead = "select count(*) from notification.dead_letter where event_id = any(:ids)"
    await platform.eventually(dead, len(arrived.flood.broken), ids=[*arrived.flood.broken])

    assert await platform.value(dead, ids=[*arrived.flood.events]) == 0
    kept = await platform.fetch(
        "select payload, attempts, error from notification.dead_letter where event_id = any(:ids)",
        ids=[*arrived.flood.broken],
    )
    assert len(arrived.flood.broken) == EVENTS // 100
    assert {bytes(row["payload"]) for row in kept} == {
        one.body for one in arrived.flood.told if one.id in arrived.flood.broken
    }
    assert {row["attempts"] for row in kept} == {1}  # what nobody can read is not tried again


async def test_nothing_that_is_whole_waits_for_poison(platform: Platform, arrived: Arrived) -> None:
    [row] = await platform.fetch(
        "select extract(epoch from max(applied_at) - min(applied_at)) as span from notification.inbox "
        "where event_id = any(:ids)",
        ids=[*arrived.flood.events],
    )

    assert row["span"] < 30  # an event given back to wait would be away for as long as its acknowledgement may take
