"""Taking due messages to send, and recording what became of each try."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select, update

from common.contracts import notification as facts
from common.contracts.envelope import Fact
from common.database import Db
from notification import queries
from notification.models import DeliveryAttempt, Due, Message
from notification.rules import OUTCOME_UNKNOWN, UNKNOWN_AFTER, State, Template, retry_delay

CHANNEL = "email"


@dataclass(frozen=True)
class Claimed:
    """A message that this worker, and nobody else, is about to send; `count` is what a digest says."""

    agency_id: UUID
    message_id: UUID
    template: Template
    recipient_id: UUID
    count: int | None
    version: int
    claimed_at: datetime


@dataclass(frozen=True)
class Failure:
    """Why a try failed. `permanent`: another try cannot help, or must not be made."""

    code: str
    permanent: bool


async def claim(db: Db, limit: int) -> list[Claimed]:
    """Take up to `limit` due messages of the agency for sending; commit before the first is sent.

    What became moot is cancelled; what was claimed and never reported is given up, because it may have left.
    """
    messages = await _lock_due(db, limit)
    await _give_up(db, [message for message in messages if message.state == State.SENDING])
    queued = [message for message in messages if message.state == State.QUEUED]
    today = await queries.today(db)
    supervisors = {message.recipient_id for message in queued if message.template == Template.OVERDUE_DIGEST}
    counts = await queries.overdue_counts(db, supervisors, today)
    moot = await queries.moot(db, queued, counts, today)
    await _cancel(db, [message for message in queued if message.id in moot], moot)
    wanted = [message for message in queued if message.id not in moot]
    return await _take(db, wanted, counts, today)


async def _lock_due(db: Db, limit: int) -> Sequence[Message]:
    found = await db.scalars(
        select(Message)
        .join(Due, (Due.agency_id == Message.agency_id) & (Due.message_id == Message.id))
        .where(Due.agency_id == db.scope.agency_id, Due.at <= db.now)
        .order_by(Due.at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return found.all()


async def _give_up(db: Db, messages: Sequence[Message]) -> None:
    for message in messages:
        await _end_attempt(db, message, OUTCOME_UNKNOWN)
        await _fail(db, message, OUTCOME_UNKNOWN)


async def _take(db: Db, messages: Sequence[Message], counts: Mapping[UUID, int], today: date) -> list[Claimed]:
    for message in messages:
        if message.template == Template.OVERDUE_DIGEST:
            message.occasion = today.isoformat()  # one that leaves late is the digest of the day it leaves
        message.state = State.SENDING
        message.attempts += 1
        message.tries_left -= 1
        message.next_attempt_at = None
        message.version += 1
        db.add(
            DeliveryAttempt(
                agency_id=message.agency_id, message_id=message.id, number=message.attempts, started_at=db.now
            )
        )
    await _watch(db, [message.id for message in messages], db.now + UNKNOWN_AFTER)
    return [_claimed(db, message, counts) for message in messages]


def _claimed(db: Db, message: Message, counts: Mapping[UUID, int]) -> Claimed:
    digest = message.template == Template.OVERDUE_DIGEST
    return Claimed(
        agency_id=message.agency_id,
        message_id=message.id,
        template=Template(message.template),
        recipient_id=message.recipient_id,
        count=counts[message.recipient_id] if digest else None,
        version=message.version,
        claimed_at=db.now,
    )


async def record(db: Db, claimed: Claimed, failure: Failure | None, retry_scale: float) -> bool:
    """Record how a try ended (`failure` None: accepted); False if the message was given up in the meantime."""
    message = await db.get(Message, (claimed.agency_id, claimed.message_id), with_for_update=True)
    if message is None or message.state != State.SENDING or message.version != claimed.version:
        return False
    await _end_attempt(db, message, failure.code if failure else State.SENT)
    if failure is None:
        await _succeed(db, message)
    elif not failure.permanent and (delay := retry_delay(message.tries_left, retry_scale)):
        await _queue_again(db, message, failure.code, db.now + delay)
    else:
        await _fail(db, message, failure.code)
    return True


async def _end_attempt(db: Db, message: Message, outcome: str) -> None:
    attempt = await db.get_one(DeliveryAttempt, (message.agency_id, message.id, message.attempts))
    attempt.ended_at = db.now
    attempt.outcome = outcome


async def _succeed(db: Db, message: Message) -> None:
    message.state = State.SENT
    message.sent_at = db.now
    message.last_error = None
    message.version += 1
    await _forget(db, message)
    _publish(db, facts.MESSAGE_SENT, message)


async def _queue_again(db: Db, message: Message, code: str, at: datetime) -> None:
    message.state = State.QUEUED
    message.last_error = code
    message.next_attempt_at = at
    message.version += 1
    await _watch(db, [message.id], at)


async def _fail(db: Db, message: Message, code: str) -> None:
    message.state = State.FAILED
    message.last_error = code
    message.version += 1
    await _forget(db, message)
    _publish(db, facts.MESSAGE_FAILED, message)


async def _cancel(db: Db, messages: Sequence[Message], reasons: Mapping[UUID, str]) -> None:
    for message in messages:
        message.state = State.CANCELLED
        message.last_error = reasons[message.id]
        message.next_attempt_at = None
        message.version += 1
        await _forget(db, message)


def _publish(db: Db, fact: Fact, message: Message) -> None:
    told = facts.MessageFacts(
        message_id=message.id,
        template=message.template,
        channel=CHANNEL,
        recipient_id=message.recipient_id,
        attempts=message.attempts,
    )
    db.publish(fact, told, about=message.id, seq=message.version)


async def _watch(db: Db, message_ids: list[UUID], at: datetime) -> None:
    """Look at the messages again at `at`: to send them, or to find that nobody reported."""
    mine = (Due.agency_id == db.scope.agency_id) & Due.message_id.in_(message_ids)
    await db.execute(update(Due).where(mine).values(at=at))


async def _forget(db: Db, message: Message) -> None:
    await db.execute(delete(Due).where(Due.agency_id == message.agency_id, Due.message_id == message.id))
