"""The questions of a program's notes, and those that it set."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, or_, select

from common.contracts.codes import Modality, NoteElement
from common.database import Db
from session_logging.models import NoteTemplate
from session_logging.rules.prompts import SUPPLIED, Language, Prompt, Question, prompts

TEMPLATES_MOST = 200


class TemplateRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    title: str
    program_id: UUID | None
    modalities: list[Modality]
    questions: list[Question]


class Prompts(BaseModel):
    """What to ask, in order. `supplied`: the elements that the record itself holds, so that nobody is asked."""

    template_id: UUID | None = Field(description="null: the standard questions")
    title: str | None
    language: Language
    prompts: list[Prompt]
    supplied: list[NoteElement]


async def templates(db: Db) -> list[TemplateRead]:
    """Return all questions in use, the newest first."""
    question = (
        select(NoteTemplate)
        .where(NoteTemplate.agency_id == db.scope.agency_id, NoteTemplate.retired_at.is_(None))
        .order_by(NoteTemplate.id.desc())
        .limit(TEMPLATES_MOST)
    )
    return [TemplateRead.model_validate(row) for row in await db.scalars(question)]


async def note_prompts(db: Db, program_id: UUID | None, modality: Modality | None, language: Language) -> Prompts:
    """Return the questions for a note: the program's before everybody's, those for its form before those for any."""
    fits = [NoteTemplate.modalities == []]
    if modality is not None:
        fits.append(NoteTemplate.modalities.contains([modality]))
    question = (
        select(NoteTemplate)
        .where(NoteTemplate.agency_id == db.scope.agency_id, NoteTemplate.retired_at.is_(None), or_(*fits))
        .where(or_(NoteTemplate.program_id.is_(None), NoteTemplate.program_id == program_id))
        .order_by(
            NoteTemplate.program_id.is_(None), func.cardinality(NoteTemplate.modalities) == 0, NoteTemplate.id.desc()
        )
        .limit(1)
    )
    row = await db.scalar(question)
    questions = [] if row is None else [Question.model_validate(one) for one in row.questions]
    return Prompts(
        template_id=row.id if row else None,
        title=row.title if row else None,
        language=language,
        prompts=prompts(questions, language),
        supplied=list(SUPPLIED),
    )
