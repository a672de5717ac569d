"""How one wants to hear of things."""

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall, answer
from notification.api.admission import TOLD
from notification.commands import preferences as commands
from notification.queries import preferences as queries

router = APIRouter(prefix="/v1")


@router.get("/preferences", response_model=queries.PreferencesRead, dependencies=TOLD)
async def preferences(call: CurrentCall) -> Response:
    """Return one's own choice; version 0 while there is none."""
    async with call.reading("preference.read", call.actor.staff_id) as db:
        chosen = await queries.preferences(db, call.actor)
    return answer(chosen.model_dump_json().encode(), etag=chosen.version)


@router.put("/preferences", response_model=Created, dependencies=TOLD)
async def change_preferences(call: CurrentCall, body: commands.ChangePreferences) -> Response:
    """Set one's choice as a whole; safety alerts can be ordered, never silenced."""
    return await call.change(lambda db, expected: commands.change_preferences(db, call.actor, expected, body))
