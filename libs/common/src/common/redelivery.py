"""What happens to a message that could not be applied: later again, or into the dead letters, never lost.

Transient (database or network away): given back with a delay, without a limit. Permanent (undecodable, refused):
a dead letter at once. Anything else is a bug until shown otherwise: five attempts, then a dead letter.
"""

import random
from collections.abc import Mapping
from uuid import UUID

import asyncpg
import nats.errors
import sqlalchemy.exc
import structlog
from nats.aio.msg import Msg
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts.envelope import CloudEvent, Fact, Facts
from common.errors import Refused
from common.tables import Foundation

log = structlog.get_logger()

DELAYS_SECONDS = (1, 5, 30, 120)
ATTEMPTS = len(DELAYS_SECONDS) + 1
TRANSIENT_MOST_SECONDS = 5.0  # so that work goes on soon after the database is back, however long it was away
TRANSIENT = (
    OSError,
    nats.errors.Error,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.exceptions.OperatorInterventionError,
    asyncpg.exceptions.InsufficientResourcesError,
    asyncpg.exceptions.TransactionRollbackError,
    asyncpg.exceptions.LockNotAvailableError,
    sqlalchemy.exc.TimeoutError,
)


class Undecodable(Exception):
    """Some messages of a batch are no events; `errors` maps their places to what was wrong."""

    def __init__(self, errors: Mapping[int, Exception]) -> None:
        super().__init__(len(errors))
        self.errors = errors


class UnknownFact(Exception):
    """A type that this release does not know."""


def is_transient(error: BaseException) -> bool:
    """Tell whether the fault lies with the surroundings, so that the same message may well succeed later."""
    if isinstance(error, sqlalchemy.exc.DBAPIError):
        origin = error.orig
        return error.connection_invalidated or (origin is not None and _caused_by(origin, TRANSIENT))
    return isinstance(error, TRANSIENT)


def _caused_by(error: BaseException | None, kinds: tuple[type[BaseException], ...]) -> bool:
    while error is not None:
        if isinstance(error, kinds):
            return True
        error = error.__cause__
    return False


def delay_seconds(message: Msg) -> float:
    """Return the pause before the next delivery: 1, 5, 30, 120 s …, with jitter."""
    place = min(message.metadata.num_delivered, len(DELAYS_SECONDS)) - 1
    return DELAYS_SECONDS[place] * random.uniform(0.9, 1.1)  # noqa: S311 - jitter


def decoded(message: Msg) -> CloudEvent[Facts]:
    """Return the event in a message. Raises `UnknownFact` or pydantic's `ValidationError`."""
    kept = getattr(message, "event", None)
    if kept is not None:
        return kept  # type: ignore[no-any-return]  # kept by the line below: halving must not decode again
    fact = Fact.known.get(message.subject)
    if fact is None:
        raise UnknownFact
    message.event = fact.envelope.model_validate_json(message.data)  # type: ignore[attr-defined]
    return message.event  # type: ignore[attr-defined,no-any-return]


class Burial:
    """Writes dead letters for one service."""

    def __init__(self, engine: AsyncEngine, tables: Foundation) -> None:
        self._engine = engine
        self._tables = tables

    async def settle(self, message: Msg, error: Exception) -> None:
        """Decide about one message that failed alone."""
        attempts = message.metadata.num_delivered
        if isinstance(error, Refused) or attempts >= ATTEMPTS:
            await self.bury(message, error)
            return
        log.warning("event_delayed", type=message.subject, attempts=attempts, error=type(error).__name__)
        await message.nak(delay=delay_seconds(message))

    async def bury(self, message: Msg, error: Exception) -> None:
        """Write the dead letter, then acknowledge; the error's class only, for its text may quote a value."""
        event = getattr(message, "event", None)
        row = {
            "subscriber": message.metadata.consumer,
            "event_id": event.id if event else _message_id(message),
            "agency_id": event.agencyid if event else None,
            "type": message.subject,
            "payload": message.data,
            "error": error.code if isinstance(error, Refused) else type(error).__name__,
            "attempts": message.metadata.num_delivered,
        }
        async with self._engine.begin() as connection:
            await connection.execute(insert(self._tables.dead_letter).values(row))
        log.error("event_buried", type=message.subject, subscriber=row["subscriber"], error=row["error"])
        await message.ack()


def _message_id(message: Msg) -> UUID | None:
    """Return the id a body too broken to read was published under, so that it is not asked for again and again."""
    try:
        return UUID((message.headers or {})["Nats-Msg-Id"])
    except (KeyError, ValueError):
        return None
