"""Trainings of staff, and the hours that count in a running cycle."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall, decode_cursor
from workforce.api.admission import ADMINISTERING, CREATED, LEADING, PEOPLE, Limit
from workforce.commands import trainings
from workforce.queries import trainings as queries

router = APIRouter(prefix="/v1", tags=["trainings"])


@router.post("/trainings", **CREATED, dependencies=LEADING)
async def record_training(call: CurrentCall, body: trainings.RecordTraining) -> Response:
    """Record a training: an administrator anybody's, a supervisor those of whom they supervise."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: trainings.record_training(db, keys, actor, body))


@router.post("/training-imports", status_code=201, response_model=trainings.Imported, dependencies=ADMINISTERING)
async def import_trainings(call: CurrentCall, body: trainings.ImportTrainings) -> Response:
    """Record up to 500 rows at once, or none of them; a fault points to its row, counted from 0."""
    keys = call.runtime.keys
    return await call.once(body, lambda db: trainings.import_trainings(db, keys, body))


@router.put("/trainings/{training_id}/void", response_model=Created, dependencies=LEADING)
async def void_training(call: CurrentCall, training_id: UUID, body: trainings.VoidTraining) -> Response:
    actor = call.actor
    return await call.change(lambda db, expected: trainings.void_training(db, actor, training_id, body, expected))


@router.get("/staff/{staff_id}/trainings", dependencies=PEOPLE)
async def trainings_of(
    call: CurrentCall, staff_id: UUID, next: str | None = None, limit: Limit = 50
) -> queries.TrainingPage:
    async with call.reading("training.list", staff_id) as db:
        return await queries.trainings_of(db, call.runtime.keys, call.actor, staff_id, decode_cursor(next), limit)


@router.get("/staff/{staff_id}/education", dependencies=PEOPLE)
async def education(call: CurrentCall, staff_id: UUID) -> queries.Education:
    """Answer hours by kind and topic in the running cycle of each credential in force, and ever."""
    async with call.reading("training.education", staff_id) as db:
        return await queries.education_of(db, call.actor, staff_id)
