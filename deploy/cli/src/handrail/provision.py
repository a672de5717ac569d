"""Bringing Postgres and NATS into the shape that the services expect: roles, schemas, users, rights, streams."""

from collections.abc import Mapping
from pathlib import Path

import nats

from common.migrations import migrate, provision_roles, provision_steward, role_names
from common.streams import provision, rights
from handrail.catalog import Entry, hearings
from handrail.secrets import variable


async def prepare_database(admin_url: str, services: list[Entry], secrets: Mapping[str, str]) -> None:
    """Make roles and schemas, run every migration, set policies and grants; safe to run again."""
    await provision_steward(admin_url, secrets["STEWARD_PASSWORD"])
    for entry in services:
        api, worker = role_names(entry.service.schema)
        passwords = {
            api: secrets[variable(entry.service.name, "API_PASSWORD")],
            worker: secrets[variable(entry.service.name, "WORKER_PASSWORD")],
        }
        await provision_roles(admin_url, entry.service.schema, passwords)
        await migrate(admin_url, entry.package, entry.metadata)


async def prepare_bus(nats_admin_url: str, services: list[Entry]) -> list[str]:
    """Make the streams and consumers that are missing; return their names."""
    client = await nats.connect(nats_admin_url, max_reconnect_attempts=3)
    try:
        return await provision(client, [entry.service.name for entry in services], hearings(services))
    finally:
        await client.close()


def nats_config(services: list[Entry], *, listen: str, store: Path | str, monitor: str | None = None) -> str:
    """Return the server's configuration; every secret is a variable, read from the server's environment."""
    lines = [
        f'listen: "{listen}"',
        'server_name: "handrail"',
        *([f'http: "{monitor}"'] if monitor else []),
        "max_payload: 1MB",
        "jetstream {",
        f'  store_dir: "{store}"',
        "  sync_interval: always  # an acknowledged event is on disk",
        "  cipher: aes",
        "  key: $NATS_STORE_KEY",
        "}",
        "authorization {",
        "  users = [",
        '    { user: "admin", password: $NATS_ADMIN_PASSWORD }  # provisioning only',
    ]
    for entry in services:
        name = entry.service.name
        publish, subscribe = rights(name, entry.service.hearings)
        lines += [
            f'    {{ user: "{name}", password: ${variable(name, "NATS_PASSWORD")}, permissions: {{',
            f"        publish: {{ allow: [{_quoted(publish)}] }}",
            f"        subscribe: {{ allow: [{_quoted(subscribe)}] }} }} }}",
        ]
    return "\n".join([*lines, "  ]", "}", ""])


def _quoted(subjects: list[str]) -> str:
    return ", ".join(f'"{subject}"' for subject in subjects)
