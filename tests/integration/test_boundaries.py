"""The walls between services: schemas in Postgres, subjects and inboxes on the bus."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import nats
import nats.errors
import pytest
from nats.aio.client import Client
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

from handrail.catalog import entries
from handrail.secrets import variable
from handrail.testing import Platform

SERVICES = [entry.service for entry in entries()]


@pytest.mark.parametrize("role", ["api", "worker"])
@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_a_service_reaches_no_other_schema(platform: Platform, service: object, role: str) -> None:
    name, schema = service.name, service.schema  # type: ignore[attr-defined]
    password = platform.secrets[variable(name, f"{role.upper()}_PASSWORD")]
    engine = create_async_engine(platform.addresses.database_url(f"{schema}_{role}", password))

    for other in SERVICES:
        if other.schema != schema:
            async with engine.connect() as connection:
                with pytest.raises(ProgrammingError, match="permission denied for schema"):
                    await connection.execute(text(f"select 1 from {other.schema}.outbox"))
    await engine.dispose()


@asynccontextmanager
async def bus(platform: Platform, service: str, refused: list[str]) -> AsyncGenerator[Client]:
    async def note(error: Exception) -> None:
        refused.append(str(error))

    password = platform.secrets[variable(service, "NATS_PASSWORD")]
    client = await nats.connect(
        platform.addresses.nats_url(service, password), inbox_prefix=f"_INBOX_{service}".encode(), error_cb=note
    )
    try:
        yield client
    finally:
        await client.close()


FORBIDDEN = [
    "handrail.workforce.staff-joined.v1",
    "$JS.API.STREAM.DELETE.workforce",
    "$JS.API.STREAM.PURGE.intake",
    "$JS.API.CONSUMER.DELETE.intake.compliance-reporting--intake",
    "$JS.API.CONSUMER.MSG.NEXT.intake.compliance-reporting--intake",
]


@pytest.mark.parametrize("subject", FORBIDDEN)
async def test_a_service_may_not_speak_for_another(platform: Platform, subject: str) -> None:
    refused: list[str] = []
    async with bus(platform, "session-logging", refused) as client:
        with pytest.raises(nats.errors.TimeoutError):
            await client.request(subject, b"{}", timeout=0.3)

    assert any("permissions violation" in one for one in refused), refused


@pytest.mark.parametrize("subject", ["handrail.>", "_INBOX_intake.>", "$JS.>", ">"])
async def test_a_service_may_not_listen_in(platform: Platform, subject: str) -> None:
    refused: list[str] = []
    async with bus(platform, "notification", refused) as client:
        await client.subscribe(subject)
        await asyncio.sleep(0.1)

    assert any("permissions violation" in one for one in refused), refused


async def test_streams_and_consumers_are_not_deletable_and_complete(platform: Platform) -> None:
    client = await nats.connect(platform.addresses.nats_url("admin", platform.secrets["NATS_ADMIN_PASSWORD"]))
    js = client.jetstream()

    for service in SERVICES:
        config = (await js.stream_info(service.name)).config
        assert (config.deny_delete, config.deny_purge, config.allow_atomic) == (True, True, True)
        for hearing in service.hearings:
            consumer = (await js.consumer_info(hearing.stream, hearing.durable)).config
            assert sorted(consumer.filter_subjects or [consumer.filter_subject]) == sorted(hearing.types)
            assert consumer.max_deliver == -1
    await client.close()


async def test_the_steward_sees_no_payload(platform: Platform) -> None:
    url = platform.addresses.database_url("handrail_steward", platform.secrets["STEWARD_PASSWORD"])
    engine = create_async_engine(url)

    for question in (
        "select payload from intake.ledger",
        "select * from intake.participant",
        "select * from intake.audit",
    ):
        async with engine.connect() as connection:
            with pytest.raises(ProgrammingError, match="permission denied"):
                await connection.execute(text(question))
    await engine.dispose()
