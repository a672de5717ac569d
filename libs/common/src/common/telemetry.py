"""Structured logs and traces that cross HTTP, outbox, JetStream and inbox; ids and codes only in both."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

PROPAGATOR = TraceContextTextMapPropagator()


class Telemetry:
    """One service's tracer. Never set globally: several services may share a process."""

    def __init__(
        self, service: str, *, otlp_endpoint: str | None = None, processor: SpanProcessor | None = None
    ) -> None:
        if otlp_endpoint and processor is None:
            processor = BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint))
        # Without a collector spans are not recorded, but their ids still travel.
        sampler = ParentBased(ALWAYS_ON) if processor else ALWAYS_OFF
        self._provider = TracerProvider(
            sampler=sampler, resource=Resource({"service.name": service}), shutdown_on_exit=False
        )
        if processor:
            self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("handrail")

    @contextmanager
    def span(self, name: str, kind: SpanKind, traceparent: str | None, **attributes: str | int) -> Iterator[Span]:
        """Open a span under `traceparent`, or a new trace."""
        with self._tracer.start_as_current_span(
            name,
            context=context_of(traceparent),
            kind=kind,
            attributes=attributes,
            record_exception=False,  # an exception's text may quote a row
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except Exception as error:
                span.set_status(StatusCode.ERROR, type(error).__name__)
                raise

    def shutdown(self) -> None:
        self._provider.shutdown()


def context_of(traceparent: str | None) -> Context:
    """Return the trace context of a W3C `traceparent`, or an empty one."""
    return PROPAGATOR.extract({"traceparent": traceparent} if traceparent else {}, context=Context())


def traceparent_of(span: Span) -> str | None:
    """Return the span's W3C `traceparent`."""
    carrier: dict[str, str] = {}
    PROPAGATOR.inject(carrier, context=trace.set_span_in_context(span))
    return carrier.get("traceparent")


def configure_logs(level: str = "INFO") -> None:
    """Write JSON lines to standard error, for our events and for the libraries' warnings; called after the imports."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_values,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Library())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for name in list(logging.root.manager.loggerDict):
        library = logging.getLogger(name)
        if library.handlers:  # FastStream brings its own, which would write whole messages
            library.handlers.clear()
            library.propagate = True


class _Library(logging.Formatter):
    """Says of a library's warning who, where and which exception; not its text, which may quote a value."""

    def format(self, record: logging.LogRecord) -> str:
        event: structlog.typing.EventDict = {
            "event": "library",
            "logger": record.name,
            "level": record.levelname.lower(),
            "line": f"{record.module}:{record.lineno}",
            "exc_info": record.exc_info[1] if record.exc_info else None,
        }
        return json.dumps(_without_values(None, "", event))


def _without_values(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Reduce an exception to its class and place: its text may quote a row, and a row may name a person."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        frames = []
        traceback = error.__traceback__
        while traceback:
            code = traceback.tb_frame.f_code
            frames.append(f"{code.co_filename.rsplit('/', 2)[-1]}:{traceback.tb_lineno}:{code.co_name}")
            traceback = traceback.tb_next
        event["error"] = type(error).__name__
        event["sqlstate"] = getattr(getattr(error, "orig", error), "sqlstate", None)
        event["at"] = frames[-8:]
    return event
