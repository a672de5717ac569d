"""How a person or program asks: one gate before every route, problem+json, idempotent writes, pages, ETags.

The gate authenticates before anything is parsed (default deny), limits bodies, opens the span and gives each request
an id. A write's transaction is committed inside the endpoint, so no response ever precedes its commit.
"""

import base64
import binascii
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import orjson
import structlog
from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from opentelemetry.trace import SpanKind
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope
from uuid_utils.compat import uuid7

from common.contracts.codes import Role
from common.database import Db, Scope, transaction
from common.errors import NotThere, Refused, Unauthenticated, Unprocessable
from common.identity import NOBODY, Actor
from common.redelivery import is_transient
from common.runtime import Runtime
from common.telemetry import traceparent_of

log = structlog.get_logger()

TITLES = {
    400: "The request cannot be read",
    401: "Sign-in needed",
    403: "Not allowed",
    404: "Not found",
    405: "Not possible here",
    409: "In conflict with what is there",
    412: "Changed in the meantime",
    413: "Too large",
    415: "Wrong content type",
    422: "Some of it cannot be accepted",
    428: "Say which version you saw",
    429: "Too many requests",
    500: "Our fault",
    503: "Not available right now",
}
BODY_METHODS = {"POST", "PUT", "PATCH"}
PAGE_MOST = 100
SECURITY_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class Problem(BaseModel):
    """RFC 9457: what went wrong and what to do next; never a value the caller did not send."""

    type: str = Field(description="/problems/<code>, stable")
    title: str
    status: int
    detail: str
    request_id: UUID
    errors: list[dict[str, str]] = Field(default=[], description="JSON pointers of the fields at fault")


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {"model": Problem, "description": "A problem; `type` says which"}
}


def problem(refused: Refused, request_id: UUID) -> Response:
    body = Problem(
        type=f"/problems/{refused.code}",
        title=TITLES.get(refused.status, "Refused"),
        status=refused.status,
        detail=refused.detail,
        request_id=request_id,
        errors=list(refused.fields),
    )
    headers = {"Retry-After": "2"} if refused.status == 503 else {}
    if refused.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(body.model_dump_json(), refused.status, headers, media_type="application/problem+json")


class Gate:
    """ASGI: request id, span, authentication, body limits, security headers; then the routes."""

    def __init__(
        self, app: ASGIApp, *, public: frozenset[str], imports: frozenset[str], max_body: int, max_import: int
    ):
        self._app = app
        self._public = public
        self._imports = imports
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
        if path not in self._public:
            scope["state"]["actor"] = await runtime.verifier.actor(headers.get("authorization"))
        if scope["method"] not in BODY_METHODS:
            return receive
        length = headers.get("content-length")
        has_body = length not in (None, "0") or "transfer-encoding" in headers
        if has_body and headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            raise Refused("unsupported-content-type", "Send the body as application/json.", status=415)
        limit = self._max_import if path in self._imports else self._max_body
        if length is not None and (not length.isdigit() or int(length) > limit):
            raise _too_large(limit)
        return _limited(receive, limit)


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


