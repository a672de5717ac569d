"""What is connected to what in intake."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Unpack

from fastapi import FastAPI
from faststream import FastStream
from opentelemetry.sdk.trace import SpanProcessor

from common.http import create_app
from common.privacy import KeyRing
from common.relay import Bell
from common.runtime import Service, running
from common.worker import WorkerOptions
from common.worker import create_worker as make_worker
from intake.api import IMPORTS, MEDIA, PUBLIC, ROUTERS
from intake.commands.meeting_fetches import meeting_feeds_due
from intake.commands.paging import Callee, calls_due
from intake.commands.referral_imports import referrals_from_files
from intake.commands.reindexing import reindex_participants
from intake.commands.takeovers import takeovers_due
from intake.models import TABLES
from intake.rules.meeting_feeds import FetchTerms
from intake.settings import Settings
from intake.subscribers import REACTIONS, reactions_with

SERVICE = Service("intake", TABLES, hears=tuple(REACTIONS))
CHORES = (referrals_from_files, reindex_participants, takeovers_due)


def create_api(
    settings: Settings | None = None, *, bell: Bell | None = None, processor: SpanProcessor | None = None
) -> FastAPI:
    """Return the API; `settings` come from the environment unless given."""
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[dict[str, Any]]:
        async with running(SERVICE, settings, bell=bell, processor=processor) as runtime:
            yield {"runtime": runtime, "fetch_terms": fetch_terms(settings)}

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
    settings = settings or Settings()
    callee = Callee(settings.notification_url, settings.workforce_url, settings.service_secret)
    chores = (*CHORES, calls_due(callee), meeting_feeds_due(fetch_terms(settings)))
    reactions = reactions_with(KeyRing(settings.root_key.get_secret_value(), TABLES))
    return make_worker(SERVICE, settings, reactions, chores=chores, **options)


def fetch_terms(settings: Settings) -> FetchTerms:
    """Return how lists of meetings may be fetched."""
    return FetchTerms(settings.meeting_feed_allow_private, settings.meeting_feed_seconds, settings.max_import_bytes)
