"""A gentle look at the language of a note: words that diagnose, judge or label, each with another way to say it.

It suggests and never blocks. What the person said stands in quotation marks and is left alone. The preferred terms
follow what federal institutes recommend for substance use (NIDA's Words Matter, SAMHSA); the wording here is ours, and
none of it is required by anybody.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any

from pydantic import BaseModel

from session_logging.rules.prompts import Language


class WordKind(StrEnum):
    DIAGNOSIS = "diagnosis"
    IDENTITY_LABEL = "identity_label"
    JUDGEMENT = "judgement"
    COMPLIANCE = "compliance"
    CLINICAL = "clinical"
    ABSOLUTES = "absolutes"


class Suggestion(BaseModel):
    """Words from `start` up to `end` (characters, from 0) that may be said another way, and why."""

    start: int
    end: int
    found: str
    kind: WordKind
    instead: list[str]
    why: str


@dataclass(frozen=True, slots=True)
class _Words:
    """One language's words: one pattern for all of them, and what each stands for."""

    pattern: re.Pattern[str]
    left_alone: re.Pattern[str]
    meaning: Mapping[str, tuple[WordKind, list[str]]]


# What somebody said: straight, curly and angled quotation marks, within one paragraph.
QUOTED = re.compile(r'"[^"\n]{1,2000}"|“[^”\n]{1,2000}”|«[^»\n]{1,2000}»')


def plain(text: str) -> str:
    """Return the text in small letters without accents, letter for letter, so that places in it stay the same."""
    return "".join(_letter(letter) for letter in text)


def _letter(letter: str) -> str:
    base = unicodedata.normalize("NFD", letter)[0].lower()
    return base if len(base) == 1 else letter


def _any_of(words: list[str]) -> re.Pattern[str]:
    """Match any of these as whole words, the longest first; a space is any run of blanks."""
    ordered = sorted({plain(word) for word in words}, key=lambda word: (-len(word), word))
    listed = "|".join(re.escape(word).replace(r"\ ", r"\s{1,3}") for word in ordered)
    return re.compile(rf"(?<![\w-])(?:{listed})(?![\w-])")


def _load() -> tuple[dict[Language, _Words], dict[WordKind, dict[str, str]]]:
    data: dict[str, Any] = json.loads(
        files("session_logging.rules").joinpath("language.json").read_text(encoding="utf-8")
    )
    words = {
        language: _Words(
            pattern=_any_of([said for entry in data[language]["words"] for said in entry["say"]]),
            left_alone=_any_of(data[language]["leave"]),
            meaning={
                plain(said): (WordKind(entry["kind"]), entry["instead"])
                for entry in data[language]["words"]
                for said in entry["say"]
            },
        )
        for language in Language
    }
    return words, {WordKind(kind): told for kind, told in data["why"].items()}


WORDS, WHY = _load()


def suggestions(text: str, language: Language) -> list[Suggestion]:
    """Return what may be said another way, in the order of the text."""
    words, folded = WORDS[language], plain(text)
    folded = _without(_without(folded, QUOTED), words.left_alone)
    return [_suggestion(text, found, words, language) for found in words.pattern.finditer(folded)]


def _without(folded: str, pattern: re.Pattern[str]) -> str:
    """Blank out what is left alone; the rest stays in its place."""
    return pattern.sub(lambda found: "\n" * len(found[0]), folded)


def _suggestion(text: str, found: re.Match[str], words: _Words, language: Language) -> Suggestion:
    kind, instead = words.meaning[re.sub(r"\s+", " ", found[0])]
    return Suggestion(
        start=found.start(),
        end=found.end(),
        found=text[found.start() : found.end()],
        kind=kind,
        instead=instead,
        why=WHY[kind][language],
    )
