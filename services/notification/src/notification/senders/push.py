"""Notices to browsers: Web Push (RFC 8030) with VAPID (RFC 8292), encrypted for one browser (RFC 8291)."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey
from pydantic import SecretStr

from notification.senders.outgoing import OutcomeUnknown, Outgoing, Receipt, Rejected, Unreachable
from notification.senders.outside import Outside, retry_after

SALT_BYTES = 16
RECORD_BYTES = 4096
TEXT_MOST = 3900  # what every push service takes (RFC 8030 7.2: 4096 bytes with all around it)
TOKEN_LIFE = timedelta(hours=12)  # RFC 8292 2: 24 hours at most
KEPT = timedelta(days=1)  # by the push service, while the browser is away
KEPT_URGENT = timedelta(hours=1)
GONE = frozenset({httpx.codes.NOT_FOUND, httpx.codes.GONE})
OURS = frozenset({httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN})


@dataclass(frozen=True)
class Subscription:
    """Where one browser listens, and its keys."""

    endpoint: str
    key: EllipticCurvePublicKey
    secret: bytes


class Vapid:
    """Who we are to push services. `private_key`: 32 bytes, base64url; `contact`: mailto: or https:."""

    def __init__(self, private_key: SecretStr, contact: str) -> None:
        number = int.from_bytes(_bytes(private_key.get_secret_value()))
        self._key = derive_private_key(number, SECP256R1())
        self._contact = contact

    @property
    def public_key(self) -> str:
        """Return what a browser is given as `applicationServerKey` when it subscribes."""
        return _text(_point(self._key.public_key()))

    def authorization(self, endpoint: httpx.URL, now: datetime) -> str:
        """Return the Authorization header for one push service."""
        origin = f"{endpoint.scheme}://{endpoint.netloc.decode('ascii')}"
        claims = {"aud": origin, "exp": int((now + TOKEN_LIFE).timestamp()), "sub": self._contact}
        token = jwt.encode({"typ": "JWT", "alg": "ES256"}, claims, self._jwk())
        return f"vapid t={token}, k={self.public_key}"

    def _jwk(self) -> ECKey:
        numbers = self._key.private_numbers()
        public = numbers.public_numbers
        parts = {"d": numbers.private_value, "x": public.x, "y": public.y}
        jwk: dict[str, Any] = {name: _text(part.to_bytes(32)) for name, part in parts.items()}
        return ECKey.import_key({"kty": "EC", "crv": "P-256"} | jwk)


class PushSender:
    """Hands notices to the push services of browsers; one repeated replaces itself, so silence is no danger."""

    def __init__(self, outside: Outside, vapid: Vapid) -> None:
        self._outside = outside
        self._vapid = vapid

    async def send(self, message: Outgoing) -> Receipt:
        """Hand a notice over. Raises `Rejected` or `Unreachable`."""
        subscription = subscription_of(message.address)
        body = encrypted(_notice(message), subscription, generate_private_key(SECP256R1()), os.urandom(SALT_BYTES))
        headers = {
            "Authorization": self._vapid.authorization(httpx.URL(subscription.endpoint), message.written_at),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int((KEPT_URGENT if message.urgent else KEPT).total_seconds())),
            "Topic": message.message_id.hex,
            "Urgency": "high" if message.urgent else "normal",
        }
        try:
            answer = await self._outside.post(subscription.endpoint, body, headers)
        except OutcomeUnknown as error:
            raise Unreachable("provider-unreachable") from error
        if answer.is_success:
            return Receipt()
        raise _refusal(answer, message.written_at)

    async def look(self, message: Outgoing) -> Receipt | None:
        """Return null: nobody can be asked, and sending again does no harm."""
        return None


def subscription_of(address: str) -> Subscription:
    """Read what a browser's `PushSubscription.toJSON()` gave. Raises `Rejected`."""
    try:
        said = orjson.loads(address)
        key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), _bytes(said["keys"]["p256dh"]))
        secret = _bytes(said["keys"]["auth"])
        endpoint = httpx.URL(said["endpoint"])
    except (ValueError, KeyError, TypeError, httpx.InvalidURL) as error:
        raise Rejected("address-malformed") from error
    if len(secret) != SALT_BYTES or not endpoint.host:
        raise Rejected("address-malformed")
    return Subscription(str(endpoint), key, secret)


def encrypted(words: bytes, to: Subscription, ours: EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """Return one aes128gcm record for one browser (RFC 8291 3.4, RFC 8188 2)."""
    point = _point(ours.public_key())
    shared = ours.exchange(ECDH(), to.key)
    input_key = _derived(shared, to.secret, b"WebPush: info\0" + _point(to.key) + point, 32)
    content_key = _derived(input_key, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(input_key, salt, b"Content-Encoding: nonce\0", 12)
    header = salt + RECORD_BYTES.to_bytes(4) + len(point).to_bytes(1) + point
    return header + AESGCM(content_key).encrypt(nonce, words + b"\x02", None)


def _derived(key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(key)


def _notice(message: Outgoing) -> bytes:
    said = {"title": message.subject, "body": message.text.strip(), "lang": message.language}
    content = orjson.dumps(said | {"url": message.link, "tag": message.message_id.hex})
    if len(content) > TEXT_MOST:
        raise Rejected("message-too-long")
    return content


def _refusal(answer: httpx.Response, now: datetime) -> Rejected | Unreachable:
    status = answer.status_code
    if status in GONE:
        return Rejected("subscription-gone")
    if status == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        return Rejected("message-too-long")
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return Unreachable("throttled", retry_after=retry_after(answer, now))
    if answer.is_server_error:
        return Unreachable("provider-unavailable", retry_after=retry_after(answer, now))
    return Unreachable("provider-refused-us" if status in OURS else "provider-refused")


def _point(key: EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
