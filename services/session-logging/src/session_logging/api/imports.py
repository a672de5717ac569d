"""How history moves in."""

from fastapi import APIRouter
from starlette.responses import Response

from common.http import CurrentCall
from session_logging.api.admission import IMPORTING
from session_logging.commands import imports, requests

router = APIRouter(prefix="/v1")


@router.post("/imports", status_code=201, response_model=imports.ImportedIds, dependencies=IMPORTING)
async def import_history(call: CurrentCall, body: requests.ImportHistory) -> Response:
    """Take in another system's history; rows that were imported before are answered, not written again."""
    keys = call.runtime.keys
    return await call.once(body, lambda db: imports.import_history(db, keys, body))
