"""Default deny: an app with a route that names nobody does not come to be."""

import pytest
from fastapi import APIRouter, FastAPI

from common.contracts.codes import Role
from common.http import allow
from common.rights import Right, Unguarded, rights


async def answer() -> dict[str, str]:
    return {}


def app_of(router: APIRouter) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(router)
    return app


def test_a_route_names_its_roles_or_is_public() -> None:
    router = APIRouter(prefix="/v1")
    router.add_api_route("/open", answer, methods=["POST"])
    router.add_api_route("/closed", answer, dependencies=[allow(Role.PEER, Role.AUDITOR)])

    found = rights(app_of(router).routes, frozenset({"/v1/open"}))

    assert found == [
        Right("GET", "/v1/closed", frozenset({Role.PEER, Role.AUDITOR}), False),
        Right("POST", "/v1/open", frozenset(), True),
    ]


def test_of_two_guards_both_have_to_admit() -> None:
    router = APIRouter(prefix="/v1", dependencies=[allow(Role.PEER, Role.SUPERVISOR)])
    router.add_api_route("/both", answer, dependencies=[allow(Role.PEER, Role.AUDITOR)])

    (found,) = rights(app_of(router).routes, frozenset())

    assert found.roles == {Role.PEER}


def test_a_route_without_a_guard_is_no_app() -> None:
    router = APIRouter(prefix="/v1")
    router.add_api_route("/forgotten", answer)

    with pytest.raises(Unguarded, match="/v1/forgotten"):
        rights(app_of(router).routes, frozenset())


def test_a_guard_that_admits_nobody_is_no_guard() -> None:
    router = APIRouter(prefix="/v1")
    router.add_api_route("/nobody", answer, dependencies=[allow()])

    with pytest.raises(Unguarded, match="/v1/nobody"):
        rights(app_of(router).routes, frozenset())


def test_a_public_route_with_a_guard_is_a_mistake() -> None:
    router = APIRouter(prefix="/v1")
    router.add_api_route("/open", answer, dependencies=[allow(Role.PEER)])

    with pytest.raises(Unguarded, match="/v1/open"):
        rights(app_of(router).routes, frozenset({"/v1/open"}))
