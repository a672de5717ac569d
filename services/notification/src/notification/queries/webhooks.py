"""What can be asked about an agency's own systems: which there are, what they are told, and how their calls went."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select

from common.database import Db
from common.errors import NotThere
from common.http import PAGE_MOST, Cursor, encode_cursor
from common.privacy import KeyRing
from notification.models import WEBHOOK_REASON, WEBHOOK_URL, Webhook, WebhookDelivery
from notification.rules.webhooks import KINDS, WEBHOOKS_MOST, DeliveryState


class WebhookEntry(BaseModel):
    """One webhook. `in_use`: its secret was asked for, and it was neither switched off nor withdrawn."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    host: str
    kinds: list[str]
    with_participants: bool = False
    in_use: bool = False
    registered_by: UUID
    registered_at: AwareDatetime
    failing_since: AwareDatetime | None
    disabled_at: AwareDatetime | None
    withdrawn_at: AwareDatetime | None


class WebhookRead(WebhookEntry):
    url: str = ""
    participants_because: str | None = None


class WebhookList(BaseModel):
    items: list[WebhookEntry]


class WebhookKinds(BaseModel):
    """What a webhook may be told of; `with_participants` adds ids of people to each."""

    kinds: list[str]


class CallEntry(BaseModel):
    """One fact for one webhook, and how far it came."""

    model_config = ConfigDict(from_attributes=True)

    event_id: UUID
    kind: str
    state: DeliveryState
    attempts: int
    created_at: AwareDatetime
    tried_at: AwareDatetime | None
    delivered_at: AwareDatetime | None
    last_error: str | None = Field(description="a code of ours, or status- and what the receiver answered")


class CallPage(BaseModel):
    items: list[CallEntry]
    next: str | None = None


def kinds() -> WebhookKinds:
    return WebhookKinds(kinds=list(KINDS))


async def webhook_list(db: Db, *, withdrawn: bool) -> WebhookList:
    """Return the agency's webhooks, or the newest of those withdrawn."""
    gone = Webhook.withdrawn_at.is_not(None) if withdrawn else Webhook.withdrawn_at.is_(None)
    rows = await db.scalars(select(Webhook).where(gone).order_by(Webhook.id.desc()).limit(WEBHOOKS_MOST))
    return WebhookList(items=[WebhookEntry.model_validate(_shown(row)) for row in rows])


def _shown(row: Webhook) -> dict[str, object]:
    shown = {name: getattr(row, name) for name in WebhookEntry.model_fields if hasattr(row, name)}
    in_use = row.secret is not None and row.disabled_at is None
    return shown | {"with_participants": row.participants_because is not None, "in_use": in_use}


async def webhook(db: Db, keys: KeyRing, webhook_id: UUID) -> WebhookRead:
    """Return one webhook with its address; never a secret. Raises `NotThere`."""
    row = await _own(db, webhook_id)
    sealer = await keys.sealer(db, row.agency_id, row.id)
    because = row.participants_because
    opened = {
        "url": str(sealer.open(WEBHOOK_URL, row.url)),
        "participants_because": None if because is None else str(sealer.open(WEBHOOK_REASON, because)),
    }
    return WebhookRead.model_validate(_shown(row) | opened)


async def call_page(db: Db, webhook_id: UUID, after: Cursor | None, limit: int) -> CallPage:
    """Return up to `limit` calls of a webhook, the newest fact first. Raises `NotThere`."""
    row = await _own(db, webhook_id)
    limit = min(limit, PAGE_MOST)
    question = select(WebhookDelivery).where(
        WebhookDelivery.agency_id == row.agency_id, WebhookDelivery.webhook_id == row.id
    )
    if after is not None:
        question = question.where(WebhookDelivery.event_id < after.id)
    rows = (await db.scalars(question.order_by(WebhookDelivery.event_id.desc()).limit(limit + 1))).all()
    items = [CallEntry.model_validate(one) for one in rows[:limit]]
    return CallPage(items=items, next=encode_cursor("", items[-1].event_id) if len(rows) > limit else None)


async def _own(db: Db, webhook_id: UUID) -> Webhook:
    row = await db.get(Webhook, (db.scope.agency_id, webhook_id))
    if row is None:
        raise NotThere
    return row
