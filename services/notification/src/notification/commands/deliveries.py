"""Taking due messages to send, beginning a try, and recording what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update

from common.contracts import notification as facts
from common.contracts.envelope import Fact
from common.database import Db
from notification.commands.escalations import handed_over
from notification.models import DeliveryAttempt, Due, Message
from notification.queries import messages as queries
from notification.rules.messages import (
    LOOK_AGAIN,
    LOOKED_ENOUGH,
    OUTCOME_UNKNOWN,
    TRIES,
    UNKNOWN_AFTER,
    Audience,
    Channel,
    Purpose,
    State,
    Template,
    retry_delay,
)


@dataclass(frozen=True)
class Claimed:
    """A message that this worker, and nobody else, is about to send, or to ask a provider about (`looks`).

    `number`: of the last try. `since`: when that try began. `own`: the agency's words for it.
    """

    agency_id: UUID
    message_id: UUID
    template: str
    recipient_id: UUID
    audience: Audience
    purpose: Purpose
    only_by: Channel | None
    failed_channels: frozenset[Channel]
    template_id: UUID | None
    values: Mapping[str, Any]
    version: int
    claimed_at: datetime
    number: int
    looks: Channel | None = None
    since: datetime | None = None
    own: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Sent:
    """A provider took it; `provider_id` is its own name for it."""

    provider_id: str | None = None


@dataclass(frozen=True)
class Failure:
    """Why a try failed. `permanent`: another try by this channel cannot help, or must not be made."""

    code: str
    permanent: bool
    retry_after: timedelta | None = None


@dataclass(frozen=True)
class Waits:
    """Nothing was tried: `rule` keeps it back until `at`."""

    rule: str
    at: datetime


@dataclass(frozen=True)
class Unknown:
    """The provider may have it; whether it can be asked (`can_be_asked`) decides what follows."""

    can_be_asked: bool


Outcome = Sent | Failure | Waits | Unknown


async def claim(db: Db, limit: int) -> list[Claimed]:
    """Take up to `limit` due messages of the agency; commit before the first is sent.

    What became moot is cancelled. What was claimed and never reported goes back if no try had begun; else it may have
    left, and the provider is asked.
    """
    messages = await _lock_due(db, limit)
    lost = [message for message in messages if message.state == State.SENDING]
    for message in lost:
        await _find_lost(db, message)
    queued = [message for message in messages if message.state == State.QUEUED]
    today = await queries.today(db)
    supervisors = {message.recipient_id for message in queued if message.template == Template.OVERDUE_DIGEST}
    counts = await queries.overdue_counts(db, supervisors, today)
    moot = await queries.moot(db, queued, counts, today)
    await _cancel(db, [message for message in queued if message.id in moot], moot)
    unknown = [message for message in messages if message.state == State.UNKNOWN]
    wanted = [message for message in queued if message.id not in moot]
    return await _take(db, wanted, counts, today) + await _take_to_look(db, unknown)


async def _lock_due(db: Db, limit: int) -> Sequence[Message]:
    """Return what is due, what is for safety first."""
    found = await db.scalars(
        select(Message)
        .join(Due, (Due.agency_id == Message.agency_id) & (Due.message_id == Message.id))
        .where(Due.agency_id == db.scope.agency_id, Due.at <= db.now)
        .order_by((Message.purpose == Purpose.SAFETY).desc(), Due.at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return found.all()


async def _find_lost(db: Db, message: Message) -> None:
    """Put a message right whose worker never reported: as it was, or as one whose outcome nobody knows."""
    attempt = await db.get(DeliveryAttempt, (message.agency_id, message.id, message.attempts))
    message.state = State.QUEUED if attempt is None or attempt.ended_at is not None else State.UNKNOWN
    message.version += 1


async def _take(db: Db, messages: Sequence[Message], counts: Mapping[UUID, int], today: date) -> list[Claimed]:
    for message in messages:
        if message.template == Template.OVERDUE_DIGEST:
            message.occasion = today.isoformat()  # one that leaves late is the digest of the day it leaves
            message.values = {"count": counts[message.recipient_id]}
        message.state = State.SENDING
        message.next_attempt_at = None
        message.version += 1
    await _watch(db, [message.id for message in messages], db.now + UNKNOWN_AFTER)
    return [_claimed(db, message) for message in messages]


async def _take_to_look(db: Db, messages: Sequence[Message]) -> list[Claimed]:
    for message in messages:
        message.version += 1
    await _watch(db, [message.id for message in messages], db.now + UNKNOWN_AFTER)
    claimed = []
    for message in messages:
        attempt = await db.get_one(DeliveryAttempt, (message.agency_id, message.id, message.attempts))
        claimed.append(_claimed(db, message, attempt))
    return claimed


def _claimed(db: Db, message: Message, attempt: DeliveryAttempt | None = None) -> Claimed:
    return Claimed(
        agency_id=message.agency_id,
        message_id=message.id,
        template=message.template,
        recipient_id=message.recipient_id,
        audience=Audience(message.audience),
        purpose=Purpose(message.purpose),
        only_by=None if message.only_by is None else Channel(message.only_by),
        failed_channels=frozenset(Channel(one) for one in message.failed_channels),
        template_id=message.template_id,
        values=message.values,
        version=message.version,
        claimed_at=db.now,
        number=message.attempts,
        looks=None if attempt is None else Channel(attempt.channel),
        since=None if attempt is None else attempt.started_at,
    )


async def begin(db: Db, claimed: Claimed, channel: Channel, template_id: UUID | None = None) -> int | None:
    """Note that a try by a channel begins, and return its number; null if the message was taken back meanwhile.

    `template_id`: the agency's own words that it is said in.
    """
    message = await _mine(db, claimed)
    if message is None:
        return None
    message.channel = channel
    message.template_id = template_id
    message.held_by = None
    _attempt(db, message, channel)
    return message.attempts


async def _mine(db: Db, claimed: Claimed) -> Message | None:
    message = await db.get(Message, (claimed.agency_id, claimed.message_id), with_for_update=True)
    held = State.SENDING if claimed.looks is None else State.UNKNOWN
    return None if message is None or message.state != held or message.version != claimed.version else message


async def record(
    db: Db, claimed: Claimed, outcome: Outcome, retry_scale: float, others: Sequence[Channel] = ()
) -> bool:
    """Record how a try ended; False if the message was taken back meanwhile. `others`: channels not tried yet."""
    message = await _mine(db, claimed)
    if message is None:
        return False
    if isinstance(outcome, Waits):
        await _queue_again(db, message, message.last_error, outcome.at, held_by=outcome.rule)
    elif isinstance(outcome, Sent):
        await _end_attempt(db, message, State.SENT, outcome.provider_id)
        await _succeed(db, message)
    elif isinstance(outcome, Unknown):
        await _not_known(db, message, outcome)
    else:
        await _end_attempt(db, message, outcome.code)
        await _failed_once(db, message, outcome, retry_scale, others)
    return True


async def _failed_once(
    db: Db, message: Message, failure: Failure, retry_scale: float, others: Sequence[Channel]
) -> None:
    """Try again later by the same channel, else at once by the next, else give it up."""
    delay = None if failure.permanent else retry_delay(message.tries_left, retry_scale)
    if delay is not None:
        await _queue_again(db, message, failure.code, db.now + max(delay, failure.retry_after or timedelta(0)))
    elif others and message.channel is not None:
        message.failed_channels = [*message.failed_channels, message.channel]
        message.tries_left = TRIES
        await _queue_again(db, message, failure.code, db.now)
    else:
        await _fail(db, message, failure.code)


async def _not_known(db: Db, message: Message, outcome: Unknown) -> None:
    """Wait until the provider can be asked; where it never can, or has not answered for long, only a person decides."""
    attempt = await db.get_one(DeliveryAttempt, (message.agency_id, message.id, message.attempts))
    if not outcome.can_be_asked or db.now - attempt.started_at > LOOKED_ENOUGH:
        await _end_attempt(db, message, OUTCOME_UNKNOWN)
        await _fail(db, message, OUTCOME_UNKNOWN)
        return
    message.state = State.UNKNOWN
    message.last_error = OUTCOME_UNKNOWN
    message.version += 1
    await _watch(db, [message.id], db.now + LOOK_AGAIN)


async def _end_attempt(db: Db, message: Message, outcome: str, provider_id: str | None = None) -> None:
    """End the try that runs; one that ended before any provider was asked counts as a try as well."""
    attempt = await db.get(DeliveryAttempt, (message.agency_id, message.id, message.attempts))
    if attempt is None or attempt.ended_at is not None:
        attempt = _attempt(db, message, Channel(message.only_by or Channel.EMAIL))
    attempt.ended_at = db.now
    attempt.outcome = outcome
    attempt.provider_id = provider_id or attempt.provider_id


def _attempt(db: Db, message: Message, channel: Channel) -> DeliveryAttempt:
    message.attempts += 1
    message.tries_left -= 1
    attempt = DeliveryAttempt(
        agency_id=message.agency_id, message_id=message.id, number=message.attempts, started_at=db.now, channel=channel
    )
    db.add(attempt)
    return attempt


async def _succeed(db: Db, message: Message) -> None:
    message.state = State.SENT
    message.sent_at = db.now
    message.last_error = None
    message.version += 1
    await _forget(db, message)
    await handed_over(db, message, db.now)
    _publish(db, facts.MESSAGE_SENT, message)


async def _queue_again(db: Db, message: Message, code: str | None, at: datetime, *, held_by: str | None = None) -> None:
    message.state = State.QUEUED
    message.last_error = code
    message.held_by = held_by
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


async def cancel(db: Db, claimed: Claimed, reason: str) -> None:
    """Give a claimed message up before any try: nothing could carry it, and nobody needs to know."""
    message = await _mine(db, claimed)
    if message is not None:
        await _cancel(db, [message], {message.id: reason})


async def settle(db: Db, message: Message, provider_id: str) -> None:
    """Settle a message whose outcome nobody had told us: its provider speaks of it, so it has it. Lock it first."""
    await _end_attempt(db, message, State.SENT, provider_id)
    await _succeed(db, message)


async def come_back(db: Db, message: Message, code: str) -> None:
    """Take back that a message was sent: try the next channel if it may take another, else give it up."""
    message.sent_at = None
    if message.only_by is not None or message.channel is None:
        await _fail(db, message, code)
        return
    message.failed_channels = [*message.failed_channels, message.channel]
    message.tries_left = TRIES
    message.state = State.QUEUED
    db.add(Due(agency_id=message.agency_id, message_id=message.id, at=db.now))
    await db.flush()
    await _queue_again(db, message, code, db.now)


def _publish(db: Db, fact: Fact, message: Message) -> None:
    told = facts.MessageFacts(
        message_id=message.id,
        template=message.template,
        channel=message.channel or Channel.EMAIL,
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
