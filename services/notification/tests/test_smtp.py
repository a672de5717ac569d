"""The SMTP sender against servers that accept, refuse, break off and keep silent at every step."""

import asyncio
import email
import email.policy
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import pytest

from common.embedded import LOOPBACK, free_port
from notification.senders.outgoing import OutcomeUnknown, Outgoing, Rejected, Unreachable
from notification.senders.smtp import Server, SmtpSender

SILENCE = ""
BREAK = "break"
FINE = {
    "greeting": "220 here",
    "EHLO": "250-here\r\n250 SMTPUTF8",
    "MAIL": "250 fine",
    "RCPT": "250 fine",
    "DATA": "354 go on",
    "letter": "250 kept",
    "QUIT": "221 bye",
}
MESSAGE_ID = UUID("0193a1b2-0000-7000-8000-000000000001")


class Scripted:
    """An SMTP server that answers each step as told, and remembers what it heard."""

    def __init__(self, **answers: str) -> None:
        self._answers = FINE | answers
        self.heard: list[str] = []
        self.letter = b""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            going = await self._answer("greeting", writer)
            while going and (line := await reader.readline()):
                step = line.split()[0].decode().upper()
                self.heard.append(line.decode().strip())
                going = await self._answer(step, writer)
                if going and step == "DATA" and self._answers["DATA"].startswith("354"):
                    self.letter = await reader.readuntil(b"\r\n.\r\n")
                    going = await self._answer("letter", writer)
        finally:
            writer.close()

    async def _answer(self, step: str, writer: asyncio.StreamWriter) -> bool:
        answer = self._answers.get(step, "502 unknown")
        if answer == BREAK:
            return False
        if answer != SILENCE:
            writer.write(answer.encode() + b"\r\n")
            await writer.drain()
        return True


Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
Security = Literal["none", "starttls", "tls"]


@asynccontextmanager
async def sender_to(answering: Answering, security: Security = "none") -> AsyncGenerator[SmtpSender]:
    server = await asyncio.start_server(answering, LOOPBACK, 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield SmtpSender(Server(LOOPBACK, port, security, timedelta(seconds=0.2)), "handrail@agency.test")
    finally:
        server.close()


def outgoing(address: str = "jo@agency.test") -> Outgoing:
    return Outgoing(
        message_id=MESSAGE_ID,
        address=address,
        language="es",
        subject="Handrail: hay algo nuevo para usted",
        text="Inicie sesión para ver más:\n.\nhttp://localhost:8000\n",
        written_at=datetime(2026, 3, 2, 12, tzinfo=UTC),
    )


async def test_a_letter_has_proper_headers_and_nothing_to_follow_a_reader_with() -> None:
    server = Scripted()
    async with sender_to(server) as sender:
        await sender.send(outgoing())

    letter = email.message_from_bytes(server.letter.removesuffix(b".\r\n"), policy=email.policy.default)
    assert dict(letter.items()) == {
        "From": "Handrail <handrail@agency.test>",
        "To": "jo@agency.test",
        "Subject": "Handrail: hay algo nuevo para usted",
        "Date": "Mon, 02 Mar 2026 12:00:00 +0000",
        "Message-ID": f"<{MESSAGE_ID}@agency.test>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "es",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
        "MIME-Version": "1.0",
    }
    assert "Inicie sesión para ver más:" in letter.get_content()


async def test_the_dialogue_does_not_name_this_machine() -> None:
    server = Scripted()
    async with sender_to(server) as sender:
        await sender.send(outgoing())

    assert server.heard[0] == "EHLO agency.test"


@pytest.mark.parametrize(
    ("step", "answer", "code"),
    [
        ("RCPT", "550 no such user", "recipient-refused"),
        ("DATA", "554 not from you", "letter-refused"),
        ("letter", "552 too large", "letter-refused"),
    ],
)
async def test_what_is_refused_for_good_is_rejected(step: str, answer: str, code: str) -> None:
    async with sender_to(Scripted(**{step: answer})) as sender:
        with pytest.raises(Rejected) as refused:
            await sender.send(outgoing())

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("step", "answer", "code"),
    [
        ("greeting", "421 busy", "server-refused"),
        ("EHLO", "550 not you", "server-refused"),
        ("MAIL", "550 sender unknown here", "server-refused"),
        ("RCPT", "451 greylisted", "recipient-deferred"),
        ("DATA", "452 full", "letter-deferred"),
        ("letter", "451 try later", "letter-deferred"),
        *((step, SILENCE, "server-unreachable") for step in ("greeting", "EHLO", "MAIL", "RCPT")),
        *((step, BREAK, "server-unreachable") for step in ("greeting", "EHLO", "MAIL", "RCPT")),
    ],
)
async def test_what_may_pass_is_unreachable(step: str, answer: str, code: str) -> None:
    async with sender_to(Scripted(**{step: answer})) as sender:
        with pytest.raises(Unreachable) as refused:
            await sender.send(outgoing())

    assert refused.value.code == code


@pytest.mark.parametrize("answer", [SILENCE, BREAK])
async def test_silence_after_the_letter_leaves_its_outcome_unknown(answer: str) -> None:
    async with sender_to(Scripted(letter=answer)) as sender:
        with pytest.raises(OutcomeUnknown):
            await sender.send(outgoing())


@pytest.mark.parametrize("answer", [SILENCE, BREAK, "500 what?"])
async def test_a_farewell_that_fails_changes_nothing(answer: str) -> None:
    async with sender_to(Scripted(QUIT=answer)) as sender:
        await sender.send(outgoing())


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    sender = SmtpSender(Server(LOOPBACK, free_port(), "none", timedelta(seconds=1)), "handrail@localhost")

    with pytest.raises(Unreachable, match="server-unreachable"):
        await sender.send(outgoing())


async def test_encryption_that_was_asked_for_is_insisted_on() -> None:
    server = Scripted()
    async with sender_to(server, "starttls") as sender:
        with pytest.raises(Unreachable, match="server-unreachable"):
            await sender.send(outgoing())

    assert not any(line.startswith("MAIL") for line in server.heard)


async def test_a_server_that_speaks_no_tls_gets_no_letter() -> None:
    server = Scripted()
    async with sender_to(server, "tls") as sender:
        with pytest.raises(Unreachable, match="server-unreachable"):
            await sender.send(outgoing())

    assert server.letter == b""


@pytest.mark.parametrize("address", ["señora@agency.test", "jo@agência.test"])
async def test_an_address_in_any_script_is_written_to(address: str) -> None:
    server = Scripted()
    async with sender_to(server) as sender:
        await sender.send(outgoing(address))

    assert any(line == f"RCPT TO:<{address}>" for line in server.heard)


async def test_an_address_that_the_server_cannot_write_is_rejected() -> None:
    async with sender_to(Scripted(EHLO="250 here")) as sender:
        with pytest.raises(Rejected, match="address-not-supported"):
            await sender.send(outgoing("señora@agency.test"))


@pytest.mark.parametrize(
    "address", ["jo@agency.test,eve@evil.test", "jo<eve@evil.test", "jo@agency.test\r\nBcc: eve@evil.test"]
)
async def test_what_is_no_single_address_is_rejected(address: str) -> None:
    server = Scripted()
    async with sender_to(server) as sender:
        with pytest.raises(Rejected, match="address-malformed"):
            await sender.send(outgoing(address))

    assert server.letter == b""


def test_an_address_does_not_show_when_a_message_is_printed() -> None:
    assert "jo@agency.test" not in repr(outgoing())
