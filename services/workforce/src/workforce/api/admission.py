"""Who may use which routes of workforce, and what those routes share."""

from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel
from starlette.responses import Response

from common.contracts.codes import Role
from common.http import STEP_UP_MINUTES, Call, Created, CurrentCall, SteppedUp, allow, answer, stepped_up
from workforce.commands.sign_ins import require_open


async def still_signed_in(call: CurrentCall) -> None:
    """Raise `Unauthenticated` if the sign-in ended a moment ago: others may hear of that later, these acts may not."""
    async with call.transaction() as db:
        await require_open(db, call.actor.sign_in_id)


async def sure(call: Call) -> None:
    """Raise `Forbidden` or `Unauthenticated` unless who asks proved lately who they are, and is signed in still."""
    await SteppedUp(STEP_UP_MINUTES)(call.request)
    await still_signed_in(call)


ADMINISTERING = [allow(Role.ADMINISTRATOR)]
LEADING = [allow(Role.ADMINISTRATOR, Role.SUPERVISOR)]
OVERSEEING = [allow(Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR)]
PEOPLE = [allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER, Role.AUDITOR)]
SENSITIVE = [*ADMINISTERING, stepped_up(), Depends(still_signed_in)]
OWN = [*PEOPLE, stepped_up(), Depends(still_signed_in)]
SERVICES = [allow(Role.SERVICE)]
Limit = Annotated[int, Query(ge=1, le=100)]
CREATED: dict[str, Any] = {"status_code": 201, "response_model": Created}


def shown(record: BaseModel, version: int) -> Response:
    """Answer a record with the ETag to change it by."""
    return answer(record.model_dump_json().encode(), etag=version)
