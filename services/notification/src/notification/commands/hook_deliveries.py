"""Taking the calls to agencies' own systems that are due, and recording what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, func, select, update

from common.contracts.codes import Role
from common.database import Db
from common.privacy import KeyRing, Sealer
from notification.commands.intents import intent, store
from notification.models import (
    WEBHOOK_OLD_SECRET,
    WEBHOOK_SECRET,
    WEBHOOK_URL,
    Webhook,
    WebhookDelivery,
    WebhookDue,
)
from notification.queries.messages import staff_in
from notification.rules.messages import Template
from notification.rules.webhooks import FORGOTTEN_AFTER, GIVEN_BACK_AFTER, DeliveryState, is_given_up, next_try
from notification.senders.hooks import Hook


@dataclass(frozen=True)
class HookCall:
    """One call that is about to be made; where to lives in memory only."""

    webhook_id: UUID
    event_id: UUID
    body: str
    address: str = field(repr=False)
    at: datetime


@dataclass(frozen=True)
class CallFailed:
    """Why a call failed. `final`: nothing will change by itself, so the webhook is switched off."""

    code: str
    final: bool = False
    retry_after: timedelta | None = None


async def agency_with_due_calls(db: Db) -> UUID | None:
    """Return the agency whose call has waited longest; needs no agency's context."""
    return await db.scalar(select(WebhookDue.agency_id).where(WebhookDue.at <= db.now).order_by(WebhookDue.at).limit(1))


async def claim(db: Db, keys: KeyRing, limit: int) -> list[HookCall]:
    """Take up to `limit` due calls of the agency; those of a worker that died come due again by themselves."""
    await _forget_old(db)
    found = await db.scalars(
        select(WebhookDelivery)
        .join(WebhookDue, _same())
        .where(WebhookDue.agency_id == db.scope.agency_id, WebhookDue.at <= db.now)
        .order_by(WebhookDue.at, WebhookDelivery.event_id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=WebhookDelivery)
    )
    rows = found.all()
    hooks = {
        one.id: one for one in await db.scalars(select(Webhook).where(Webhook.id.in_({r.webhook_id for r in rows})))
    }
    sealers = await keys.sealers(db, db.scope.agency_id, set(hooks)) if hooks else {}
    calls = []
    for row in rows:
        if (hook := hooks[row.webhook_id]).secret is None or hook.disabled_at is not None:
            await db.execute(delete(WebhookDue).where(*_this(row)))
            continue
        row.state, row.tried_at = DeliveryState.SENDING, db.now
        await db.execute(update(WebhookDue).where(*_this(row)).values(at=db.now + GIVEN_BACK_AFTER))
        calls.append(_call(row, _address(hook, sealers[hook.id], db.now), db.now))
    return calls


async def _forget_old(db: Db) -> None:
    ended = WebhookDelivery.state.in_((DeliveryState.DELIVERED, DeliveryState.CANCELLED))
    old = WebhookDelivery.created_at < db.now - FORGOTTEN_AFTER
    await db.execute(delete(WebhookDelivery).where(WebhookDelivery.agency_id == db.scope.agency_id, old, ended))


def _same() -> Any:
    return (
        (WebhookDue.agency_id == WebhookDelivery.agency_id)
        & (WebhookDue.webhook_id == WebhookDelivery.webhook_id)
        & (WebhookDue.event_id == WebhookDelivery.event_id)
    )


def _this(row: WebhookDelivery) -> Sequence[Any]:
    return (
        WebhookDue.agency_id == row.agency_id,
        WebhookDue.webhook_id == row.webhook_id,
        WebhookDue.event_id == row.event_id,
    )


def _address(hook: Webhook, sealer: Sealer, now: datetime) -> str:
    """Return where to call and the secrets that sign: the present one, and the one before for a day."""
    sealed = [(WEBHOOK_SECRET, hook.secret)]
    if hook.old_until is not None and hook.old_until > now:
        sealed.append((WEBHOOK_OLD_SECRET, hook.old_secret))
    opened = [str(sealer.open(place, value)) for place, value in sealed if value is not None]
    return Hook(str(sealer.open(WEBHOOK_URL, hook.url)), tuple(opened)).address()


def _call(row: WebhookDelivery, address: str, now: datetime) -> HookCall:
    body = orjson.dumps(row.body, option=orjson.OPT_SORT_KEYS).decode()
    return HookCall(webhook_id=row.webhook_id, event_id=row.event_id, body=body, address=address, at=now)


async def record(db: Db, call: HookCall, failed: CallFailed | None, scale: float) -> None:
    """Record how a call ended; null: it was taken. What was withdrawn meanwhile stays as it is."""
    hook = await db.get(Webhook, (db.scope.agency_id, call.webhook_id), with_for_update=True)
    row = await db.get(WebhookDelivery, (db.scope.agency_id, call.webhook_id, call.event_id), with_for_update=True)
    if hook is None or row is None or row.state != DeliveryState.SENDING:
        return
    row.attempts += 1
    row.last_error = failed.code if failed else None
    if failed is None:
        await _taken(db, hook, row)
    else:
        await _not_taken(db, hook, row, failed, scale)


async def _taken(db: Db, hook: Webhook, row: WebhookDelivery) -> None:
    row.state, row.delivered_at = DeliveryState.DELIVERED, db.now
    await db.execute(delete(WebhookDue).where(*_this(row)))
    if hook.failing_since is not None:  # it works again: what stood back need not wait any longer
        hook.failing_since = None
        await _move(db, hook, func.least(WebhookDue.at, db.now))


async def _not_taken(db: Db, hook: Webhook, row: WebhookDelivery, failed: CallFailed, scale: float) -> None:
    row.state = DeliveryState.QUEUED
    hook.failing_since = hook.failing_since or db.now
    if failed.final or is_given_up(hook.failing_since, db.now):
        hook.disabled_at = hook.disabled_at or db.now
        hook.version += 1
        await db.execute(delete(WebhookDue).where(*_all(hook)))
        db.audit("webhook.disable", hook.id, reason=failed.code)
        await _tell(db, hook)
        return
    again = db.now + next_try(row.attempts, failed.retry_after, scale)
    await db.execute(update(WebhookDue).where(*_this(row)).values(at=again))
    await _move(db, hook, func.greatest(WebhookDue.at, again))  # one that fails is not called for each of its facts


async def _tell(db: Db, hook: Webhook) -> None:
    """Tell the administrators, once each time it is switched off."""
    occasion = f"{hook.id}/{hook.version}"
    told = await staff_in(db, [Role.ADMINISTRATOR])
    await store(db, [intent(db, Template.WEBHOOK_OFF, one, occasion, db.now, None) for one in sorted(told)])


def _all(hook: Webhook) -> Sequence[Any]:
    return WebhookDue.agency_id == hook.agency_id, WebhookDue.webhook_id == hook.id


async def _move(db: Db, hook: Webhook, at: Any) -> None:
    """Move the calls of a webhook that wait; those under way keep their time."""
    waits = (
        select(WebhookDelivery.event_id)
        .where(WebhookDelivery.webhook_id == hook.id, WebhookDelivery.state == DeliveryState.QUEUED)
        .scalar_subquery()
    )
    await db.execute(update(WebhookDue).where(*_all(hook), WebhookDue.event_id.in_(waits)).values(at=at))
