"""Asking identity providers over the network: only where they may stand, briefly, and no oftener than is needed."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from socket import SOCK_STREAM
from ssl import SSLContext
from typing import Any

import httpx
import orjson
import structlog
from joserfc.jwk import KeySet

from common.errors import Refused
from workforce.rules.id_tokens import Expected, Identity, UnknownKey, identity_in, key_set
from workforce.rules.providers import (
    Address,
    Metadata,
    Network,
    NotAcceptable,
    acceptable_metadata,
    basic_credentials,
    discovery_url,
    is_acceptable_url,
    is_issuer_right,
    is_reachable,
)

log = structlog.get_logger()

ASKING_SECONDS = 5.0
ANSWER_BYTES = 262_144
METADATA_SECONDS = 60.0
KEYS_SECONDS = 3600.0
REFETCH_SECONDS = 10.0  # a token with an invented key must not make us ask each time
SILENT_SECONDS = 2.0  # who did not answer is not asked again at once, nor waited for by everybody in turn
IN_FLIGHT = 20  # one slow provider must not hold up everybody else's sign-ins
ISSUERS_KEPT = 1000


class ProviderUnavailable(Refused):
    status = 503

    def __init__(self) -> None:
        super().__init__(
            "provider-unavailable",
            "Your identity provider does not answer. Sign in with your passkey or password, or try again in a minute.",
        )
        self.retry_after = 30


class ProviderUnusable(Refused):
    """The provider answers, but not as one that we can work with."""

    status = 503

    def __init__(self) -> None:
        super().__init__(
            "provider-unusable",
            "What your identity provider answers cannot be used. Sign in with your passkey or password, and ask "
            "your administrator to check the provider's issuer, client and secret.",
        )


class AnswerRefused(Refused):
    """The code or the token proves nothing; what was wrong with it stays unsaid."""

    status = 401

    def __init__(self) -> None:
        detail = "The identity provider's answer proves nothing here. Start the sign-in again."
        super().__init__("provider-answer-refused", detail)


class _Unreachable(Exception):
    """No address of this name may be asked."""


@dataclass(frozen=True)
class Client:
    """An issuer and us as its client."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class Returned:
    """What the browser came back with, and what it was sent away with."""

    code: str = field(repr=False)
    issuer: str | None
    verifier: str = field(repr=False)
    nonce: str = field(repr=False)