def route_path(scope: AsgiScope) -> str:
    """Return the path as the service's own routes see it, without the prefix it is mounted under."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path[len(root) :] if root and path.startswith(root) else path


async def refuse(runtime: Runtime, scope: AsgiScope, refused: Refused) -> Response:
    """Write the one audit entry of a refusal and answer with its problem."""
    state = scope["state"]
    actor: Actor | None = state.get("actor")
    route = scope.get("route")
    action = f"{scope['method']} {getattr(route, 'path', '(no route)')}"
    who = Scope(actor.agency_id if actor else NOBODY, actor.staff_id if actor else None, state["request_id"])
    try:
        await runtime.audit_refusal(who, action, refused.code, status=refused.status)
    except (DBAPIError, PoolTimeout, OSError):
        # The database is away: the refusal still has to be answered; the log keeps the trace of it.
        log.error("refusal_not_audited", code=refused.code, request_id=str(state["request_id"]))
    return problem(refused, state["request_id"])


def _invalid(error: RequestValidationError) -> Refused:
    """Turn validation errors into field pointers, without the values."""
    fields = []
    for one in error.errors():
        place = [str(part) for part in one["loc"] if part != "body"]
        if one["type"] == "json_invalid":
            return Refused("malformed-json", "The body is not valid JSON.", status=400)
        fields.append({"pointer": "/" + "/".join(place), "detail": _plain(one)})
    return Refused("invalid-request", "Correct the fields named in `errors`.", status=422, fields=fields[:50])


def _plain(error: Any) -> str:
    if error["type"] == "value_error":  # ours: written for people, and free of values
        return str(error["ctx"]["error"])
    if error["type"] in ("enum", "literal_error"):
        return f"must be {error['ctx']['expected']}"
    return str(error["msg"])


async def _on_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # registered for it alone
    return await refuse(request.state.runtime, request.scope, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # registered for it alone
    return await refuse(request.state.runtime, request.scope, _invalid(error))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # registered for it alone
    if error.status_code == 404:
        refused: Refused = NotThere()
    elif error.status_code == 405:
        refused = Refused("method-not-allowed", "This address does not take that method.", status=405)
    else:
        refused = Refused("malformed-request", "The request cannot be read.", status=400)
    return await refuse(request.state.runtime, request.scope, refused)


async def _on_failure(request: Request, error: Exception) -> Response:
    """Answer anything unexpected: 503 where the surroundings failed, 500 where we did."""
    request_id = request.state.request_id
    if isinstance(error, IntegrityError):
        # A constraint that a race got past; said neutrally, for it may be about a row the caller cannot see.
        refused = Refused("conflict", "This conflicts with what is recorded. Reload and try again.")
        return await refuse(request.state.runtime, request.scope, refused)
    log.error("request_failed", request_id=str(request_id), exc_info=error)
    if is_transient(error) or isinstance(error, PoolTimeout):
        away = "The service is busy or its database is away. Nothing was saved; try again with the same key."
        return problem(Refused("unavailable", away, status=503), request_id)
    return problem(
        Refused("internal-error", "Something broke here. Tell your administrator the request_id.", status=500),
        request_id,
    )


class Guard:
    """The dependency that names who may use a route; every route has one, or is public (tests/test_structure.py)."""

    def __init__(self, *roles: Role) -> None:
        self.roles = roles

    def __call__(self, request: Request) -> None:
        actor: Actor | None = request.state.actor
        if actor is None:
            raise Unauthenticated
        actor.require(*self.roles)


def allow(*roles: Role) -> Any:
    """Return the route dependency that admits only `roles`."""
    return Depends(Guard(*roles))


IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key", min_length=8, max_length=200, description="one per intention; repeats answer alike"
    ),
]
IfMatch = Annotated[str | None, Header(alias="If-Match", description='the ETag you last saw, such as "3"')]


class Created(BaseModel):
    """The answer to a write: an id and a version, nothing about anybody."""

    id: UUID
    version: int = Field(ge=1)


@dataclass(slots=True)
class Call:
    """One authenticated request: who asks, and the way to write and read on their behalf."""

    request: Request
    runtime: Runtime
    actor: Actor
    key: str | None
    if_match: str | None

    @property
    def scope(self) -> Scope:
        state = self.request.state
        return Scope(self.actor.agency_id, self.actor.staff_id, state.request_id, state.traceparent)

    def transaction(self) -> AbstractAsyncContextManager[Db]:
        return transaction(self.runtime.engine, self.runtime.tables, self.scope)

    async def once(
        self,
        body: BaseModel,
        work: Callable[[Db], Awaitable[BaseModel]],
        *,
        status: int = 201,
        location: str | None = None,
    ) -> Response:
        """Do `work` once per Idempotency-Key and answer its result; a repeat gets the first answer, byte for byte.

        `location`: the new thing's path with `{id}` in it. The answer is stored, so it holds no personal data.
        """
        key, print_ = self.idempotency_key(), self.fingerprint(body)
        async with self.transaction() as db:
            if (first := await self._first_answer(db, key, print_)) is not None:
                return first
            result = await work(db)
            content = result.model_dump_json().encode()
            where = location.format(id=getattr(result, "id", "")) if location else None
            table = db.tables.idempotency
            await db.execute(
                update(table)
                .where(table.c.agency_id == self.actor.agency_id, table.c.actor_id == self.actor.staff_id)
                .where(table.c.key == key)
                .values(status=status, body=content, location=where)
            )
        self.runtime.bell.ring()
        return answer(content, status, where)

    async def _first_answer(self, db: Db, key: str, fingerprint: bytes) -> Response | None:
        """Claim the key; return the stored answer if somebody already did."""
        table = db.tables.idempotency
        claim = insert(table).values(
            agency_id=self.actor.agency_id,
            actor_id=self.actor.staff_id,
            key=key,
            fingerprint=fingerprint,
            status=0,
            body=b"",
        )
        if (await db.execute(claim.on_conflict_do_nothing().returning(table.c.key))).first():
            return None
        return replay(await db.execute(self.find_key(table, key)), fingerprint)

    def find_key(self, table: Any, key: str) -> Any:
        return select(table.c.fingerprint, table.c.status, table.c.body, table.c.location).where(
            table.c.agency_id == self.actor.agency_id, table.c.actor_id == self.actor.staff_id, table.c.key == key
        )

    async def change(self, work: Callable[[Db, int], Awaitable[BaseModel]]) -> Response:
        """Do `work` with the version the caller saw (`If-Match`) and answer with the new ETag."""
        expected = self.expected_version()
        async with self.transaction() as db:
            result = await work(db, expected)
        self.runtime.bell.ring()
        version = getattr(result, "version", None)
        return answer(result.model_dump_json().encode(), 200, etag=version)

    @asynccontextmanager
    async def reading(self, action: str, subject_id: UUID | None = None, **detail: object) -> AsyncGenerator[Db]:
        """Open a transaction that reads and leaves one audit row."""
        async with self.transaction() as db:
            yield db
            db.audit(action, subject_id, **detail)

    def idempotency_key(self) -> str:
        if self.key is None:
            raise Refused(
                "idempotency-key-missing",
                "Send an Idempotency-Key header: one new value for each intention.",
                status=400,
            )
        return self.key

    def fingerprint(self, body: BaseModel) -> bytes:
        """Return what a repeat with the same key must equal: the method, the path and the body."""
        said = f"{self.request.method} {route_path(self.request.scope)}\0".encode()
        return hashlib.sha256(said + orjson.dumps(body.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)).digest()

    def expected_version(self) -> int:
        if self.if_match is None:
            raise Refused("if-match-missing", "Send If-Match with the ETag you last saw.", status=428)
        tag = self.if_match.removeprefix("W/").strip('"')
        if not tag.isdigit():
            raise Refused("if-match-malformed", 'If-Match is the quoted version, such as "3".', status=400)
        return int(tag)


def replay(found: Any, fingerprint: bytes) -> Response:
    """Answer a repeated key from what was stored. Raises `Refused` if the body was another."""
    row = found.first()
    if row is None or row.status == 0:
        raise Refused("request-in-progress", "The same request is still being worked on. Try again in a moment.")
    if bytes(row.fingerprint) != fingerprint:
        raise Refused(
            "idempotency-key-reused",
            "This Idempotency-Key was used for another request. Take a new one.",
            status=422,
        )
    return answer(bytes(row.body), row.status, row.location)


def answer(content: bytes, status: int = 200, location: str | None = None, etag: int | None = None) -> Response:
    headers = {}
    if location:
        headers["Location"] = location
    if etag is not None:
        headers["ETag"] = f'"{etag}"'
    return Response(content, status, headers, media_type="application/json")


def current_call(request: Request, key: IdempotencyKey = None, if_match: IfMatch = None) -> Call:
    actor: Actor | None = request.state.actor
    if actor is None:
        raise Unauthenticated
    return Call(request, request.state.runtime, actor, key, if_match)


CurrentCall = Annotated[Call, Depends(current_call)]


def require_version(stored: int, expected: int) -> None:
    """Raise `Refused` (412) unless the caller saw the version that is stored."""
    if stored != expected:
        raise Refused("stale-version", "This was changed since you read it. Reload, then change it again.", status=412)


class Cursor(BaseModel):
    """Where the next page starts: the last row's sort value and id."""

    at: str
    id: UUID


