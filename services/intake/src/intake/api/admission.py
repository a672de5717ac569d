"""Who may use which routes of intake, and what those routes share."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel
from starlette.responses import Response

from common.contracts.codes import Role
from common.http import Created, allow, answer

ENROLLING = [allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR)]
SERVING = [allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR)]
SEEING = [allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER)]
ASSIGNING = [allow(Role.SUPERVISOR, Role.ADMINISTRATOR)]
SERVICES = [allow(Role.SERVICE)]
IMPORTING = [allow(Role.ADMINISTRATOR)]
Limit = Annotated[int, Query(ge=1, le=100)]
CREATED: dict[str, Any] = {"status_code": 201, "response_model": Created}


def shown(record: BaseModel, version: int) -> Response:
    """Answer a record with the ETag to change it by."""
    return answer(record.model_dump_json().encode(), etag=version)
