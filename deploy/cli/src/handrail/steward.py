"""The steward: keeps streams and consumers in being, and ledgers and inboxes in agreement.

It is the only part that sees ids of every schema, and it sees no payload. What a publisher's ledger holds and a
hearer's inbox lacks is published again by the publisher's own relay; what the steward counts is the "as of" that
reports print.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import nats
import nats.errors
import structlog
from nats.aio.client import Client
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from common.streams import KEEP_DAYS, Hearing, ProvisioningFailed, in_flight, provision
from handrail.catalog import Entry, hearings

log = structlog.get_logger()

LOOK_SECONDS = 1.0
PROVISION_SECONDS = 2.0
SWEEP_SECONDS = 300.0
PATIENCE_SECONDS = 5.0  # what is younger is still on its way

# Everything of one publisher that one hearer has neither applied nor buried, in the ledger since :since or not yet
# published. Anti-joins on primary keys; day partitions outside the range are pruned by the key's own time.
UNAPPLIED = """
with open_events as (
  select l.event_id, l.agency_id, l.recorded_at, l.published_at from {publisher}.ledger l
  where l.type = any(:types) and l.published_at >= :since
    and not exists (select from {hearer}.inbox i where i.event_id = l.event_id and i.subscriber = :durable)
    and not exists (select from {hearer}.dead_letter d
                    where d.event_id = l.event_id and d.subscriber = :durable and d.replayed_at is null)
  union all
  select o.event_id, o.agency_id, o.recorded_at, null from {publisher}.outbox o where o.type = any(:types)
)
select count(*) filter (where published_at is not null) as missing, count(*) as unapplied,
       min(recorded_at) as oldest, min(published_at) as oldest_published, now() as now from open_events
"""
REFILL = """
insert into {publisher}.refill (event_id, agency_id)
select l.event_id, l.agency_id from {publisher}.ledger l
where l.type = any(:types) and l.published_at >= :since and l.published_at < now() - make_interval(secs => :patience)
  and not exists (select from {hearer}.inbox i where i.event_id = l.event_id and i.subscriber = :durable)
  and not exists (select from {hearer}.dead_letter d
                  where d.event_id = l.event_id and d.subscriber = :durable and d.replayed_at is null)
on conflict do nothing
"""
NOTE = """
insert into {hearer}.freshness (publisher, as_of, missing, dead_letters, checked_at)
values (:publisher, :as_of, :missing,
        (select count(*) from {hearer}.dead_letter d where d.subscriber = :durable and d.replayed_at is null), now())
on conflict (publisher) do update set as_of = excluded.as_of, missing = excluded.missing,
  dead_letters = excluded.dead_letters, checked_at = excluded.checked_at
"""


@dataclass
class Pair:
    """One hearing and how far it is known to be complete."""

    hearing: Hearing
    since: datetime | None = None
    next_sweep: float = 0.0
    schemas: Mapping[str, str] = field(default_factory=dict)

    def sql(self, template: str) -> Any:
        return text(template.format(**self.schemas))

    @property
    def values(self) -> dict[str, object]:
        return {"types": list(self.hearing.types), "durable": self.hearing.durable, "since": self.since}


class Steward:
    """Runs until cancelled; a lost database or bus, and a bus that refuses a stream, are waited for."""

    def __init__(self, services: Sequence[Entry], database_url: str, nats_url: str) -> None:
        self._services = list(services)
        self._engine: AsyncEngine = create_async_engine(database_url, pool_size=1, max_overflow=0)
        self._nats_url = nats_url
        schemas = {entry.service.name: entry.service.schema for entry in services}
        self._pairs = [
            Pair(hearing, schemas={"publisher": schemas[hearing.publisher], "hearer": schemas[hearing.service]})
            for hearing in hearings(self._services)
            if hearing.publisher in schemas
        ]

    async def run(self) -> None:
        client = await nats.connect(
            self._nats_url, max_reconnect_attempts=-1, reconnect_time_wait=1, ping_interval=5, error_cb=_quiet
        )
        try:
            await asyncio.gather(self._keep_streams(client), self._reconcile(client))
        finally:
            await client.close()
            await self._engine.dispose()

    async def _keep_streams(self, client: Client) -> None:
        """Make streams and consumers again that somebody or something removed."""
        names = [entry.service.name for entry in self._services]
        while True:
            try:
                if made := await provision(client, names, [pair.hearing for pair in self._pairs]):
                    log.warning("streams_made", names=made)
            except (nats.errors.Error, TimeoutError, OSError) as error:
                log.warning("bus_away", error=type(error).__name__)
            except ProvisioningFailed as refused:  # somebody must look; until then all the rest is still kept
                log.error("streams_not_made", reason=str(refused))
            await asyncio.sleep(PROVISION_SECONDS)

    async def _reconcile(self, client: Client) -> None:
        while True:
            try:
                async with self._engine.connect() as connection:
                    connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
                    while True:
                        for pair in self._pairs:
                            await self._look(connection, client, pair)
                        await asyncio.sleep(LOOK_SECONDS)
            except (DBAPIError, OSError) as error:
                log.warning("database_away", exc_info=error)
                await asyncio.sleep(PROVISION_SECONDS)

    async def _look(self, connection: AsyncConnection, client: Client, pair: Pair) -> None:
        """Note how fresh a hearer is; ask for what is missing and not on its way."""
        clock = asyncio.get_running_loop().time()
        if pair.since is None or clock >= pair.next_sweep:
            pair.since = await connection.scalar(text(f"select now() - interval '{KEEP_DAYS} days'"))
            pair.next_sweep = clock + SWEEP_SECONDS
        found = (await connection.execute(pair.sql(UNAPPLIED), pair.values)).one()
        note = {
            "publisher": pair.hearing.publisher,
            "as_of": found.oldest or found.now,
            "missing": found.unapplied,
            "durable": pair.hearing.durable,
        }
        await connection.execute(pair.sql(NOTE), note)
        if found.missing and (found.now - found.oldest_published).total_seconds() > PATIENCE_SECONDS:
            await self._refill(connection, client, pair)
        elif not found.missing:
            # All there up to now; a little overlap, for clocks and commits are not the same instant.
            pair.since = await connection.scalar(
                text("select greatest(cast(:since as timestamptz), cast(:now as timestamptz) - interval '1 minute')"),
                {"since": pair.since, "now": found.now},
            )

    async def _refill(self, connection: AsyncConnection, client: Client, pair: Pair) -> None:
        try:
            if await in_flight(client, pair.hearing):
                return  # the consumer is still working: what is missing may be on its way
        except (nats.errors.Error, TimeoutError, OSError):
            return
        asked = await connection.execute(pair.sql(REFILL), pair.values | {"patience": PATIENCE_SECONDS})
        if asked.rowcount:
            log.warning("refill_asked", durable=pair.hearing.durable, events=asked.rowcount)


async def _quiet(error: Exception) -> None:
    log.warning("bus_error", error=type(error).__name__)
