"""The platform as the containers run it, one process per API and worker, on embedded servers."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from common.embedded import LOOPBACK, free_port
from handrail.catalog import Entry, entries
from handrail.platform import Addresses, environment_of, servers
from handrail.provision import prepare_bus, prepare_database

PYTHON = sys.executable
MEASURED = ("workforce", "intake", "session-logging", "compliance-reporting")


class Platform:
    """The processes of a platform behind a tiny router: each service has a port of its own."""

    def __init__(self, folder: Path, addresses: Addresses, secrets: dict[str, str], services: list[Entry]) -> None:
        self.folder = folder
        self.addresses, self.secrets, self.services = addresses, secrets, services
        self.ports = {entry.service.name: free_port() for entry in services}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, *command: str, **environment: str) -> None:
        self.processes[name] = subprocess.Popen(
            [PYTHON, *command], env=os.environ | environment, stdout=subprocess.DEVNULL, cwd=Path(__file__).parent
        )

    def start_service(self, service: str, *roles: str) -> None:
        entry = next(entry for entry in self.services if entry.service.name == service)
        for role in roles:
            settings = environment_of(entry.service, role, self.addresses, self.secrets)
            settings["HANDRAIL_JWKS_URL"] = f"http://{LOOPBACK}:{self.ports['workforce']}/v1/jwks"
            for other in ("workforce", "notification"):
                if f"HANDRAIL_{other.upper()}_URL" in settings:
                    settings[f"HANDRAIL_{other.upper()}_URL"] = f"http://{LOOPBACK}:{self.ports[other]}"
            address = ("--host", LOOPBACK, "--port", str(self.ports[service])) if role == "api" else ()
            self.start(f"{service}.{role}", "-m", "handrail.main", f"serve-{role}", service, *address, **settings)

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        process.terminate()
        process.wait(30)

    def stop_all(self) -> None:
        for name in list(self.processes):
            self.stop(name)


@contextmanager
def platform() -> Iterator[Platform]:
    services = entries()
    postgres_port, nats_port = free_port(), free_port()
    addresses = Addresses(f"{LOOPBACK}:{postgres_port}", f"{LOOPBACK}:{nats_port}", "", f"{LOOPBACK}:{free_port()}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handrail-bench-")))
        folder.chmod(0o711)
        secrets = stack.enter_context(servers(folder, services, postgres_port, nats_port))
        running = Platform(folder, addresses, secrets, services)
        stack.callback(running.stop_all)
        yield running


class Routed(httpx.AsyncBaseTransport):
    """Sends /api/<service>/… to that service's own port, as Caddy does."""

    def __init__(self, ports: dict[str, int]) -> None:
        self._ports = ports
        self._plain = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, asked: httpx.Request) -> httpx.Response:
        _, _, service, rest = asked.url.raw_path.decode().split("/", 3)
        asked.url = httpx.URL(f"http://{LOOPBACK}:{self._ports[service]}/{rest}")
        return await self._plain.handle_async_request(asked)


async def until(question: Callable[[], Awaitable[bool]], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not await question():
        if time.monotonic() > deadline:
            raise SystemExit("the platform did not become ready")
        await asyncio.sleep(0.05)


async def started(running: Platform, http: httpx.AsyncClient, *more: str) -> None:
    """Start the services that a benchmark measures, and `more`; return when they are healthy."""
    measured = (*MEASURED, *more)
    url = running.addresses.database_url("postgres", running.secrets["POSTGRES_PASSWORD"])
    await prepare_database(url, running.services, running.secrets)
    bus = running.addresses.nats_url("admin", running.secrets["NATS_ADMIN_PASSWORD"])
    await prepare_bus(bus, running.services)
    for service in measured:
        running.start_service(service, "api", "worker")
    steward = running.addresses.database_url("handrail_steward", running.secrets["STEWARD_PASSWORD"])
    running.start(
        "steward", "-m", "handrail.main", "steward", HANDRAIL_STEWARD_URL=steward, HANDRAIL_NATS_ADMIN_URL=bus
    )

    async def healthy() -> bool:
        try:
            answers = [await http.get(f"http://x/api/{name}/health") for name in measured]
        except httpx.HTTPError:
            return False
        return all(answer.status_code == 200 for answer in answers)

    await until(healthy)
