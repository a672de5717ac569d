"""Applying a batch of events once: the inbox row commits with the effect, one transaction a batch."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby
from typing import Any

from faststream.nats import NatsMessage
from opentelemetry.trace import SpanKind
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.contracts.envelope import CloudEvent, Fact, Facts
from common.database import Db, Scope, enter, transaction
from common.redelivery import Undecodable, decoded
from common.runtime import Runtime

Events = Sequence[CloudEvent[Any]]
Reaction = Callable[[Db, Events], Awaitable[None]]


async def decode_batch(message: NatsMessage) -> list[CloudEvent[Facts]]:
    """Read every message of a batch on its own: one bad body never takes its neighbours with it."""
    events, errors = [], {}
    raw: Any = message.raw_message
    for place, one in enumerate(raw):
        try:
            events.append(decoded(one))
        except Exception as error:
            errors[place] = error
    if errors:
        raise Undecodable(errors)
    return events


async def apply(
    runtime: Runtime, subscriber: str, events: Sequence[CloudEvent[Facts]], reactions: Mapping[Fact, Reaction]
) -> None:
    """Apply each event that this subscriber has not applied before, grouped by agency and by reaction.

    A reaction gets its events in publishing order. Types without a reaction are acknowledged and forgotten.
    """
    by_type = {fact.type: reaction for fact, reaction in reactions.items()}
    heard = sorted((event for event in events if event.type in by_type), key=lambda event: event.agencyid)
    if not heard:
        return
    with ExitStack() as spans:
        for event in heard:
            if event.traceparent:
                spans.enter_context(runtime.telemetry.span(f"apply {event.type}", SpanKind.CONSUMER, event.traceparent))
        scope = Scope(heard[0].agencyid, None, uuid7(), heard[0].traceparent)
        async with transaction(runtime.engine, runtime.tables, scope) as db:
            for agency_id, of_agency in groupby(heard, key=lambda event: event.agencyid):
                db.scope = Scope(agency_id, None, scope.request_id, scope.traceparent)
                await enter(db, agency_id)
                await _apply_agency(db, subscriber, list(of_agency), by_type)
                await db.write_pending()
    runtime.bell.ring()


async def _apply_agency(db: Db, subscriber: str, events: Events, by_type: Mapping[str, Reaction]) -> None:
    fresh = await _fresh(db, subscriber, events)
    reactions: dict[Reaction, list[CloudEvent[Any]]] = {}
    for event in fresh:
        reactions.setdefault(by_type[event.type], []).append(event)
    for reaction, its_events in reactions.items():
        await reaction(db, its_events)


async def _fresh(db: Db, subscriber: str, events: Events) -> Events:
    """Claim the events in the inbox and return those that were not in it, each once, in publishing order."""
    inbox = db.tables.inbox
    rows = sorted(
        ({"subscriber": subscriber, "event_id": event.id, "agency_id": event.agencyid} for event in events),
        key=lambda row: str(row["event_id"]),  # sorted keys, so that two workers cannot deadlock
    )
    claim = insert(inbox).on_conflict_do_nothing().returning(inbox.c.event_id)
    claimed = set((await db.execute(claim, rows)).scalars())
    fresh = []
    for event in events:
        if event.id in claimed:
            claimed.remove(event.id)
            fresh.append(event)
    return fresh


def newest(events: Events) -> Events:
    """Keep, of each aggregate, the event with the highest sequence: it carries the whole state."""
    latest: dict[Any, CloudEvent[Any]] = {}
    for event in events:
        known = latest.get(event.subject)
        if known is None or event.aggregateseq > known.aggregateseq:
            latest[event.subject] = event
    return list(latest.values())


async def project(db: Db, table: Any, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert or replace rows keyed by (agency_id, id), unless the stored `seq` is as new or newer."""
    if not rows:
        return
    statement = insert(table)
    replace = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
    statement = statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_=replace,
        where=table.c.seq < statement.excluded.seq,
    )
    ordered = sorted(rows, key=lambda row: str(row["id"]))
    await db.execute(statement, ordered)
