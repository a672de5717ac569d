"""One contract for every way out: taken, refused, put off and silence mean the same everywhere."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey, derive_private_key
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import SecretStr

from common.embedded import LOOPBACK, free_port
from handrail.providers import (
    ACCOUNT,
    BREAK_AFTER_TAKING,
    KEY,
    KEY_SECRET,
    OURS,
    SILENCE_AFTER_TAKING,
    TOKEN,
    AgencySystem,
    Answer,
    Browser,
    MailServer,
    PushService,
    Twilio,
    serving_mail,
    serving_provider,
)
from notification.senders.hooks import Hook, HookSender, signature
from notification.senders.outgoing import NotSent, OutcomeUnknown, Outgoing, Rejected, Sender, Unreachable
from notification.senders.outside import Outside, retry_after
from notification.senders.push import PushSender, Subscription, Vapid, encrypted
from notification.senders.smtp import Server, SmtpSender
from notification.senders.twilio import Account, TwilioSender, is_genuine

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
NUMBER = "+12025550143"
LINK = "https://handrail.example/"
PRIVATE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"  # RFC 8291, 5
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID = UUID("0193a1b2-0000-7000-8000-000000000001")
LOCAL = (ip_network("127.0.0.0/8"),)


def outgoing(address: str, **more: Any) -> Outgoing:
    return Outgoing(
        message_id=MESSAGE_ID,
        address=address,
        language="en",
        subject="Handrail",
        text="There is something new for you.\n",
        written_at=datetime.now(UTC),
        link=LINK,
        agency_id=UUID("0193a1b2-0000-7000-8000-0000000000aa"),
        **more,
    )


@dataclass
class Way:
    """One way out in front of a server of its own. `does`: have the server do the next thing differently."""

    sender: Sender
    message: Outgoing
    does: Callable[[str], None]
    taken: Callable[[], int]
    repeats_harmlessly: bool


HTTP_ANSWERS = {
    "throttles": Answer(429, {"Retry-After": "120"}),
    "is away": Answer(503),
    "is silent": SILENCE_AFTER_TAKING,
    "breaks off": BREAK_AFTER_TAKING,
}
SMTP_ANSWERS: dict[str, dict[str, str | None]] = {
    "refuses": {"RCPT": "550 no such user"},
    "throttles": {"RCPT": "451 later"},
    "is away": {"greeting": "421 busy"},
    "is silent": {"letter": ""},
    "breaks off": {"letter": None},
}


@asynccontextmanager
async def email_way() -> AsyncGenerator[Way]:
    server = MailServer()
    async with serving_mail(server):
        sender = SmtpSender(Server(LOOPBACK, server.port, "none", timedelta(seconds=0.2)), "handrail@agency.test")

        def does(what: str) -> None:
            server.answers |= SMTP_ANSWERS[what]

        yield Way(sender, outgoing("jo@agency.test"), does, lambda: 1 if server.letter else 0, repeats_harmlessly=False)


@asynccontextmanager
async def sms_way() -> AsyncGenerator[Way]:
    twilio = Twilio()
    async with serving_provider(twilio), httpx.AsyncClient(timeout=0.5, trust_env=False) as http:

        def does(what: str) -> None:
            if what == "refuses":
                twilio.refused[NUMBER] = 21211
            else:
                twilio.answers.append(HTTP_ANSWERS[what])

        sender = TwilioSender(http, account(twilio.url))
        yield Way(sender, outgoing(NUMBER), does, lambda: len(twilio.messages), repeats_harmlessly=False)


def account(url: str, sender: str = OURS) -> Account:
    return Account(ACCOUNT, KEY, SecretStr(KEY_SECRET), SecretStr(TOKEN), sender, "https://handrail.example/api", url)


@asynccontextmanager
async def push_way() -> AsyncGenerator[Way]:
    service = PushService()
    async with serving_provider(service), httpx.AsyncClient(timeout=0.5, trust_env=False) as http:
        browser = Browser(service.url)

        def does(what: str) -> None:
            if what == "refuses":
                service.gone.add("/" + browser.endpoint.split("/", 3)[3])
            else:
                service.answers.append(HTTP_ANSWERS[what])

        sender = PushSender(Outside(http, LOCAL, insecure=True), Vapid(SecretStr(PRIVATE), "mailto:op@agency.test"))
        message = outgoing(browser.subscription())
        yield Way(sender, message, does, lambda: len(service.to(browser)), repeats_harmlessly=True)


@asynccontextmanager
async def hook_way() -> AsyncGenerator[Way]:
    system = AgencySystem()
    system.secret = SECRET
    async with serving_provider(system), httpx.AsyncClient(timeout=0.5, trust_env=False) as http:

        def does(what: str) -> None:
            system.answers.append(Answer(410) if what == "refuses" else HTTP_ANSWERS[what])

        host = system.url.removeprefix("http://")
        sender = HookSender(Outside(http, LOCAL, insecure=True), {host})
        message = replace(outgoing(Hook(f"{system.url}/facts", (SECRET,)).address()), text='{"type":"x"}')
        yield Way(sender, message, does, lambda: len(system.facts), repeats_harmlessly=True)


WAYS = {"email": email_way, "sms": sms_way, "push": push_way, "webhook": hook_way}


@pytest_asyncio.fixture(params=sorted(WAYS))
async def way(request: pytest.FixtureRequest) -> AsyncGenerator[Way]:
    async with WAYS[request.param]() as opened:
        yield opened


# --- the contract


async def test_what_is_handed_over_is_taken_once(way: Way) -> None:
    await way.sender.send(way.message)

    assert way.taken() == 1


async def test_a_refusal_for_good_is_a_rejection_and_quotes_nobody(way: Way) -> None:
    way.does("refuses")

    with pytest.raises(Rejected) as refused:
        await way.sender.send(way.message)

    assert way.message.address not in str(refused.value)
    assert way.taken() == 0


@pytest.mark.parametrize("what", ["throttles", "is away"])
async def test_what_may_pass_can_be_tried_again(way: Way, what: str) -> None:
    way.does(what)

    with pytest.raises(Unreachable) as put_off:
        await way.sender.send(way.message)

    assert way.message.address not in str(put_off.value)
    assert way.taken() == 0


async def test_a_malformed_address_is_rejected_before_anybody_is_asked(way: Way) -> None:
    with pytest.raises(Rejected, match="address-malformed"):
        await way.sender.send(replace(way.message, address="nowhere"))

    assert way.taken() == 0


@pytest.mark.parametrize("what", ["is silent", "breaks off"])
async def test_silence_after_everything_was_given_is_no_invitation_to_repeat_what_would_arrive_twice(
    way: Way, what: str
) -> None:
    way.does(what)

    with pytest.raises((OutcomeUnknown, Unreachable)) as silent:
        await way.sender.send(way.message)

    assert way.repeats_harmlessly or isinstance(silent.value, OutcomeUnknown)


async def test_whoever_cannot_say_what_became_of_a_message_says_so(way: Way) -> None:
    try:
        receipt = await way.sender.look(way.message)
    except OutcomeUnknown:
        assert not way.repeats_harmlessly
    else:
        assert receipt is None


@pytest.mark.parametrize("way", ["push", "webhook"], indirect=True)
async def test_what_is_sent_again_harmlessly_is_there_once(way: Way) -> None:
    way.does("breaks off")
    with pytest.raises((OutcomeUnknown, Unreachable)):
        await way.sender.send(way.message)

    await way.sender.send(replace(way.message, number=2))

    assert way.taken() == 1


# --- text messages


@pytest_asyncio.fixture
async def twilio() -> AsyncGenerator[Twilio]:
    server = Twilio()
    async with serving_provider(server):
        yield server


@pytest_asyncio.fixture
async def http() -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=1, trust_env=False) as client:
        yield client


async def test_a_text_names_its_sender_and_where_to_tell_what_became_of_it(
    twilio: Twilio, http: httpx.AsyncClient
) -> None:
    receipt = await TwilioSender(http, account(twilio.url)).send(outgoing(NUMBER, number=3))

    (message,) = twilio.messages
    assert receipt.provider_id == message["sid"]
    assert (message["from"], message["body"]) == (OURS, "There is something new for you.")
    assert message["callback"] == (
        "https://handrail.example/api/v1/twilio/status?agency=0193a1b2-0000-7000-8000-0000000000aa"
        f"&message={MESSAGE_ID}&number=3"
    )


async def test_a_text_may_leave_by_a_messaging_service(twilio: Twilio, http: httpx.AsyncClient) -> None:
    await TwilioSender(http, account(twilio.url, "MG01")).send(outgoing(NUMBER))

    assert twilio.messages[0]["from"] == "MG01"


@pytest.mark.parametrize(
    ("code", "error", "means"),
    [
        (21211, Rejected, "address-malformed"),
        (21610, Rejected, "recipient-stopped"),
        (21614, Rejected, "recipient-unreachable"),
        (21617, Rejected, "message-too-long"),
        (21606, Unreachable, "provider-refused"),
        (30001, Unreachable, "provider-refused"),
    ],
)
async def test_a_refusal_about_the_recipient_is_final_and_one_about_us_is_not(
    twilio: Twilio, http: httpx.AsyncClient, code: int, error: type[NotSent], means: str
) -> None:
    twilio.refused[NUMBER] = code

    with pytest.raises(error, match=means):
        await TwilioSender(http, account(twilio.url)).send(outgoing(NUMBER))


async def test_a_wrong_key_is_ours_to_mend(twilio: Twilio, http: httpx.AsyncClient) -> None:
    wrong = replace(account(twilio.url), key_secret=SecretStr("another"))

    with pytest.raises(Unreachable, match="provider-refused"):
        await TwilioSender(http, wrong).send(outgoing(NUMBER))


async def test_a_throttling_provider_names_the_pause(twilio: Twilio, http: httpx.AsyncClient) -> None:
    twilio.answers.append(HTTP_ANSWERS["throttles"])

    with pytest.raises(Unreachable, match="throttled") as put_off:
        await TwilioSender(http, account(twilio.url)).send(outgoing(NUMBER))

    assert put_off.value.retry_after == timedelta(seconds=120)


@pytest.mark.parametrize("answer", [Answer(500), Answer(502), Answer(201, body=b"what?"), Answer(201, body=b"{}")])
async def test_an_answer_that_says_nothing_leaves_the_outcome_unknown(
    twilio: Twilio, http: httpx.AsyncClient, answer: Answer
) -> None:
    twilio.answers.append(answer)

    with pytest.raises(OutcomeUnknown):
        await TwilioSender(http, account(twilio.url)).send(outgoing(NUMBER))


async def test_nobody_there_is_no_unknown_outcome(http: httpx.AsyncClient) -> None:
    with pytest.raises(Unreachable, match="provider-unreachable"):
        await TwilioSender(http, account(f"http://{LOOPBACK}:{free_port()}")).send(outgoing(NUMBER))


async def test_a_text_that_was_taken_in_silence_is_found_again(twilio: Twilio, http: httpx.AsyncClient) -> None:
    sender, message = TwilioSender(http, account(twilio.url)), outgoing(NUMBER)
    twilio.answers.append(BREAK_AFTER_TAKING)
    with pytest.raises(OutcomeUnknown):
        await sender.send(message)

    found = await sender.look(message)

    assert found is not None
    assert found.provider_id == twilio.messages[0]["sid"]


async def test_another_text_to_the_same_number_is_not_taken_for_it(twilio: Twilio, http: httpx.AsyncClient) -> None:
    sender = TwilioSender(http, account(twilio.url))
    await sender.send(outgoing(NUMBER))

    other_words = await sender.look(replace(outgoing(NUMBER), text="Something else."))
    later = await sender.look(replace(outgoing(NUMBER), written_at=datetime.now(UTC) + timedelta(minutes=10)))

    assert (other_words, later) == (None, None)


@pytest.mark.parametrize("answer", [Answer(500), Answer(429), Answer(200, body=b"[]"), BREAK_AFTER_TAKING])
async def test_a_list_that_is_not_to_be_had_says_nothing(
    twilio: Twilio, http: httpx.AsyncClient, answer: Answer
) -> None:
    twilio.answers.append(answer)

    with pytest.raises(Unreachable):
        await TwilioSender(http, account(twilio.url)).look(outgoing(NUMBER))


SIGNED = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
SIGNED_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="  # from Twilio's own example of a signed request, token 12345


@pytest.mark.parametrize(
    ("url", "fields", "given", "token", "genuine"),
    [
        (SIGNED_URL, SIGNED, SIGNATURE, "12345", True),
        (SIGNED_URL, SIGNED, SIGNATURE, "12346", False),
        (SIGNED_URL, SIGNED | {"To": "+18005551213"}, SIGNATURE, "12345", False),
        (SIGNED_URL, {**SIGNED, "More": ""}, SIGNATURE, "12345", False),
        (SIGNED_URL.replace("bar=2", "bar=3"), SIGNED, SIGNATURE, "12345", False),
        (SIGNED_URL, SIGNED, "", "12345", False),
        (SIGNED_URL, SIGNED, "ñ" * 28, "12345", False),
    ],
)
def test_only_twilio_can_sign_a_webhook(
    url: str, fields: dict[str, str], given: str, token: str, genuine: bool
) -> None:
    assert is_genuine(url, fields, given, SecretStr(token)) is genuine


# --- push


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_notice_is_encrypted_as_the_rfc_shows() -> None:
    """RFC 8291, section 5: the whole example."""
    receiver = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    to = Subscription(
        "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), _bytes(receiver)),
        _bytes("BTBZMqHH6r4Tts7J_aSIgg"),
    )
    ours = derive_private_key(int.from_bytes(_bytes(PRIVATE)), SECP256R1())

    body = encrypted(b"When I grow up, I want to be a watermelon", to, ours, _bytes("DGv6ra1nlYgDCS1FRnbzlw"))

    assert urlsafe_b64encode(body).decode().rstrip("=") == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6Tlz"
        "AC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


async def test_a_browser_reads_a_notice_that_nobody_else_can(http: httpx.AsyncClient) -> None:
    service = PushService()
    async with serving_provider(service):
        browser = Browser(service.url)
        vapid = Vapid(SecretStr(PRIVATE), "mailto:op@agency.test")
        sender = PushSender(Outside(http, LOCAL, insecure=True), vapid)

        await sender.send(outgoing(browser.subscription(), urgent=True))

    (asked,) = service.asked
    token, _, key = asked.headers["authorization"].removeprefix("vapid t=").partition(", k=")
    point = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), _bytes(key)).public_numbers()
    x, y = (urlsafe_b64encode(part.to_bytes(32)).decode().rstrip("=") for part in (point.x, point.y))
    claims = jwt.decode(token, ECKey.import_key({"kty": "EC", "crv": "P-256", "x": x, "y": y})).claims
    assert (claims["aud"], claims["sub"], key) == (service.url, "mailto:op@agency.test", vapid.public_key)
    assert (asked.headers["urgency"], asked.headers["ttl"]) == ("high", "3600")
    assert asked.headers["topic"] == MESSAGE_ID.hex
    assert b"something new" not in asked.body
    assert service.to(browser) == [
        {
            "title": "Handrail",
            "body": "There is something new for you.",
            "lang": "en",
            "url": LINK,
            "tag": MESSAGE_ID.hex,
        }
    ]


@pytest.mark.parametrize(("status", "code"), [(404, "subscription-gone"), (410, "subscription-gone")])
async def test_a_subscription_that_ended_is_not_tried_again(http: httpx.AsyncClient, status: int, code: str) -> None:
    service = PushService()
    async with serving_provider(service):
        service.answers.append(Answer(status))
        sender = PushSender(Outside(http, LOCAL, insecure=True), Vapid(SecretStr(PRIVATE), "mailto:op@agency.test"))

        with pytest.raises(Rejected, match=code):
            await sender.send(outgoing(Browser(service.url).subscription()))


# --- webhooks, and whatever goes to addresses of others


def test_a_fact_is_signed_as_the_specification_shows() -> None:
    """The example of the Standard Webhooks specification."""
    signed = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("url", "hosts", "code"),
    [
        ("https://evil.test/facts", {"agency.test"}, "host-not-allowed"),
        ("https://agency.test:8443/facts", {"agency.test"}, "host-not-allowed"),
        ("http://agency.test/facts", {"agency.test"}, "not-encrypted"),
        ("https://127.0.0.1/facts", {"127.0.0.1"}, "address-not-allowed"),
        ("https://10.1.2.3/facts", {"10.1.2.3"}, "address-not-allowed"),
        ("https://169.254.169.254/latest", {"169.254.169.254"}, "address-not-allowed"),
        ("https://[::1]/facts", {"[::1]"}, "address-not-allowed"),
        ("https://[::ffff:10.0.0.1]/facts", {"[::ffff:10.0.0.1]"}, "address-not-allowed"),
        ("https://localhost/facts", {"localhost"}, "address-not-allowed"),
        ("https://user:word@agency.test/facts", {"agency.test"}, "address-malformed"),
        ("ftp://agency.test/facts", {"agency.test"}, "address-malformed"),
    ],
)
async def test_facts_go_nowhere_but_where_the_operator_allows(
    http: httpx.AsyncClient, url: str, hosts: set[str], code: str
) -> None:
    with pytest.raises(Rejected, match=code):
        await HookSender(Outside(http), hosts).send(outgoing(Hook(url, (SECRET,)).address()))


async def test_a_redirect_is_not_followed(http: httpx.AsyncClient) -> None:
    system = AgencySystem()
    async with serving_provider(system):
        system.answers.append(Answer(307, {"Location": f"{system.url}/elsewhere"}))
        sender = HookSender(Outside(http, LOCAL, insecure=True), {system.url.removeprefix("http://")})

        with pytest.raises(Unreachable, match="redirect-refused"):
            await sender.send(outgoing(Hook(f"{system.url}/facts", (SECRET,)).address()))

    assert [asked.target for asked in system.asked] == ["/facts"]


async def test_a_push_service_of_our_own_network_is_not_called(http: httpx.AsyncClient) -> None:
    service = PushService()
    async with serving_provider(service):
        sender = PushSender(Outside(http, insecure=True), Vapid(SecretStr(PRIVATE), "mailto:op@agency.test"))

        with pytest.raises(Rejected, match="address-not-allowed"):
            await sender.send(outgoing(Browser(service.url).subscription()))

    assert service.asked == []


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("120", timedelta(seconds=120)),
        ("Mon, 02 Mar 2026 12:05:00 GMT", timedelta(minutes=5)),
        ("Mon, 02 Mar 2026 11:00:00 GMT", timedelta(0)),
        ("99999999", timedelta(days=1)),
        ("soon", None),
        ("", None),
        ("-5", None),
    ],
)
def test_a_pause_is_read_in_seconds_or_as_a_date(header: str, pause: timedelta | None) -> None:
    assert retry_after(httpx.Response(429, headers={"Retry-After": header}), AT) == pause
