"""The lists for coming and leaving."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from starlette.responses import Response

from common.http import Created, CurrentCall
from workforce.api.admission import PEOPLE
from workforce.commands import checklists
from workforce.queries import checklists as queries

router = APIRouter(prefix="/v1", tags=["checklists"])
Item = Annotated[str, Path(pattern="^[a-z_]{1,64}$")]


@router.get("/checklists", dependencies=PEOPLE)
async def item_texts(call: CurrentCall) -> queries.ItemTexts:
    """Answer every item that there is, in English and Spanish."""
    async with call.reading("checklist.texts"):
        return queries.item_texts()


@router.get("/staff/{staff_id}/checklists", dependencies=PEOPLE)
async def checklists_of(call: CurrentCall, staff_id: UUID) -> queries.Checklists:
    """Answer one's own lists, those of whom one supervises, or an administrator anybody's."""
    async with call.reading("checklist.read", staff_id) as db:
        return await queries.checklists_of(db, call.actor, staff_id)


@router.put("/staff/{staff_id}/checklists/{item}", response_model=Created, dependencies=PEOPLE)
async def tick(call: CurrentCall, staff_id: UUID, item: Item, body: checklists.Tick) -> Response:
    """Tick or untick an item; the version to change is the item's own, 0 before the first tick."""
    return await call.change(lambda db, expected: checklists.tick(db, call.actor, staff_id, item, body, expected))
