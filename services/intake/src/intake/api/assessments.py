"""How answers at a point are recorded."""

from fastapi import APIRouter
from starlette.responses import Response

from common.http import CurrentCall
from intake.api.admission import CREATED, SERVING
from intake.commands import (
    assessments,
)

router = APIRouter(prefix="/v1")


@router.post("/assessments", dependencies=SERVING, **CREATED)
async def record_assessment(call: CurrentCall, body: assessments.RecordAssessment) -> Response:
    keys = call.runtime.keys
    return await call.once(body, lambda db: assessments.record_assessment(db, keys, call.actor, body))
