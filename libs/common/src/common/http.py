"""How a person or program asks: idempotent writes, audited reads, pages, ETags, and the app that holds the routes.

A write's transaction is committed inside the endpoint, so no response ever precedes its commit.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from pydantic import AwareDatetime, BaseModel, Field, SecretStr
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects.postgresql import insert
from starlette.responses import Response

from common.contracts.codes import Role
from common.database import Db, Scope, transaction
from common.errors import Forbidden, Refused, Unauthenticated, Unprocessable
from common.gate import Gate, plain_number, route_path
from common.identity import Actor
from common.problems import PROBLEMS, answer_problems
from common.rights import Guard, rights
from common.runtime import Runtime

VERSION_MOST = 2_147_483_647  # versions are stored as int4
SEQ_MOST = 9_223_372_036_854_775_807  # audit rows are counted as int8
PAGE_MOST = 100
STEP_UP_MINUTES = 10
MASKED = b'"**********"'  # how a secret is dumped


def allow(*roles: Role) -> Any:
    """Return the route dependency that admits only `roles`."""
    return Depends(Guard(*roles))


class SteppedUp:
    """The dependency that wants a proof of who asks no older than `minutes`, beside a role."""

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes

    async def __call__(self, request: Request) -> None:
        actor: Actor | None = request.state.actor
        if actor is None:
            raise Unauthenticated
        if datetime.now(UTC) - actor.authenticated_at > timedelta(minutes=self.minutes):
            raise Forbidden("step-up-needed", "Confirm who you are first (POST /v1/step-ups), then do this again.")


def stepped_up(minutes: int = STEP_UP_MINUTES) -> Any:
    """Return the route dependency for sensitive acts: who asks proved who they are within the last `minutes`."""
    return Depends(SteppedUp(minutes))


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
            if (first := await self.first_answer(db, key, print_)) is not None:
                return first
            kept = await self.keep_answer(db, key, await work(db), status=status, location=location)
        self.runtime.bell.ring()
        return kept

    async def keep_answer(self, db: Db, key: str, result: BaseModel, *, status: int, location: str | None) -> Response:
        """Store the answer of a key that was claimed, and return it."""
        content = result.model_dump_json().encode()
        where = location.format(id=getattr(result, "id", "")) if location else None
        table = db.tables.idempotency
        await db.execute(
            update(table)
            .where(table.c.agency_id == self.actor.agency_id, table.c.actor_id == self.actor.staff_id)
            .where(table.c.key == key)
            .values(status=status, body=content, location=where)
        )
        return answer(content, status, where)

    async def first_answer(self, db: Db, key: str, fingerprint: bytes) -> Response | None:
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
            db.reading = True
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

    def fingerprint(self, body: BaseModel, asked: str | None = None) -> bytes:
        """Return what a repeat with the same key must equal: the method, the path and the body, secrets as well.

        `asked`: method and path, such as `POST /v1/sessions`; this request's own unless given.
        """
        said = f"{asked or f'{self.request.method} {route_path(self.request.scope)}'}\0".encode()
        said += orjson.dumps(body.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)
        if MASKED in said:  # what is kept of a secret tells nobody without our key whether a guess is right
            given = b"\0".join(_secrets(body.model_dump()))
            said += hmac.digest(self.runtime.keys.platform_index_key(), given, hashlib.sha256)
        return hashlib.sha256(said).digest()

    def expected_version(self) -> int:
        if self.if_match is None:
            raise Refused("if-match-missing", "Send If-Match with the ETag you last saw.", status=428)
        version = plain_number(self.if_match.removeprefix("W/").strip('"'), at_most=VERSION_MOST)
        if version is None:
            raise Refused("if-match-malformed", 'If-Match is the quoted version, such as "3".', status=400)
        return version


def _secrets(value: Any) -> Iterator[bytes]:
    """Yield every secret in a dumped body, in its order."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value().encode("utf-8", "surrogatepass")
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _secrets(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _secrets(one)


def replay(found: Any, fingerprint: bytes) -> Response:
    """Answer a repeated key from what was stored. Raises `Refused` if the body was another."""
    row = found.first()
    if row is None or row.status == 0:
        raise Refused("request-in-progress", "The same request is still being worked on. Try again in a moment.")
    if bytes(row.fingerprint) != fingerprint:
        raise key_reused()
    return answer(bytes(row.body), row.status, row.location)


def key_reused() -> Refused:
    detail = "This Idempotency-Key was used for another request. Take a new one."
    return Refused("idempotency-key-reused", detail, status=422)


def answer(content: bytes, status: int = 200, location: str | None = None, etag: int | None = None) -> Response:
    headers = {}
    if location:
        headers["Location"] = location
    if etag is not None:
        headers["ETag"] = f'"{etag}"'
    return Response(content, status, headers, media_type="application/json")


# Dependencies are coroutines throughout: FastAPI sends plain functions to a thread pool, which costs more than a write.
async def current_call(request: Request, key: IdempotencyKey = None, if_match: IfMatch = None) -> Call:
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
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise Unprocessable("bad-cursor", "Use the `next` value of the page before, unchanged.", "/next") from error


def create_app(
    title: str,
    routers: Sequence[APIRouter],
    *,
    lifespan: Any,
    public: frozenset[str] = frozenset(),
    imports: frozenset[str] = frozenset(),
    media: Mapping[str, frozenset[str]] | None = None,
    max_body: int,
    max_import: int,
) -> FastAPI:
    """Return a service's app.

    `public`: the routes that need no token. `imports`: the paths with the larger body limit. `media`: the paths that
    take other media types than JSON, and which.
    """
    app = FastAPI(
        title=title,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,  # a redirect would answer outside the contract, with the caller's own Host in it
        responses=PROBLEMS,
    )
    for router in routers:
        app.include_router(router)
    app.add_api_route("/health", _health, include_in_schema=False)
    app.add_api_route(
        "/v1/freshness", _freshness, dependencies=[allow(Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR)]
    )
    app.add_api_route("/v1/looks/{subject_id}", _looks, dependencies=[allow(Role.PRIVACY_OFFICER)])
    answer_problems(app)
    open_to_all = public | {"/health"}
    app.state.rights = rights(app.routes, open_to_all)  # nothing starts with a route that names nobody
    app.add_middleware(
        Gate,
        public=open_to_all,
        imports=imports,
        media=media or {},
        max_body=max_body,
        max_import=max_import,
    )
    return app


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


class Look(BaseModel):
    """One audited act; `outcome` is `done`, or `refused` where it was not allowed."""

    at: AwareDatetime
    action: str = Field(description="noun and verb, such as participant.read")
    actor_id: UUID | None = Field(description="the member of staff; null for the person themself or the system")
    outcome: str


class LookPage(BaseModel):
    """The newest first. An audit row is sealed, and to be seen here, about a second after it was written."""

    items: list[Look]
    next: str | None


async def _looks(
    call: CurrentCall,
    subject_id: UUID,
    next: str | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MOST)] = 50,
) -> LookPage:
    """Answer who read or changed one thing in this service: a person, or whatever has an id of its own."""
    async with call.reading("looks.read", subject_id) as db:
        return await looks_where(db, db.tables.audit.c.subject_id == subject_id, decode_cursor(next), limit)


