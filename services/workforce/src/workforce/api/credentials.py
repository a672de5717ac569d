"""What staff are credentialed for."""

from fastapi import APIRouter
from starlette.responses import Response

from common.http import CurrentCall
from workforce.api.admission import ADMINISTERING, CREATED
from workforce.commands import credentials

router = APIRouter(prefix="/v1", tags=["credentials"])


@router.post("/credentials", **CREATED, dependencies=ADMINISTERING)
async def record_credential(call: CurrentCall, body: credentials.RecordCredential) -> Response:
    return await call.once(body, lambda db: credentials.record_credential(db, body))
