"""How claim lines are made of sessions, looked at and sent on."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from common.http import CurrentCall, decode_cursor
from session_logging.api.admission import ADMINISTERING, Limit
from session_logging.commands import claims
from session_logging.commands.releases import release_claims
from session_logging.queries import claims as queries

router = APIRouter(prefix="/v1")


class Sheet(Response):
    media_type = "text/csv"


After = Annotated[int, Query(ge=-1, le=2_147_483_647, description="the `next` of the page before")]


@router.post("/claim-runs", status_code=201, response_model=claims.Made, dependencies=ADMINISTERING)
async def make_claims(call: CurrentCall, body: claims.MakeClaims) -> Response:
    """Make lines of what was not claimed yet, take back what was voided, and say what stopped the rest."""
    keys, actor = call.runtime.keys, call.actor
    return await call.once(body, lambda db: claims.make_claims(db, keys, actor, body))


@router.get("/claim-runs", dependencies=ADMINISTERING)
async def run_page(call: CurrentCall, next: str | None = None, limit: Limit = 50) -> queries.RunPage:
    async with call.reading("claims.list") as db:
        return await queries.run_page(db, decode_cursor(next), limit)


@router.get("/claim-runs/{run_id}", dependencies=ADMINISTERING)
async def run(call: CurrentCall, run_id: UUID) -> queries.RunRead:
    """Return a run's totals by code and by what stopped a line."""
    async with call.reading("claims.read", run_id) as db:
        return await queries.run(db, run_id)


@router.get("/claim-runs/{run_id}/lines", dependencies=ADMINISTERING)
async def line_page(call: CurrentCall, run_id: UUID, next: After = -1, limit: Limit = 100) -> queries.LinePage:
    async with call.reading("claims.lines", run_id) as db:
        return await queries.line_page(db, run_id, next, limit)


@router.get("/claim-runs/{run_id}/stops", dependencies=ADMINISTERING)
async def stop_page(call: CurrentCall, run_id: UUID, next: After = -1, limit: Limit = 100) -> queries.StopPage:
    """Return the sessions that were not claimed, each with its reason."""
    async with call.reading("claims.stops", run_id) as db:
        return await queries.stop_page(db, run_id, next, limit)


@router.get("/claim-runs/{run_id}/sheet", response_model=str, response_class=Sheet, dependencies=ADMINISTERING)
async def sheet(call: CurrentCall, run_id: UUID) -> Response:
    """Return a run as CSV for a clearing house, without those whose consent no longer stands; each one is audited."""
    async with call.reading("claims.export", run_id) as db:
        made = await queries.sheet(db, call.runtime.keys, run_id)
        release_claims(db, call.actor, run_id, made.party_id, made.people)
    call.runtime.bell.ring()
    headers = {
        "Content-Disposition": f'attachment; filename="claims-{run_id}.csv"',
        "Handrail-Withheld-Lines": str(made.withheld),
    }
    return Sheet(made.text, headers=headers)
