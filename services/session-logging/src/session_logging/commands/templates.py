"""A program's own questions for its notes."""

from typing import Annotated
from uuid import UUID

from pydantic import Field
from uuid_utils.compat import uuid7

from common.contracts.codes import Modality
from common.database import Db
from common.errors import NotThere, Refused
from common.http import Created, require_version
from common.text import Asked, Distinct, Label
from session_logging.commands.lookups import unknown
from session_logging.models import NoteTemplate, Program
from session_logging.rules.prompts import NoteField, Question, require_whole


class SetTemplate(Asked):
    """Questions in their order. None for a field that an audit needs may be left out; the wording is the program's."""

    title: Label
    program_id: UUID | None = Field(default=None, description="none: every program's")
    modalities: Annotated[list[Modality], Distinct] = Field(default=[], max_length=len(Modality))
    questions: list[Question] = Field(min_length=1, max_length=len(NoteField))


async def set_template(db: Db, request: SetTemplate) -> Created:
    await _require_fit(db, request)
    template = NoteTemplate(agency_id=db.scope.agency_id, id=uuid7(), version=1, **request.model_dump(mode="json"))
    template.program_id = request.program_id
    db.add(template)
    db.audit("note-template.set", template.id)
    return Created(id=template.id, version=1)


async def change_template(db: Db, template_id: UUID, expected: int, request: SetTemplate) -> Created:
    await _require_fit(db, request)
    template = await _live(db, template_id, expected)
    told = request.model_dump(mode="json")
    template.title, template.program_id = request.title, request.program_id
    template.modalities, template.questions = told["modalities"], told["questions"]
    return _changed(db, template, "note-template.change")


async def retire_template(db: Db, template_id: UUID, expected: int) -> Created:
    """Ask no more with these questions; notes that were written with them stand."""
    template = await _live(db, template_id, expected)
    template.retired_at = db.now
    return _changed(db, template, "note-template.retire")


async def _require_fit(db: Db, request: SetTemplate) -> None:
    require_whole(request.questions)
    if request.program_id is not None and await db.get(Program, (db.scope.agency_id, request.program_id)) is None:
        raise unknown("program", "/program_id")


async def _live(db: Db, template_id: UUID, expected: int) -> NoteTemplate:
    template = await db.get(NoteTemplate, (db.scope.agency_id, template_id), with_for_update=True)
    if template is None:
        raise NotThere
    if template.retired_at is not None:
        raise Refused("template-retired", "These questions were retired. Set new ones.")
    require_version(template.version, expected)
    return template


def _changed(db: Db, template: NoteTemplate, action: str) -> Created:
    template.version += 1
    db.audit(action, template.id)
    return Created(id=template.id, version=template.version)
