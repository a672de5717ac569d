"""The gate before every route: request id, span, authentication before anything is parsed, body limits, headers."""

import re
from collections.abc import Mapping

from opentelemetry.trace import SpanKind
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope
from uuid_utils.compat import uuid7

from common.errors import Refused
from common.problems import refuse
from common.runtime import Runtime
from common.telemetry import traceparent_of

SECURITY_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


JSON = frozenset({"application/json"})


class Gate:
    """ASGI: request id, span, authentication, body limits, security headers; then the routes."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        public: frozenset[str],
        imports: frozenset[str],
        media: Mapping[str, frozenset[str]],
        max_body: int,
        max_import: int,
    ):
        self._app = app
        self._public = re.compile("|".join(sorted(_pattern(route) for route in public)))
        self._imports = imports
        self._media = media
        self._max_body = max_body
        self._max_import = max_import

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        runtime: Runtime = scope["state"]["runtime"]
        request_id = uuid7()
        scope["state"] |= {"request_id": request_id, "actor": None, "traceparent": None}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [*SECURITY_HEADERS, (b"x-request-id", str(request_id).encode())]
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        name = f"{scope['method']} {runtime.service.name}"
        with runtime.telemetry.span(name, SpanKind.SERVER, headers.get("traceparent")) as span:
            scope["state"]["traceparent"] = traceparent_of(span)
            try:
                limited = await self._admit(scope, receive, headers, runtime)
                await self._app(scope, limited, send_with_headers)
            except Refused as refused:
                response = await refuse(runtime, scope, refused)
                await response(scope, receive, send_with_headers)

    async def _admit(self, scope: AsgiScope, receive: Receive, headers: dict[str, str], runtime: Runtime) -> Receive:
        path = route_path(scope)
        if not self._public.fullmatch(path):
            scope["state"]["actor"] = await runtime.verifier.actor(headers.get("authorization"))
        length = headers.get("content-length")
        has_body = length not in (None, "0") or "transfer-encoding" in headers
        taken = self._media.get(path, JSON)
        if has_body and headers.get("content-type", "").split(";")[0].strip().lower() not in taken:
            raise Refused("unsupported-content-type", f"Send the body as {' or '.join(sorted(taken))}.", status=415)
        limit = self._max_import if path in self._imports else self._max_body
        if length is not None and plain_number(length, at_most=limit) is None:
            raise _too_large(limit)
        return _limited(receive, limit)


def _pattern(route: str) -> str:
    """Return the expression for a route's path, in which a `{name}` stands for one part of it."""
    return "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", route))


def _too_large(limit: int) -> Refused:
    return Refused("body-too-large", f"Send at most {limit:,} bytes at once.", status=413)


def _limited(receive: Receive, limit: int) -> Receive:
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > limit:
            raise _too_large(limit)
        return message

    return limited


def plain_number(text: str, *, at_most: int) -> int | None:
    """Return the plain decimal number in a header, or None if it is none or larger; never Unicode's other digits."""
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        return None
    return number if (number := int(text)) <= at_most else None


def route_path(scope: AsgiScope) -> str:
    """Return the path as the service's own routes see it, without the prefix it is mounted under."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path[len(root) :] if root and path.startswith(root) else path
