"""Every service of the platform: its package, its tables, how to make its API and its worker."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from faststream import FastStream
from sqlalchemy import MetaData

from common.runtime import Service
from common.settings import ServiceSettings
from common.streams import Hearing


@dataclass(frozen=True)
class Entry:
    """One service as the operator sees it."""

    service: Service
    package: str
    metadata: MetaData
    settings: type[ServiceSettings]
    create_api: Callable[..., FastAPI]
    create_worker: Callable[..., FastStream]

    @property
    def path(self) -> str:
        return f"/api/{self.service.name}"


PACKAGES = ("workforce", "intake", "session_logging", "compliance_reporting", "notification")


def entries(packages: tuple[str, ...] = PACKAGES) -> list[Entry]:
    """Import and return every service; imported here and not at the top, because each takes a moment."""
    return [_entry(package) for package in packages]


def _entry(package: str) -> Entry:
    app: Any = importlib.import_module(f"{package}.app")
    models: Any = importlib.import_module(f"{package}.models")
    settings: Any = importlib.import_module(f"{package}.settings")
    return Entry(
        service=app.SERVICE,
        package=package,
        metadata=models.Model.metadata,
        settings=settings.Settings,
        create_api=app.create_api,
        create_worker=app.create_worker,
    )


def hearings(services: list[Entry]) -> list[Hearing]:
    return [hearing for entry in services for hearing in entry.service.hearings]
