"""How a phone sends what waited on it."""

from fastapi import APIRouter

from common.contracts.codes import Role
from common.http import CurrentCall, allow
from common.sync import Answers, Batch
from common.syncing import work_through
from intake.commands.sync import FORMS

router = APIRouter(prefix="/v1")


@router.post("/sync", dependencies=[allow(Role.PEER, Role.SUPERVISOR)])
async def sync(call: CurrentCall, body: Batch) -> Answers:
    """Do each item once, safety first, in the order of what they depend on; needs no key beside the items' own."""
    return await work_through(call, FORMS, body)
