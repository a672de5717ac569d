"""Refusals as answers: RFC 9457 problems, one audit entry each, and what an unexpected failure looks like outside."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as AsgiScope

from common.database import Scope
from common.errors import NotThere, Refused
from common.identity import NOBODY, Actor
from common.redelivery import is_transient
from common.runtime import Runtime

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
POINTER_MOST = 200
# How Python writes what people should read as a word or a day.
ENUM_MEMBER = re.compile(r"<[\w.]+: ('[^']*')>")
DAY = re.compile(r"datetime\.date\((\d+), (\d+), (\d+)\)")


class Problem(BaseModel):
    """RFC 9457: what went wrong and what to do next; never a value the caller did not send."""

    type: str = Field(description="/problems/<code>, stable")
    title: str
    status: int
    detail: str
    request_id: UUID
    errors: list[dict[str, str]] = Field(default=[], description="JSON pointers of the fields at fault")
    model_config = ConfigDict(extra="allow")  # some problems carry more, such as the challenge of a second factor


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {"model": Problem, "description": "A problem; `type` says which"}
}


def problem_of(refused: Refused, request_id: UUID) -> Problem:
    return Problem(
        type=f"/problems/{refused.code}",
        title=TITLES.get(refused.status, "Refused"),
        status=refused.status,
        detail=refused.detail,
        request_id=request_id,
        errors=list(refused.fields),
        **refused.members,
    )


def problem(refused: Refused, request_id: UUID) -> Response:
    body = problem_of(refused, request_id)
    wait = refused.retry_after or (2 if refused.status == 503 else None)
    headers = {"Retry-After": str(wait)} if wait else {}
    if refused.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(body.model_dump_json(), refused.status, headers, media_type="application/problem+json")


def answer_problems(app: FastAPI) -> None:
    """Make `app` answer everything that goes wrong inside it as a problem."""
    app.add_exception_handler(Refused, _on_refused)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(IntegrityError, _on_failure)
    app.add_middleware(Catch)


class Catch:
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


async def refuse(runtime: Runtime, scope: AsgiScope, refused: Refused) -> Response:
    """Write the one audit entry of a refusal and answer with its problem."""
    state = scope["state"]
    actor: Actor | None = state.get("actor")
    route = scope.get("route")
    action = f"{scope['method']} {getattr(route, 'path', '(no route)')}"
    who = Scope(actor.agency_id if actor else NOBODY, actor.staff_id if actor else None, state["request_id"])
    try:
        await runtime.audit_refusal(who, action, refused.code, status=refused.status, **refused.audited)
    except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        # The database is away: the refusal still has to be answered; the log keeps the trace of it.
        log.error("refusal_not_audited", code=refused.code, request_id=str(state["request_id"]))
    return problem(refused, state["request_id"])


def invalid(errors: Sequence[Any]) -> Refused:
    """Turn Pydantic's validation errors into field pointers, without the values."""
    fields = []
    for one in errors:
        place = [str(part) for part in one["loc"] if part != "body"]
        if one["type"] == "json_invalid":
            return Refused("malformed-json", "The body is not valid JSON.", status=400)
        fields.append({"pointer": _pointer(place), "detail": _plain(one)})
    return Refused("invalid-request", "Correct the fields named in `errors`.", status=422, fields=fields[:50])


def _pointer(place: Sequence[str]) -> str:
    """Return a JSON pointer; an unknown field's name is the caller's own, so it may be long."""
    path = "/" + "/".join(part.replace("~", "~0").replace("/", "~1") for part in place)
    return path[:POINTER_MOST]


def _plain(error: Any) -> str:
    if error["type"] == "value_error":  # ours: written for people, and free of values
        return str(error["ctx"]["error"])
    if error["type"] in ("enum", "literal_error"):
        return "must be " + ENUM_MEMBER.sub(r"\1", str(error["ctx"]["expected"]))
    return DAY.sub(_iso_day, str(error["msg"]))


def _iso_day(found: re.Match[str]) -> str:
    year, month, day = (int(part) for part in found.groups())
    return f"{year:04}-{month:02}-{day:02}"


async def _on_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # registered for it alone
    return await refuse(request.state.runtime, request.scope, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # registered for it alone
    return await refuse(request.state.runtime, request.scope, invalid(error.errors()))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # registered for it alone
    if isinstance(error.__cause__, Refused):  # FastAPI wraps what the gate raised while the body was being read
        refused: Refused = error.__cause__
    elif error.status_code == 404:
        refused = NotThere()
    elif error.status_code == 405:
        refused = Refused("method-not-allowed", "This address does not take that method.", status=405)
    else:
        refused = Refused("malformed-request", "The request cannot be read.", status=400)
    response = await refuse(request.state.runtime, request.scope, refused)
    if allowed := (error.headers or {}).get("Allow"):
        response.headers["Allow"] = allowed
    return response


async def _on_failure(request: Request, error: Exception) -> Response:
    """Answer anything unexpected: 503 where the surroundings failed, 500 where we did."""
    request_id = request.state.request_id
    if isinstance(error, IntegrityError):
        # A constraint that a race got past; said neutrally, for it may be about a row the caller cannot see.
        log.warning("constraint_refused", request_id=str(request_id), exc_info=error)
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
