"""Which streams, consumers and NATS rights exist: one place, made by provisioning, never by a service."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client

ACK_WAIT_SECONDS = 30
BATCH = 500
KEEP_DAYS = 14
NANO = 1_000_000_000


@dataclass(frozen=True)
class Hearing:
    """One durable consumer: `service` hears `types` of `publisher`."""

    service: str
    publisher: str
    types: tuple[str, ...]

    @property
    def durable(self) -> str:
        return f"{self.service}--{self.publisher}"

    @property
    def stream(self) -> str:
        return self.publisher


def stream_config(service: str) -> dict[str, Any]:
    """Return the stream of one publishing service: on file, nothing deletable, full means refuse."""
    return {
        "name": service,
        "subjects": [f"handrail.{service}.>"],
        "storage": "file",
        "retention": "limits",
        "discard": "new",
        "max_age": KEEP_DAYS * 86_400 * NANO,
        "duplicate_window": 120 * NANO,
        "num_replicas": 1,
        "deny_delete": True,
        "deny_purge": True,
        "allow_atomic": True,
    }


def consumer_config(hearing: Hearing) -> dict[str, Any]:
    """Return the durable of one hearing. Attempts are counted by us, so the server never gives up."""
    return {
        "durable_name": hearing.durable,
        "ack_policy": "explicit",
        "ack_wait": ACK_WAIT_SECONDS * NANO,
        "max_ack_pending": 2 * BATCH,
        "max_deliver": -1,
        "deliver_policy": "all",
        "filter_subjects": sorted(hearing.types),
    }


async def _api(client: Client, subject: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await client.request(f"$JS.API.{subject}", json.dumps(body or {}).encode(), timeout=5)
    return dict(json.loads(answer.data))


class ProvisioningFailed(Exception):
    """JetStream refused a stream or a consumer; the text is the server's own description."""


async def provision(client: Client, services: Iterable[str], hearings: Iterable[Hearing]) -> list[str]:
    """Make what is missing, let each consumer hear what its service hears now, and return the names touched."""
    made = []
    hearings = list(hearings)
    for service in sorted({*services, *(hearing.publisher for hearing in hearings)}):
        if "error" in await _api(client, f"STREAM.INFO.{service}"):
            answer = await _api(client, f"STREAM.CREATE.{service}", stream_config(service))
            if error := answer.get("error"):
                raise ProvisioningFailed(f"stream {service}: {error.get('description')}")
            made.append(service)
    for hearing in hearings:
        info = await _api(client, f"CONSUMER.INFO.{hearing.stream}.{hearing.durable}")
        if "error" in info or _heard(info) != sorted(hearing.types):
            body = {"stream_name": hearing.stream, "config": consumer_config(hearing)}
            answer = await _api(client, f"CONSUMER.CREATE.{hearing.stream}.{hearing.durable}", body)
            if error := answer.get("error"):
                raise ProvisioningFailed(f"consumer {hearing.durable}: {error.get('description')}")
            made.append(hearing.durable)
    return made


def _heard(info: dict[str, Any]) -> list[str]:
    config = info["config"]
    return sorted(config.get("filter_subjects") or [config.get("filter_subject", "")])


async def in_flight(client: Client, hearing: Hearing) -> int:
    """Return how many messages of a consumer are waiting or being worked on; 0 if the consumer is gone."""
    info = await _api(client, f"CONSUMER.INFO.{hearing.stream}.{hearing.durable}")
    if "error" in info:
        return 0
    return int(info["num_pending"]) + int(info["num_ack_pending"])


def rights(service: str, hearings: Iterable[Hearing]) -> tuple[list[str], list[str]]:
    """Return the exact subjects that a service's user may publish to and subscribe to."""
    publish = [f"handrail.{service}.>"]
    for hearing in hearings:
        if hearing.service == service:
            name = f"{hearing.stream}.{hearing.durable}"
            publish += [f"$JS.API.CONSUMER.MSG.NEXT.{name}", f"$JS.API.CONSUMER.INFO.{name}", f"$JS.ACK.{name}.>"]
    return publish, [f"_INBOX_{service}.>"]
