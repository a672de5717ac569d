"""Calling servers that are not ours: only where they may stand, without redirects, and knowing how far a call came."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Network, IPv6Network, ip_address
from socket import SOCK_STREAM, gaierror
from typing import Any

import httpx

from notification.senders.outgoing import OutcomeUnknown, Rejected, Unreachable

CALL_SECONDS = 10.0
ANSWER_MOST = 1_048_576
OF_THE_BODY = frozenset({"content-encoding", "content-length", "transfer-encoding"})
WAIT_MOST = timedelta(days=1)
# What breaks before the other side can have had the whole request.
NOT_GIVEN = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.WriteError, httpx.WriteTimeout)
Network = IPv4Network | IPv6Network


async def exchange(http: httpx.AsyncClient, request: httpx.Request, seconds: float = CALL_SECONDS) -> httpx.Response:
    """Return the answer to a request, redirects as they are, within `seconds` for all of it.

    Raises `Unreachable` if it cannot have been received, `OutcomeUnknown` if it may have been.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _answer(http, request)
    except NOT_GIVEN as error:
        raise Unreachable("provider-unreachable") from error
    except (httpx.TransportError, httpx.DecodingError, TimeoutError) as error:
        raise OutcomeUnknown from error


async def _answer(http: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """Return an answer with as much of its body as is worth reading."""
    answer = await http.send(request, follow_redirects=False, stream=True)
    try:
        content = b""
        async for part in answer.aiter_bytes():
            content += part
            if len(content) > ANSWER_MOST:
                break
    finally:
        await answer.aclose()
    headers = [(name, value) for name, value in answer.headers.multi_items() if name not in OF_THE_BODY]
    return httpx.Response(answer.status_code, headers=headers, content=content[:ANSWER_MOST])


def retry_after(answer: httpx.Response, now: datetime) -> timedelta | None:
    """Return the pause that an answer asks for (RFC 9110 10.2.3: seconds or a date), a day at most."""
    asked = answer.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(timedelta(seconds=int(asked[:9])), WAIT_MOST)
    try:
        until = parsedate_to_datetime(asked)
    except (ValueError, TypeError):
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(aware - now, timedelta(0)), WAIT_MOST)


@dataclass(frozen=True)
class Outside:
    """The way to addresses that somebody else chose. `private`: networks of ours that may be called all the same.

    `insecure`: whether plain HTTP may be used, as on a developer's machine.
    """

    http: httpx.AsyncClient
    private: tuple[Network, ...] = ()
    insecure: bool = False

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """Post to an address that was looked at first. Raises `Rejected`, `Unreachable` or `OutcomeUnknown`."""
        return await exchange(self.http, await self._request(parsed(url), content, headers))

    async def _request(self, url: httpx.URL, content: bytes, headers: Mapping[str, str]) -> httpx.Request:
        """Return a request to the very address that was looked at: a name could mean another one a moment later."""
        if url.scheme != "https" and not (self.insecure and url.scheme == "http"):
            raise Rejected("not-encrypted")
        address = await self._address(url)
        named = {"Host": url.netloc.decode("ascii")}
        extensions: dict[str, Any] = {"sni_hostname": url.raw_host.decode("ascii")} if url.scheme == "https" else {}
        there, said = url.copy_with(host=address), {**named, **headers}
        return self.http.build_request("POST", there, content=content, headers=said, extensions=extensions)

    async def _address(self, url: httpx.URL) -> str:
        """Return an address of the host. Raises `Rejected` if any of its addresses is none for us to call."""
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=SOCK_STREAM)
        except (gaierror, UnicodeError) as error:
            raise Unreachable("host-unknown") from error
        addresses = [str(one[4][0]).partition("%")[0] for one in found]
        if not addresses or not all(self._may_call(address) for address in addresses):
            raise Rejected("address-not-allowed")
        return addresses[0]

    def _may_call(self, address: str) -> bool:
        asked = ip_address(address)
        inner = getattr(asked, "ipv4_mapped", None) or asked
        if any(inner.version == network.version and inner in network for network in self.private):
            return True
        return inner.is_global and not inner.is_multicast


def parsed(url: str) -> httpx.URL:
    """Return a URL that names a host and carries no sign-in. Raises `Rejected`."""
    try:
        read = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise Rejected("address-malformed") from error
    if read.scheme not in ("http", "https") or not read.host or read.userinfo or read.fragment:
        raise Rejected("address-malformed")
    return read
