"""Who agreed to which messages, which numbers want none, and what people answered.

No number and no address stands here: one is known by a keyed digest of the whole installation, so that a wish to be
left alone holds for every agency and outlives the person's record.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from notification.models.schema import Model

REPLY_WORDS = "reply.words"
CONSENT_SHOWN = "message_consent.shown"
INBOUND_WORDS = "inbound.words"


class ContactStanding(Model):
    """How one number or address stands with the whole installation, whoever's it is.

    `stopped_at`: it wants nothing (`stopped_by`: words, link, carrier or staff); null: it may. `confirmed_at`: when the
    one confirmation of that stop was answered. `held_at`: it wrote what a human must read first. `locked_at`: it
    bounced, until the person's safe contact is confirmed later than that. `helped_at`: when HELP was answered last.
    """

    __tablename__ = "contact_standing"
    __table_args__: Any = (
        CheckConstraint("channel in ('sms', 'email')", name="channel"),
        CheckConstraint("(stopped_at is null) = (stopped_by is null)", name="stopped_by"),
        {"info": {"reach": "shared", "api": "select, insert, update", "worker": "select, insert, update"}},
    )

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    stopped_at: Mapped[datetime | None]
    stopped_by: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    held_at: Mapped[datetime | None]
    locked_at: Mapped[datetime | None]
    helped_at: Mapped[datetime | None]
    version: Mapped[int]


class Inbound(Model):
    """One message that came in, by its provider's name for it; the worker finds out whom it concerns.

    `words`: sealed to the installation; forgotten once they are a `Reply`. `raised_at`: when intake had the concern
    that it raises, if it does.
    """

    __tablename__ = "inbound"
    __table_args__: Any = (
        Index("ix_inbound_due", "at", postgresql_where=sql("routed_at is null or raises and raised_at is null")),
        {"info": {"reach": "shared", "api": "select, insert", "worker": "select, update"}},
    )

    provider_id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes]
    channel: Mapped[str]
    meaning: Mapped[str]
    words: Mapped[bytes | None]
    at: Mapped[datetime]
    routed_at: Mapped[datetime | None]
    raises: Mapped[bool]
    raised_at: Mapped[datetime | None]


class Correspondent(Model):
    """Whom an agency writes to at a number: the latest of them is who an answer is from. The worker sees all."""

    __tablename__ = "correspondent"
    __table_args__: Any = (
        Index("ix_correspondent_digest", "digest", "last_at"),
        {"info": {"reach": "platform", "api": "select", "worker": "select, insert, update"}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    last_at: Mapped[datetime]


class MessageConsent(Model):
    """One agreement: to messages for some purposes, to one number or address. `shown`: the words shown, sealed."""

    __tablename__ = "message_consent"
    __table_args__: Any = (
        CheckConstraint("channel in ('sms', 'email')", name="channel"),
        CheckConstraint("cardinality(purposes) > 0", name="purposes"),
        Index(
            "uq_message_consent_standing",
            "agency_id",
            "participant_id",
            "channel",
            "digest",
            unique=True,
            postgresql_where=sql("withdrawn_at is null"),
        ),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    channel: Mapped[str]
    digest: Mapped[bytes]
    purposes: Mapped[list[str]]
    shown: Mapped[bytes]
    source: Mapped[str]
    agreed_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int]


class Reply(Model):
    """What somebody answered, kept with the person and not with their peer; `words` is sealed to them.

    `participant_id`: null if nobody is known by that number; then `words` is sealed to the reply itself.
    `resolution`: what a human made of one that was not clear: stop, resume or no_change.
    """

    __tablename__ = "reply"
    __table_args__: Any = (
        Index("ix_reply_waiting", "agency_id", "id", postgresql_where=sql("waits and resolved_at is null")),
        Index(None, "agency_id", "participant_id", "id"),
        Index("uq_reply_provider", "agency_id", "provider_id", unique=True),
        {"info": {"api": "select, update"}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    provider_id: Mapped[str]
    participant_id: Mapped[UUID | None]
    channel: Mapped[str]
    digest: Mapped[bytes]
    meaning: Mapped[str]
    words: Mapped[bytes]
    at: Mapped[datetime]
    waits: Mapped[bool]
    resolution: Mapped[str | None]
    resolved_by: Mapped[UUID | None]
    resolved_at: Mapped[datetime | None]
    version: Mapped[int]


class MessageTemplate(Model):
    """An agency's own words for one kind of message to persons: draft, then approved by another, then retired.

    `texts`: by language, then by part (subject, text, short), as they were approved.
    """

    __tablename__ = "message_template"
    __table_args__: Any = (
        CheckConstraint("state in ('draft', 'approved', 'retired')", name="state"),
        CheckConstraint("approved_by is null or approved_by <> written_by", name="approved_by"),
        Index(
            "uq_message_template_approved",
            "agency_id",
            "kind",
            unique=True,
            postgresql_where=sql("state = 'approved'"),
        ),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    state: Mapped[str]
    texts: Mapped[dict[str, Any]]
    written_by: Mapped[UUID]
    written_at: Mapped[datetime]
    approved_by: Mapped[UUID | None]
    approved_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    version: Mapped[int]
