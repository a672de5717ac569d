"""Which messages a person agreed to: recorded, read, withdrawn."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall
from notification.api.admission import WRITING_TO
from notification.commands import consents as commands
from notification.queries import consents as queries

router = APIRouter(prefix="/v1")


@router.post(
    "/participants/{participant_id}/message-consents",
    status_code=201,
    response_model=Created,
    dependencies=WRITING_TO,
)
async def agree(call: CurrentCall, participant_id: UUID, body: commands.AgreeToMessages) -> Response:
    """Record that a person agreed to messages by one number or address; nothing is sent to them before."""
    keys = call.runtime.keys
    return await call.once(body, lambda db: commands.agree(db, keys, call.actor, participant_id, body))


@router.get("/participants/{participant_id}/message-consents", dependencies=WRITING_TO)
async def message_consents(call: CurrentCall, participant_id: UUID) -> queries.MessageConsents:
    """Return what a person agreed to, and whether a stop, a hold or a bounce stands in the way."""
    async with call.reading("message-consent.list", participant_id) as db:
        return await queries.message_consents(db, call.runtime.keys, call.actor, participant_id)


@router.put("/message-consents/{consent_id}/withdrawal", response_model=Created, dependencies=WRITING_TO)
async def withdraw(call: CurrentCall, consent_id: UUID) -> Response:
    """Withdraw an agreement; what waits to be sent waits on. A repeat changes nothing."""
    return await call.change(lambda db, expected: commands.withdraw(db, call.actor, consent_id, expected))
