"""How administrators connect an agency's own systems."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Call, Created, CurrentCall, answer, decode_cursor, stepped_up
from notification.api.admission import ADMINISTERING, Limit
from notification.commands import webhooks
from notification.queries import webhooks as queries
from notification.senders.providers import Providers

SENSITIVE = [*ADMINISTERING, stepped_up()]

router = APIRouter(prefix="/v1")


@router.get("/webhook-kinds", dependencies=ADMINISTERING)
async def webhook_kinds(call: CurrentCall) -> queries.WebhookKinds:
    """Return the kinds of facts that a webhook may be told of."""
    return queries.kinds()


@router.post("/webhooks", status_code=201, response_model=Created, dependencies=SENSITIVE)
async def register_webhook(call: CurrentCall, body: webhooks.AskedWebhook) -> Response:
    """Register an address of the agency's own; ask for its secret next, which puts it in use."""
    keys, actor, providers = call.runtime.keys, call.actor, _providers(call)
    return await call.once(body, lambda db: webhooks.register(db, keys, actor, providers, body))


@router.put("/webhooks/{webhook_id}", response_model=Created, dependencies=SENSITIVE)
async def change_webhook(call: CurrentCall, webhook_id: UUID, body: webhooks.AskedWebhook) -> Response:
    """Replace its address, its kinds, and whether ids of people go with them."""
    keys, providers = call.runtime.keys, _providers(call)
    return await call.change(lambda db, expected: webhooks.change(db, keys, providers, webhook_id, expected, body))


@router.post(
    "/webhooks/{webhook_id}/secrets", status_code=201, response_model=webhooks.ShownSecret, dependencies=SENSITIVE
)
async def renew_secret(call: CurrentCall, webhook_id: UUID) -> Response:
    """Show a new secret, this once. Needs no Idempotency-Key: the newest one is the one that counts."""
    async with call.transaction() as db:
        shown = await webhooks.renew_secret(db, call.runtime.keys, webhook_id)
    return answer(shown.model_dump_json().encode(), 201, etag=shown.version)


@router.post("/webhooks/{webhook_id}/tests", status_code=201, response_model=Created, dependencies=ADMINISTERING)
async def test_webhook(call: CurrentCall, webhook_id: UUID, body: webhooks.AskWebhookTest) -> Response:
    """Have it called once with nothing in it; how that went stands among its calls."""
    return await call.once(body, lambda db: webhooks.ask_test(db, webhook_id))


@router.put("/webhooks/{webhook_id}/enabled", response_model=Created, dependencies=ADMINISTERING)
async def enable_webhook(call: CurrentCall, webhook_id: UUID) -> Response:
    """Switch it on again after days of failure; a repeat changes nothing."""
    return await call.change(lambda db, expected: webhooks.enable(db, webhook_id, expected))


@router.put("/webhooks/{webhook_id}/withdrawal", response_model=Created, dependencies=ADMINISTERING)
async def withdraw_webhook(call: CurrentCall, webhook_id: UUID) -> Response:
    """Tell it nothing any more, for good; a repeat changes nothing."""
    return await call.change(lambda db, expected: webhooks.withdraw(db, webhook_id, expected))


@router.get("/webhooks", dependencies=ADMINISTERING)
async def webhook_list(call: CurrentCall, withdrawn: bool = False) -> queries.WebhookList:
    async with call.reading("webhook.list") as db:
        return await queries.webhook_list(db, withdrawn=withdrawn)


@router.get("/webhooks/{webhook_id}", response_model=queries.WebhookRead, dependencies=ADMINISTERING)
async def webhook(call: CurrentCall, webhook_id: UUID) -> Response:
    async with call.reading("webhook.read", webhook_id) as db:
        read = await queries.webhook(db, call.runtime.keys, webhook_id)
    return answer(read.model_dump_json().encode(), etag=read.version)


@router.get("/webhooks/{webhook_id}/calls", dependencies=ADMINISTERING)
async def webhook_calls(
    call: CurrentCall, webhook_id: UUID, next: str | None = None, limit: Limit = 50
) -> queries.CallPage:
    """List what it was told and what is still to come, newest first."""
    async with call.reading("webhook.calls", webhook_id) as db:
        return await queries.call_page(db, webhook_id, decode_cursor(next), limit)


def _providers(call: Call) -> Providers:
    providers: Providers = call.request.state.providers
    return providers
