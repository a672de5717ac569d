"""What is connected to what in notification."""

import asyncio
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
from notification.api import MEDIA, PUBLIC, ROUTERS
from notification.commands.climbing import climb_ladders
from notification.commands.forwarding import Forwarding
from notification.commands.mornings import mornings
from notification.commands.routing import Routing
from notification.commands.webhooks import with_webhooks
from notification.delivery import Delivery
from notification.models import TABLES
from notification.rules.messages import Channel
from notification.senders.directory import Directory
from notification.senders.inbox import Inbox
from notification.senders.outgoing import Sender
from notification.senders.providers import Providers
from notification.senders.push import Vapid
from notification.senders.smtp import Server, SmtpSender
from notification.senders.twilio import Account
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
            yield {"runtime": runtime, "providers": providers_of(settings)}

    return create_app(
        "Handrail notification",
        ROUTERS,
        lifespan=lifespan,
        public=PUBLIC,
        media=MEDIA,
        max_body=settings.max_body_bytes,
        max_import=settings.max_import_bytes,
    )


def create_worker(settings: Settings | None = None, **options: Unpack[WorkerOptions]) -> FastStream:
    settings = settings or Settings()
    return make_worker(
        SERVICE,
        settings,
        with_webhooks(REACTIONS),
        chores=[deliver_with(settings), forward_with(settings), route_with(settings), climb_ladders, mornings],
        **options,
    )


def deliver_with(settings: Settings) -> Chore:
    """Return the chore that sends what is due."""

    async def deliver(runtime: Runtime) -> None:
        async with delivering(runtime, settings) as delivery:
            await delivery.run()

    return deliver


def forward_with(settings: Settings) -> Chore:
    """Return the chore that tells agencies' own systems; where no host is allowed there is nothing to tell."""

    async def forward(runtime: Runtime) -> None:
        if not settings.webhook_hosts:
            await asyncio.Event().wait()
        async with forwarding(runtime, settings) as calls:
            await calls.run()

    return forward


def route_with(settings: Settings) -> Chore:
    """Return the chore that brings replies to their people."""

    async def route(runtime: Runtime) -> None:
        async with httpx.AsyncClient(timeout=CONTACT_SECONDS) as http:
            await Routing(runtime, _directory(http, settings), settings.inbound_agency).run()

    return route


def _directory(http: httpx.AsyncClient, settings: Settings) -> Directory:
    return Directory(http, settings.workforce_url, settings.intake_url, settings.service_secret)


@asynccontextmanager
async def forwarding(runtime: Runtime, settings: Settings) -> AsyncGenerator[Forwarding]:
    """Connect the calls of `runtime` with the network; no proxy, for each address is looked at first."""
    async with httpx.AsyncClient(timeout=CONTACT_SECONDS, trust_env=False) as http:
        yield Forwarding(runtime, providers_of(settings).hooks(http), settings.retry_scale)


def providers_of(settings: Settings) -> Providers:
    """Return the ways out that the operator has set up."""
    return Providers(
        twilio=_twilio(settings),
        vapid=Vapid(settings.push_private_key, settings.push_contact) if settings.push_private_key else None,
        webhook_hosts=frozenset(host.lower() for host in settings.webhook_hosts),
        private=tuple(settings.outside_networks),
        insecure=settings.outside_insecure,
        brand=settings.brand,
    )


def _twilio(settings: Settings) -> Account | None:
    sid, key, sender = settings.twilio_account_sid, settings.twilio_key_sid, settings.twilio_sender
    secret, token = settings.twilio_key_secret, settings.twilio_auth_token
    if sid is None or key is None or sender is None or secret is None or token is None:
        return None
    return Account(sid, key, secret, token, sender, _own_url(settings), settings.twilio_url.rstrip("/"))


def _own_url(settings: Settings) -> str:
    """Return where the world reaches this service."""
    return (settings.own_url or settings.public_url.rstrip("/") + "/api/notification").rstrip("/")


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
    async with (
        httpx.AsyncClient(timeout=CONTACT_SECONDS) as http,
        httpx.AsyncClient(timeout=CONTACT_SECONDS, trust_env=False) as outside,
    ):
        senders: dict[Channel, Sender] = {
            Channel.EMAIL: SmtpSender(server, settings.sender_address),
            Channel.INBOX: Inbox(),
        }
        yield Delivery(
            runtime,
            senders | providers_of(settings).senders(outside),
            _directory(http, settings),
            public_url=settings.public_url,
            own_url=_own_url(settings),
            retry_scale=settings.retry_scale,
        )
