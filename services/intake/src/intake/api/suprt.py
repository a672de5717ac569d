"""How grants are set up, which points are due under them, and how one is done."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.contracts.codes import Role
from common.http import Created, CurrentCall, allow, decode_cursor
from intake.api.admission import CREATED, SEEING, SERVING, Limit, shown
from intake.commands import federal, grants
from intake.queries import federal as points
from intake.queries import grants as known
from intake.rules.federal import DueState

router = APIRouter(prefix="/v1")
GRANTING = [allow(Role.ADMINISTRATOR)]
COUNTING = [allow(Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR)]


@router.post("/grants", dependencies=GRANTING, **CREATED)
async def set_up_grant(call: CurrentCall, body: grants.SetGrant) -> Response:
    where = "/api/intake/v1/grants/{id}"
    return await call.once(body, lambda db: grants.set_up_grant(db, body), location=where)


@router.get("/grants", dependencies=SERVING)
async def all_grants(call: CurrentCall, next: str | None = None, limit: Limit = 50) -> known.GrantPage:
    async with call.reading("grant.list") as db:
        return await known.grants(db, decode_cursor(next), limit)


@router.get("/grants/{grant_id}", response_model=known.GrantRecord, dependencies=SERVING)
async def grant(call: CurrentCall, grant_id: UUID) -> Response:
    async with call.reading("grant.read", None, grant_id=grant_id) as db:
        record = await known.grant(db, grant_id)
    return shown(record, record.version)


@router.put("/grants/{grant_id}", response_model=Created, dependencies=GRANTING)
async def change_grant(call: CurrentCall, grant_id: UUID, body: grants.SetGrant) -> Response:
    return await call.change(lambda db, expected: grants.change_grant(db, grant_id, body, expected))


@router.get("/grants/{grant_id}/rate", dependencies=COUNTING)
async def grant_rate(call: CurrentCall, grant_id: UUID) -> known.GrantRate:
    async with call.reading("grant.rate", None, grant_id=grant_id) as db:
        return await known.grant_rate(db, grant_id)


@router.post("/episodes/{episode_id}/fundings", dependencies=SERVING, **CREATED)
async def fund_episode(call: CurrentCall, episode_id: UUID, body: grants.FundEpisode) -> Response:
    return await call.once(body, lambda db: grants.fund_episode(db, call.actor, episode_id, body))


@router.put("/fundings/{funding_id}", response_model=Created, dependencies=SERVING)
async def correct_first_service(call: CurrentCall, funding_id: UUID, body: grants.FirstService) -> Response:
    return await call.change(
        lambda db, expected: grants.correct_first_service(db, call.actor, funding_id, body, expected)
    )


@router.get("/episodes/{episode_id}/federal-points", dependencies=SEEING)
async def episode_points(call: CurrentCall, episode_id: UUID) -> points.EpisodePoints:
    async with call.reading("federal-point.list", episode_id) as db:
        return await points.episode_points(db, call.actor, episode_id)


@router.get("/due", dependencies=SERVING)
async def due(
    call: CurrentCall,
    grant_id: UUID | None = None,
    state: DueState | None = None,
    next: str | None = None,
    limit: Limit = 50,
) -> points.DuePoints:
    """Answer what is not done, by the day on which its window closes: a peer's own caseload, or the whole agency."""
    after = decode_cursor(next)
    async with call.transaction() as db:
        page = await points.due(db, call.actor, after, limit, grant_id=grant_id, state=state)
        db.audit("federal-point.due", None, seen=sorted({one.participant_id for one in page.items}))
    return page


@router.get("/federal-points/{point_id}", response_model=points.PointRecord, dependencies=SEEING)
async def federal_point(call: CurrentCall, point_id: UUID) -> Response:
    async with call.reading("federal-point.read", point_id) as db:
        record = await points.federal_point(db, call.actor, point_id)
    return shown(record, record.version)


@router.put("/federal-points/{point_id}", response_model=Created, dependencies=SERVING)
async def record_point(call: CurrentCall, point_id: UUID, body: federal.RecordPoint) -> Response:
    return await call.change(lambda db, expected: federal.record_point(db, call.actor, point_id, body, expected))
