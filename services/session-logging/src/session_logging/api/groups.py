"""How a group is recorded, and read with its roster."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.contracts.codes import Role
from common.http import Created, CurrentCall, allow, decode_cursor
from session_logging.api.admission import WORKING, Limit
from session_logging.commands import groups, requests
from session_logging.queries import groups as queries

router = APIRouter(prefix="/v1")
LOOKING = [allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR)]


@router.post("/groups", status_code=201, response_model=Created, dependencies=WORKING)
async def hold_group(call: CurrentCall, body: requests.HoldGroup) -> Response:
    """Record a group that the caller facilitated, with one session for everybody in it."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: groups.hold_group(db, keys, actor, body))


@router.get("/groups/{group_id}", dependencies=LOOKING)
async def group(call: CurrentCall, group_id: UUID) -> queries.GroupRead:
    async with call.reading("group.read", group_id) as db:
        return await queries.group(db, call.actor, group_id)


@router.get("/groups", dependencies=LOOKING)
async def group_page(call: CurrentCall, next: str | None = None, limit: Limit = 20) -> queries.GroupPage:
    """Return groups, the newest first, each with its roster: the last one is where the next one starts from."""
    async with call.reading("group.list") as db:
        return await queries.group_page(db, call.actor, decode_cursor(next), limit)
