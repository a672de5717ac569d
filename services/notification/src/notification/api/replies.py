"""What people answer: taken in from the provider, read by whoever serves them, settled by a human."""

from uuid import UUID
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request
from starlette.responses import Response

from common.database import Scope, transaction
from common.errors import Unprocessable
from common.http import Created, CurrentCall, decode_cursor
from common.identity import NOBODY
from common.runtime import Runtime
from notification.api.admission import WRITING_TO, Limit
from notification.api.twilio import ID_MOST, genuine_fields
from notification.commands import inbound, resolutions
from notification.commands.inbound import Came, Reaction
from notification.queries import replies as queries
from notification.rules.replies import MOST_READ
from notification.senders.letters import answered
from notification.senders.providers import Providers
from notification.senders.twilio import NUMBER

INBOUND_PATH = "/v1/twilio/inbound"
PUBLIC = frozenset({"/v1/twilio/inbound"})
MEDIA = {INBOUND_PATH: frozenset({"application/x-www-form-urlencoded"})}

router = APIRouter()


class Twiml(Response):
    media_type = "application/xml"


@router.post(INBOUND_PATH, response_class=Twiml)
async def take_in(request: Request) -> Response:
    """Take in what somebody texted, and answer with TwiML: nothing, or one neutral confirmation. Safe to repeat."""
    fields = await genuine_fields(request, INBOUND_PATH)
    runtime: Runtime = request.state.runtime
    scope = Scope(NOBODY, None, request.state.request_id, request.state.traceparent)
    async with transaction(runtime.engine, runtime.tables, scope) as db:
        reaction = await inbound.take(db, runtime.keys, _came(fields))
    runtime.bell.ring()
    return Twiml(_twiml(reaction, request.state.providers))


def _came(fields: dict[str, str]) -> Came:
    named, number = fields.get("MessageSid", ""), fields.get("From", "")
    if not named or len(named) > ID_MOST:
        raise Unprocessable("message-sid-missing", "Name the message with MessageSid.", "/MessageSid")
    if not NUMBER.fullmatch(number):
        raise Unprocessable("number-malformed", "Say who wrote in From, in E.164.", "/From")
    return Came(named, number, fields.get("Body", "")[:MOST_READ], fields.get("OptOutType"))


def _twiml(reaction: Reaction | None, providers: Providers) -> str:
    said = (
        f"<Message>{escape(answered(reaction.template, reaction.language, providers.brand))}</Message>"
        if reaction
        else ""
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{said}</Response>'


@router.get("/v1/replies", dependencies=WRITING_TO)
async def replies(call: CurrentCall) -> queries.Replies:
    """List what waits to be read: of the people one serves, or of the whole agency; words of danger first."""
    async with call.transaction() as db:
        found = await queries.waiting(db, call.runtime.keys, call.actor)
        seen = sorted({one.participant_id for one in found.items if one.participant_id})
        db.audit("reply.list", None, seen=seen)
    return found


@router.get("/v1/participants/{participant_id}/conversation", dependencies=WRITING_TO)
async def conversation(
    call: CurrentCall, participant_id: UUID, next: str | None = None, limit: Limit = 50
) -> queries.Conversation:
    """Read what was said to a person and by them; it stays with them when their peer changes."""
    keys, after = call.runtime.keys, decode_cursor(next)
    async with call.reading("conversation.read", participant_id) as db:
        return await queries.conversation(db, keys, call.actor, participant_id, after, limit)


@router.put("/v1/replies/{reply_id}/resolution", response_model=Created, dependencies=WRITING_TO)
async def resolve(call: CurrentCall, reply_id: UUID, body: resolutions.Resolve) -> Response:
    """Say what a reply meant; what it held back goes on. A repeat changes nothing."""
    return await call.change(lambda db, expected: resolutions.resolve(db, call.actor, reply_id, body, expected))


@router.post("/v1/stops", status_code=201, response_model=Created, dependencies=WRITING_TO)
async def stop(call: CurrentCall, body: resolutions.StopMessages) -> Response:
    """Record that somebody said they want no more messages; every number and address of theirs is left alone."""
    return await call.once(body, lambda db: resolutions.stop_messages(db, call.actor, body))
