"""The platform on one machine: a private data folder, real servers, every service in one process on loopback."""

import asyncio
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from common.embedded import LOOPBACK, CannotStart, free_port, require_free
from common.telemetry import configure_logs
from handrail.catalog import entries
from handrail.mail import catching
from handrail.platform import Addresses, embed, servers, stop_leftovers
from handrail.provision import prepare_bus, prepare_database
from handrail.steward import Steward

FORMAT = 1  # of the data folder; grows when an older release could not read it
ROOM_BYTES = 500_000_000
READY_SECONDS = 60.0
PUBLIC_HOST = "localhost"  # not 127.0.0.1: passkeys refuse bare addresses


@dataclass(frozen=True)
class State:
    """What a running platform says about itself in its data folder."""

    pid: int
    port: int
    url: str
    postgres_port: int
    nats_port: int


def data_folder(name: str) -> Path:
    """Return the folder for data; root keeps it outside private homes, where Postgres' own account can reach it."""
    if given := os.environ.get("HANDRAIL_DATA"):
        return Path(given).absolute()
    if os.geteuid() == 0:
        checkout = hashlib.sha256(str(Path.cwd()).encode()).hexdigest()[:8]
        return Path("/var/lib/handrail") / f"{name}-{checkout}"
    return Path.cwd() / ".handrail" / name


