"""An agency's own systems: registered, changed, tried, switched on again, withdrawn; and what they are to be told."""

import secrets
from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import httpx
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.contracts.envelope import CloudEvent
from common.database import Db, once_per_transaction
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.inbox import Events, Reaction
from common.privacy import KeyRing
from common.text import Asked, Distinct, Line
from notification.models import (
    WEBHOOK_OLD_SECRET,
    WEBHOOK_REASON,
    WEBHOOK_SECRET,
    WEBHOOK_URL,
    Webhook,
    WebhookDelivery,
    WebhookDue,
)
from notification.rules.webhooks import (
    KINDS,
    OLD_SECRET_FOR,
    TEST_KIND,
    WEBHOOKS_MOST,
    DeliveryState,
    thin,
    trial,
)
from notification.senders.hooks import PREFIX, is_allowed
from notification.senders.outgoing import Rejected
from notification.senders.outside import parsed
from notification.senders.providers import Providers

SECRET_BYTES = 32
Kind = Annotated[str, StringConstraints(max_length=100)]


class AskedWebhook(Asked):
    """Where to call and of what. `participants_because`: why ids of people are to go with the facts; sealed."""

    url: Annotated[str, StringConstraints(min_length=8, max_length=1000)] = Field(
        description="https, on a host of the operator's list"
    )
    kinds: Annotated[list[Kind], Distinct] = Field(min_length=1, max_length=50, description="types of facts")
    participants_because: Line | None = Field(default=None, description="without a reason no id of a person is sent")


class ShownSecret(BaseModel):
    """The only answer that ever holds the secret."""

    id: UUID
    version: int
    secret: str = Field(repr=False, description="whsec_ and base64: the key that signs every call")


class AskWebhookTest(Asked):
    """Nothing to say but that it is wanted."""


async def register(db: Db, keys: KeyRing, actor: Actor, providers: Providers, request: AskedWebhook) -> Created:
    """Register an address; it is told nothing until its secret was asked for. Raises `Refused`, `Unprocessable`."""
    url = _acceptable(request, providers)
    held = select(func.count()).where(Webhook.agency_id == db.scope.agency_id, Webhook.withdrawn_at.is_(None))
    if (await db.scalar(held) or 0) >= WEBHOOKS_MOST:
        detail = f"An agency has at most {WEBHOOKS_MOST} webhooks. Withdraw one that is no longer used."
        raise Refused("too-many-webhooks", detail)
    hook = Webhook(
        agency_id=db.scope.agency_id, id=uuid7(), registered_by=actor.staff_id, registered_at=db.now, version=1
    )
    await _describe(db, keys, hook, url, request)
    db.add(hook)
    db.audit("webhook.register", hook.id, participants=request.participants_because is not None)
    return Created(id=hook.id, version=hook.version)


def _acceptable(request: AskedWebhook, providers: Providers) -> httpx.URL:
    unknown = [place for place, kind in enumerate(request.kinds) if kind not in KINDS]
    if unknown:
        detail = "Name kinds that GET /v1/webhook-kinds lists."
        raise Unprocessable("webhook-kind-unknown", detail, f"/kinds/{unknown[0]}")
    try:
        url = parsed(request.url)
    except Rejected as error:
        detail = "Give a whole https address without a sign-in in it."
        raise Unprocessable("webhook-url-malformed", detail, "/url") from error
    if url.scheme != "https" and not providers.insecure:
        raise Unprocessable("webhook-not-encrypted", "Give an address that begins with https.", "/url")
    if not is_allowed(url, providers.webhook_hosts):
        detail = "Ask the operator of this installation to allow that host, then register it again."
        raise Unprocessable("webhook-host-not-allowed", detail, "/url")
    return url


async def _describe(db: Db, keys: KeyRing, hook: Webhook, url: httpx.URL, request: AskedWebhook) -> None:
    sealer = await keys.sealer(db, hook.agency_id, hook.id)
    why = request.participants_because
    hook.host = url.netloc.decode("ascii").lower()
    hook.url = sealer.seal(WEBHOOK_URL, str(url))
    hook.kinds = sorted(request.kinds)
    hook.participants_because = None if why is None else sealer.seal(WEBHOOK_REASON, why)


