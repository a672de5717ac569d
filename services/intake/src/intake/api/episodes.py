"""How a person's time with a program is opened, acknowledged and closed."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall
from intake.api.admission import ASSIGNING, CREATED, SEEING, SERVING, shown
from intake.commands import episodes, transfers
from intake.queries import records

router = APIRouter(prefix="/v1")


@router.post("/episodes", dependencies=SERVING, **CREATED)
async def open_episode(call: CurrentCall, body: episodes.OpenEpisode) -> Response:
    where = "/api/intake/v1/episodes/{id}"
    return await call.once(body, lambda db: episodes.open_episode(db, call.actor, body), location=where)


@router.get("/episodes/{episode_id}", response_model=records.EpisodeRecord, dependencies=SEEING)
async def episode(call: CurrentCall, episode_id: UUID) -> Response:
    async with call.reading("episode.read", episode_id) as db:
        record = await records.episode(db, call.actor, episode_id)
    return shown(record, record.version)


@router.post("/episodes/{episode_id}/acknowledgement", dependencies=SERVING, **CREATED)
async def acknowledge(call: CurrentCall, episode_id: UUID, body: episodes.Acknowledge) -> Response:
    return await call.once(body, lambda db: episodes.acknowledge(db, call.actor, episode_id, body))


@router.put("/episodes/{episode_id}/closure", response_model=Created, dependencies=SERVING)
async def close_episode(call: CurrentCall, episode_id: UUID, body: episodes.CloseEpisode) -> Response:
    return await call.change(lambda db, expected: episodes.close_episode(db, call.actor, episode_id, body, expected))


@router.post(
    "/episodes/{episode_id}/transfers",
    status_code=201,
    response_model=transfers.EpisodeTransferred,
    dependencies=SERVING,
)
async def transfer_episode(call: CurrentCall, episode_id: UUID, body: transfers.TransferEpisode) -> Response:
    """Close an episode and open the next with another program, in one."""
    keys, where = call.runtime.keys, "/api/intake/v1/episodes/{id}"
    return await call.once(
        body, lambda db: transfers.transfer_episode(db, keys, call.actor, episode_id, body), location=where
    )


@router.post("/episodes/{episode_id}/reopening", dependencies=ASSIGNING, **CREATED)
async def reopen_episode(call: CurrentCall, episode_id: UUID, body: transfers.ReopenEpisode) -> Response:
    return await call.once(body, lambda db: transfers.reopen_episode(db, call.actor, episode_id, body))