def prepare_folder(folder: Path) -> None:
    """Make the data folder. Raises `CannotStart` if it is newer than we are, or the disk is full."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o711)
        for parent in (folder, folder.parent):
            if os.geteuid() == 0 and parent.name != "lib":
                parent.chmod(0o711)  # passable, not readable
    except OSError as error:
        raise CannotStart(f"The data folder {folder} cannot be made: {error.strerror}.") from error
    marker = folder / "format"
    if marker.exists() and int(marker.read_text()) > FORMAT:
        raise CannotStart(
            f"{folder} was made by a newer Handrail; use that version, or choose another folder with HANDRAIL_DATA."
        )
    if shutil.disk_usage(folder).free < ROOM_BYTES:
        raise CannotStart(f"Less than {ROOM_BYTES // 1_000_000} MB are free where {folder} is; make room first.")
    marker.write_text(str(FORMAT))


def running_state(folder: Path) -> State | None:
    """Return the platform that runs on this folder, if its process lives and answers."""
    try:
        state = State(**json.loads((folder / "state.json").read_text()))
        os.kill(state.pid, 0)
    except (OSError, ValueError, TypeError):
        return None
    return state if _answers(state.port) else None


def _answers(port: int) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"http://{LOOPBACK}:{port}/api/workforce/health", timeout=3).status_code == 200
    return False


@asynccontextmanager
async def platform(folder: Path, port: int) -> AsyncGenerator[tuple[FastAPI, dict[str, str], State]]:
    """Start servers, migrate, and make the app of every service; the caller serves it."""
    require_free(port)
    services = entries()
    postgres_port, nats_port, smtp_port = free_port(), free_port(), free_port()
    addresses = Addresses(
        postgres=f"{LOOPBACK}:{postgres_port}",
        nats=f"{LOOPBACK}:{nats_port}",
        public_url=f"http://{LOOPBACK}:{port}",
        smtp=f"{LOOPBACK}:{smtp_port}",
    )
    state = State(os.getpid(), port, f"http://{PUBLIC_HOST}:{port}", postgres_port, nats_port)
    with (
        servers(folder, services, postgres_port, nats_port, watch=True) as secrets,
        catching(folder / "mail", smtp_port),
    ):
        admin_url = addresses.database_url("postgres", secrets["POSTGRES_PASSWORD"])
        bus_url = addresses.nats_url("admin", secrets["NATS_ADMIN_PASSWORD"])
        await prepare_database(admin_url, services, secrets)
        await prepare_bus(bus_url, services)
        steward = Steward(services, addresses.database_url("handrail_steward", secrets["STEWARD_PASSWORD"]), bus_url)
        app = embed(services, addresses, secrets)
        task = asyncio.create_task(steward.run())
        try:
            yield app, secrets, state
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def serving(app: FastAPI, port: int) -> AsyncGenerator[uvicorn.Server]:
    """Serve an app on loopback in this event loop until the block is left."""
    config = uvicorn.Config(
        app,
        host=LOOPBACK,
        port=port,
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        proxy_headers=False,  # whom to believe is a setting of the service that asks
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())  # without its signal handlers: they are ours
    while not server.started:
        if task.done():
            task.result()
            raise CannotStart("The services did not start; the log says why.")
        await asyncio.sleep(0.01)
    try:
        yield server
    finally:
        server.should_exit = True
        await task


def serve(folder: Path, port: int) -> None:
    """Run the platform in the foreground until SIGTERM or SIGINT."""
    configure_logs("WARNING")

    async def run() -> None:
        stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        async with platform(folder, port) as (app, _, state), serving(app, port):
            with _announced(folder, state):
                await stop.wait()

    prepare_folder(folder)
    asyncio.run(run())


@contextmanager
def _announced(folder: Path, state: State) -> Iterator[None]:
    file = folder / "state.json"
    file.write_text(json.dumps(asdict(state)))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def start(folder: Path, port: int) -> State:
    """Start the platform in the background and wait until it answers. Raises `CannotStart`, leaving nothing running."""
    prepare_folder(folder)
    require_free(port)
    log_file = folder / "handrail.log"
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "handrail.main", "serve", "--data", str(folder), "--port", str(port)],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if state := running_state(folder):
            return state
        if process.poll() is not None:
            raise CannotStart(_last_sentence(log_file))
        time.sleep(0.1)
    process.terminate()
    process.wait(30)
    raise CannotStart(f"The platform did not answer within {READY_SECONDS:.0f} s; {log_file} may say why.")


def _last_sentence(log_file: Path) -> str:
    lines = log_file.read_text(errors="replace").strip().splitlines()
    said = next((line for line in reversed(lines) if line.startswith("handrail: ")), "")
    return said.removeprefix("handrail: ") or f"The platform stopped while starting; {log_file} says why."


def stop(folder: Path) -> bool:
    """Stop the platform that runs on this folder; tell whether there was one."""
    state = running_state(folder)
    if state is None:
        return stop_leftovers(folder)
    os.kill(state.pid, signal.SIGTERM)
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if _is_gone(state.pid):
            return True
        time.sleep(0.05)
    raise CannotStart(f"Process {state.pid} did not stop within {READY_SECONDS:.0f} s.")


def _is_gone(pid: int) -> bool:
    """Tell whether a process has ended; our own child is reaped, or it would look alive for ever."""
    with suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def first_administrator(folder: Path, state: State, secrets: dict[str, str], zone: str | None) -> dict[str, Any]:
    """Return the first agency's administrator, opening the agency at the first start."""
    file = folder / "first-administrator.json"
    if file.exists():
        known: dict[str, Any] = json.loads(file.read_text())
        return known
    email = "admin@agency.example"
    body = {
        "agency_id": str(uuid.uuid4()),
        "name": "My agency",
        "zone": zone or _zone(),
        "administrator_name": "Administrator",
        "administrator_email": email,
    }
    answer = httpx.post(
        f"{state.url}/api/workforce/v1/agencies",
        json=body,
        headers={"Authorization": f"Bearer {secrets['OPERATOR_TOKEN']}"},
        timeout=30,
    )
    answer.raise_for_status()
    made = answer.json() | {"email": email}
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        json.dump(made, opened)
    return dict(made)


def _zone() -> str:
    """Return this machine's time zone, or Eastern time where it does not say."""
    link = Path("/etc/localtime")
    name = str(link.resolve()).partition("zoneinfo/")[2] if link.exists() else ""
    return name if "/" in name and not name.startswith("Etc/") else "America/New_York"
