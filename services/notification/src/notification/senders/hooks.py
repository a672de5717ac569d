"""Facts to an agency's own systems, signed as the Standard Webhooks specification 1.0 says."""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

import httpx
import orjson

from notification.senders.outgoing import Outgoing, Receipt, Rejected, Unreachable
from notification.senders.outside import Outside, parsed, retry_after

PREFIX = "whsec_"


@dataclass(frozen=True)
class Hook:
    """Where to call, and the secrets to sign with: the newest first, an older one while it is being replaced."""

    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    def address(self) -> str:
        """Return it as the address of an `Outgoing`."""
        return orjson.dumps([self.url, self.secrets]).decode()


class HookSender:
    """Posts facts to allowed hosts. `hosts`: the operator's allow-list, each a whole host name, in lower case."""

    def __init__(self, outside: Outside, hosts: Collection[str]) -> None:
        self._outside = outside
        self._hosts = frozenset(hosts)

    async def send(self, message: Outgoing) -> Receipt:
        """Post one fact; its id stays the same when it is sent again, so that the receiver can tell.

        Raises `Rejected`, `Unreachable` or `OutcomeUnknown`.
        """
        hook = _hook_of(message.address)
        if not is_allowed(parsed(hook.url), self._hosts):
            raise Rejected("host-not-allowed")
        body = message.text.encode()
        answer = await self._outside.post(hook.url, body, _headers(message, hook, body))
        if answer.is_success:
            return Receipt()
        raise _refusal(answer, message.written_at)

    async def look(self, message: Outgoing) -> Receipt | None:
        """Return null: nobody can be asked, and the receiver knows a repeat by its id."""
        return None


def is_allowed(url: httpx.URL, hosts: Collection[str]) -> bool:
    """Tell whether a host, with its port where it names one, stands on the operator's list."""
    return url.netloc.decode("ascii").lower() in hosts


def _hook_of(address: str) -> Hook:
    try:
        url, secrets = orjson.loads(address)
        return Hook(url, tuple(secrets))
    except (ValueError, TypeError) as error:
        raise Rejected("address-malformed") from error


def _headers(message: Outgoing, hook: Hook, body: bytes) -> dict[str, str]:
    said_at = str(int(message.written_at.timestamp()))
    named = str(message.message_id)
    return {
        "Content-Type": "application/json",
        "User-Agent": "Handrail-Webhooks",
        "webhook-id": named,
        "webhook-timestamp": said_at,
        "webhook-signature": " ".join(signature(secret, named, said_at, body) for secret in hook.secrets),
    }


def signature(secret: str, named: str, said_at: str, body: bytes) -> str:
    """Return `v1,…`: HMAC-SHA256 over id, timestamp and body, joined with dots. `secret`: whsec_ and base64."""
    key = b64decode(secret.removeprefix(PREFIX), validate=True)
    return "v1," + b64encode(hmac.digest(key, f"{named}.{said_at}.".encode() + body, hashlib.sha256)).decode()


def _refusal(answer: httpx.Response, now: datetime) -> Rejected | Unreachable:
    if answer.status_code == httpx.codes.GONE:
        return Rejected("endpoint-gone")
    if answer.has_redirect_location or answer.is_redirect:
        return Unreachable("redirect-refused")
    return Unreachable(f"status-{answer.status_code}", retry_after=retry_after(answer, now))
