"""What is connected to what in workforce."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Unpack

from fastapi import FastAPI
from faststream import FastStream
from opentelemetry.sdk.trace import SpanProcessor

from common.http import create_app
from common.relay import Bell
from common.runtime import Service, running
from common.worker import WorkerOptions
from common.worker import create_worker as make_worker
from workforce.api import PUBLIC, ROUTERS
from workforce.api.sign_in import Sign, ended_ids
from workforce.commands.issuers import Issuers
from workforce.models import TABLES
from workforce.rules.passkeys import site_for
from workforce.rules.providers import is_development
from workforce.settings import Settings
from workforce.subscribers import REACTIONS
from workforce.tokens import Tokens

SERVICE = Service("workforce", TABLES, hears=tuple(REACTIONS))


def create_api(
    settings: Settings | None = None, *, bell: Bell | None = None, processor: SpanProcessor | None = None
) -> FastAPI:
    """Return the API; `settings` come from the environment unless given."""
    settings = settings or Settings()
    tokens = Tokens(settings.signing_key.get_secret_value(), settings.issuer, settings.access_token_life)
    sign = Sign(
        tokens=tokens,
        operator_token=settings.operator_token,
        services=settings.service_secrets,
        refresh_life=settings.refresh_token_life,
        idle=settings.idle_life,
        access_life=settings.access_token_life,
        passkey_party=site_for(settings.public_url, settings.passkey_domain),
        issuers=issuers_for(settings),
        trusted_proxies=tuple(settings.trusted_proxies),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[dict[str, Any]]:
        async with running(SERVICE, settings, bell=bell, processor=processor) as runtime:
            runtime.verifier.trust(tokens.public_keys())
            runtime.verifier.learn_ended_from(partial(ended_ids, runtime, settings.access_token_life))
            yield {"runtime": runtime, "sign": sign}

    return create_app(
        "Handrail workforce",
        ROUTERS,
        lifespan=lifespan,
        public=PUBLIC,
        max_body=settings.max_body_bytes,
        max_import=settings.max_import_bytes,
    )


def issuers_for(settings: Settings) -> Issuers:
    return Issuers(
        redirect_uri=settings.public_url.rstrip("/") + "/sign-in/provider",
        private=settings.provider_networks,
        development=is_development(settings.public_url),
    )


def create_worker(settings: Settings | None = None, **options: Unpack[WorkerOptions]) -> FastStream:
    return make_worker(SERVICE, settings or Settings(), REACTIONS, **options)
