"""What is connected to what in intake."""

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
from intake.api import IMPORTS, MEDIA, PUBLIC, ROUTERS
from intake.models import TABLES
from intake.settings import Settings
from intake.subscribers import REACTIONS

SERVICE = Service("intake", TABLES, hears=tuple(REACTIONS))


def create_api(
    settings: Settings | None = None, *, bell: Bell | None = None, processor: SpanProcessor | None = None
) -> FastAPI:
    """Return the API; `settings` come from the environment unless given."""
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[dict[str, Any]]:
        async with running(SERVICE, settings, bell=bell, processor=processor) as runtime:
            yield {"runtime": runtime}

    return create_app(
        "Handrail intake",
        ROUTERS,
        lifespan=lifespan,
        public=PUBLIC,
        imports=IMPORTS,
        media=MEDIA,
        max_body=settings.max_body_bytes,
        max_import=settings.max_import_bytes,
    )


def create_worker(settings: Settings | None = None, **options: Unpack[WorkerOptions]) -> FastStream:
    return make_worker(SERVICE, settings or Settings(), REACTIONS, **options)
