"""The platform's secrets: made once, kept in one file that only its owner can read."""

import os
import secrets
from base64 import b64encode
from pathlib import Path

SERVICES = ("workforce", "intake", "session-logging", "compliance-reporting", "notification")


def variable(service: str, what: str) -> str:
    """Return the name of a service's secret, such as `INTAKE_ROOT_KEY`."""
    return f"{service.replace('-', '_').upper()}_{what}"


def _word() -> str:
    """Return a password that is one word to every parser it meets: URLs, shells, NATS' configuration."""
    return f"h{secrets.token_hex(20)}"


def _key() -> str:
    return b64encode(os.urandom(32)).decode()


def fresh() -> dict[str, str]:
    """Return new secrets for every server and service."""
    made = {
        "POSTGRES_PASSWORD": _word(),
        "STEWARD_PASSWORD": _word(),
        "NATS_ADMIN_PASSWORD": _word(),
        "NATS_STORE_KEY": _word(),
        "OPERATOR_TOKEN": secrets.token_urlsafe(32),
        "SIGNING_KEY": _key(),
        "NOTIFICATION_SECRET": _word(),
        "INTAKE_SECRET": _word(),
    }
    for service in SERVICES:
        for what in ("API_PASSWORD", "WORKER_PASSWORD", "NATS_PASSWORD"):
            made[variable(service, what)] = _word()
        for what in ("ROOT_KEY", "AUDIT_KEY"):
            made[variable(service, what)] = _key()
    return made


def load_or_make(path: Path) -> dict[str, str]:
    """Return the secrets in `path`; make the file, or add what a newer release needs, without touching the rest."""
    known = read(path) if path.exists() else {}
    missing = {name: value for name, value in fresh().items() if name not in known}
    if missing:
        complete = known | missing
        _write(path, complete)
        return complete
    return known


def read(path: Path) -> dict[str, str]:
    lines = (line.strip() for line in path.read_text().splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def _write(path: Path, values: dict[str, str]) -> None:
    """Write beside and rename, so that a full disk never leaves half a file; readable by its owner only."""
    beside = path.with_suffix(".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("# Handrail's secrets. Keep this file; without the keys the data cannot be read.\n")
        file.writelines(f"{name}={value}\n" for name, value in values.items())
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
