"""`handrail up` and `down`: a platform left running, found again, and refusals of one sentence each."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from common.embedded import LOOPBACK, free_port
from handrail import local
from handrail.secrets import load_or_make, read
from handrail.testing import reachable


def handrail(*words: str, data: Path, port: int) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"HANDRAIL_DATA": str(data), "HANDRAIL_PORT": str(port), "COLUMNS": "200"}
    command = [sys.executable, "-m", "handrail.main", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return reachable(tmp_path) / "platform"


@pytest.fixture
def port() -> int:
    return free_port()


@dataclass(frozen=True)
class Running:
    """One platform for the tests that only look at it; the last of them ends it."""

    data: Path
    port: int
    first: subprocess.CompletedProcess[str]

    def handrail(self, *words: str) -> subprocess.CompletedProcess[str]:
        return handrail(*words, data=self.data, port=self.port)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    data, port = reachable(tmp_path_factory.mktemp("local")) / "platform", free_port()
    yield Running(data, port, handrail("up", data=data, port=port))
    local.stop(data)


def test_up_leaves_a_platform_that_a_second_up_finds(running: Running) -> None:
    second = running.handrail("up")

    assert running.first.returncode == second.returncode == 0, running.first.stderr + second.stderr
    assert f"http://localhost:{running.port}" in second.stdout
    assert running.first.stdout == second.stdout
    assert "one-time password" in second.stdout
    administrator = json.loads((running.data / "first-administrator.json").read_text())
    body = {"email": administrator["email"], "password": administrator["one_time_password"]}
    answer = httpx.post(f"http://{LOOPBACK}:{running.port}/api/workforce/v1/sign-ins", json=body, timeout=10)
    assert answer.json()["type"] == "/problems/new-password-needed"
    for private in ("secrets.env", "first-administrator.json"):
        assert stat.S_IMODE((running.data / private).stat().st_mode) == 0o600


def test_a_folder_in_use_is_one_sentence(running: Running) -> None:
    second = running.handrail("serve", "--data", str(running.data), "--port", str(free_port()))

    assert second.returncode == 1
    assert second.stderr.strip() == (
        f"handrail: Another Handrail uses {running.data}: stop it, or choose another folder with HANDRAIL_DATA."
    )


def test_everything_listens_on_loopback_only(running: Running) -> None:
    state = json.loads((running.data / "state.json").read_text())
    listening = {
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    }
    for ours in (running.port, state["postgres_port"], state["nats_port"]):
        addresses = {address.split(":")[0] for address in listening if int(address.split(":")[1], 16) == ours}
        assert addresses == {"0100007F"}, (ours, addresses)


def test_a_bus_that_dies_is_started_again(running: Running) -> None:
    bus = int((running.data / "nats.pid").read_text())

    os.kill(bus, signal.SIGKILL)

    deadline = time.monotonic() + 20
    while int((running.data / "nats.pid").read_text()) == bus:
        assert time.monotonic() < deadline, "nobody started it again"
        time.sleep(0.1)


def test_a_killed_platform_comes_back_with_its_data_and_down_leaves_no_server_behind(running: Running) -> None:
    before = local.running_state(running.data)
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)

    again = running.handrail("up")

    assert again.returncode == 0, again.stderr
    assert again.stdout == running.first.stdout, "the data stayed"
    assert _processes_of(running.data) == {"postgres", "nats-server"}
    os.kill(json.loads((running.data / "state.json").read_text())["pid"], signal.SIGKILL)
    assert "Stopped." in running.handrail("down").stdout
    assert "Nothing was running." in running.handrail("down").stdout
    assert _processes_of(running.data) == set()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{LOOPBACK}:{running.port}/api/workforce/health")


def _processes_of(data: Path) -> set[str]:
    """Return the programs that run on a data folder, other than the platform itself; a program once is one."""
    found: list[str] = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = command.read_bytes().decode(errors="replace").split("\0")
            if any(word.startswith(str(data)) for word in words) and "handrail.main" not in words:
                found.append(Path(words[0]).name)
    assert len(found) == len(set(found)), found
    return set(found)


def test_a_taken_port_is_one_sentence_and_starts_nothing(data: Path, port: int) -> None:
    with socket.socket() as stranger:
        stranger.bind((LOOPBACK, port))
        stranger.listen()

        refused = handrail("up", data=data, port=port)

    assert refused.returncode == 1
    assert refused.stderr == f"handrail: Port {port} is taken by another program; stop it or choose another port.\n"
    assert not (data / "state.json").exists()
    assert not (data / "postgres").exists()


def test_a_newer_data_folder_is_one_sentence(data: Path, port: int) -> None:
    data.mkdir()
    (data / "format").write_text("99")

    refused = handrail("up", data=data, port=port)

    assert refused.returncode == 1
    assert "was made by a newer Handrail" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert {file.name for file in data.iterdir()} == {"format"}


def test_a_full_disk_is_one_sentence(data: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "ROOM_BYTES", 1 << 60)

    with pytest.raises(local.CannotStart, match=r"are free where .* is; make room first"):
        local.start(data, port)

    assert not (data / "secrets.env").exists()


def test_secrets_are_made_once_and_completed(tmp_path: Path) -> None:
    file = tmp_path / ".env"

    made = load_or_make(file)
    again = load_or_make(file)
    file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if "SIGNING_KEY" not in line))
    completed = load_or_make(file)

    assert made == again == read(file) | {"SIGNING_KEY": made["SIGNING_KEY"]}
    assert completed["SIGNING_KEY"] != made["SIGNING_KEY"]
    assert {k: v for k, v in completed.items() if k != "SIGNING_KEY"} == {
        k: v for k, v in made.items() if k != "SIGNING_KEY"
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_every_password_is_one_plain_word(tmp_path: Path) -> None:
    for name, value in load_or_make(tmp_path / ".env").items():
        assert value, name
        if name.endswith(("PASSWORD", "STORE_KEY", "SECRET")):
            assert value.isalnum(), name
            assert value[0].isalpha(), name


def test_a_folder_that_nobody_made_has_no_platform(tmp_path: Path) -> None:
    assert local.running_state(tmp_path / uuid.uuid4().hex) is None
