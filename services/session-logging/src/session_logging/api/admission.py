"""Who may use which routes of session-logging."""

from typing import Annotated

from fastapi import Query

from common.contracts.codes import Role
from common.http import allow

WORKING = [allow(Role.PEER, Role.SUPERVISOR)]
READING = [allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR)]
PLANS = [allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR)]
SUPERVISING = [allow(Role.SUPERVISOR)]
ADMINISTERING = [allow(Role.ADMINISTRATOR)]
IMPORTING = [allow(Role.ADMINISTRATOR)]
Limit = Annotated[int, Query(ge=1, le=100)]