async def change(
    db: Db, keys: KeyRing, providers: Providers, webhook_id: UUID, expected: int, request: AskedWebhook
) -> Created:
    """Replace what a webhook is told, and where; what waits goes to the new address."""
    url = _acceptable(request, providers)
    hook = await _standing(db, webhook_id)
    require_version(hook.version, expected)
    await _describe(db, keys, hook, url, request)
    return _changed(db, hook, "webhook.change", participants=request.participants_because is not None)


async def renew_secret(db: Db, keys: KeyRing, webhook_id: UUID) -> ShownSecret:
    """Make a new secret; the one before signs beside it for a day, so that the receiver can change over."""
    hook = await _standing(db, webhook_id)
    sealer = await keys.sealer(db, hook.agency_id, hook.id)
    secret = PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    if hook.secret is not None:
        old = sealer.open(WEBHOOK_SECRET, hook.secret)
        hook.old_secret, hook.old_until = sealer.seal(WEBHOOK_OLD_SECRET, old), db.now + OLD_SECRET_FOR
    hook.secret = sealer.seal(WEBHOOK_SECRET, secret)
    changed = _changed(db, hook, "webhook.renew_secret")
    return ShownSecret(id=changed.id, version=changed.version, secret=secret)


async def enable(db: Db, webhook_id: UUID, expected: int) -> Created:
    """Switch a webhook on again that failed for days; what waited meanwhile is sent."""
    hook = await _standing(db, webhook_id)
    if hook.disabled_at is None:
        return Created(id=hook.id, version=hook.version)
    require_version(hook.version, expected)
    hook.disabled_at = hook.failing_since = None
    waiting = await db.scalars(
        select(WebhookDelivery.event_id).where(*_of(WebhookDelivery, hook), WebhookDelivery.state.in_(OPEN))
    )
    await _due(db, [(hook.id, event_id) for event_id in waiting], {})
    return _changed(db, hook, "webhook.enable")


async def withdraw(db: Db, webhook_id: UUID, expected: int) -> Created:
    """Stop telling an address anything, for good; its secrets are destroyed. Said again it changes nothing."""
    hook = await _own(db, webhook_id)
    if hook.withdrawn_at is not None:
        return Created(id=hook.id, version=hook.version)
    require_version(hook.version, expected)
    hook.withdrawn_at = db.now
    hook.secret = hook.old_secret = None
    waiting = update(WebhookDelivery).where(*_of(WebhookDelivery, hook), WebhookDelivery.state.in_(OPEN))
    await db.execute(waiting.values(state=DeliveryState.CANCELLED))
    await db.execute(delete(WebhookDue).where(*_of(WebhookDue, hook)))
    return _changed(db, hook, "webhook.withdraw")


async def ask_test(db: Db, webhook_id: UUID) -> Created:
    """Send a call that says nothing but that it is a test. Raises `Refused` where nothing is sent at present."""
    hook = await _standing(db, webhook_id)
    if hook.secret is None or hook.disabled_at is not None:
        detail = "It is not in use: ask for its secret, or switch it on again, then test it."
        raise Refused("webhook-not-in-use", detail)
    event_id = uuid7()
    await _keep(db, [_row(db, hook.id, event_id, TEST_KIND, trial(hook.id, event_id, db.now))])
    db.audit("webhook.test", hook.id)
    return Created(id=event_id, version=hook.version)


OPEN = (DeliveryState.QUEUED, DeliveryState.SENDING)


def _of(model: Any, hook: Webhook) -> tuple[Any, Any]:
    return model.agency_id == hook.agency_id, model.webhook_id == hook.id


async def _own(db: Db, webhook_id: UUID) -> Webhook:
    hook = await db.get(Webhook, (db.scope.agency_id, webhook_id), with_for_update=True)
    if hook is None:
        raise NotThere
    return hook


async def _standing(db: Db, webhook_id: UUID) -> Webhook:
    hook = await _own(db, webhook_id)
    if hook.withdrawn_at is not None:
        raise Refused("webhook-withdrawn", "This webhook was withdrawn for good. Register it anew.")
    return hook


