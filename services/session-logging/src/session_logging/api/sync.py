"""How a phone sends what waited on it."""

from fastapi import APIRouter

from common.http import CurrentCall
from common.sync import Answers, Batch
from common.syncing import work_through
from session_logging.api.admission import WORKING
from session_logging.commands.sync import FORMS

router = APIRouter(prefix="/v1")


@router.post("/sync", dependencies=WORKING)
async def sync(call: CurrentCall, body: Batch) -> Answers:
    """Do each item once, in the order of what they depend on, and answer each; needs no key beside the items' own."""
    return await work_through(call, FORMS, body)
