"""The servers from wheels: they take any secret, and say clearly why they do not start."""

import os
import socket
from pathlib import Path

import nats
import pytest

from common.embedded import LOOPBACK, CannotStart, free_port, require_free, start_nats


@pytest.mark.parametrize("secret", ["-D0x", "12345", "7e2", "4k", "true", "plain", "_x-"])
async def test_the_bus_takes_a_secret_that_looks_like_something_else(tmp_path: Path, secret: str) -> None:
    port, config = free_port(), tmp_path / "nats.conf"
    config.write_text(f'listen: "{LOOPBACK}:{port}"\nauthorization {{ user: "admin", password: $SECRET }}\n')

    server = start_nats(config, port, tmp_path / "log", {**os.environ, "SECRET": secret})

    try:
        client = await nats.connect(f"nats://admin:{secret}@{LOOPBACK}:{port}", allow_reconnect=False)
        await client.close()
    finally:
        server.stop()


def test_a_port_that_somebody_has_is_named() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"Port {port} is taken"):
            require_free(port)


def test_a_server_that_stops_while_starting_is_said_to_have(tmp_path: Path) -> None:
    config = tmp_path / "nats.conf"
    config.write_text("no such setting {")

    with pytest.raises(CannotStart, match="NATS stopped while starting"):
        start_nats(config, free_port(), tmp_path / "log", os.environ)