async def looks_where(db: Db, about: ColumnElement[bool], after: Cursor | None, limit: int) -> LookPage:
    """Return a page of the agency's audit rows that `about` holds for."""
    audit = db.tables.audit.c
    question = select(audit.seq, audit.at, audit.action, audit.actor_id, audit.outcome).where(
        audit.agency_id == db.scope.agency_id, about
    )
    if after is not None:
        question = question.where(audit.seq < _seq(after))
    rows = (await db.execute(question.order_by(audit.seq.desc()).limit(limit + 1))).all()
    shown = [Look(at=row.at, action=row.action, actor_id=row.actor_id, outcome=row.outcome) for row in rows[:limit]]
    following = encode_cursor(rows[limit - 1].seq, db.scope.agency_id) if len(rows) > limit else None
    return LookPage(items=shown, next=following)


def _seq(after: Cursor) -> int:
    if after.at.isascii() and after.at.isdigit() and len(after.at) < 20 and int(after.at) <= SEQ_MOST:
        return int(after.at)
    raise Unprocessable("bad-cursor", "Use the `next` value of the page before, unchanged.", "/next")


async def _health(request: Request) -> dict[str, str]:
    """Answer whether the service and its database work."""
    runtime: Runtime = request.state.runtime
    async with runtime.engine.connect() as connection:
        await connection.execute(select(1))
    return {"status": "ok"}
