"""How the code lists are read, by anybody who is signed in."""

import hashlib
from functools import cache

from fastapi import APIRouter, Request
from starlette.responses import Response

from common.contracts.codes import Role
from common.http import CurrentCall, allow
from session_logging.rules.codes import Catalogue, catalogue

router = APIRouter(prefix="/v1")


@router.get("/codes", response_model=Catalogue, dependencies=[allow(*Role)])
async def codes(call: CurrentCall) -> Response:
    """Return every code with its words in English and Spanish and its counterparts in other lists.

    They change with a release only: who sends the ETag as `If-None-Match` is told that theirs still holds (304).
    """
    content, etag = _written()
    headers = {"ETag": etag}
    if _holds(call.request, etag):
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type="application/json")


@cache
def _written() -> tuple[bytes, str]:
    content = catalogue().model_dump_json().encode()
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _holds(request: Request, etag: str) -> bool:
    """Return whether the client names the present version; a weak mark (`W/`) says the same here."""
    named = request.headers.get("if-none-match", "")
    return any(one.strip().removeprefix("W/") in (etag, "*") for one in named.split(","))
