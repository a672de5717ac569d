"""What was at work in sessions, as counts for a program."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from common.contracts.codes import Role
from common.http import CurrentCall, allow
from common.text import Day
from session_logging.queries import helped as queries

router = APIRouter(prefix="/v1")


@router.get("/helped", dependencies=[allow(Role.SUPERVISOR, Role.ADMINISTRATOR)])
async def helped(
    call: CurrentCall,
    first: Annotated[Day, Query(alias="from")],
    last: Annotated[Day, Query(alias="to")],
    program_id: UUID | None = None,
) -> queries.HelpedRead:
    """Return how often each mechanism, competency, activity and form of support was noted in a period."""
    async with call.reading("helped.read", program_id) as db:
        return await queries.helped(db, first, last, program_id)
