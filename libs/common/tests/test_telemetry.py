"""One trace from the request to the reaction; neither traces nor logs quote what somebody wrote."""

import io
import json
import logging
import sys
from typing import Any
from uuid import uuid4

import pytest
import structlog
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from common.telemetry import Telemetry, configure_logs, context_of, traceparent_of
from handrail.testing import Caller, Platform

SECRET = "Maria Gonzales"


async def test_a_request_its_fact_and_the_reaction_share_one_trace(ground: Any, administrator: Caller) -> None:
    """Workforce's own API writes the outbox row; its row is published by the relay and applied by echo."""
    platform: Platform = ground.platform
    spans = InMemorySpanExporter()
    platform.spans.clear()
    await ground.provide()
    await ground.run("truncate echo.inbox, echo.arrival, echo.colleague")

    body = {"name": "Sam", "email": f"{uuid4().hex}@agency.test", "roles": ["peer"], "employed_from": "2026-01-05"}
    sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = await administrator.post("/api/workforce/v1/staff", body, traceparent=sent)
    assert answer.status_code == 201
    (row,) = await platform.fetch(
        "select * from (select * from workforce.outbox union all select o.id, l.event_id, l.agency_id, l.aggregate_id, "
        "l.aggregate_seq, l.type, l.payload, l.traceparent, l.recorded_at from workforce.ledger l, "
        "(select null::bigint as id) o) o where aggregate_id = :id",
        id=answer.json()["id"],
    )
    await ground.run(
        "insert into workforce.outbox (event_id, agency_id, aggregate_id, aggregate_seq, type, payload, traceparent) "
        "values (:event_id, :agency_id, :aggregate_id, :aggregate_seq, :type, :payload, :traceparent)",
        **{name: row[name] for name in row if name not in ("id", "recorded_at")},
    )

    processor = SimpleSpanProcessor(spans)
    async with ground.telling(processor=processor), ground.listening(processor=processor):
        await ground.eventually("select count(*) from echo.arrival where agency_id = :a", 1, a=administrator.agency_id)
        async with ground.bus_admin() as client:
            stream = client.jetstream()
            message = await stream.get_last_msg("workforce", "handrail.workforce.staff-joined.v1")

    trace = int("4bf92f3577b34da6a3ce929d0e0e4736", 16)
    http = [one for one in platform.spans.get_finished_spans() if one.kind is SpanKind.SERVER and in_trace(one, trace)]
    ours = {one.kind for one in spans.get_finished_spans() if in_trace(one, trace)}
    assert len(http) == 1
    assert ours == {SpanKind.PRODUCER, SpanKind.CONSUMER}
    assert (message.headers or {})["traceparent"].split("-")[1] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert json.loads(message.data or b"")["traceparent"].split("-")[1] == "4bf92f3577b34da6a3ce929d0e0e4736"


def in_trace(span: Any, trace: int) -> bool:
    return bool(span.context.trace_id == trace)


def recording() -> tuple[Telemetry, InMemorySpanExporter]:
    spans = InMemorySpanExporter()
    return Telemetry("test", processor=SimpleSpanProcessor(spans)), spans


def test_a_span_tells_of_an_exception_its_class_and_not_its_text() -> None:
    told, spans = recording()

    with pytest.raises(ValueError, match="Maria"), told.span("work", SpanKind.INTERNAL, None):
        raise ValueError(SECRET)

    (span,) = spans.get_finished_spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "ValueError")
    assert SECRET not in span.to_json()


async def test_an_accident_in_a_request_leaves_no_text_in_its_span(echo: Any) -> None:
    echo.spans.clear()
    await echo.http.post("/v1/accidents", headers=echo.headers())
    (span,) = echo.spans.get_finished_spans()
    assert "Maria" not in span.to_json()


def test_ids_travel_even_when_nothing_is_recorded() -> None:
    silent = Telemetry("test")
    with silent.span("work", SpanKind.INTERNAL, None) as span:
        parent = traceparent_of(span)
    assert parent is not None
    with silent.span("more", SpanKind.INTERNAL, parent) as span:
        child = traceparent_of(span)
    assert child is not None
    assert child.split("-")[1] == parent.split("-")[1]


@pytest.mark.parametrize("nonsense", [None, "", "x", "00-0-0-0", "00-" + "z" * 32 + "-" + "0" * 16 + "-01", "é" * 99])
def test_a_nonsensical_parent_begins_a_new_trace(nonsense: str | None) -> None:
    assert len(context_of(nonsense)) == 0


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is written to standard error, as configured for production, beside libraries that write by themselves."""
    written, root = io.StringIO(), logging.getLogger()
    kept, root.handlers = root.handlers, []
    monkeypatch.setattr(sys, "stderr", written)
    logging.getLogger("faststream").addHandler(logging.StreamHandler(written))
    configure_logs("INFO")
    yield written
    monkeypatch.undo()
    root.handlers = kept
    configure_logs("ERROR")


def fail() -> None:
    raise ValueError(SECRET)


def test_our_logs_hold_an_exceptions_class_and_place_and_not_its_text(lines: io.StringIO) -> None:
    try:
        fail()
    except ValueError as error:
        structlog.get_logger().error("request_failed", request_id="7", exc_info=error)
        structlog.get_logger().exception("request_failed")

    first, second = (json.loads(line) for line in lines.getvalue().splitlines())
    assert (first["event"], first["error"], first["request_id"]) == ("request_failed", "ValueError", "7")
    assert first["at"][-1].endswith(":fail")
    assert second["error"] == "ValueError"
    assert SECRET not in lines.getvalue()


def test_libraries_logs_hold_neither_their_words_nor_an_exceptions_text(lines: io.StringIO) -> None:
    try:
        fail()
    except ValueError:
        logging.getLogger("handrail.echo").exception("failed with %s", SECRET)
        logging.getLogger("faststream").warning("about %s", SECRET, stack_info=True)

    first, second = (json.loads(line) for line in lines.getvalue().splitlines())
    assert (first["logger"], first["error"], first["level"]) == ("handrail.echo", "ValueError", "error")
    assert (second["event"], second["logger"]) == ("library", "faststream")
    assert SECRET not in lines.getvalue()


async def test_a_failing_reaction_writes_no_value_into_the_log(
    ground: Any, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.redelivery.DELAYS_SECONDS", (0.02, 0.02, 0.02, 0.02))
    sick = uuid4()
    ground.faults[sick] = RuntimeError(SECRET)
    await ground.run("truncate echo.dead_letter")
    await ground.provide()

    async with ground.telling(), ground.listening():
        await ground.publish(uuid4(), [sick])
        await ground.eventually("select count(*) from echo.dead_letter", 1)

    events = [json.loads(line)["event"] for line in lines.getvalue().splitlines()]
    assert {"event_delayed", "event_buried"} <= set(events)
    assert SECRET not in lines.getvalue()
