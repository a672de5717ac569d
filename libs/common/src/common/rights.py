"""Which roles may use which routes: read from the routes themselves, and refused where a route names nobody."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from common.contracts.codes import Role
from common.errors import Unauthenticated
from common.identity import Actor


class Guard:
    """The dependency that names who may use a route; a route without one is public by name or does not start."""

    def __init__(self, *roles: Role) -> None:
        self.roles = roles

    async def __call__(self, request: Request) -> None:
        actor: Actor | None = request.state.actor
        if actor is None:
            raise Unauthenticated
        actor.require(*self.roles)


@dataclass(frozen=True, slots=True)
class Right:
    """One route and the roles that may use it; a public route needs no token and names none."""

    method: str
    path: str
    roles: frozenset[Role]
    public: bool


class Unguarded(Exception):
    """A route names nobody who may use it, so that nobody knows who can."""


def rights(routes: Iterable[Any], public: frozenset[str]) -> list[Right]:
    """Return every route of an app by path and method. Raises `Unguarded`: what is not allowed is denied."""
    found = []
    for route in leaves(routes):
        if getattr(route, "dependant", None) is None:
            raise Unguarded(f"{route.path} is no route of ours")
        guards = list(_guards(route.dependant))
        if (route.path in public) == bool(guards) or not all(guard.roles for guard in guards):
            raise Unguarded(f"{sorted(route.methods)} {route.path} names nobody who may use it")
        roles = frozenset.intersection(*(frozenset(guard.roles) for guard in guards)) if guards else frozenset()
        found += [Right(method, route.path, roles, not guards) for method in route.methods]
    return sorted(found, key=lambda right: (right.path, right.method))


def _guards(dependant: Any) -> Iterator[Guard]:
    for one in dependant.dependencies:
        if isinstance(one.call, Guard):
            yield one.call
        yield from _guards(one)


def leaves(routes: Iterable[Any]) -> Iterator[Any]:
    """Walk routes; FastAPI keeps an included router as one entry that knows its own."""
    for route in routes:
        inner = getattr(getattr(route, "original_router", None), "routes", None)
        if inner is None:
            yield route
        else:
            yield from leaves(inner)
