"""What became of messages in a period, for administrators; and every try of one message with its provider's answer."""

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import ColumnElement, Function, and_, case, func, select

from common.database import Db
from common.errors import NotThere, Unprocessable
from notification.models import DeliveryAttempt, Message
from notification.queries.messages import MessageEntry, zone
from notification.rules.messages import Channel, State

LONGEST = timedelta(days=366)
DELIVERED = ("delivered", "read")


class AttemptRead(BaseModel):
    """One try. `outcome`: null while it runs; `provider_status`: what the provider said of it last, in its words."""

    number: int
    channel: Channel
    started_at: AwareDatetime
    ended_at: AwareDatetime | None
    outcome: str | None
    provider_id: str | None
    provider_status: str | None
    provider_at: AwareDatetime | None


class MessageRead(MessageEntry):
    tries: list[AttemptRead]


class Line(BaseModel):
    """The messages of one kind and channel that were to leave in the period; each is counted once, as it stands now.

    `delivered`: of those sent, how many the provider says arrived (nobody but text providers says so). Seconds are from
    when a message was due to when it was handed over.
    """

    kind: str
    audience: str
    channel: Channel | None = Field(description="the way it took last; null: none yet")
    messages: int
    sent: int
    delivered: int
    waiting: int
    unknown: int
    failed: int
    cancelled: int
    median_seconds: float | None
    p95_seconds: float | None


class Reason(BaseModel):
    """Why messages of the period failed, were cancelled, or are kept back, as codes."""

    state: State
    code: str
    messages: int


class DeliveryReport(BaseModel):
    period_start: date
    period_end: date
    lines: list[Line]
    reasons: list[Reason]


async def message(db: Db, message_id: UUID) -> MessageRead:
    """Return a message with its tries, the first first. Raises `NotThere`."""
    row = await db.get(Message, (db.scope.agency_id, message_id))
    if row is None:
        raise NotThere
    question = select(DeliveryAttempt).where(
        DeliveryAttempt.agency_id == db.scope.agency_id, DeliveryAttempt.message_id == message_id
    )
    tries = await db.scalars(question.order_by(DeliveryAttempt.number))
    entry = MessageEntry.model_validate(row, from_attributes=True)
    return MessageRead(
        **entry.model_dump(), tries=[AttemptRead.model_validate(one, from_attributes=True) for one in tries]
    )


async def delivery_report(db: Db, first: date, last: date) -> DeliveryReport:
    """Return what became of the messages that were to leave on the agency's days `first` to `last`.

    Raises `Unprocessable` for a period that ends before it begins, or is longer than a year.
    """
    if not timedelta(0) <= last - first <= LONGEST:
        raise Unprocessable("bad-period", "Give a first and a last day, at most a year apart.", "/to")
    clock = ZoneInfo(await zone(db) or "UTC")
    begins, ends = (datetime.combine(day, time(), clock) for day in (first, last + timedelta(days=1)))
    period = and_(Message.agency_id == db.scope.agency_id, Message.not_before >= begins, Message.not_before < ends)
    return DeliveryReport(
        period_start=first, period_end=last, lines=await _lines(db, period), reasons=await _reasons(db, period)
    )


async def _lines(db: Db, period: ColumnElement[bool]) -> list[Line]:
    last_try = and_(
        DeliveryAttempt.agency_id == Message.agency_id,
        DeliveryAttempt.message_id == Message.id,
        DeliveryAttempt.number == Message.attempts,
    )
    took = func.extract("epoch", Message.sent_at - Message.not_before)
    sent = Message.state == State.SENT
    waiting = Message.state.in_([State.QUEUED, State.SENDING])

    def counted(condition: ColumnElement[bool]) -> Function[int]:
        return func.count(case((condition, 1)))

    question = (
        select(
            Message.template.label("kind"),
            Message.audience,
            Message.channel,
            func.count().label("messages"),
            counted(sent).label("sent"),
            counted(and_(sent, DeliveryAttempt.provider_status.in_(DELIVERED))).label("delivered"),
            counted(waiting).label("waiting"),
            counted(Message.state == State.UNKNOWN).label("unknown"),
            counted(Message.state == State.FAILED).label("failed"),
            counted(Message.state == State.CANCELLED).label("cancelled"),
            func.percentile_cont(0.5).within_group(took).label("median_seconds"),
            func.percentile_cont(0.95).within_group(took).label("p95_seconds"),
        )
        .outerjoin(DeliveryAttempt, last_try)
        .where(period)
        .group_by(Message.template, Message.audience, Message.channel)
        .order_by(Message.template, Message.audience, Message.channel)
    )
    return [Line.model_validate(row, from_attributes=True) for row in await db.execute(question)]


async def _reasons(db: Db, period: ColumnElement[bool]) -> list[Reason]:
    code = case((Message.state == State.QUEUED, Message.held_by), else_=Message.last_error)
    question = (
        select(Message.state, code.label("code"), func.count().label("messages"))
        .where(period, code.is_not(None), Message.state != State.SENT)
        .group_by(Message.state, code)
        .order_by(Message.state, code)
    )
    return [Reason.model_validate(row, from_attributes=True) for row in await db.execute(question)]