def _changed(db: Db, hook: Webhook, action: str, **detail: object) -> Created:
    hook.version += 1
    db.audit(action, hook.id, **detail)
    return Created(id=hook.id, version=hook.version)


# --- what is told


@dataclass(frozen=True)
class _Listener:
    id: UUID
    kinds: frozenset[str]
    participants: bool
    disabled: bool
    failing: bool


def with_webhooks(reactions: dict[Any, Reaction]) -> dict[Any, Reaction]:
    """Return the same reactions, after each of which the agency's own systems are told what they asked for."""
    wrapped = {reaction: _then_tell(reaction) for reaction in set(reactions.values())}
    return {fact: wrapped[reaction] for fact, reaction in reactions.items()}


def _then_tell(reaction: Reaction) -> Reaction:
    async def react(db: Db, events: Events) -> None:
        await reaction(db, events)
        await tell(db, events)

    return react


async def tell(db: Db, events: Sequence[CloudEvent[Any]]) -> None:
    """Keep each fact for each webhook that asked for its kind, once; what is switched off keeps it for later."""
    wanted = [event for event in events if event.type in KINDS]
    listeners = await _listeners(db, db.scope.agency_id) if wanted else []
    rows = [
        _row(db, one.id, event.id, event.type, thin(event, participants=one.participants))
        for one in listeners
        for event in wanted
        if event.type in one.kinds
    ]
    disabled = {one.id for one in listeners if one.disabled}
    await _keep(db, rows, disabled, await _next_calls(db, {one.id for one in listeners if one.failing}))


async def _next_calls(db: Db, failing: set[UUID]) -> Mapping[UUID, datetime]:
    """Return when webhooks that fail are called next: what is new waits for that too."""
    if not failing:
        return {}
    found = await db.execute(
        select(WebhookDue.webhook_id, func.min(WebhookDue.at))
        .where(WebhookDue.agency_id == db.scope.agency_id, WebhookDue.webhook_id.in_(failing))
        .group_by(WebhookDue.webhook_id)
    )
    return {row[0]: max(row[1], db.now) for row in found}


@once_per_transaction
async def _listeners(db: Db, agency_id: UUID) -> list[_Listener]:
    found = await db.scalars(
        select(Webhook).where(
            Webhook.agency_id == agency_id, Webhook.withdrawn_at.is_(None), Webhook.secret.is_not(None)
        )
    )
    return [
        _Listener(
            id=one.id,
            kinds=frozenset(one.kinds),
            participants=one.participants_because is not None,
            disabled=one.disabled_at is not None,
            failing=one.failing_since is not None,
        )
        for one in found
    ]


def _row(db: Db, webhook_id: UUID, event_id: UUID, kind: str, body: dict[str, object]) -> dict[str, object]:
    return {
        "agency_id": db.scope.agency_id,
        "webhook_id": webhook_id,
        "event_id": event_id,
        "kind": kind,
        "body": body,
        "state": DeliveryState.QUEUED,
        "attempts": 0,
        "created_at": db.now,
    }


async def _keep(
    db: Db,
    rows: list[dict[str, object]],
    disabled: Collection[UUID] = (),
    later: Mapping[UUID, datetime] | None = None,
) -> None:
    """Keep what is new. `later`: by webhook, when to call where that is not at once."""
    if not rows:
        return
    ordered = sorted(rows, key=lambda row: (str(row["webhook_id"]), str(row["event_id"])))
    fresh = insert(WebhookDelivery).on_conflict_do_nothing()
    stored = await db.execute(fresh.returning(WebhookDelivery.webhook_id, WebhookDelivery.event_id), ordered)
    await _due(db, [(one.webhook_id, one.event_id) for one in stored if one.webhook_id not in disabled], later or {})


async def _due(db: Db, which: Sequence[tuple[UUID, UUID]], later: Mapping[UUID, datetime]) -> None:
    if which:
        rows = [
            {
                "agency_id": db.scope.agency_id,
                "webhook_id": webhook_id,
                "event_id": event_id,
                "at": later.get(webhook_id, db.now),
            }
            for webhook_id, event_id in which
        ]
        await db.execute(insert(WebhookDue).on_conflict_do_nothing(), rows)
