"""A gentle look at what somebody is about to write; nothing of it is kept."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from common.http import CurrentCall
from common.text import Asked
from session_logging.api.admission import WORKING
from session_logging.rules.language import Suggestion, suggestions
from session_logging.rules.prompts import Language

router = APIRouter(prefix="/v1")


class CheckLanguage(Asked):
    """Words as they stand; they are looked at and forgotten."""

    text: Annotated[str, Field(max_length=16_000)]
    language: Language = Language.EN


class Suggestions(BaseModel):
    suggestions: list[Suggestion]


@router.post("/language-checks", dependencies=WORKING)
async def check_language(call: CurrentCall, body: CheckLanguage) -> Suggestions:
    """Suggest other words for what diagnoses, judges or labels; it never stands in the way of a note."""
    assert call.actor  # who is signed in; nothing is read or written, so nothing is audited
    return Suggestions(suggestions=suggestions(body.text, body.language))
