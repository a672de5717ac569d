"""Revoking while nothing else works: intake's API and its database, with neither bus nor mail nor any other service."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
from fastapi import FastAPI

from common.embedded import LOOPBACK, free_port
from handrail.demo.agency import consent
from handrail.local import serving
from handrail.platform import settings_of
from handrail.testing import Caller, Platform

CONSENTS, PEOPLE = "/v1/consents", "/api/intake/v1/participants"


@asynccontextmanager
async def intake_alone(platform: Platform, administrator: Caller) -> AsyncGenerator[Caller]:
    """Serve intake's API; the keys that prove tokens are there for its first request, then all but Postgres is gone."""
    [entry] = [one for one in platform.services if one.service.name == "intake"]
    keys_port, port = free_port(), free_port()
    published = (await administrator.http.get("/api/workforce/v1/jwks")).json()
    workforce = FastAPI()
    workforce.add_api_route("/jwks", lambda: published)
    settings = settings_of(entry, "api", platform.addresses, platform.secrets)
    settings = settings.model_copy(update={"nats_url": None, "jwks_url": f"http://{LOOPBACK}:{keys_port}/jwks"})
    async with (
        serving(entry.create_api(settings), port),
        httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", timeout=30) as http,
    ):
        caller = Caller(http, administrator.token, administrator.agency_id, administrator.staff_id)
        async with serving(workforce, keys_port):
            assert (await caller.get("/v1/freshness")).status_code == 200
        yield caller


async def signed(administrator: Caller) -> UUID:
    participant_id = await administrator.created(PEOPLE, {"name": "Ana Ruiz"})
    terms = consent("Ana Ruiz", (datetime.now(UTC) - timedelta(minutes=1)).isoformat())
    body = {"participant_id": str(participant_id)} | terms
    return await administrator.created(f"/api/intake{CONSENTS}", body)


async def test_a_consent_is_revoked_while_every_other_part_is_down(platform: Platform, administrator: Caller) -> None:
    consent_id = await signed(administrator)

    async with intake_alone(platform, administrator) as alone:
        revoked = await alone.put(f"{CONSENTS}/{consent_id}/revocation", {"capacity": "patient"}, version=1)
        shown = await alone.get(f"{CONSENTS}/{consent_id}")

    assert revoked.status_code == 200, revoked.text
    assert shown.json()["status"] == "revoked"
    for hearer in ("session_logging", "notification"):
        await platform.eventually(
            f"select count(*) from {hearer}.consent where id = :id and status = 'revoked'", 1, id=consent_id
        )
