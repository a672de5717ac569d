"""For tests: local servers that behave like Twilio, a push service, an agency's own system and a mail server.

Each answers as told, once for every answer in its queue and then as it should: at once, slowly, never, by breaking
off, or with a status and headers of the test's choice.
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx
import orjson
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from common.embedded import LOOPBACK

ACCOUNT = "AC00000000000000000000000000000001"
KEY = "SK00000000000000000000000000000001"
KEY_SECRET = "a key's secret"  # noqa: S105 - of a server that exists in tests only
TOKEN = "an account's token"  # noqa: S105 - as above
OURS = "+15005550006"


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What is answered instead of the proper thing. `kept`: whether the request has its effect all the same.

    `silent`: no answer at all, the connection stays open; `breaks`: it is closed without one.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    kept: bool = False
    silent: bool = False
    breaks: bool = False


SILENCE = Answer(silent=True)
SILENCE_AFTER_TAKING = Answer(silent=True, kept=True)
BREAK_AFTER_TAKING = Answer(breaks=True, kept=True)


class Provider:
    """An HTTP server that keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: deque[Answer] = deque()
        self.url = ""

    def take(self, asked: Asked) -> Answer:
        """Do what was asked, and return the proper answer."""
        raise NotImplementedError

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while asked := await _read(reader):
                self.asked.append(asked)
                if not await self._answer(asked, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> bool:
        told = self.answers.popleft() if self.answers else None
        answer = told if told is not None and not told.kept else self.take(asked)
        if told is not None and told.silent:
            await asyncio.sleep(60)
        if told is not None and told.breaks:
            return False
        writer.write(_written(told or answer))
        await writer.drain()
        return True


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    return Asked(method, target, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


def _written(answer: Answer) -> bytes:
    headers = {"Content-Length": str(len(answer.body)), "Content-Type": "application/json"} | dict(answer.headers)
    lines = [f"HTTP/1.1 {answer.status} said", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + answer.body


@asynccontextmanager
async def serving_provider(provider: Provider) -> AsyncGenerator[None]:
    """Run a provider on a free port; `provider.url` says where."""
    server = await asyncio.start_server(provider, LOOPBACK, 0)
    provider.url = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    try:
        yield
    finally:
        server.close()


class Twilio(Provider):
    """Takes messages for one account, lists them, refuses numbers as told, and tells what became of them."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, str]] = []
        self.refused: dict[str, int] = {}

    def take(self, asked: Asked) -> Answer:
        given = base64.b64decode(asked.headers.get("authorization", "").removeprefix("Basic ")).decode()
        path, query = urlsplit(asked.target).path, dict(parse_qsl(urlsplit(asked.target).query))
        if given != f"{KEY}:{KEY_SECRET}" or path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
            return _json(401, {"code": 20003, "message": "Authenticate", "status": 401})
        if asked.method == "GET":
            found = [one for one in self.messages if one["to"] == query["To"]]
            return _json(200, {"messages": found[::-1][: int(query.get("PageSize", "50"))]})
        return self._post(dict(parse_qsl(asked.body.decode())))

    def _post(self, form: dict[str, str]) -> Answer:
        if code := self.refused.get(form["To"]):
            return _json(400, {"code": code, "message": f"The number {form['To']}", "status": 400})
        message = {
            "sid": f"SM{uuid4().hex}",
            "to": form["To"],
            "from": form.get("From") or form["MessagingServiceSid"],
            "body": form["Body"],
            "status": "queued",
            "date_created": format_datetime(datetime.now(UTC)),
            "callback": form.get("StatusCallback", ""),
        }
        self.messages.append(message)
        return _json(201, {name: value for name, value in message.items() if name != "callback"})

    def to(self, number: str) -> list[str]:
        """Return what a number was written, oldest first."""
        return [one["body"] for one in self.messages if one["to"] == number]

    async def tell(
        self, http: httpx.AsyncClient, message: dict[str, str], status: str, error: int | None = None
    ) -> httpx.Response:
        """Tell, signed, what became of a message."""
        fields = {"MessageSid": message["sid"], "MessageStatus": status, "AccountSid": ACCOUNT, "To": message["to"]}
        if error is not None:
            fields["ErrorCode"] = str(error)
        return await tell_signed(http, message["callback"], fields)


async def tell_signed(
    http: httpx.AsyncClient, url: str, fields: dict[str, str], token: str = TOKEN, signature: str | None = None
) -> httpx.Response:
    """Post a webhook as Twilio does."""
    said = url + "".join(name + fields[name] for name in sorted(fields))
    signed = base64.b64encode(hmac.digest(token.encode(), said.encode(), hashlib.sha1)).decode()
    return await http.post(url, data=fields, headers={"X-Twilio-Signature": signature or signed})


def _json(status: int, body: object) -> Answer:
    return Answer(status, body=json.dumps(body).encode())


class Browser:
    """A browser that listens: it has the keys that nobody else has."""

    def __init__(self, service: str) -> None:
        self._key = generate_private_key(SECP256R1())
        self._secret = b"sixteen bytes ok"
        self.endpoint = f"{service}/push/{uuid4().hex}"

    def subscription(self) -> str:
        """Return what a page gets from `PushSubscription.toJSON()`."""
        keys = {"p256dh": _url_text(self._point()), "auth": _url_text(self._secret)}
        return json.dumps({"endpoint": self.endpoint, "expirationTime": None, "keys": keys})

    def read(self, body: bytes) -> dict[str, str]:
        """Decrypt what a push service passed on."""
        salt, length = body[:16], body[20]
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        shared = self._key.exchange(ECDH(), EllipticCurvePublicKey.from_encoded_point(SECP256R1(), theirs))
        start = _hkdf(shared, self._secret, b"WebPush: info\0" + self._point() + theirs, 32)
        key = _hkdf(start, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _hkdf(start, salt, b"Content-Encoding: nonce\0", 12)
        read: dict[str, str] = orjson.loads(AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0").removesuffix(b"\2"))
        return read

    def _point(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _hkdf(key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(key)


def _url_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class PushService(Provider):
    """Keeps the newest notice of each topic for each browser; `gone`: paths of subscriptions that ended."""

    def __init__(self) -> None:
        super().__init__()
        self.notices: dict[tuple[str, str], bytes] = {}
        self.gone: set[str] = set()

    def take(self, asked: Asked) -> Answer:
        if asked.target in self.gone:
            return Answer(410)
        if not asked.headers.get("authorization", "").startswith("vapid t="):
            return Answer(401)
        self.notices[asked.target, asked.headers["topic"]] = asked.body
        return Answer(201, {"Location": f"/message/{uuid4().hex}"})

    def to(self, browser: Browser) -> list[dict[str, str]]:
        path = urlsplit(browser.endpoint).path
        return [browser.read(body) for (target, _), body in self.notices.items() if target == path]


class AgencySystem(Provider):
    """Takes facts whose signature one of its secrets made, each once."""

    def __init__(self) -> None:
        super().__init__()
        self.secret = ""
        self.facts: dict[str, dict[str, object]] = {}

    def take(self, asked: Asked) -> Answer:
        if not self._is_genuine(asked):
            return Answer(401)
        self.facts.setdefault(asked.headers["webhook-id"], orjson.loads(asked.body))
        return Answer(204)

    def _is_genuine(self, asked: Asked) -> bool:
        named, said_at = asked.headers["webhook-id"], asked.headers["webhook-timestamp"]
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        digest = hmac.digest(key, f"{named}.{said_at}.".encode() + asked.body, hashlib.sha256)
        return f"v1,{base64.b64encode(digest).decode()}" in asked.headers["webhook-signature"].split()


class MailServer:
    """An SMTP server for one letter. `answers`: what each step answers; an empty one: silence, null: it breaks off."""

    def __init__(self) -> None:
        self.port = 0
        self.letter = b""
        self.answers: dict[str, str | None] = {
            "greeting": "220 here",
            "EHLO": "250 here",
            "MAIL": "250 fine",
            "RCPT": "250 fine",
            "DATA": "354 go on",
            "letter": "250 kept",
            "QUIT": "221 bye",
        }

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            going = await self._answer("greeting", writer)
            while going and (line := await reader.readline()):
                step = line.split()[0].decode().upper()
                going = await self._answer(step, writer)
                if going and step == "DATA":
                    self.letter = await reader.readuntil(b"\r\n.\r\n")
                    going = await self._answer("letter", writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, step: str, writer: asyncio.StreamWriter) -> bool:
        answer = self.answers.get(step, "502 unknown")
        if answer:
            writer.write(answer.encode() + b"\r\n")
            await writer.drain()
        return answer is not None


@asynccontextmanager
async def serving_mail(server: MailServer) -> AsyncGenerator[None]:
    listening = await asyncio.start_server(server, LOOPBACK, 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        listening.close()
