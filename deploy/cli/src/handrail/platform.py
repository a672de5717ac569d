"""The embedded platform: real servers in a private data folder, and every service in one process."""

import json
import os
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from common.embedded import LOOPBACK, start_nats, start_postgres
from common.relay import Bell
from common.runtime import Service
from common.settings import ServiceSettings
from common.worker import started
from handrail.catalog import Entry
from handrail.provision import nats_config
from handrail.secrets import load_or_make, variable


@dataclass(frozen=True)
class Addresses:
    """Where the parts of a platform listen."""

    postgres: str  # host:port
    nats: str  # host:port
    public_url: str
    smtp: str  # host:port
    database: str = "postgres"

    def database_url(self, user: str, password: str) -> str:
        return f"postgresql+asyncpg://{user}:{password}@{self.postgres}/{self.database}"

    def nats_url(self, user: str, password: str) -> str:
        return f"nats://{user}:{password}@{self.nats}"


def settings_of(
    entry: Entry, role: str, addresses: Addresses, secrets: Mapping[str, str], **more: object
) -> ServiceSettings:
    """Return the settings of a service's process; `role` is `api` or `worker`."""
    return entry.settings(**(settings_values(entry.service, role, addresses, secrets) | more))


def environment_of(service: Service, role: str, addresses: Addresses, secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the same settings as environment variables, for a process of its own."""
    values = settings_values(service, role, addresses, secrets)
    return {
        f"HANDRAIL_{name.upper()}": json.dumps(value) if isinstance(value, dict) else str(value)
        for name, value in values.items()
    }


def settings_values(service: Service, role: str, addresses: Addresses, secrets: Mapping[str, str]) -> dict[str, Any]:
    password = secrets[variable(service.name, f"{role.upper()}_PASSWORD")]
    values: dict[str, Any] = {
        "database_url": addresses.database_url(f"{service.schema}_{role}", password),
        "nats_url": addresses.nats_url(service.name, secrets[variable(service.name, "NATS_PASSWORD")]),
        "root_key": secrets[variable(service.name, "ROOT_KEY")],
        "audit_key": secrets[variable(service.name, "AUDIT_KEY")],
        "jwks_url": f"{addresses.public_url}/api/workforce/v1/jwks",
    }
    if service.name == "workforce":
        values |= {
            "signing_key": secrets["SIGNING_KEY"],
            "operator_token": secrets["OPERATOR_TOKEN"],
            "service_secrets": {"notification": secrets["NOTIFICATION_SECRET"]},
        }
    if service.name == "notification":
        host, _, port = addresses.smtp.partition(":")
        values |= {
            "workforce_url": f"{addresses.public_url}/api/workforce",
            "service_secret": secrets["NOTIFICATION_SECRET"],
            "public_url": addresses.public_url.replace("127.0.0.1", "localhost"),
            "smtp_host": host,
            "smtp_port": int(port),
        }
    return values


@contextmanager
def servers(folder: Path, services: list[Entry], postgres_port: int, nats_port: int) -> Iterator[dict[str, str]]:
    """Start Postgres and NATS with their data in `folder`; yield the platform's secrets; stop both on leaving."""
    folder.mkdir(parents=True, exist_ok=True)
    secrets = load_or_make(folder / "secrets.env")
    postgres = start_postgres(folder / "postgres", postgres_port, secrets["POSTGRES_PASSWORD"], folder / "postgres.log")
    try:
        config = folder / "nats.conf"
        config.write_text(nats_config(services, listen=f"{LOOPBACK}:{nats_port}", store=folder / "nats"))
        nats = start_nats(config, nats_port, folder / "nats.log", os.environ | secrets)
        try:
            yield secrets
        finally:
            nats.stop()
    finally:
        postgres.stop()


class Mounted:
    """A service's app under its path: Starlette neither runs a mounted app's lifespan nor gives it its state."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.state: dict[str, Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app({**scope, "state": dict(self.state)}, receive, send)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[Mapping[str, Any]]:
    async with app.router.lifespan_context(app) as state:
        yield state or {}


def embed(
    services: list[Entry], addresses: Addresses, secrets: Mapping[str, str], *, idle: float = 1.0, **more: Any
) -> FastAPI:
    """Return one ASGI app in which every service's API and worker live; one bell a service wakes its relay."""
    bells = {entry.service.name: Bell() for entry in services}
    children: dict[str, Mounted] = {}
    workers = []
    for entry in services:
        bell = bells[entry.service.name]
        api = entry.create_api(settings_of(entry, "api", addresses, secrets), bell=bell, **more)
        children[entry.path] = Mounted(api)
        workers.append((entry, bell))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:  # left in reverse order: workers stop before APIs
            for child in children.values():
                child.state = dict(await stack.enter_async_context(_lifespan(child.app)))
            for entry, bell in workers:
                settings = settings_of(entry, "worker", addresses, secrets)
                worker = entry.create_worker(settings, bell=bell, idle=idle, **more)
                await stack.enter_async_context(started(worker))
            yield

    root = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    for path, child in children.items():
        mounted: ASGIApp = child
        root.mount(path, mounted)
    return root
