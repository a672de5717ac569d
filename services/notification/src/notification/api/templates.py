"""An agency's own words for messages to persons, and saying something to one by hand."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.http import Created, CurrentCall
from notification.api.admission import APPROVING, SUPERVISING, WRITING_TO
from notification.commands import persons
from notification.commands import templates as commands
from notification.queries import templates as queries

router = APIRouter(prefix="/v1")


@router.post("/message-templates", status_code=201, response_model=Created, dependencies=SUPERVISING)
async def write(call: CurrentCall, body: commands.WriteTemplate) -> Response:
    """Write a draft; whatever a stranger should not read is named, part by part."""
    return await call.once(body, lambda db: commands.write(db, call.actor, body))


@router.get("/message-templates", dependencies=APPROVING)
async def message_templates(call: CurrentCall) -> queries.MessageTemplates:
    """List drafts, what is in force, and what was."""
    async with call.reading("message-template.list", None) as db:
        return await queries.message_templates(db)


@router.get("/message-templates/{template_id}/preview", dependencies=APPROVING)
async def preview(call: CurrentCall, template_id: UUID) -> queries.Preview:
    """Show a template as it would be read, and as how many text messages it would be counted."""
    async with call.reading("message-template.preview", template_id) as db:
        return await queries.preview(db, template_id)


@router.put("/message-templates/{template_id}/approval", response_model=Created, dependencies=APPROVING)
async def approve(call: CurrentCall, template_id: UUID) -> Response:
    """Put a draft in force that somebody else wrote; the one before is retired. A repeat changes nothing."""
    return await call.change(lambda db, expected: commands.approve(db, call.actor, template_id, expected))


@router.put("/message-templates/{template_id}/retirement", response_model=Created, dependencies=APPROVING)
async def retire(call: CurrentCall, template_id: UUID) -> Response:
    """Take a template out of use; the built-in words stand in for it. A repeat changes nothing."""
    return await call.change(lambda db, expected: commands.retire(db, template_id, expected))


@router.post(
    "/participants/{participant_id}/messages", status_code=201, response_model=Created, dependencies=WRITING_TO
)
async def say(call: CurrentCall, participant_id: UUID, body: persons.SayTo) -> Response:
    """Say one of few things to a person, in approved words; it leaves when and if they agreed to it."""
    return await call.once(body, lambda db: persons.say(db, call.actor, participant_id, body))