def encode_cursor(at: object, row_id: UUID) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([str(at), str(row_id)])).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> Cursor | None:
    """Return the place of a `next` cursor. Raises `Unprocessable` if it is not one of ours."""
    if cursor is None:
        return None
    try:
        at, row_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return Cursor(at=at, id=UUID(row_id))
    except (ValueError, TypeError, binascii.Error) as error:
        raise Unprocessable("bad-cursor", "Use the `next` value of the page before, unchanged.", "/next") from error


def create_app(
    title: str,
    routers: Sequence[APIRouter],
    *,
    lifespan: Any,
    public: frozenset[str] = frozenset(),
    imports: frozenset[str] = frozenset(),
    max_body: int,
    max_import: int,
) -> FastAPI:
    """Return a service's app. `public`: the paths that need no token. `imports`: those with the larger body limit."""
    app = FastAPI(title=title, lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, responses=PROBLEMS)
    for router in routers:
        app.include_router(router)
    app.add_api_route("/health", _health, include_in_schema=False)
    app.add_api_route(
        "/v1/freshness", _freshness, dependencies=[allow(Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR)]
    )
    app.add_exception_handler(Refused, _on_refused)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(IntegrityError, _on_failure)
    app.add_middleware(_Catch)
    app.add_middleware(Gate, public=public | {"/health"}, imports=imports, max_body=max_body, max_import=max_import)
    return app


class _Catch:
    """Answers what no handler took, inside the gate, so that it too carries the request id and our headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Refused:
            raise
        except Exception as error:
            if scope["type"] != "http" or started:
                raise
            response = await _on_failure(Request(scope), error)
            await response(scope, receive, send)


class Heard(BaseModel):
    """How much of one publisher's facts this service has applied."""

    publisher: str
    as_of: AwareDatetime = Field(description="every fact recorded before this instant has been applied")
    missing: int
    dead_letters: int
    checked_at: AwareDatetime


class Freshness(BaseModel):
    heard: list[Heard]


async def _freshness(call: CurrentCall) -> Freshness:
    """Answer how far behind each publisher this service is, as the reconciler last saw it."""
    async with call.transaction() as db:
        rows = (await db.execute(select(db.tables.freshness).order_by("publisher"))).mappings()
        return Freshness(heard=[Heard(**row) for row in rows])


async def _health(request: Request) -> dict[str, str]:
    """Answer whether the service and its database work."""
    runtime: Runtime = request.state.runtime
    async with runtime.engine.connect() as connection:
        await connection.execute(select(1))
    return {"status": "ok"}
