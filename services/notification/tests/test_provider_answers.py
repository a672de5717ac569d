"""What Twilio tells of a text message after it took it: who may say it, what it changes, and what changes nothing."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from common.embedded import LOOPBACK, free_port
from handrail.local import serving
from handrail.platform import settings_of
from handrail.providers import ACCOUNT, KEY, KEY_SECRET, OURS, TOKEN, Twilio, serving_provider, tell_signed
from handrail.testing import Platform
from notification.app import create_api
from notification.commands import deliveries, intents
from notification.commands.deliveries import Sent, Unknown
from notification.rules.answers import is_news, reason
from notification.rules.messages import Channel
from notification.senders.outgoing import Outgoing
from notification.senders.twilio import Account, TwilioSender

NUMBER = "+12025550144"


@dataclass
class Texting:
    """Notification with a Twilio account, and the Twilio that it has it with."""

    twilio: Twilio
    http: httpx.AsyncClient
    account: Account

    async def tell(self, number: int, status: str, error: int | None = None) -> int:
        """Have Twilio tell a status of its `number`th message; return how that was answered."""
        return (await self.twilio.tell(self.http, self.twilio.messages[number], status, error)).status_code


@pytest_asyncio.fixture(scope="session")
async def texting(platform: Platform) -> AsyncGenerator[Texting]:
    twilio, port = Twilio(), free_port()
    own_url = f"http://{LOOPBACK}:{port}"
    async with serving_provider(twilio):
        entry = next(entry for entry in platform.services if entry.service.name == "notification")
        settings: Any = settings_of(
            entry,
            "api",
            platform.addresses,
            platform.secrets,
            own_url=own_url,
            twilio_account_sid=ACCOUNT,
            twilio_key_sid=KEY,
            twilio_key_secret=KEY_SECRET,
            twilio_auth_token=TOKEN,
            twilio_sender=OURS,
            twilio_url=twilio.url,
            pool_size=2,
        )
        account = Account(ACCOUNT, KEY, SecretStr(KEY_SECRET), SecretStr(TOKEN), OURS, own_url, twilio.url)
        async with serving(create_api(settings), port), httpx.AsyncClient(timeout=10) as http:
            yield Texting(twilio, http, account)


@dataclass
class Text:
    """One text message that Twilio has: its number there, and its ids with us."""

    index: int
    message_id: UUID
    peer: UUID
    address: str


async def text_out(
    texting: Texting, workplace: Any, worker: Any, outcome: str = "sent", only_by: Channel | None = None
) -> Text:
    """Hand a text message to Twilio. `outcome`: what we know of it: `sent`, `sending` (nothing yet) or `unknown`."""
    peer, address = await workplace.hire()
    async with worker.transaction(workplace.agency_id) as db:
        intent = intents.intent(db, "assignment", peer, str(uuid4()), db.now, None, channel=only_by)
        await intents.store(db, [intent])
        [claimed] = [one for one in await deliveries.claim(db, 50) if one.recipient_id == peer]
        number = await deliveries.begin(db, claimed, Channel.SMS)
    assert number is not None
    async with httpx.AsyncClient(trust_env=False) as http:
        message = Outgoing(
            message_id=claimed.message_id,
            address=NUMBER,
            language="en",
            subject="",
            text="There is something new for you.",
            written_at=datetime.now(UTC),
            number=number,
            agency_id=workplace.agency_id,
        )
        receipt = await TwilioSender(http, texting.account).send(message)
    known = {"sent": Sent(receipt.provider_id), "unknown": Unknown(can_be_asked=True)}.get(outcome)
    if known is not None:
        async with worker.transaction(workplace.agency_id) as db:
            assert await deliveries.record(db, claimed, known, 1.0)
    return Text(len(texting.twilio.messages) - 1, claimed.message_id, peer, address)


async def attempt(platform: Platform, text: Text) -> tuple[Any, ...]:
    rows = await platform.fetch(
        "select outcome, provider_status, provider_id from notification.delivery_attempt where message_id = :id "
        "order by number",
        id=text.message_id,
    )
    return rows[0]["outcome"], rows[0]["provider_status"], rows[0]["provider_id"]


async def state(platform: Platform, text: Text) -> str:
    return str(await platform.value("select state from notification.message where id = :id", id=text.message_id))


async def test_a_delivery_is_noted_with_the_attempt(
    texting: Texting, workplace: Any, other_worker: Any, platform: Platform
) -> None:
    text = await text_out(texting, workplace, other_worker)

    answered = [await texting.tell(text.index, status) for status in ("queued", "sent", "delivered")]

    sid = texting.twilio.messages[text.index]["sid"]
    assert answered == [204, 204, 204]
    assert await attempt(platform, text) == ("sent", "delivered", sid)
    assert await state(platform, text) == "sent"


async def test_what_is_old_or_said_again_changes_nothing(
    texting: Texting, workplace: Any, other_worker: Any, platform: Platform
) -> None:
    text = await text_out(texting, workplace, other_worker)
    assert await texting.tell(text.index, "delivered") == 204

    later = [await texting.tell(text.index, status) for status in ("delivered", "sent", "queued", "failed", "mystery")]

    assert later == [204, 204, 204, 204, 204]
    assert (await attempt(platform, text))[:2] == ("sent", "delivered")
    assert await state(platform, text) == "sent"


@pytest.mark.parametrize("outcome", ["unknown", "sending"])
async def test_a_word_from_the_provider_settles_what_nobody_knew(
    texting: Texting, workplace: Any, other_worker: Any, platform: Platform, outcome: str
) -> None:
    text = await text_out(texting, workplace, other_worker, outcome)

    assert await texting.tell(text.index, "queued") == 204

    waiting = "select count(*) from notification.due where message_id = :id"
    assert await state(platform, text) == "sent"
    assert (await attempt(platform, text))[0] == "sent"
    assert await platform.value(waiting, id=text.message_id) == 0


async def test_what_never_arrived_goes_by_the_next_way(
    texting: Texting, workplace: Any, other_worker: Any, platform: Platform, mail: Any
) -> None:
    text = await text_out(texting, workplace, other_worker)

    assert await texting.tell(text.index, "undelivered", 30005) == 204
    await workplace.until(text.peer, "sent")

    assert (await attempt(platform, text))[0] == "number-unknown"
    assert len(mail.to(text.address)) == 1
    await platform.eventually("select channel from notification.message where id = :id", "email", id=text.message_id)


async def test_what_may_leave_by_text_only_has_failed(
    texting: Texting, workplace: Any, other_worker: Any, platform: Platform
) -> None:
    text = await text_out(texting, workplace, other_worker, only_by=Channel.SMS)

    assert await texting.tell(text.index, "failed", 30007) == 204
    await platform.eventually(
        "select count(*) from notification.ledger where aggregate_id = :id", 2, id=text.message_id
    )

    message = await workplace.message(text.peer)
    assert (message["state"], message["last_error"], message["sent_at"]) == ("failed", "filtered-by-carrier", None)
    assert await workplace.told(text.peer) == ["message-sent", "message-failed"]


@pytest.mark.parametrize("outcome", ["unknown", "sending"])
async def test_an_end_that_comes_before_we_knew_anything_counts(
    texting: Texting, workplace: Any, other_worker: Any, platform: Platform, outcome: str
) -> None:
    text = await text_out(texting, workplace, other_worker, outcome, only_by=Channel.SMS)

    assert await texting.tell(text.index, "undelivered", 30003) == 204

    message = await workplace.message(text.peer)
    assert (message["state"], message["last_error"]) == ("failed", "handset-unreachable")


@pytest.mark.parametrize("forged", ["another token", "no signature", "another address", "another account"])
async def test_only_our_twilio_account_is_heard(
    texting: Texting, workplace: Any, other_worker: Any, platform: Platform, forged: str
) -> None:
    text = await text_out(texting, workplace, other_worker)
    message = texting.twilio.messages[text.index]
    fields = {"MessageSid": message["sid"], "MessageStatus": "failed", "AccountSid": ACCOUNT}
    ways = {
        "another token": tell_signed(texting.http, message["callback"], fields, token="guessed"),
        "no signature": tell_signed(texting.http, message["callback"], fields, signature="none"),
        "another address": tell_signed(
            texting.http, message["callback"], fields, signature="RSOYDt4T1cUTdK1PDd93/VVr8B8="
        ),
        "another account": tell_signed(texting.http, message["callback"], fields | {"AccountSid": "AC2"}),
    }
    told = ways.pop(forged)
    for unused in ways.values():
        unused.close()

    answer = await told

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/webhook-not-genuine")
    assert (await attempt(platform, text))[:2] == ("sent", None)


async def test_another_message_of_the_provider_is_not_taken_for_this_one(
    texting: Texting, workplace: Any, other_worker: Any, platform: Platform
) -> None:
    text = await text_out(texting, workplace, other_worker)
    fields = {"MessageSid": "SMsomeother", "MessageStatus": "failed", "AccountSid": ACCOUNT}

    answer = await tell_signed(texting.http, texting.twilio.messages[text.index]["callback"], fields)

    assert answer.status_code == 204
    assert (await attempt(platform, text))[1] is None


async def test_an_attempt_that_never_was_is_not_there(texting: Texting, workplace: Any) -> None:
    asked = f"agency={workplace.agency_id}&message={uuid4()}&number=1"
    fields = {"MessageSid": "SM1", "MessageStatus": "sent", "AccountSid": ACCOUNT}

    answer = await tell_signed(texting.http, f"{texting.account.own_url}/v1/twilio/status?{asked}", fields)

    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"MessageSid=%FF", "application/x-www-form-urlencoded", 403),
        (b"MessageSid=\xff", "application/x-www-form-urlencoded", 422),
        (b"MessageSid=a&MessageSid=b", "application/x-www-form-urlencoded", 422),
        (b"&".join(b"a%d=1" % n for n in range(200)), "application/x-www-form-urlencoded", 422),
        (b"{}", "application/json", 415),
    ],
)
async def test_what_is_no_form_is_refused(
    texting: Texting, workplace: Any, body: bytes, media: str, status: int
) -> None:
    asked = f"agency={workplace.agency_id}&message={uuid4()}&number=1"
    url = f"{texting.account.own_url}/v1/twilio/status?{asked}"

    answer = await texting.http.post(url, content=body, headers={"Content-Type": media})

    assert answer.status_code == status


async def test_without_an_account_nobody_is_heard(workplace: Any) -> None:
    asked = f"agency={workplace.agency_id}&message={uuid4()}&number=1"
    url = f"/api/notification/v1/twilio/status?{asked}"

    answer = await tell_signed(workplace.administrator.http, url, {"MessageSid": "SM1"})

    assert answer.status_code == 404


async def test_a_status_leaves_no_number_behind(
    texting: Texting, workplace: Any, other_worker: Any, platform: Platform
) -> None:
    text = await text_out(texting, workplace, other_worker)
    assert await texting.tell(text.index, "delivered") == 204

    await platform.eventually(
        "select count(*) from notification.audit where subject_id = :id and action = 'message.provider_status'",
        1,
        id=text.message_id,
    )
    for table in ("audit", "audit_pending", "ledger", "outbox", "message", "delivery_attempt"):
        found = f"select count(*) from notification.{table} t where t::text like :number"
        assert await platform.value(found, number=f"%{NUMBER[1:]}%") == 0


@pytest.mark.parametrize(
    ("known", "said", "news"),
    [
        (None, "queued", True),
        ("queued", "sent", True),
        ("sent", "queued", False),
        ("sent", "undelivered", True),
        ("delivered", "undelivered", False),
        ("failed", "delivered", False),
        ("delivered", "read", True),
        ("sent", "sent", False),
        ("sent", "nonsense", False),
    ],
)
def test_a_status_never_goes_back(known: str | None, said: str, news: bool) -> None:
    assert is_news(known, said) is news


@pytest.mark.parametrize(
    ("code", "means"),
    [
        (30003, "handset-unreachable"),
        (30006, "landline-or-unreachable-carrier"),
        (21610, "recipient-stopped"),
        (99999, "not-delivered"),
        (None, "not-delivered"),
    ],
)
def test_every_failure_has_a_reason(code: int | None, means: str) -> None:
    assert reason(code) == means
