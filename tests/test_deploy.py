"""The containers' files: generated ones are current, secrets stay where they belong, every container is contained."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from handrail.catalog import entries
from handrail.provision import nats_config
from handrail.secrets import SERVICES, fresh, variable

ROOT = Path(__file__).parent.parent
COMPOSE = (ROOT / "docker-compose.yml").read_text()
RUN_ONCE = {"volumes", "migrate", "operator"}


def has_compose() -> bool:
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="session")
def containers() -> dict[str, Any]:
    return understood("docker-compose.yml")


def understood(*files: str) -> dict[str, Any]:
    """Return every service as Compose understands it, where each secret's value is its own name."""
    if not has_compose():
        pytest.skip("needs docker compose to read the file")
    marked = {name: f"<{name}>" for name in fresh()}
    named = [word for file in files for word in ("-f", file)]
    command = ["docker", "compose", *named, "--env-file", os.devnull, "--profile", "*", "config", "--format", "json"]
    read = subprocess.run(command, cwd=ROOT, env=os.environ | marked, capture_output=True, check=True)
    services: dict[str, Any] = json.loads(read.stdout)["services"]
    return services


def test_the_bus_configuration_is_the_generated_one() -> None:
    text = nats_config(entries(), listen="0.0.0.0:4222", store="/data/nats", monitor="0.0.0.0:8222")

    assert (ROOT / "deploy/nats/nats.conf").read_text() == text, "run `handrail docs`"


def test_every_secret_is_required_and_none_has_a_default() -> None:
    for name in fresh():
        references = re.findall(rf"\$\{{{name}\b([^}}]*)\}}", COMPOSE)
        assert references, name
        assert set(references) == {":?run handrail init"}, name


def test_every_other_setting_is_in_the_example() -> None:
    wanted = set(re.findall(r"\$\{(HANDRAIL_\w+)", COMPOSE)) | set(re.findall(r"^ +(HANDRAIL_\w+):$", COMPOSE, re.M))

    offered = set(re.findall(r"^(?:# )?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))

    assert offered == wanted


def test_every_service_has_an_api_and_a_worker(containers: dict[str, Any]) -> None:
    for service in SERVICES:
        assert containers[f"{service}-api"]["command"] == ["serve-api", service]
        assert containers[f"{service}-worker"]["command"] == ["serve-worker", service]


def test_a_service_sees_no_secret_of_another(containers: dict[str, Any]) -> None:
    shared = {"workforce": {"SIGNING_KEY", "OPERATOR_TOKEN", "NOTIFICATION_SECRET", "INTAKE_SECRET"}}
    shared |= {"notification": {"NOTIFICATION_SECRET"}, "intake": {"INTAKE_SECRET"}}
    for service in SERVICES:
        own = {variable(service, key) for key in ("ROOT_KEY", "AUDIT_KEY")} | shared.get(service, set())
        api, worker = variable(service, "API_PASSWORD"), variable(service, "WORKER_PASSWORD")
        assert secrets_of(containers[f"{service}-api"]) == own | {api}
        assert secrets_of(containers[f"{service}-worker"]) == own | {worker, variable(service, "NATS_PASSWORD")}


def secrets_of(container: dict[str, Any]) -> set[str]:
    return set(re.findall(r"<([A-Z_]+)>", " ".join(filter(None, container["environment"].values()))))


def test_every_container_is_contained(containers: dict[str, Any]) -> None:
    for name, container in containers.items():
        assert container["read_only"] is True, name
        assert container["cap_drop"] == ["ALL"], name
        assert container["security_opt"] == ["no-new-privileges:true"], name
        assert int(container["mem_limit"]) > 0, name
        assert container["logging"]["options"]["max-size"], name
        assert "privileged" not in container, name
        assert "user" in container or container["image"].startswith("handrail:"), name  # the image's own user
    assert [name for name, container in containers.items() if container.get("cap_add")] == ["caddy"]


def test_every_container_that_stays_is_asked_for_its_health_and_started_again(containers: dict[str, Any]) -> None:
    staying = {name: container for name, container in containers.items() if name not in RUN_ONCE}

    assert {name for name, container in staying.items() if "healthcheck" not in container} == {"nats"}
    assert containers["nats-health"]["healthcheck"]["test"][-1] == "bus"
    assert {container["restart"] for container in staying.values()} == {"unless-stopped"}


def test_only_the_edge_is_reached_from_outside_and_only_mail_leaves(containers: dict[str, Any]) -> None:
    assert [name for name, container in containers.items() if container.get("ports")] == ["caddy"]
    assert containers["caddy"]["ports"][0]["host_ip"] == "127.0.0.1"
    attached = {name: set(container.get("networks") or ()) for name, container in containers.items()}
    assert {name for name, networks in attached.items() if "outside" in networks} == {"notification-worker"}
    assert {name for name, networks in attached.items() if "edge" in networks} == {"caddy"}
    assert not [name for name, networks in attached.items() if name.endswith("-api") and "bus" in networks]


@pytest.mark.parametrize(("file", "container"), [("feeds", "intake-worker"), ("providers", "workforce-api")])
def test_a_way_out_more_is_chosen_and_is_one(containers: dict[str, Any], file: str, container: str) -> None:
    opened = understood("docker-compose.yml", f"deploy/compose.{file}.yml")

    changed = {name for name in opened if opened[name] != containers[name]}
    assert changed == {container}
    added = set(opened[container]["networks"]) - set(containers[container]["networks"])
    assert added == {"outside"}


def test_no_secrets_file_reaches_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()

    assert ignored[1] == "*"
    assert not [line for line in ignored if line.startswith("!") and "env" in line]
