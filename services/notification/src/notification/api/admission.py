"""Who may use which routes of notification."""

from typing import Annotated

from fastapi import Query

from common.contracts.codes import Role
from common.http import allow

WORKING = [allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER, Role.AUDITOR)]
TOLD = [allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER)]
SERVING = [allow(Role.PEER, Role.SUPERVISOR)]
WRITING_TO = [allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR)]
SUPERVISING = [allow(Role.SUPERVISOR, Role.ADMINISTRATOR)]
APPROVING = [allow(Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER)]
ADMINISTERING = [allow(Role.ADMINISTRATOR)]
Limit = Annotated[int, Query(ge=1, le=100)]
