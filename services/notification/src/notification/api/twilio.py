"""What Twilio tells us by itself; the signature says that it is Twilio."""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from common.database import Scope, transaction
from common.errors import Forbidden, NotThere, Unprocessable
from common.runtime import Runtime
from notification.commands import provider_answers
from notification.commands.provider_answers import Told
from notification.rules.answers import STEPS
from notification.senders.providers import Providers
from notification.senders.twilio import STATUS_PATH, Account, form_of, is_genuine

log = structlog.get_logger()

PUBLIC = frozenset({"/v1/twilio/status"})  # `STATUS_PATH`, written out for whoever looks at what is open
MEDIA = {STATUS_PATH: frozenset({"application/x-www-form-urlencoded"})}
ID_MOST = 64

router = APIRouter()


@router.post(STATUS_PATH, status_code=204)
async def message_status(
    request: Request, agency: UUID, message: UUID, number: Annotated[int, Query(ge=1, le=1000)]
) -> Response:
    """Hear what became of a text message. Safe to repeat; whatever is older than what is known changes nothing."""
    fields = await genuine_fields(request, STATUS_PATH)
    told = _told(fields, message, number)
    if told is not None:
        runtime: Runtime = request.state.runtime
        scope = Scope(agency, None, request.state.request_id, request.state.traceparent)
        async with transaction(runtime.engine, runtime.tables, scope) as db:
            await provider_answers.hear(db, runtime.keys, told)
        runtime.bell.ring()
    return Response(status_code=204)


async def genuine_fields(request: Request, path: str) -> dict[str, str]:
    """Return the fields of a webhook of Twilio's. Raises `NotThere`, `Unprocessable`, `Forbidden`."""
    providers: Providers = request.state.providers
    account = providers.twilio
    if account is None:
        raise NotThere
    try:
        fields = form_of(await request.body())
    except ValueError as error:
        raise Unprocessable("form-malformed", "Send a form whose fields stand once each, in UTF-8.") from error
    if not _is_twilios(request, account, path, fields):
        raise Forbidden("webhook-not-genuine", "Sign with the account's auth token, for the address as it was given.")
    return fields


def _is_twilios(request: Request, account: Account, path: str, fields: dict[str, str]) -> bool:
    """Check against the address that we gave out; what the request says of its own host proves nothing."""
    url = account.own_url + path + (f"?{request.url.query}" if request.url.query else "")
    given = request.headers.get("x-twilio-signature", "")
    return is_genuine(url, fields, given, account.token) and fields.get("AccountSid") == account.sid


def _told(fields: dict[str, str], message_id: UUID, number: int) -> Told | None:
    """Return what was told; null if it is a status that we do not know."""
    named, status, code = (fields.get(name, "") for name in ("MessageSid", "MessageStatus", "ErrorCode"))
    if not named or len(named) > ID_MOST:
        raise Unprocessable("message-sid-missing", "Name the message with MessageSid.", "/MessageSid")
    if status not in STEPS:
        log.warning("provider_status_unknown", message_id=str(message_id))
        return None
    error = int(code) if code.isascii() and code.isdigit() and len(code) <= 6 else None
    return Told(message_id, number, named, status, error, fields.get("To") or None)
