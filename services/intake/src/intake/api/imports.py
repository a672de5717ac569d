"""How another system's people move in."""

from fastapi import APIRouter
from starlette.responses import Response

from common.http import CurrentCall
from intake.api.admission import IMPORTING
from intake.commands import (
    imports,
)

router = APIRouter(prefix="/v1")


@router.post("/imports", status_code=201, response_model=imports.Imported, dependencies=IMPORTING)
async def import_participants(call: CurrentCall, body: imports.ImportParticipants) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: imports.import_participants(db, keys, body))
