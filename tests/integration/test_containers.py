"""The platform on the servers that agencies run: postgres:18 and nats:2.15 in containers."""

import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import docker.errors
import pytest
import pytest_asyncio
from testcontainers.community.nats import NatsContainer
from testcontainers.community.postgres import PostgresContainer

from common.embedded import LOOPBACK
from handrail.catalog import Entry
from handrail.provision import nats_config
from handrail.secrets import load_or_make
from handrail.testing import Platform, Servers, client, open_agency, running_platform

POSTGRES, NATS = "postgres:18", "nats:2.15"


def engine_with_images() -> bool:
    """Tell whether a Docker engine answers that has the images or can get them."""
    try:
        engine = docker.from_env(timeout=20)
        for image in (POSTGRES, NATS):
            try:
                engine.images.get(image)
            except docker.errors.ImageNotFound:
                engine.images.pull(image)
    except (docker.errors.DockerException, OSError):
        return False
    return True


@contextmanager
def containers(folder: Path, services: list[Entry]) -> Iterator[Servers]:
    secrets = load_or_make(folder / "secrets.env")
    config = folder / "nats.conf"
    config.write_text(nats_config(services, listen="0.0.0.0:4222", store="/tmp/jetstream"))
    config.chmod(0o644)
    postgres = PostgresContainer(
        POSTGRES, username="postgres", password=secrets["POSTGRES_PASSWORD"], dbname="postgres"
    )
    bus = NatsContainer(NATS).with_volume_mapping(str(config), "/etc/nats/handrail.conf")
    bus.with_command("-c /etc/nats/handrail.conf")
    for name, value in secrets.items():
        bus.with_env(name, value)
    with postgres, bus:
        postgres_port, nats_port = postgres.get_exposed_port(5432), bus.get_exposed_port(4222)
        yield Servers(f"{LOOPBACK}:{postgres_port}", f"{LOOPBACK}:{nats_port}", secrets)


@pytest_asyncio.fixture(scope="module")
async def contained(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Platform]:
    if not engine_with_images():
        pytest.skip("no Docker engine answers that has these images")
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")  # the context managers clean up themselves
    os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")
    async with running_platform(tmp_path_factory.mktemp("contained"), start=containers) as running:
        yield running


async def test_a_program_reaches_every_service_that_hears_of_it(contained: Platform) -> None:
    async with client(contained) as http:
        administrator = await open_agency(http, contained)

        body = {"name": "Center", "opened_on": "2025-01-01"}
        program_id = await administrator.created("/api/workforce/v1/programs", body)

    for table in ("intake.program", "session_logging.program", "compliance_reporting.fact_program"):
        await contained.eventually(f"select count(*) from {table} where id = :id", 1, id=program_id)
    assert (await contained.value("show server_version")).startswith("18")
