"""What is connected to what in session-logging."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Unpack

from fastapi import FastAPI
from faststream import FastStream
from opentelemetry.sdk.trace import SpanProcessor

from common.http import create_app
from common.relay import Bell
from common.runtime import Service, running
from common.worker import WorkerOptions
from common.worker import create_worker as make_worker
from session_logging.api import IMPORTS, ROUTERS
from session_logging.commands.recording import KnownEpisodes
from session_logging.models import TABLES
from session_logging.settings import Settings
from session_logging.subscribers import REACTIONS

SERVICE = Service("session-logging", TABLES, hears=tuple(REACTIONS))


def create_api(
    settings: Settings | None = None, *, bell: Bell | None = None, processor: SpanProcessor | None = None
) -> FastAPI:
    """Return the API; `settings` come from the environment unless given."""
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[dict[str, Any]]:
        async with running(SERVICE, settings, bell=bell, processor=processor) as runtime:
            yield {"runtime": runtime, "episodes": KnownEpisodes()}

    return create_app(
        "Handrail session-logging",
        ROUTERS,
        lifespan=lifespan,
        imports=IMPORTS,
        max_body=settings.max_body_bytes,
        max_import=settings.max_import_bytes,
    )


def create_worker(settings: Settings | None = None, **options: Unpack[WorkerOptions]) -> FastStream:
    return make_worker(SERVICE, settings or Settings(), REACTIONS, **options)
