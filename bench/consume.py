"""How fast a worker applies events, beside a bare `fetch(500)` that runs the same SQL."""

import time
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import nats
import orjson
from nats.js.api import AckPolicy, ConsumerConfig
from processes import Platform, until

from common.contracts import session_logging as facts
from common.contracts.codes import (
    Activity,
    DeliveryMethod,
    Format,
    Location,
    Modality,
    Outcome,
    SessionStatus,
    UnitMethod,
)
from common.database import Scope, event_row
from compliance_reporting.commands.projections import _statement
from compliance_reporting.models import FactSession

EVENTS, BATCH = 20_000, 500
SPAN = (
    "select extract(epoch from max(applied_at) - min(applied_at)) from compliance_reporting.inbox where agency_id = $1"
)
APPLIED = "select count(*) from compliance_reporting.inbox where agency_id = $1"


def _rows(agency_id: uuid.UUID, count: int) -> list[tuple[Any, ...]]:
    scope, now, rows = Scope(agency_id, None, uuid.uuid4()), datetime.now(UTC), []
    for _ in range(count):
        about = uuid.uuid4()
        state = facts.SessionFacts(
            session_id=about,
            participant_id=uuid.uuid4(),
            episode_id=uuid.uuid4(),
            program_id=uuid.uuid4(),
            staff_id=uuid.uuid4(),
            modality=Modality.ONE_ON_ONE_MENTORING,
            format=Format.INDIVIDUAL,
            delivery_method=DeliveryMethod.IN_PERSON,
            location=Location.OFFICE,
            activities=[Activity.COACHING_MENTORING],
            started_at=now,
            ended_at=now,
            zone="America/Chicago",
            service_date=date(2026, 1, 5),
            minutes=30,
            units=Decimal(2),
            unit_method=UnitMethod.MIDPOINT_8,
            outcome=Outcome.COMPLETED,
            status=SessionStatus.DRAFT,
            recorded_at=now,
        )
        row = event_row(facts.SESSION_RECORDED, state, about=about, seq=1, scope=scope, now=now)
        rows.append(tuple(row[name] for name in COLUMNS))
    return rows


COLUMNS = ("event_id", "agency_id", "aggregate_id", "aggregate_seq", "type", "payload", "traceparent")


async def applied(running: Platform, pg: asyncpg.Connection) -> tuple[float, float]:
    """Return events per second of our worker and of the bare loop, over the same stream of events."""
    agency_id = uuid.uuid4()
    running.stop("compliance-reporting.worker")
    running.stop("steward")
    bus = await nats.connect(running.addresses.nats_url("admin", running.secrets["NATS_ADMIN_PASSWORD"]))
    js = bus.jetstream()
    config = ConsumerConfig(durable_name="bench", ack_policy=AckPolicy.EXPLICIT, max_ack_pending=2 * BATCH)
    before = (await js.stream_info("session-logging")).state.last_seq
    config.deliver_policy, config.opt_start_seq = "by_start_sequence", before + 1  # type: ignore[assignment]
    await pg.copy_records_to_table(
        "outbox", schema_name="session_logging", columns=COLUMNS, records=_rows(agency_id, EVENTS)
    )

    async def published() -> bool:
        return bool((await js.stream_info("session-logging")).state.last_seq >= before + EVENTS)

    await until(published)
    floor = await _bare(js, config, pg, agency_id)
    running.start_service("compliance-reporting", "worker")

    async def done() -> bool:
        return bool(await pg.fetchval(APPLIED, agency_id) == EVENTS)

    await until(done, 120)
    ours = EVENTS / float(await pg.fetchval(SPAN, agency_id))
    await bus.close()
    return ours, floor


async def _bare(js: Any, config: ConsumerConfig, pg: asyncpg.Connection, agency_id: uuid.UUID) -> float:
    """Fetch, decode with orjson, write inbox and fact in one transaction, acknowledge."""
    await pg.execute(
        "create table bare.fact_session (like compliance_reporting.fact_session including all);"
        "create table bare.inbox (subscriber text, event_id uuid, primary key (event_id, subscriber))"
    )
    statement = str(_statement(FactSession)).replace("fact_session", "bare.fact_session").replace(":rows", "$1")
    statement = statement.replace("cast($1 as json)", "$1::json")
    subscription = await js.pull_subscribe("handrail.session-logging.>", "bench", "session-logging", config=config)
    count, started = 0, time.perf_counter()
    while count < EVENTS:
        messages = await subscription.fetch(BATCH, timeout=5)
        rows, ids = [], []
        for message in messages:
            event = orjson.loads(message.data)
            row = {"modifiers": [], "goal_ids": [], "missing_elements": [], "imported": False, **event["data"]}
            rows.append(row | {"agency_id": event["agencyid"], "id": event["subject"], "seq": event["aggregateseq"]})
            ids.append(event["id"])
        async with pg.transaction():
            await pg.execute("insert into bare.inbox select 'bench', unnest($1::uuid[]) on conflict do nothing", ids)
            await pg.execute(statement, orjson.dumps(rows).decode())
        for message in messages:
            await message.ack()
        count += len(messages)
    return EVENTS / (time.perf_counter() - started)
