"""An agency's own words for messages to persons: all of them, and those in force."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from common.database import Db
from common.errors import NotThere
from notification.models import MessageTemplate
from notification.rules.discreet import LONGEST, PARTS, filled, segments
from notification.rules.messages import PersonTemplate

Texts = Mapping[str, Mapping[str, str]]


class MessageTemplateRead(BaseModel):
    id: UUID
    kind: PersonTemplate
    state: str
    texts: dict[str, dict[str, str]] = Field(description="by language, then by part: subject, text, short")
    written_by: UUID
    written_at: AwareDatetime
    approved_by: UUID | None
    approved_at: AwareDatetime | None
    retired_at: AwareDatetime | None
    version: int


class MessageTemplates(BaseModel):
    items: list[MessageTemplateRead] = Field(description="the newest first")


class Shown(BaseModel):
    """One part as it would be read. `segments`: as how many text messages it would be counted."""

    language: str
    part: str
    text: str
    segments: int | None


class Preview(BaseModel):
    items: list[Shown]


async def message_templates(db: Db) -> MessageTemplates:
    question = select(MessageTemplate).where(MessageTemplate.agency_id == db.scope.agency_id)
    rows = await db.scalars(question.order_by(MessageTemplate.id.desc()).limit(200))
    return MessageTemplates(items=[MessageTemplateRead.model_validate(row, from_attributes=True) for row in rows])


async def preview(db: Db, template_id: UUID) -> Preview:
    """Return a template as it would be read, with the longest day and time. Raises `NotThere`."""
    row = await db.get(MessageTemplate, (db.scope.agency_id, template_id))
    if row is None:
        raise NotThere
    shown = []
    for language, parts in row.texts.items():
        for part in PARTS:
            said = filled(parts[part], LONGEST)
            shown.append(Shown(language=language, part=part, text=said, segments=_counted(part, said)))
    return Preview(items=shown)


def _counted(part: str, said: str) -> int | None:
    return segments(said) if part == "short" else None


async def approved(db: Db, kind: str) -> UUID | None:
    """Return which of the agency's own templates is in force for a kind; null: the built-in one is."""
    question = select(MessageTemplate.id).where(
        MessageTemplate.agency_id == db.scope.agency_id,
        MessageTemplate.kind == kind,
        MessageTemplate.state == "approved",
    )
    found: UUID | None = await db.scalar(question)
    return found


async def texts_of(db: Db, template_id: UUID | None) -> dict[str, Any] | None:
    """Return the words of a template, whatever became of it since."""
    row = None if template_id is None else await db.get(MessageTemplate, (db.scope.agency_id, template_id))
    return None if row is None else row.texts
