"""How notes are asked for, and what somebody typed so far."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from session_logging.models.schema import Model

# What a sealed value is bound to; see `common.privacy`.
DRAFT = "note_draft.content"


class NoteTemplate(Model):
    """A program's own questions; none named: every program's. Words of the agency, about nobody."""

    __tablename__ = "note_template"
    __table_args__ = ({"info": {"worker": ""}},)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str]
    program_id: Mapped[UUID | None]
    modalities: Mapped[list[str]]
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    retired_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class NoteDraft(Model):
    """What somebody typed so far; private, never a note, gone after 30 days. `owner_id`: whose key seals it."""

    __tablename__ = "note_draft"
    __table_args__ = (
        Index(None, "agency_id", "staff_id", "saved_at"),
        {"info": {"worker": "", "api": "select, insert, update, delete"}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    participant_id: Mapped[UUID | None]
    owner_id: Mapped[UUID]
    content: Mapped[bytes]
    revision: Mapped[int]
    begun_at: Mapped[datetime]
    saved_at: Mapped[datetime]