@dataclass
class _Known:
    """What one issuer said lately. The instants are of the monotonic clock."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    metadata: Metadata | None = None
    metadata_until: float = 0
    keys: KeySet | None = None
    keys_until: float = 0
    refetch_from: float = 0
    silent_until: float = 0
    in_flight: int = 0


class Issuers:
    """Every issuer that somebody signs in by, as far as this process knows it."""

    def __init__(self, *, redirect_uri: str, private: Collection[Network], development: bool) -> None:
        self.redirect_uri = redirect_uri
        self.development = development
        self._private = tuple(private)
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._tls: SSLContext | None = None

    async def metadata(self, issuer: str) -> Metadata:
        """Return what an issuer says of itself. Raises `ProviderUnavailable` or `ProviderUnusable`."""
        known = self._of(issuer)
        async with known.lock:
            if known.metadata is None or time.monotonic() >= known.metadata_until:
                document = await self._document(known, discovery_url(issuer))
                try:
                    known.metadata = acceptable_metadata(document, issuer, development=self.development)
                except NotAcceptable:
                    raise ProviderUnusable from None
                known.metadata_until = time.monotonic() + METADATA_SECONDS
            return known.metadata

    async def identity(self, client: Client, returned: Returned) -> Identity:
        """Return whom a provider vouches for. Raises `AnswerRefused`, `ProviderUnavailable` or `ProviderUnusable`."""
        metadata = await self.metadata(client.issuer)
        if not is_issuer_right(metadata, returned.issuer):
            raise AnswerRefused
        token = await self._token(metadata, client, returned)
        expected = Expected(client.issuer, client.client_id, returned.nonce, time.time())
        try:
            return identity_in(token, await self._keys(metadata), expected)
        except UnknownKey:
            keys = await self._fresh_keys(metadata)
        except NotAcceptable:
            raise AnswerRefused from None
        try:
            return identity_in(token, keys, expected)
        except NotAcceptable:
            raise AnswerRefused from None

    async def _token(self, metadata: Metadata, client: Client, returned: Returned) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": returned.code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": returned.verifier,
        }
        headers = {}
        if metadata.client_authentication == "client_secret_basic":
            headers["Authorization"] = basic_credentials(client.client_id, client.client_secret)
        else:
            form |= {"client_id": client.client_id, "client_secret": client.client_secret}
        status, answer = await self._ask(self._of(client.issuer), metadata.token_endpoint, form, headers)
        said = answer if isinstance(answer, dict) else {}
        token = said.get("id_token")
        if status == httpx.codes.OK and isinstance(token, str):
            return token
        if status == httpx.codes.BAD_REQUEST and said.get("error") == "invalid_grant":
            raise AnswerRefused
        raise _refusal(status)

    async def _keys(self, metadata: Metadata) -> KeySet:
        known = self._of(metadata.issuer)
        async with known.lock:
            if known.keys is None or time.monotonic() >= known.keys_until:
                await self._fetch_keys(known, metadata)
            assert known.keys is not None  # just fetched
            return known.keys

    async def _fresh_keys(self, metadata: Metadata) -> KeySet:
        """Return the keys, fetched anew unless that was tried a moment ago."""
        known = self._of(metadata.issuer)
        async with known.lock:
            if known.keys is None or time.monotonic() >= known.refetch_from:
                known.refetch_from = time.monotonic() + REFETCH_SECONDS
                await self._fetch_keys(known, metadata)
            assert known.keys is not None  # fetched now or before
            return known.keys

    async def _fetch_keys(self, known: _Known, metadata: Metadata) -> None:
        document = await self._document(known, metadata.jwks_uri)
        try:
            known.keys = key_set(document)
        except NotAcceptable:
            raise ProviderUnusable from None
        known.keys_until = time.monotonic() + KEYS_SECONDS

    async def _document(self, known: _Known, url: str) -> object:
        status, document = await self._ask(known, url)
        if status != httpx.codes.OK:
            raise _refusal(status)
        return document

    def _of(self, issuer: str) -> _Known:
        known = self._known.setdefault(issuer, _Known())
        self._known.move_to_end(issuer)
        if len(self._known) > ISSUERS_KEPT:
            self._known.popitem(last=False)
        return known

    async def _ask(
        self, known: _Known, url: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, object]:
        """Return status and JSON of one answer; None where it is no JSON. Raises `ProviderUnavailable`."""
        if known.in_flight >= IN_FLIGHT or time.monotonic() < known.silent_until:
            raise ProviderUnavailable
        known.in_flight += 1
        try:
            async with asyncio.timeout(ASKING_SECONDS):
                return await self._answer(url, form, headers or {})
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, _Unreachable) as error:
            known.silent_until = time.monotonic() + SILENT_SECONDS
            log.warning("provider_not_asked", error=type(error).__name__)
            raise ProviderUnavailable from None
        finally:
            known.in_flight -= 1

    async def _answer(self, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]) -> tuple[int, object]:
        """Ask once. Redirects are answers like others, and no proxy of the environment is used."""
        if not is_acceptable_url(url, development=self.development):
            raise _Unreachable
        self._tls = self._tls or httpx.create_ssl_context()
        addresses = await self._addresses(httpx.URL(url))
        method = "GET" if form is None else "POST"
        accepted = {"Accept": "application/json", "Accept-Encoding": "identity"} | dict(headers)
        async with (
            httpx.AsyncClient(transport=_At(addresses, self._tls), timeout=ASKING_SECONDS) as client,
            client.stream(method, url, headers=accepted, follow_redirects=False, data=form) as response,
        ):
            return response.status_code, await _json(response)

    async def _addresses(self, url: httpx.URL) -> list[str]:
        """Return where a name leads to. Raises `_Unreachable` if any of it may not be asked."""
        loop = asyncio.get_running_loop()
        port = url.port or (443 if url.scheme == "https" else 80)
        found = await loop.getaddrinfo(url.host, port, type=SOCK_STREAM)
        addresses: list[Address] = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
        if not addresses or not all(
            is_reachable(one, self._private, development=self.development) for one in addresses
        ):
            raise _Unreachable
        return list(dict.fromkeys(str(one) for one in addresses))


class _At(httpx.AsyncBaseTransport):
    """Connects to addresses that were looked at: a second look-up of the name could answer others."""

    def __init__(self, addresses: list[str], tls: SSLContext) -> None:
        self._addresses = addresses
        self._inner = httpx.AsyncHTTPTransport(verify=tls)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        name, last = request.url.host, len(self._addresses) - 1
        for position, address in enumerate(self._addresses):
            request.url = request.url.copy_with(host=address)
            request.extensions = {**request.extensions, "sni_hostname": name}
            try:
                return await self._inner.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if position == last:
                    raise
        raise _Unreachable

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _json(response: httpx.Response) -> Any:
    """Return an answer's JSON, or None. Raises `_Unreachable` for one that is too long.

    Nothing is unpacked: packed, a small answer could become one of any length.
    """
    content = b""
    async for part in response.aiter_raw():
        content += part
        if len(content) > ANSWER_BYTES:
            raise _Unreachable
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return None


def _refusal(status: int) -> Refused:
    """Return what an answer other than the wanted one means: the provider is ill, or set up otherwise than we think."""
    ill = status >= httpx.codes.INTERNAL_SERVER_ERROR or status == httpx.codes.TOO_MANY_REQUESTS
    return ProviderUnavailable() if ill else ProviderUnusable()
