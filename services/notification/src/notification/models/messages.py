"""Messages, each try to deliver them, and when one is due."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from notification.models.schema import Model
from notification.rules.messages import TRIES, Audience, Channel, Purpose, State

STATES = ", ".join(f"'{state}'" for state in State)


class Message(Model):
    """One intent to tell one person; `occasion` (an id, or a local day) makes it the only one of its kind.

    `only_by`: the one way it must take; `channel`: the way it took last. `failed_channels`:
    those that refused it for good. `values`: typed variables, never a name. `held_by`: the rule that keeps a due
    message here. `useful_until`: after it, it is moot. `read_at`: in the inbox of a member of staff.
    `tries_left`: of the current round; asking for a failed message again starts a new round.
    `consent_id`: what the message rests on; it leaves only while that consent stands.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint(
            "agency_id",
            "template",
            "recipient_id",
            "occasion",
            "only_by",
            name="uq_message_intent",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint(f"state in ({STATES})", name="state"),
        CheckConstraint("(state = 'sent') = (sent_at is not null)", name="sent_at"),
        CheckConstraint("tries_left >= 0", name="tries_left"),
        Index(None, "agency_id", "consent_id", postgresql_where=sql("consent_id is not null")),
        Index("ix_message_recipient", "agency_id", "recipient_id", "id"),
        Index("ix_message_held", "agency_id", "recipient_id", postgresql_where=sql("held_by is not null")),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    template: Mapped[str]
    recipient_id: Mapped[UUID]
    occasion: Mapped[str]
    event_id: Mapped[UUID | None]
    consent_id: Mapped[UUID | None]
    audience: Mapped[str] = mapped_column(server_default=Audience.STAFF)
    purpose: Mapped[str] = mapped_column(server_default=Purpose.WORK)
    only_by: Mapped[str | None]
    channel: Mapped[str | None]
    failed_channels: Mapped[list[str]] = mapped_column(server_default="{}")
    template_id: Mapped[UUID | None]
    values: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    useful_until: Mapped[datetime | None]
    held_by: Mapped[str | None]
    read_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(default=State.QUEUED)
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    tries_left: Mapped[int] = mapped_column(default=TRIES)
    next_attempt_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class DeliveryAttempt(Model):
    """One try. `outcome` is empty while it runs, then `sent` or the code of what went wrong.

    `provider_id`: the provider's own name for it; `provider_status`: what it said of it last, at `provider_at`.
    """

    __tablename__ = "delivery_attempt"
    __table_args__ = (
        ForeignKeyConstraint(
            ["agency_id", "message_id"], ["notification.message.agency_id", "notification.message.id"]
        ),
        {"info": {"api": "select, update"}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    channel: Mapped[str] = mapped_column(server_default=Channel.EMAIL)
    provider_id: Mapped[str | None]
    provider_status: Mapped[str | None]
    provider_at: Mapped[datetime | None]


class Due(Model):
    """When a message needs the worker next: to leave, or to be given up if it is `sending` and nobody reported.

    The worker sees every agency's rows here, and only here: ids and an instant.
    """

    __tablename__ = "due"
    __table_args__ = (
        Index(None, "at"),
        {
            "info": {
                "reach": "platform",
                "api": "select, insert, update, delete",  # a provider's word may settle what the worker waits for
                "worker": "select, insert, update, delete",
            }
        },
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
