"""What a progress note holds, and what it lacks."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from common.contracts.codes import (
    Format,
    NoteElement,
)
from common.text import Line, Prose


class Note(BaseModel):
    """A progress note in ordinary words; sealed under the participant's key wherever it is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    summary: Prose = Field(description="what was done together")
    progress: Prose | None = Field(default=None, description="progress towards the goals, or the lack of it")
    response: Prose | None = Field(default=None, description="how the person responded, in their own terms")
    events: Prose | None = Field(default=None, description="pertinent events")
    next_step: Prose | None = None
    methods: list[Line] = Field(default=[], max_length=20, description="training methods, if any were used")
    curriculum: Line | None = Field(default=None, description="title of the curriculum, if one was used")


@dataclass(frozen=True, slots=True)
class Documented:
    """What a session's record holds of the elements that may be missing.

    Person, date, begin and end, format and delivery method are there by construction: no session exists without.
    """

    service_code: str | None
    location: str | None
    format: Format
    goal_ids: list[UUID]
    note: Note | None
    signed_at: datetime | None = None
    credential: bool = False
    group_size: int | None = None


def missing_elements(record: Documented) -> list[NoteElement]:
    """Return the required elements that a record lacks, in the order of 26 TAC §301.361 (samhsa.md 5.6).

    Training methods and curriculum (9, 10) are required only if used, so they are never missing.
    """
    note = record.note
    there = {
        NoteElement.SERVICE_CODE: record.service_code is not None,
        NoteElement.LOCATION: record.location is not None,
        NoteElement.SUMMARY: note is not None,
        NoteElement.GOALS: bool(record.goal_ids),
        NoteElement.PROGRESS: note is not None and note.progress is not None,
        NoteElement.RESPONSE: note is not None and note.response is not None,
        NoteElement.SIGNATURE: record.signed_at is not None,
        NoteElement.CREDENTIAL: record.credential,
        NoteElement.EVENTS: note is not None and note.events is not None,
        NoteElement.GROUP_SIZE: record.format is Format.INDIVIDUAL or record.group_size is not None,
    }
    return [element for element, present in there.items() if not present]
