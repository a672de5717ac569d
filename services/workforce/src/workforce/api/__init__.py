"""How a person or program asks workforce: a file for each noun, each with its own router."""

from workforce.api import (
    credentials,
    programs,
    sign_in,
    staff,
    supervision,
)

ROUTERS = (
    credentials.router,
    programs.router,
    sign_in.router,
    staff.router,
    supervision.router,
)
PUBLIC: frozenset[str] = sign_in.PUBLIC
