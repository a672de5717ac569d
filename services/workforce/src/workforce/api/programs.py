"""An agency's programs."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall, answer
from workforce.api.admission import ADMINISTERING, CREATED, PEOPLE
from workforce.commands import programs
from workforce.queries import programs as queries

router = APIRouter(prefix="/v1", tags=["programs"])


@router.post("/programs", **CREATED, dependencies=ADMINISTERING)
async def open_program(call: CurrentCall, body: programs.OpenProgram) -> Response:
    return await call.once(body, lambda db: programs.open_program(db, body), location="/api/workforce/v1/programs/{id}")


@router.get("/programs", dependencies=PEOPLE)
async def all_programs(call: CurrentCall) -> queries.Programs:
    async with call.reading("program.list") as db:
        return await queries.programs(db)


@router.get("/programs/{program_id}", response_model=queries.ProgramRecord, dependencies=PEOPLE)
async def one_program(call: CurrentCall, program_id: UUID) -> Response:
    async with call.reading("program.read") as db:
        found = await queries.program(db, program_id)
    return answer(found.model_dump_json().encode(), etag=found.version)


@router.put("/programs/{program_id}", response_model=Created, dependencies=ADMINISTERING)
async def change_program(call: CurrentCall, program_id: UUID, body: programs.ChangeProgram) -> Response:
    return await call.change(lambda db, expected: programs.change_program(db, program_id, body, expected))
