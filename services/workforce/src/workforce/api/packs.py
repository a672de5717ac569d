"""Packs, the programs that chose them, and the people who work in those programs."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from common.http import Created, CurrentCall
from workforce.api.admission import ADMINISTERING, CREATED, OVERSEEING, PEOPLE
from workforce.commands import packs, placements
from workforce.commands.reach import today_of
from workforce.queries import packs as queries

router = APIRouter(prefix="/v1", tags=["packs"])
On = Annotated[date | None, Query(description="today unless given")]


@router.get("/packs", dependencies=PEOPLE)
async def all_packs(call: CurrentCall) -> queries.Packs:
    async with call.reading("pack.list"):
        return queries.packs()


@router.get("/packs/{pack_id}", dependencies=PEOPLE)
async def one_pack(call: CurrentCall, pack_id: str, on: On = None) -> queries.PackRecord:
    """Answer what a pack asks for on a day, with who stands behind each rule."""
    async with call.reading("pack.read") as db:
        return queries.pack(pack_id, on or await today_of(db))


@router.post("/programs/{program_id}/packs", **CREATED, dependencies=ADMINISTERING)
async def choose_pack(call: CurrentCall, program_id: UUID, body: packs.ChoosePack) -> Response:
    return await call.once(body, lambda db: packs.choose_pack(db, program_id, body))


@router.get("/programs/{program_id}/packs", dependencies=PEOPLE)
async def packs_of(call: CurrentCall, program_id: UUID) -> queries.Choices:
    async with call.reading("program-pack.list", program_id) as db:
        return await queries.choices_of(db, program_id)


@router.put("/program-packs/{choice_id}/end", response_model=Created, dependencies=ADMINISTERING)
async def end_pack(call: CurrentCall, choice_id: UUID, body: packs.EndPack) -> Response:
    return await call.change(lambda db, expected: packs.end_pack(db, choice_id, body, expected))


@router.post("/staff/{staff_id}/placements", **CREATED, dependencies=ADMINISTERING)
async def place_staff(call: CurrentCall, staff_id: UUID, body: placements.PlaceStaff) -> Response:
    return await call.once(body, lambda db: placements.place_staff(db, staff_id, body))


@router.get("/staff/{staff_id}/placements", dependencies=OVERSEEING)
async def placements_of(call: CurrentCall, staff_id: UUID) -> queries.Placements:
    async with call.reading("placement.list", staff_id) as db:
        return await queries.placements_of(db, staff_id)


@router.put("/placements/{placement_id}/end", response_model=Created, dependencies=ADMINISTERING)
async def end_placement(call: CurrentCall, placement_id: UUID, body: placements.EndPlacement) -> Response:
    return await call.change(lambda db, expected: placements.end_placement(db, placement_id, body, expected))
