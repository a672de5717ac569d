"""What an operator does by hand: look at dead letters, replay them, verify the audit chains."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from common.audit import verify
from handrail.catalog import Entry, entries
from handrail.secrets import variable


async def dead_letters(admin_url: str) -> list[Sequence[Any]]:
    """Return (service, id, type, error, attempts, since) of every dead letter that was not replayed."""
    engine = create_async_engine(admin_url)
    rows: list[Sequence[Any]] = []
    async with engine.connect() as connection:
        for entry in entries():
            found = await connection.execute(
                text(
                    f"select :service, id, type, error, attempts, buried_at from {entry.service.schema}.dead_letter "
                    "where replayed_at is null order by id"
                ),
                {"service": entry.service.name},
            )
            rows += [tuple(row) for row in found]
    await engine.dispose()
    return rows


async def replay(admin_url: str, service: str, ids: Sequence[int]) -> int:
    """Mark dead letters as replayed and ask their publishers' relays for the events; return how many."""
    services = {entry.service.name: entry for entry in entries()}
    engine = create_async_engine(admin_url)
    async with engine.begin() as connection:
        found = await connection.execute(
            text(
                f"update {services[service].service.schema}.dead_letter set replayed_at = now() "
                "where id = any(:ids) and replayed_at is null and event_id is not null "
                "returning event_id, agency_id, type"
            ),
            {"ids": list(ids)},
        )
        rows = found.all()
        for row in rows:
            publisher: Entry = services[row.type.split(".")[1]]
            await connection.execute(
                text(
                    f"insert into {publisher.service.schema}.refill (event_id, agency_id) values (:event, :agency) "
                    "on conflict do nothing"
                ),
                {"event": row.event_id, "agency": row.agency_id},
            )
    await engine.dispose()
    return len(rows)


async def verify_audit(admin_url: str, secrets: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return, by service, how many rows its chains hold and where they break, if they do."""
    engine = create_async_engine(admin_url)
    results = {}
    async with engine.connect() as connection:
        for entry in entries():
            key = _audit_key(secrets, entry.service.name)
            results[entry.service.name] = asdict(await verify(connection, entry.service.schema, key))
    await engine.dispose()
    return results


def _audit_key(secrets: Mapping[str, str], service: str) -> bytes:
    return b64decode(secrets[variable(service, "AUDIT_KEY")])
