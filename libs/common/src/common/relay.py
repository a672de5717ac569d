"""The relay: publishes what is in the outbox, in order, then moves it to the ledger.

No cursor, so a row that commits late is simply found later. One active relay per service, by advisory lock on its
own connection. Only the server's acknowledgement of the whole batch counts.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

import nats.errors
import structlog
from nats.aio.client import Client
from opentelemetry.trace import SpanKind
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from uuid_utils.compat import uuid7

from common.database import only_one
from common.telemetry import Telemetry, traceparent_of

log = structlog.get_logger()

BATCH = 500  # the server takes at most 1,000 in one atomic batch
BUSY_SECONDS = 0.01
CALMING = 1.05  # a second after the last event it still looks every 60 ms; much slower only when nobody works
IDLE_SECONDS = 0.1
RETRY_SECONDS = 0.25
REFILL_SECONDS = 1.0
ACK_SECONDS = 10
DUPLICATE_IN_BATCH = 10201


class NotStored(Exception):
    """The server did not acknowledge; the rows stay in the outbox."""


class Bell:
    """Wakes the relay of the same process after a commit, so that it can poll slowly when idle."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._rung.wait(), seconds)
        except TimeoutError:
            return
        self._rung.clear()


class Relay:
    """Publishes one service's outbox, and what the reconciler asks to publish again."""

    def __init__(
        self, engine: AsyncEngine, schema: str, client: Client, telemetry: Telemetry, bell: Bell, *, idle: float
    ) -> None:
        self._engine = engine
        self._schema = schema
        self._client = client
        self._telemetry = telemetry
        self._bell = bell
        self._idle = idle
        self._refill_at = 0.0
        self._held = ""  # why nothing could be published just now

    async def run(self) -> None:
        """Publish for ever. Raises on a lost database connection; the supervisor starts it again."""
        async with only_one(self._engine, f"{self._schema}.relay") as connection:
            wait = BUSY_SECONDS
            while True:
                try:
                    sent = await self.publish_next(connection) + await self.refill_next(connection)
                except NotStored as error:
                    await self._hold(str(error))
                    continue
                self._held = ""
                wait = BUSY_SECONDS if sent else min(wait * CALMING, self._idle)
                if not sent:
                    await self._bell.wait(wait)

    async def _hold(self, reason: str) -> None:
        """Let a moment pass; said once, not four times a second, for the bus may be away for hours."""
        if reason != self._held:
            log.warning("relay_waits", schema=self._schema, reason=reason)
        self._held = reason
        await asyncio.sleep(RETRY_SECONDS)

    async def publish_next(self, connection: AsyncConnection) -> int:
        """Publish and move up to one batch of the outbox; return how many."""
        found = await connection.execute(
            text(
                f"select id, event_id, type, payload, traceparent from {self._schema}.outbox order by id limit {BATCH}"
            )
        )
        rows = found.mappings().all()
        if rows:
            await self._publish(rows)
            await self._move_to_ledger(connection, [row["id"] for row in rows])
        return len(rows)

    async def refill_next(self, connection: AsyncConnection) -> int:
        """Publish again up to one batch of what the reconciler found missing, which it does every few seconds."""
        if time.monotonic() < self._refill_at:
            return 0
        found = await connection.execute(
            text(
                f"select l.event_id, l.type, l.payload, l.traceparent from {self._schema}.refill r "
                f"join {self._schema}.ledger l using (event_id) order by l.event_id limit {BATCH}"
            )
        )
        rows = found.mappings().all()
        if not rows:
            self._refill_at = time.monotonic() + REFILL_SECONDS
        else:
            await self._publish(rows)
            await connection.execute(
                text(f"delete from {self._schema}.refill where event_id = any(:ids)"),
                {"ids": [row["event_id"] for row in rows]},
            )
        return len(rows)

    async def _publish(self, rows: Sequence[Any]) -> None:
        """Store all rows in the stream. Raises `NotStored` if that is not certain."""
        try:
            if len(rows) == 1:
                await self._publish_one(rows[0])
            else:
                await self._publish_batch(rows)
        except (nats.errors.Error, OSError) as error:
            raise NotStored(type(error).__name__) from error

    async def _publish_batch(self, rows: Sequence[Any]) -> None:
        if not self._client.is_connected:
            raise NotStored("bus away")
        batch_id = uuid7().hex
        for place, row in enumerate(rows[:-1], start=1):
            await self._client.publish(
                row["type"],
                row["payload"].encode(),
                headers=self._headers(row) | {"Nats-Batch-Id": batch_id, "Nats-Batch-Sequence": str(place)},
            )
        last = {"Nats-Batch-Id": batch_id, "Nats-Batch-Sequence": str(len(rows)), "Nats-Batch-Commit": "1"}
        error = (await self._request(rows[-1], self._headers(rows[-1]) | last)).get("error")
        if error and error.get("err_code") == DUPLICATE_IN_BATCH:
            # After an unknown outcome part of the batch is already there: singly, each is deduplicated by its id.
            for row in rows:
                await self._publish_one(row)
        elif error:
            raise NotStored(str(error.get("err_code")))

    async def _publish_one(self, row: Any) -> None:
        stored = await self._request(row, self._headers(row))
        if "error" in stored:
            raise NotStored(str(stored["error"].get("err_code")))

    async def _request(self, row: Any, headers: dict[str, str]) -> dict[str, Any]:
        """Publish one row and return the server's answer; a lost connection ends the wait: no answer can come."""
        if not self._client.is_connected:
            raise NotStored("bus away")
        connects = self._client.stats["reconnects"]
        asked = asyncio.ensure_future(
            self._client.request(row["type"], row["payload"].encode(), headers=headers, timeout=ACK_SECONDS)
        )
        try:
            while not (await asyncio.wait({asked}, timeout=RETRY_SECONDS))[0]:
                if not self._client.is_connected or self._client.stats["reconnects"] != connects:
                    raise NotStored("bus lost")
            return dict(json.loads(asked.result().data))
        finally:
            asked.cancel()

    def _headers(self, row: Any) -> dict[str, str]:
        headers = {"Nats-Msg-Id": str(row["event_id"]), "content-type": "application/json"}
        if row["traceparent"]:
            with self._telemetry.span(f"publish {row['type']}", SpanKind.PRODUCER, row["traceparent"]) as span:
                if context := traceparent_of(span):
                    headers["traceparent"] = context
        return headers

    async def _move_to_ledger(self, connection: AsyncConnection, ids: list[int]) -> None:
        columns = "event_id, agency_id, aggregate_id, aggregate_seq, type, payload, traceparent, recorded_at"
        await connection.execute(
            text(
                f"with d as (delete from {self._schema}.outbox where id = any(:ids) returning *) "
                f"insert into {self._schema}.ledger ({columns}) select {columns} from d on conflict do nothing"
            ),
            {"ids": ids},
        )
