"""An agency's own systems that are told of facts, what each is told, and when the next try is due."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from notification.models.schema import Model
from notification.rules.webhooks import DeliveryState

WEBHOOK_URL = "webhook.url"
WEBHOOK_SECRET = "webhook.secret"  # noqa: S105 - the name of a column
WEBHOOK_OLD_SECRET = "webhook.old_secret"  # noqa: S105 - the name of a column
WEBHOOK_REASON = "webhook.participants_because"
STATES = ", ".join(f"'{state}'" for state in DeliveryState)


class Webhook(Model):
    """One address of an agency's own; its URL, secrets and reason are sealed to the webhook's own key.

    `kinds`: types of facts. `participants_because`: why people's ids go with them; null: they do not.
    `failing_since`: of the first failure since the last success. `old_secret` signs as well until `old_until`.
    """

    __tablename__ = "webhook"
    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    host: Mapped[str]
    url: Mapped[bytes]
    kinds: Mapped[list[str]]
    secret: Mapped[bytes | None]
    old_secret: Mapped[bytes | None]
    old_until: Mapped[datetime | None]
    participants_because: Mapped[bytes | None]
    registered_by: Mapped[UUID]
    registered_at: Mapped[datetime]
    failing_since: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    version: Mapped[int]


class WebhookDelivery(Model):
    """One fact for one webhook, kept once however often its event arrives. `body`: ids, codes and instants."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        ForeignKeyConstraint(
            ["agency_id", "webhook_id"], ["notification.webhook.agency_id", "notification.webhook.id"]
        ),
        CheckConstraint(f"state in ({STATES})", name="state"),
        Index(None, "agency_id", "created_at"),
        {"info": {"worker": "select, insert, update, delete"}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    webhook_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str]
    attempts: Mapped[int]
    created_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    delivered_at: Mapped[datetime | None]


class WebhookDue(Model):
    """When a delivery is tried next, or given back if its worker died; the worker sees every agency's: ids only."""

    __tablename__ = "webhook_due"
    __table_args__ = (
        Index(None, "at"),
        {
            "info": {
                "reach": "platform",
                "api": "select, insert, update, delete",
                "worker": "select, insert, update, delete",
            }
        },
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    webhook_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
