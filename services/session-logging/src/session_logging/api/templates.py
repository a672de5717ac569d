"""How notes are asked for: the questions, and a program's own wording of them."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.contracts.codes import Modality, Role
from common.http import Created, CurrentCall, allow
from session_logging.api.admission import WORKING
from session_logging.commands import templates
from session_logging.queries import templates as queries
from session_logging.rules.prompts import Language

router = APIRouter(prefix="/v1")
SETTING = [allow(Role.SUPERVISOR, Role.ADMINISTRATOR)]


@router.post("/note-templates", status_code=201, response_model=Created, dependencies=SETTING)
async def set_template(call: CurrentCall, body: templates.SetTemplate) -> Response:
    """Ask for notes in a program's own words; nothing that an audit needs can be left out."""
    return await call.once(body, lambda db: templates.set_template(db, body))


@router.put("/note-templates/{template_id}", response_model=Created, dependencies=SETTING)
async def change_template(call: CurrentCall, template_id: UUID, body: templates.SetTemplate) -> Response:
    return await call.change(lambda db, expected: templates.change_template(db, template_id, expected, body))


@router.put("/note-templates/{template_id}/retirement", response_model=Created, dependencies=SETTING)
async def retire_template(call: CurrentCall, template_id: UUID) -> Response:
    return await call.change(lambda db, expected: templates.retire_template(db, template_id, expected))


@router.get("/note-templates", dependencies=SETTING)
async def template_list(call: CurrentCall) -> list[queries.TemplateRead]:
    async with call.reading("note-template.list") as db:
        return await queries.templates(db)


@router.get("/note-prompts", dependencies=WORKING)
async def note_prompts(
    call: CurrentCall,
    program_id: UUID | None = None,
    modality: Modality | None = None,
    language: Language = Language.EN,
) -> queries.Prompts:
    """Return the questions for a note in plain words, and which elements of an audit their answers satisfy."""
    async with call.reading("note-prompts.read", program_id) as db:
        return await queries.note_prompts(db, program_id, modality, language)
