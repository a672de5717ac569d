"""Every cell of docs/rights.md, asked over HTTP: what the matrix opens is open, and everything else is refused."""

import re
import uuid
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from common.contracts.codes import Role
from handrail.catalog import PACKAGES
from handrail.testing import Caller, Platform, add_staff, open_agency

MATRIX = Path(__file__).parents[2] / "docs" / "rights.md"
ROW = re.compile(r"\| `([A-Z]+) (/\S*)` \|(.+)\|")
ROLES = [*Role]
SERVICES = [package.replace("_", "-") for package in PACKAGES]


def matrix(service: str) -> list[tuple[str, str, list[bool]]]:
    """Return a service's rows: method, path, and whether anybody and each role may."""
    part = MATRIX.read_text().split(f"\n## {service}\n")[1].split("\n## ")[0]
    rows = [ROW.fullmatch(line) for line in part.splitlines() if line.startswith("| `")]
    return [(row[1], row[2], [cell.strip() == "x" for cell in row[3].split("|")]) for row in rows if row]


@pytest_asyncio.fixture(scope="session")
async def callers(platform: Platform, http: httpx.AsyncClient) -> AsyncGenerator[dict[Role, Caller]]:
    """Somebody of each role in an agency of their own, and a service."""
    administrator = await open_agency(http, platform)
    people = {role: await add_staff(administrator, role) for role in ROLES if role is not Role.SERVICE}
    body = {
        "service": "notification",
        "secret": platform.secrets["NOTIFICATION_SECRET"],
        "agency_id": str(administrator.agency_id),
    }
    token = (await http.post("/api/workforce/v1/service-tokens", json=body)).json()["access_token"]
    yield {**people, Role.SERVICE: Caller(http, token)}


def filled(path: str) -> str:
    """Put an id that nothing has, or a word, where the path asks for one."""
    return re.sub(r"\{(\w+)\}", lambda found: str(UUID(int=7)) if found[1].endswith("_id") else "none", path)


async def ask(http: httpx.AsyncClient, service: str, method: str, path: str, caller: Caller | None) -> Any:
    headers = {"Idempotency-Key": str(uuid.uuid4()), "If-Match": '"1"'}
    headers |= caller.headers() if caller else {}
    body = {} if method == "GET" else {"json": {"no such field": 1}}
    return await http.request(method, f"/api/{service}{filled(path)}", headers=headers, **body)


@pytest.mark.parametrize("service", SERVICES)
async def test_each_role_reaches_exactly_what_the_matrix_opens(
    callers: dict[Role, Caller], http: httpx.AsyncClient, service: str
) -> None:
    wrong = []
    for method, path, (public, *open_to) in matrix(service):
        for role, may in zip(ROLES, open_to, strict=True):
            answer = await ask(http, service, method, path, callers[role])
            kind = answer.json().get("type") if answer.status_code >= 400 else None
            refused = (answer.status_code, kind) == (403, "/problems/not-allowed")
            if refused == (may or public) or answer.status_code == 500 or (answer.status_code == 401 and not public):
                wrong.append((method, path, role, answer.status_code, kind))
    assert wrong == []


@pytest.mark.parametrize("service", SERVICES)
async def test_without_a_token_only_public_routes_answer(http: httpx.AsyncClient, service: str) -> None:
    wrong = []
    for method, path, (public, *_) in matrix(service):
        answer = await ask(http, service, method, path, None)
        problem = answer.json().get("type") if answer.status_code >= 400 else None
        if (problem == "/problems/sign-in-needed") == public and path != "/v1/agencies":
            wrong.append((method, path, answer.status_code, problem))
    assert wrong == []


def test_the_matrix_has_every_service_and_hundreds_of_cells() -> None:
    rows = [row for service in SERVICES for row in matrix(service)]
    assert len(rows) * len(ROLES) > 1500
    assert all(len(cells) == len(ROLES) + 1 for _, _, cells in rows)
