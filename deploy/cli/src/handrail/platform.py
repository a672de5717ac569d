"""The embedded platform: real servers in a private data folder, and every service in one process."""

import fcntl
import json
import os
import signal
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uuid_utils.compat import uuid7

from common.embedded import LOOPBACK, CannotStart, Server, start_nats, start_postgres, stop_leftover
from common.errors import Refused
from common.problems import problem
from common.relay import Bell
from common.runtime import Service
from common.settings import ServiceSettings
from common.worker import started
from handrail.catalog import Entry
from handrail.provision import nats_config
from handrail.secrets import load_or_make, variable

log = structlog.get_logger()

WATCH_SECONDS = 1.0


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
            "service_secrets": {"notification": secrets["NOTIFICATION_SECRET"], "intake": secrets["INTAKE_SECRET"]},
            "public_url": addresses.public_url.replace("127.0.0.1", "localhost"),
        }
    if service.name == "intake":
        values |= {
            "workforce_url": f"{addresses.public_url}/api/workforce",
            "notification_url": f"{addresses.public_url}/api/notification",
            "service_secret": secrets["INTAKE_SECRET"],
        }
    if service.name == "notification":
        host, _, port = addresses.smtp.partition(":")
        values |= {
            "workforce_url": f"{addresses.public_url}/api/workforce",
            "intake_url": f"{addresses.public_url}/api/intake",
            "service_secret": secrets["NOTIFICATION_SECRET"],
            "public_url": addresses.public_url.replace("127.0.0.1", "localhost"),
            "smtp_host": host,
            "smtp_port": int(port),
        }
    return values


@contextmanager
def servers(
    folder: Path, services: list[Entry], postgres_port: int, nats_port: int, *, watch: bool = False
) -> Iterator[dict[str, str]]:
    """Start Postgres and NATS with their data in `folder`; yield the platform's secrets; stop both on leaving.

    `watch`: start one again that stopped by itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        secrets = load_or_make(folder / "secrets.env")
        stop_leftovers(folder)
        config = folder / "nats.conf"
        config.write_text(nats_config(services, listen=f"{LOOPBACK}:{nats_port}", store=folder / "nats"))
        starts: dict[str, Callable[[], Server]] = {
            "postgres": lambda: start_postgres(
                folder / "postgres", postgres_port, secrets["POSTGRES_PASSWORD"], folder / "postgres.log"
            ),
            "nats": lambda: start_nats(config, nats_port, folder / "nats.log", os.environ | secrets),
        }
        running: dict[str, Server] = {}
        try:
            for name, start in starts.items():
                running[name] = start()
            with _watched(starts, running) if watch else nullcontext():
                yield secrets
        finally:
            for server in reversed(running.values()):
                server.stop()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the data folder; the lock goes with the process, however it ends. Raises `CannotStart` if it is held."""
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotStart(
                f"Another Handrail uses {folder}: stop it, or choose another folder with HANDRAIL_DATA."
            ) from error
        yield


def stop_leftovers(folder: Path) -> bool:
    """Stop servers of this folder whose platform was killed; tell whether there were any."""
    postgres = stop_leftover(folder / "postgres" / "postmaster.pid", str(folder / "postgres"), signal.SIGINT)
    nats = stop_leftover(folder / "nats.pid", str(folder / "nats.conf"), signal.SIGTERM)
    return postgres or nats


@contextmanager
def _watched(starts: Mapping[str, Callable[[], Server]], running: dict[str, Server]) -> Iterator[None]:
    """Look every second whether the servers live, in a thread, for starting one blocks."""
    leaving = threading.Event()

    def look() -> None:
        while not leaving.wait(WATCH_SECONDS):
            for name, start in starts.items():
                if running[name].process.poll() is not None and not leaving.is_set():
                    log.error("server_restarts", server=name)
                    with suppress(CannotStart):
                        running[name] = start()

    thread = threading.Thread(target=look, name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        leaving.set()
        thread.join()


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


async def _nothing_here(_: Request, __: Exception) -> Response:
    """Answer a path that belongs to no service; a service answers its own."""
    detail = "No service has this address. Services are under /api/<service>/v1."
    return problem(Refused("no-such-service", detail, status=404), uuid7())


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
    root.add_exception_handler(404, _nothing_here)
    for path, child in children.items():
        mounted: ASGIApp = child
        root.mount(path, mounted)
    return root
