"""What is connected to what in notification."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Unpack

import httpx
from fastapi import FastAPI
from faststream import FastStream
from opentelemetry.sdk.trace import SpanProcessor

from common.http import create_app
from common.relay import Bell
from common.runtime import Runtime, Service, running
from common.worker import Chore, WorkerOptions
from common.worker import create_worker as make_worker
from notification.api import router
from notification.delivery import Delivery
from notification.models import TABLES
from notification.senders.directory import Directory
from notification.senders.smtp import Server, SmtpSender
from notification.settings import Settings
from notification.subscribers import REACTIONS

SERVICE = Service("notification", TABLES, hears=tuple(REACTIONS))
CONTACT_SECONDS = 10


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
        "Handrail notification",
        [router],
        lifespan=lifespan,
        max_body=settings.max_body_bytes,
        max_import=settings.max_import_bytes,
    )


def create_worker(settings: Settings | None = None, **options: Unpack[WorkerOptions]) -> FastStream:
    settings = settings or Settings()
    return make_worker(SERVICE, settings, REACTIONS, chores=[deliver_with(settings)], **options)


def deliver_with(settings: Settings) -> Chore:
    """Return the chore that sends what is due."""

    async def deliver(runtime: Runtime) -> None:
        async with delivering(runtime, settings) as delivery:
            await delivery.run()

    return deliver


@asynccontextmanager
async def delivering(runtime: Runtime, settings: Settings) -> AsyncGenerator[Delivery]:
    """Connect the delivery of `runtime` with its mail server and with workforce."""
    server = Server(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        timeout=settings.smtp_timeout,
        username=settings.smtp_username,
        password=settings.smtp_password,
    )
    async with httpx.AsyncClient(timeout=CONTACT_SECONDS) as http:
        yield Delivery(
            runtime,
            SmtpSender(server, settings.sender_address),
            Directory(http, settings.workforce_url, settings.service_secret),
            public_url=settings.public_url,
            retry_scale=settings.retry_scale,
        )
