"""An agency's programs."""

from fastapi import APIRouter
from starlette.responses import Response

from common.http import CurrentCall
from workforce.api.admission import ADMINISTERING, CREATED, PEOPLE
from workforce.commands import agencies
from workforce.queries import people as queries

router = APIRouter(prefix="/v1", tags=["programs"])


@router.post("/programs", **CREATED, dependencies=ADMINISTERING)
async def open_program(call: CurrentCall, body: agencies.OpenProgram) -> Response:
    return await call.once(body, lambda db: agencies.open_program(db, body))


@router.get("/programs", dependencies=PEOPLE)
async def programs(call: CurrentCall) -> queries.Programs:
    async with call.reading("program.list") as db:
        return await queries.programs(db)
