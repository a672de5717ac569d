"""The questions that a note answers, in words that a peer would use, and which elements of an audit each satisfies.

The elements are those of 26 TAC §301.361 (samhsa.md 5.6). Most of them the record itself supplies; what is left is
asked in plain English or Spanish. A program may ask in its own words, and leave out none that an element needs.
"""

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, TypeAdapter

from common.contracts.codes import NoteElement
from common.errors import Unprocessable
from common.text import Line


class Language(StrEnum):
    EN = "en"
    ES = "es"


class NoteField(StrEnum):
    """A part of a note that is asked for."""

    SUMMARY = "summary"
    PROGRESS = "progress"
    RESPONSE = "response"
    EVENTS = "events"
    NEXT_STEP = "next_step"
    METHODS = "methods"
    CURRICULUM = "curriculum"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Wording(Strict):
    """One question and what is enough for an answer."""

    ask: Line
    hint: Line | None = None


class Question(Strict):
    """What a program asks in its own words; a language that is left out asks in the standard words."""

    field: NoteField
    required: bool = False
    en: Wording | None = None
    es: Wording | None = None


class Standard(Strict):
    field: NoteField
    elements: tuple[NoteElement, ...]
    required: bool
    en: Wording
    es: Wording


class Prompt(Strict):
    """One question as it is shown. `elements`: what its answer satisfies; `required`: without it one is missing."""

    field: NoteField
    ask: str
    hint: str | None
    elements: tuple[NoteElement, ...]
    required: bool


STANDARD: Mapping[NoteField, Standard] = {
    one.field: one
    for one in TypeAdapter(list[Standard]).validate_python(
        json.loads(files("session_logging.rules").joinpath("prompts.json").read_text(encoding="utf-8"))
    )
}
ASKED = frozenset(element for one in STANDARD.values() for element in one.elements)
SUPPLIED = tuple(element for element in NoteElement if element not in ASKED)  # by the record, not by words


def require_whole(questions: Sequence[Question]) -> None:
    """Raise `Unprocessable` if a field is asked for twice, or one that an element needs is not asked for."""
    fields = [question.field for question in questions]
    for place, field in enumerate(fields):
        if field in fields[:place]:
            raise Unprocessable("asked-twice", "Ask for each part of a note once.", f"/questions/{place}/field")
    if any(one.required and one.field not in fields for one in STANDARD.values()):
        needed = ", ".join(one.field for one in STANDARD.values() if one.required)
        detail = f"An audit needs an answer to each of these, in your own words: {needed}."
        raise Unprocessable("required-question-missing", detail, "/questions")


def prompts(questions: Sequence[Question], language: Language) -> list[Prompt]:
    """Return the questions in order, in the program's words where it has some in this language; none: the standard."""
    asked = questions or [Question(field=field, required=one.required) for field, one in STANDARD.items()]
    return [_prompt(question, language) for question in asked]


def _prompt(question: Question, language: Language) -> Prompt:
    standard = STANDARD[question.field]
    own, usual = (question.en, standard.en) if language is Language.EN else (question.es, standard.es)
    wording = own or usual
    return Prompt(
        field=question.field,
        ask=wording.ask,
        hint=wording.hint or usual.hint,
        elements=standard.elements,
        required=standard.required or question.required,
    )
