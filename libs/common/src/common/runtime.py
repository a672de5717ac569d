"""What one running service holds: settings, engines, keys, tracer and clock; made in `app.py`, nowhere else."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from opentelemetry.sdk.trace import SpanProcessor
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts.envelope import Fact
from common.database import Scope, audit_row, make_engine, refuse_without_isolation, transaction
from common.identity import Verifier
from common.privacy import KeyRing
from common.relay import Bell
from common.settings import ServiceSettings
from common.streams import Hearing
from common.tables import Foundation
from common.telemetry import Telemetry


@dataclass(frozen=True)
class Service:
    """A service's name, its tables, and which facts of whom it hears."""

    name: str
    tables: Foundation
    hears: Sequence[Fact] = ()

    @property
    def schema(self) -> str:
        return self.tables.schema

    @property
    def hearings(self) -> list[Hearing]:
        """One durable consumer per publisher that this service hears."""
        publishers = sorted({fact.service for fact in self.hears})
        return [
            Hearing(self.name, publisher, tuple(f.type for f in self.hears if f.service == publisher))
            for publisher in publishers
        ]


@dataclass
class Runtime:
    """The shared parts of one service in one process."""

    service: Service
    settings: ServiceSettings
    engine: AsyncEngine
    keys: KeyRing
    verifier: Verifier
    telemetry: Telemetry
    bell: Bell

    @property
    def tables(self) -> Foundation:
        return self.service.tables

    async def audit_refusal(self, scope: Scope, action: str, reason_code: str, **detail: object) -> None:
        """Write one audit row in a transaction of its own, so that it survives the refused one."""
        async with transaction(self.engine, self.tables, scope) as db:
            row = audit_row(scope, action, outcome="refused", reason_code=reason_code, detail=detail)
            db.pending.audit.append(row)


@asynccontextmanager
async def running(
    service: Service, settings: ServiceSettings, *, bell: Bell | None = None, processor: SpanProcessor | None = None
) -> AsyncGenerator[Runtime]:
    """Open a service's engine, refuse to run without tenant isolation, and close all on leaving.

    `bell`: shared with the relay of the same process, if there is one. `processor`: receives spans (tests).
    """
    engine = make_engine(settings.database_url.get_secret_value(), pool_size=settings.pool_size, name=service.name)
    telemetry = Telemetry(service.name, otlp_endpoint=settings.otlp_endpoint, processor=processor)
    verifier = Verifier(issuer=settings.issuer, jwks_url=settings.jwks_url, ended_every=settings.ended_sign_ins_seconds)
    try:
        await refuse_without_isolation(engine, service.schema)
        yield Runtime(
            service=service,
            settings=settings,
            engine=engine,
            keys=KeyRing(settings.root_key.get_secret_value(), service.tables),
            verifier=verifier,
            telemetry=telemetry,
            bell=bell or Bell(),
        )
    finally:
        verifier.close()
        telemetry.shutdown()
        await engine.dispose()
